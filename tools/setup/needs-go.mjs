// Exit code 0: Pulumi needs no Go here (it is in the cache, or can be downloaded). Else 1, with the reason on stdout.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { completeFacts } from "./cache.mjs";
import { canReachRelease, pulumiChoice, pulumiHome } from "./pulumi.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const choice = pulumiChoice(process.env);
const reachable =
  choice === "build"
    ? "CUTOVER_PULUMI=build"
    : completeFacts(pulumiHome(root, process.env))
      ? true
      : await canReachRelease();
if (reachable !== true && choice !== "official") {
  console.log(reachable);
  process.exit(1);
}
