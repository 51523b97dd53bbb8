import type { Explanation } from "./explain";
import type { PendingMigration } from "./migrations";
import type { ResourceChange } from "./resources";
import type { Part } from "./trim";
import { code, counted, plain } from "./words";

/** The criteria of the gate, folded. */
export function evidenceDetails({ evidence }: Explanation): Part[] {
  if (evidence.kind !== "judged" || evidence.criteria.length === 0) return [];
  const rows = evidence.criteria.map(({ id, outcome, seen, missing, watched }) => {
    const more = missing === undefined ? "" : ` → ${plain(missing)}`;
    return `| ${plain(id)} | ${outcome}${watched ? " (watched only)" : ""} | ${plain(seen)}${more} |`;
  });
  return folded("Evidence: the criteria", ["| criterion | verdict | seen |", "|---|---|---|"], rows, "criteria");
}

/** The migrations with their locks, folded. */
export function migrationDetails({ migrations: { pending, waiting, warnings } }: Explanation): Part[] {
  if (pending.length === 0) return [];
  const rows = [
    ...pending.flatMap(migrationLines),
    ...waiting.map((file) => `- ${code(file)} waits for \`decommission\``),
    ...warnings.map((one) => `- warning: ${plain(one)}`),
  ];
  return folded(`Database: ${counted(pending.length, "migration")} and their locks`, [], rows, "lines of migrations");
}

function migrationLines({ file, kind, statements, notUnderstood }: PendingMigration): string[] {
  const locking = statements.map(({ what, locks, locksUnknown, rewrite }) => {
    const held = locks.map(
      ({ mode, table, blocksWriters }) =>
        `${mode} on ${code(table)}, ${blocksWriters ? "writers wait" : "writers go on"}`,
    );
    const rewrites = { no: "no table rewrite", maybe: "may rewrite the table", yes: "**rewrites the table**" }[rewrite];
    const unknown = locksUnknown ? ["**its locks are not known**"] : [];
    const name = what === undefined ? "a statement whose words are not shown" : code(what);
    return `  - ${name}: ${[...held, ...unknown, rewrites].join("; ")}`;
  });
  if (notUnderstood > 0)
    locking.push(`  - **${counted(notUnderstood, "line")} of the plan not understood**: read the file`);
  const none = locking.length === 0 ? ": no lock on a table that is in use" : "";
  return [`- ${code(file)} (${kind})${none}`, ...locking];
}

/** What is different about each alarm, folded. */
export function alarmDetails({ alarms }: Explanation): Part[] {
  if (alarms.length === 0) return [];
  const rows = alarms.map(({ name, kind, says }) => `| ${code(name)} | ${kind} | ${says.map(plain).join(", ")} |`);
  const summary = `Alarms: ${alarms.length} differ${alarms.length === 1 ? "s" : ""}`;
  return folded(summary, ["| alarm | | what is different |", "|---|---|---|"], rows, "alarms");
}

/** Coloured in a block of type diff: red, red, green, orange. */
const SYMBOL = { replace: "-/+", delete: "-", create: "+", update: "!" } as const;
const VERB = { replace: "replaced", delete: "removed", create: "new", update: "changed" } as const;

/** Everything that changes, folded; alarms have a list of their own. */
export function resourceDetails({ resources: { changes, bookkeeping } }: Explanation): Part[] {
  const shown = changes.filter(({ op, type }) => !(op === "update" && type === "MetricAlarm"));
  const alarms = changes.length - shown.length;
  if (changes.length + bookkeeping === 0) return [];
  const counts = (["replace", "delete", "create", "update"] as const)
    .map((op) => [changes.filter((one) => one.op === op).length, VERB[op]] as const)
    .filter(([count]) => count > 0)
    .map(([count, verb]) => `${count} ${verb}`);
  const rows = [
    ...shown.map(resourceLine),
    ...(alarms > 0 ? [`! ${counted(alarms, "alarm")}: see above`] : []),
    ...(bookkeeping > 0 ? [`! ${bookkeeping} more: records and proofs that follow from the rest`] : []),
  ];
  const summary = `Resources: ${counts.length > 0 ? counts.join(", ") : "records only"}`;
  return folded(summary, ["```diff"], rows, "resources", ["```"]);
}

function resourceLine({ op, uncertain, type, name, component, properties }: ResourceChange): string {
  const what = properties.length > 0 && op !== "create" ? `: ${properties.join(", ")}` : "";
  const perhaps = uncertain ? " (perhaps: hangs on a value known only during the update)" : "";
  return `${SYMBOL[op]} ${component} / ${type} ${name}${what}${perhaps}`;
}

function folded(
  summary: string,
  before: readonly string[],
  rows: readonly string[],
  of: string,
  after: readonly string[] = [],
): Part[] {
  return [
    {
      keep: false,
      name: of,
      open: [`<details><summary>${summary}</summary>`, "", ...before].join("\n"),
      rows,
      close: [...after, "", "</details>"].join("\n"),
    },
  ];
}
