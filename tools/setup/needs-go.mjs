// Exit code 0: Pulumi needs no Go here (it is in the cache, or can be downloaded). Else 1, with the reason on stdout.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { completeFacts } from "./cache.mjs";
import { canReachRelease, pulumiChoice, pulumiHome } from "./pulumi.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** True, or a few words on why Pulumi must be built. */
async function canDoWithout(env) {
  const choice = pulumiChoice(env);
  if (choice === "official" || completeFacts(pulumiHome(root, env))) return true;
  return choice === "build" ? "CUTOVER_PULUMI=build" : canReachRelease();
}

// A wrong setting is reported by the set-up itself, which comes next.
const answer = await canDoWithout(process.env).catch(() => true);
if (answer !== true) {
  console.log(answer);
  process.exitCode = 1;
}
