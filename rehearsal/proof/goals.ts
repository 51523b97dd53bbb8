import type { MatrixResult } from "./fault-matrix";
import type { PlayedRow } from "./fault-row";
import { FAULT_ROWS } from "./fault-rows";
import { KILL_KINDS } from "./kill-points";
import { KILL_SECTIONS, type KillsResult } from "./kills";

export interface Goal {
  readonly goal: string;
  readonly reached: boolean;
}

/** What the matrix has to show, and whether it did. */
export function matrixGoals({ rows, worldProblems }: Pick<MatrixResult, "rows" | "worldProblems">): readonly Goal[] {
  const undetected = (row: PlayedRow) => FAULT_ROWS.some((it) => it.fault === row.fault && !it.detects);
  const name = ({ fault, phase }: PlayedRow) => `${fault} at ${phase}`;
  return [
    { goal: "rows were played", reached: rows.length > 0 },
    never("every row ends as its table says", rows, name, (row) => row.outcome !== row.expected),
    never("0 lost after the switch in every row", rows, name, (row) => row.lostAfterSwitch > 0),
    never("0 lost at all in rows that need no detection", rows, name, (row) => undetected(row) && row.lost > 0),
    never("the next update is clean after every row", rows, name, (row) => !row.nextUpClean),
    never("nothing else was wrong in any row", rows, name, (row) => row.problems.length > 0),
    sound(worldProblems),
  ];
}

/** What the kills have to show, and whether they did. */
export function killGoals({ sections, worldProblems }: KillsResult): readonly Goal[] {
  const name = ({ section }: { readonly section: string }) => section;
  const hits = sections.flatMap(({ kills }) => kills.flatMap(({ hit }) => hit));
  const notAmong = (of: typeof hits) => KILL_KINDS.filter((wanted) => !of.some(({ kind }) => kind === wanted));
  const creations = hits.filter(({ what }) => what.startsWith("create "));
  const seeded = sections.flatMap(({ kills }) => kills).filter((kill) => kill.seeded).length;
  const unplayed = KILL_SECTIONS.filter((wanted) => !sections.some(({ section }) => section === wanted));
  return [
    without("every section was played", unplayed),
    without("kills hit every kind of operation", notAmong(hits)),
    without("kills hit creations of every kind", notAmong(creations)),
    { goal: `5 kills by a fixed seed (${seeded})`, reached: seeded >= 5 },
    never("the update after the kills exits 0", sections, name, ({ exitCode }) => exitCode !== 0),
    never("another one finds nothing to do", sections, name, ({ clean }) => !clean),
    never("no message is lost", sections, name, ({ lost }) => lost > 0),
    never("nothing else was wrong", sections, name, ({ problems }) => problems.length > 0),
    sound(worldProblems),
  ];
}

function never<T>(goal: string, of: readonly T[], name: (one: T) => string, bad: (one: T) => boolean): Goal {
  return without(goal, of.filter(bad).map(name));
}

/** Reached where nothing is missing. */
function without(goal: string, missing: readonly string[]): Goal {
  return { goal: missing.length === 0 ? goal : `${goal} (not: ${missing.join(", ")})`, reached: missing.length === 0 };
}

function sound(problems: readonly string[]): Goal {
  return { goal: `the world itself was sound ${problems.join("; ")}`.trim(), reached: problems.length === 0 };
}
