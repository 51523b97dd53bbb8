// Imports go one way: domain <- clients <- {world, providers, functions, cli}; components use domain and providers;
// policies and the rehearsal look at the stack from outside. Checked by `make check`; tools/rules/rules.test.ts proves that it bites.
const test = "[.](test|proof)[.]ts$";
const program = "^(index|config|config-reader)[.]ts$";

/** `from` may import only what matches one of `only`; everything else of ours, of npm or of Node is an error. */
function only(name, from, comment, ...allowed) {
  return { name, severity: "error", comment, from: { path: from, pathNot: test }, to: { pathNot: allowed } };
}

const pulumi = "^node_modules/@pulumi/";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "domain-is-pure",
      severity: "error",
      comment:
        "domain decides from what it is given: no Node, Pulumi, AWS, database, HTTP, clock or environment. Allowed: the SQL parser, and hashing (rules/structure.ts sees that it is nothing else of crypto)",
      from: { path: "^domain/src/", pathNot: test },
      to: { pathNot: ["^domain/src/", "^node_modules/libpg-query/", "^(node:)?crypto$"] },
    },
    {
      name: "domain-tests-stay-inside",
      severity: "error",
      comment: "a test of domain needs nothing but domain and packages",
      from: { path: `^domain/src/.*${test}` },
      to: { path: "^(clients|world|providers|components|functions|cli|rehearsal|policy)/|^(index|config)[.]ts$" },
    },
    {
      name: "clients-know-domain-only",
      severity: "error",
      comment: "clients talk to the outside world for domain; they know nothing of Pulumi or of who uses them",
      from: { path: "^clients/src/", pathNot: test },
      to: { path: `^(world|providers|components|functions|cli|rehearsal|policy|tools|tests)/|${program}|${pulumi}` },
    },
    {
      name: "world-observes-by-clients",
      severity: "error",
      comment: "world reads through clients and hands domain types to index.ts",
      from: { path: "^world/", pathNot: test },
      to: { path: "^(providers|components|functions|cli|rehearsal|policy|tools|tests)/" },
    },
    only(
      "providers-are-glue",
      "^providers/",
      "a provider's text is kept in the state: types from domain and clients, @pulumi/pulumi, and requires inside methods",
      "^(domain|clients)/",
      "^providers/",
      "^node_modules/@pulumi/pulumi/",
    ),
    only(
      "components-use-domain-and-providers",
      "^components/",
      "components declare what domain decided; they call nothing themselves",
      "^domain/src/",
      "^components/",
      "^providers/",
      pulumi,
      "^config[.]ts$",
      "^(node:)?(path|url|crypto|fs|module|buffer)$",
    ),
    {
      name: "functions-and-cli-work-without-pulumi",
      severity: "error",
      comment: "Lambda functions and the command line use clients and domain, never the program",
      from: { path: "^(functions|cli)/", pathNot: test },
      to: { path: `^(world|providers|components|rehearsal|policy|tests)/|${program}|${pulumi}` },
    },
    only(
      "policy-judges-from-outside",
      "^policy/.*[.]ts$", // main.cjs only bundles and starts the pack
      "policies compare what is declared with domain; sharing the components' code would let both be wrong together",
      "^domain/src/",
      "^policy/",
      "^node_modules/@pulumi/policy/",
      "^(node:)?fs$",
    ),
    {
      name: "rehearsal-stays-outside",
      severity: "error",
      comment: "the rehearsal sees the stack as AWS does; sharing its code would let both be wrong together",
      from: { path: "^rehearsal/" },
      to: { path: `^(components|providers|world|policy)/|${program}` },
    },
    {
      name: "nothing-uses-the-rehearsal",
      severity: "error",
      comment: "the rehearsal must be removable without the product noticing",
      from: { pathNot: ["^rehearsal/", "^tests/", test] },
      to: { path: "^rehearsal/" },
    },
    {
      name: "no-development-package-in-the-product",
      severity: "error",
      comment: "what runs on a stack must be a dependency, not a devDependency",
      from: {
        path: `^(domain|clients|world|providers|components)/|${program}`,
        pathNot: `${test}|/testing/|/testkit[.]ts$`,
      },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no-cycle",
      severity: "error",
      comment: "modules that need each other are one module, or need a third",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "everything-resolves",
      severity: "error",
      comment:
        "an import that leads nowhere; the tools we compare migrations with are installed when that is done, apart",
      from: { pathNot: "^rehearsal/proof/migration-peers/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
