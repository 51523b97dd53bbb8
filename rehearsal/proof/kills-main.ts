import { readFileSync } from "node:fs";
import { messageOf } from "../errors";
import { type FaultsReport, keptFaults, writeFaultsPage } from "./faults-page";
import { killGoals } from "./goals";
import {
  KILL_SECTIONS,
  KILL_SERIES,
  type KilledSection,
  type KillSeriesName,
  type KillsResult,
  playKills,
} from "./kills";
import { addToProof } from "./report";

const NAMES = Object.keys(KILL_SERIES) as readonly KillSeriesName[];
const USAGE = `usage: npm run -s proof:kills [-- --only ${NAMES.join("|")}]
Each series goes into rehearsal-report/proof.json and docs/measured/faults.md, in place of the one that was measured before.`;

/** Kills `pulumi up` again and again; exit code 1 where a goal is missed. */
async function main([flag, text, ...more]: readonly string[]): Promise<number> {
  const only = NAMES.find((name) => name === text);
  if (flag !== undefined && (flag !== "--only" || only === undefined || more.length > 0)) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  let result = measuredBefore();
  for (const name of only === undefined ? NAMES : [only]) {
    result = withNewer(result, await playKills(name));
    addToProof("kills", result);
    writeFaultsPage();
  }
  if (!result) return 1;
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  const goals = killGoals(result);
  for (const { goal, reached } of goals) process.stderr.write(`${reached ? "reached" : "MISSED"}: ${goal}\n`);
  return goals.every(({ reached }) => reached) ? 0 : 1;
}

function measuredBefore(): KillsResult | undefined {
  try {
    return (JSON.parse(readFileSync(keptFaults(), "utf8")) as FaultsReport).kills;
  } catch {
    return undefined; // never measured
  }
}

/** Sections that were played now, and those of before that were not, in their order. */
function withNewer(before: KillsResult | undefined, now: KillsResult): KillsResult {
  const kept = (before?.sections ?? []).filter(({ section }) => !now.sections.some((it) => it.section === section));
  const place = ({ section }: KilledSection) => KILL_SECTIONS.indexOf(section);
  return { ...now, sections: [...kept, ...now.sections].sort((a, b) => place(a) - place(b)) };
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
