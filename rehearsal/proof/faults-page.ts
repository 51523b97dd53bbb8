import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MatrixRun } from "./fault-matrix";
import type { PlayedRow } from "./fault-row";
import { FAULT_ROWS, HELD_RATE, MATRIX_PHASES } from "./fault-rows";
import { proofFolder } from "./folder";
import type { KilledSection, KillsResult } from "./kills";
import { mergeMatrix } from "./matrix-report";
import { proofReport } from "./report";

/** What the page is made from: keys of rehearsal-report/proof.json; one that is missing was not played. */
export interface FaultsReport {
  readonly faultMatrix?: readonly PlayedRow[];
  /** Rows may come from several. */
  readonly faultMatrixRuns?: readonly MatrixRun[];
  readonly kills?: KillsResult;
  readonly rollbacks?: {
    readonly rollbacks: number;
    readonly p50Ms: number;
    readonly p95Ms: number;
    readonly maxMs: number;
    readonly goalP95Ms: number;
  };
}

/**
 * Writes docs/measured/faults.md from what the proofs have left in proof.json. What was not played there stays as it was
 * measured before, which docs/measured/faults.json keeps.
 */
export function writeFaultsPage(): void {
  const kept = keptFaults();
  const before: FaultsReport = existsSync(kept) ? JSON.parse(readFileSync(kept, "utf8")) : {};
  const now = JSON.parse(readFileSync(proofReport(), "utf8")) as FaultsReport;
  const [kills, rollbacks] = [now.kills ?? before.kills, now.rollbacks ?? before.rollbacks];
  const report: FaultsReport = {
    ...mergeMatrix(before, now),
    ...(kills ? { kills } : {}),
    ...(rollbacks ? { rollbacks } : {}),
  };
  writeFileSync(kept, `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(kept, "../faults.md"), faultsPage(report));
}

/** Where the page's numbers are kept. */
export function keptFaults(): string {
  return join(proofFolder(), "../../docs/measured/faults.json");
}

/** The page, as Markdown. */
export function faultsPage(report: FaultsReport): string {
  return `${[
    "<!-- Written by `make proof` (parts: `npm run -s proof:faults`, `npm run -s proof:kills`). Don't edit. -->",
    "# Faults, rollbacks, and updates that are killed",
    "",
    "Everything here is emulated, on one machine: the real Pulumi engine with this program, real HTTP, a real PostgreSQL and the",
    "deployed functions, on emulators of AWS, a load balancer and a task runner that do what the emulated state says, and a stand-in",
    "GoHighLevel that sends each message once. Times are real milliseconds of that machine; AWS's own are not in them.",
    "",
    ...matrixPart(report),
    ...rollbacksPart(report),
    ...killsPart(report),
  ].join("\n")}\n`;
}

function matrixPart({ faultMatrix: rows = [], faultMatrixRuns: runs = [] }: FaultsReport): string[] {
  if (rows.length === 0) return ["## Fault matrix", "", "Not played yet.", ""];
  const all = MATRIX_PHASES.flatMap((phase) => FAULT_ROWS.map(({ fault }) => `${fault} at ${phase}`));
  const missing = all.filter((name) => !rows.some(({ fault, phase }) => `${fault} at ${phase}` === name));
  const of = (value: number | null) => (value === null ? "–" : value.toLocaleString("en"));
  return [
    "## Fault matrix",
    "",
    `${rows.length} of ${all.length} rows, while 100 senders send messages. Each row was played in the newest run that has it.`,
    ...(missing.length === 0 ? [] : ["", `**Not played yet**: ${missing.join(", ")}.`]),
    "",
    ...runs.map(
      (run) =>
        `- ${run.rows} rows in ${Math.round(run.seconds / 60)} minutes; ${machine(run)}; alarms by a clock ${run.clockFactor} times as fast; about ${run.messagesPerSecond} messages a second.`,
    ),
    "",
    "| fault | phase | outcome | alarm after ms | switch after ms | sent | exposed | lost | lost after the switch | next up clean |",
    "|---|---|---|---:|---:|---:|---:|---:|---:|---|",
    ...rows.map(
      (row) =>
        `| ${row.fault} | ${row.phase} | ${row.outcome} | ${of(row.detectedMs)} | ${of(row.switchMs)} | ${of(row.sent)} | ${of(row.exposed)} | ${of(row.lost)} | ${of(row.lostAfterSwitch)} | ${row.nextUpClean ? "yes" : "**no**"} |`,
    ),
    "",
    ...rows.flatMap(({ fault, phase, problems }) => problems.map((it) => `- **${fault} at ${phase}**: ${it}`)),
    "",
    "- *alarm*: from the fault to the alarm that rolls back, or to the call that stands for it. *switch*: from there until the load",
    "  balancer obeys. *exposed*: handed to Python, or to nobody in Node's place, in between. *lost*: not accepted with 2xx, or accepted",
    "  and never completed; only in rows where an alarm has to find the fault. *outcome*: where the switch sends every message;",
    "  `left`: asked for a rollback, traffic stays where it is; `ignored`: the event means nothing any more.",
    `- While messages are held ${HELD_RATE} a second are sent: the emulated Lambda and its queue take few on such a machine.`,
    "- *switch* begins at the alarm, so it holds the notice's way to the function, and what a fault of the account adds; the 50",
    "  rollbacks below are measured from the function's decision. Where traffic stays, *exposed* counts every message to Python",
    "  while the row lasts. *next up clean* may be the second one where the first only widened the alarms' windows.",
    "- Each row begins and ends in calm: mended, released by a `pulumi up` with the rollback's id, and a second one finds no change.",
    "",
    "| fault | what is done |",
    "|---|---|",
    ...FAULT_ROWS.map(({ fault, what }) => `| ${fault} | ${what} |`),
    "",
  ];
}

function rollbacksPart({ rollbacks }: FaultsReport): string[] {
  if (!rollbacks) return [];
  const { rollbacks: count, p50Ms, p95Ms, maxMs, goalP95Ms } = rollbacks;
  return [
    `## ${count} rollbacks in a row`,
    "",
    "From the function's decision to its proof (rule read back, Node probed through the front door), on the emulated account:",
    `p50 ${p50Ms} ms, p95 ${p95Ms} ms, longest ${maxMs} ms. Goal: p95 at most ${goalP95Ms} ms.`,
    "",
  ];
}

