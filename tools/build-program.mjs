// Bundles index.ts and its own modules to dist/program.cjs; packages, our own two among them, stay outside: what a dynamic
// provider requires must be found by its name. Pulumi's runner would compile each file with ts-node at every command
// (docs/decisions/0015-one-bundle.md).
import { bundle } from "./bundle.mjs";

bundle({
  entry: "index.ts",
  outfile: "dist/program.cjs",
  made: "tools/build-program.mjs",
  // Without tsconfig.json, whose paths would lead esbuild into our own packages' sources.
  options: { format: "cjs", packages: "external", tsconfigRaw: "{}" },
});
