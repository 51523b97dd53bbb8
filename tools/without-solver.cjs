// @ts-check
// @pulumi/pulumi loads npm's own dependency solver, which finds the packages that a Lambda callback needs. There are none here:
// functions are bundled by esbuild. Loading it takes time at the start of the program and of the policy pack; so it is left empty,
// and whoever uses it all the same gets an error that says why.
const { createRequire } = require("node:module");

const SOLVER = "@npmcli/arborist";

/** @returns {string | undefined} Where it lies; undefined for a version of @pulumi/pulumi without it. */
function solverPath() {
  try {
    return createRequire(require.resolve("@pulumi/pulumi")).resolve(SOLVER);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "MODULE_NOT_FOUND") throw error;
    return undefined;
  }
}

const path = solverPath();
if (path !== undefined && require.cache[path] === undefined) {
  const refuse = () => {
    throw new Error(`${SOLVER} is not loaded (tools/without-solver.cjs)`);
  };
  const exports = new Proxy({}, { get: (_, key) => (key === "__esModule" ? false : refuse()) });
  // Node looks at no more of a loaded module than these.
  require.cache[path] = /** @type {NodeJS.Module} */ ({ id: path, filename: path, loaded: true, exports });
}