function killsPart({ kills }: FaultsReport): string[] {
  if (!kills) return ["## kill -9 of pulumi up", "", "Not played yet."];
  const { sections } = kills;
  const all = sections.flatMap((section) => section.kills);
  return [
    "## kill -9 of pulumi up",
    "",
    `${all.length} kills; the newest of them ${machine(kills)}. Each update is ended with SIGKILL, with all its plugins, as`,
    "soon as an operation begins that changes traffic, webhook, switch, migration or alarm, and that none was killed at before; the",
    "engine works on several at a time, so one kill hits several. Then what the runbook says: `pulumi cancel`, `cutover pending`, and the",
    "refresh that it names; and the next update, which has to get past it. The last one has to exit 0, and then traffic, kill switch and",
    "webhook have to be where the phase wants them. The rehearsal's AWS provider outlives the engine and finishes the call under way, as",
    "AWS would: the state does not know what was made. In `prepare` everything is made: networks, rules, alarms, webhook and switch.",
    "`ramp-25` and `decommission` are played with `cutover:affinity contact`; the other rungs change the same resources as `ramp-25`. The",
    "five by a fixed seed are at different operations of `decommission`. Traffic is looked at when a section's last update has ended.",
    "",
    "| section | kills | seeded | refreshes | exit code of the last | another up clean | messages sent | lost | orphans by tag |",
    "|---|---:|---:|---:|---:|---|---:|---:|---:|",
    ...sections.map(sectionRow),
    "",
    ...sections.flatMap(({ section, problems }) => problems.map((it) => `- **${section}**: ${it}`)),
    ...sections.flatMap(({ section, orphans }) =>
      orphans.map((arn) => `- with the tag and without a state after ${section}: \`${arn}\``),
    ),
    "",
    "| kill | section | seeded | interrupted | changes |",
    "|---:|---|---|---|---|",
    ...all.flatMap(({ section, seeded, hit }, i) =>
      hit.map(({ what, kind }) => `| ${i + 1} | ${section} | ${seeded ? "yes" : ""} | ${what} | ${kind} |`),
    ),
  ];
}

function sectionRow({ section, kills, refreshes, exitCode, clean, sent, lost, orphans }: KilledSection): string {
  const seeded = kills.filter((kill) => kill.seeded).length;
  return `| ${section} | ${kills.length} | ${seeded} | ${refreshes} | ${exitCode} | ${clean ? "yes" : "**no**"} | ${sent.toLocaleString("en")} | ${lost} | ${orphans.length} |`;
}

function machine({ processors, loadAverage, measuredAt }: MachineState): string {
  return `${measuredAt.slice(0, 10)}, ${processors} processors, load average ${loadAverage.toFixed(1)} at the end`;
}

/** What the machine was like, so that nobody takes a busy machine's numbers for the product's. */
export interface MachineState {
  readonly processors: number;
  /** Over the last 15 minutes of the run. */
  readonly loadAverage: number;
  /** ISO time of the end. */
  readonly measuredAt: string;
}
