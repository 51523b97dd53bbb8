// Entry point of the policy pack. Pulumi would compile a TypeScript entry with type checks, which takes longer than the whole
// preview may; the pack is a bundle instead, made anew when a source of it changed. Types are checked by `make check`.
const { createRequire } = require("node:module");
const { bundle, root } = require("../tools/bundle.mjs");

const outfile = "node_modules/.cache/cutover/policy/pack.cjs";
bundle({
  entry: "policy/pack.ts",
  outfile,
  made: "policy/main.cjs",
  options: {
    format: "cjs",
    packages: "external",
    alias: { "@cutover/domain": `${root}/domain/src` },
    tsconfigRaw: "{}",
  },
});
leaveOut("@npmcli/arborist");
require(`${root}/${outfile}`);

/**
 * @pulumi/pulumi loads npm's own dependency solver for the serialisation of functions, which no policy does: it takes nearly as
 * long as the rest of the pack. Whoever needs it all the same gets an error that names it.
 */
function leaveOut(name) {
  try {
    const path = createRequire(require.resolve("@pulumi/pulumi")).resolve(name);
    const refuse = () => {
      throw new Error(`the policy pack does not load ${name} (policy/main.cjs)`);
    };
    require.cache[path] ??= {
      id: path,
      filename: path,
      loaded: true,
      exports: new Proxy({}, { get: (_, key) => (key === "__esModule" ? false : refuse()) }),
    };
  } catch (error) {
    // A version of @pulumi/pulumi without it has nothing to leave out.
    if (error?.code !== "MODULE_NOT_FOUND") throw error;
  }
}
