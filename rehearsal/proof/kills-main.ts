import { messageOf } from "../errors";
import { writeFaultsPage } from "./faults-page";
import { killGoals } from "./goals";
import { KILL_SECTIONS, playKills } from "./kills";
import { addToProof } from "./report";

const USAGE = `usage: npm run -s proof:kills [-- --until ${KILL_SECTIONS.join("|")}]
All sections go into rehearsal-report/proof.json and docs/measured/faults.md; a part of them is only shown.`;

/** Kills `pulumi up` again and again; exit code 1 where a goal is missed. */
async function main([flag, text, ...more]: readonly string[]): Promise<number> {
  const until = KILL_SECTIONS.find((name) => name === text);
  if (flag !== undefined && (flag !== "--until" || until === undefined || more.length > 0)) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const result = await playKills(until);
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  if (until === undefined) {
    addToProof("kills", result);
    writeFaultsPage();
  }
  const goals = killGoals(result);
  for (const { goal, reached } of goals) process.stderr.write(`${reached ? "reached" : "MISSED"}: ${goal}\n`);
  return goals.every(({ reached }) => reached) ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
