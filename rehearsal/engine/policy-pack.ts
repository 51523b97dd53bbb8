import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

/** Runtime that no language host has: for it the engine starts the pack by a script of this name on PATH. */
const RUNTIME = "nodelocal";

/**
 * Makes a folder that an engine takes for a policy pack, and whose place on PATH starts the project's own pack,
 * `policy/main.cjs`: the language host that can be built here can't run packs, so Pulumi's way for runtimes without a host is
 * taken. The pack, and Pulumi's runner of packs, are those of production.
 * @param folder where to make it; parts that are there are written anew
 * @param project the folder with `policy/` and `node_modules/`
 */
export function packWithoutHost(folder: string, project: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "PulumiPolicy.yaml"), `runtime: ${RUNTIME}\n`);
  const main = relative(folder, join(project, "policy/main.cjs"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "cutover-policy", version: "0.1.0", main }));
  const script = join(folder, `pulumi-analyzer-policy-${RUNTIME}`);
  const run = join(project, "node_modules/@pulumi/pulumi/cmd/run-policy-pack");
  writeFileSync(script, `#!/bin/sh\nexec '${process.execPath}' '${run}' "$@"\n`);
  chmodSync(script, 0o755);
}

/** The policies that the output of an update says are broken, one line each: level, name and resource. */
export function brokenPolicies(text: string): readonly string[] {
  return text.match(/\[(mandatory|advisory)\].*/g) ?? [];
}
