// @ts-check
const { createRequire } = require("node:module");

/**
 * Makes a package that @pulumi/pulumi loads, and that we never use, an empty one. Whoever uses it all the same gets an error that
 * names it.
 * @param {string} name the package
 * @param {string} by whose file says so, for the error
 */
function leaveOut(name, by) {
  try {
    const path = createRequire(require.resolve("@pulumi/pulumi")).resolve(name);
    const refuse = () => {
      throw new Error(`${name} is not loaded (${by})`);
    };
    // Node looks at no more of a loaded module than these.
    const empty = /** @type {NodeJS.Module} */ ({
      id: path,
      filename: path,
      loaded: true,
      exports: new Proxy({}, { get: (_, key) => (key === "__esModule" ? false : refuse()) }),
    });
    require.cache[path] ??= empty;
  } catch (error) {
    // A version of @pulumi/pulumi without it has nothing to leave out.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "MODULE_NOT_FOUND") throw error;
  }
}

module.exports = { leaveOut };
