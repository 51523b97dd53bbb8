import { messageOf } from "../errors";
import { writeFaultsPage } from "./faults-page";
import { killGoals } from "./goals";
import { playKills } from "./kills";
import { addToProof } from "./report";

/** `npm run -s proof:kills`: kills `pulumi up` again and again; exit code 1 where a goal is missed. */
async function main(): Promise<number> {
  const result = await playKills();
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  addToProof("kills", result);
  writeFaultsPage();
  const goals = killGoals(result);
  for (const { goal, reached } of goals) process.stderr.write(`${reached ? "reached" : "MISSED"}: ${goal}\n`);
  return goals.every(({ reached }) => reached) ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
