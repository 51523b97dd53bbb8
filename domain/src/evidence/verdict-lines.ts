import { barFor, type GateFacts, type GateResult, utc } from "./gate";

/**
 * What the gate saw, for the log of a preview and an update: passed or not, which bar, the outcome, and a line for each
 * criterion whatever its outcome. A pass is told like a refusal, so that people see what a step rests on.
 */
export function verdictLines({ step, verdict }: GateFacts, { refusals, overridden }: GateResult): string[] {
  const bar = barFor(step);
  const open = refusals.length === 0 ? "open" : "closed";
  const aside = overridden.length > 0 ? ", by an override" : "";
  const head = `Gate from ${step.from.name} (${step.shareBefore} %) to ${step.to.name} (${step.shareAfter} %): ${open}${aside}`;
  if (!bar) return [`${head}; the first share asks for no evidence.`];
  if (!verdict) return [`${head}; bar "${bar}": NOT ENOUGH EVIDENCE, none was read.`];
  return [
    `${head}; bar "${bar}": ${verdict.outcome}, image ${verdict.digest} since ${utc(verdict.since)}.`,
    ...verdict.criteria.map(({ id, kind, outcome, seen, missing }) => {
      const watched = kind === "watch" ? " (watched)" : "";
      return `  ${id}${watched}: ${outcome}, ${seen}${missing === undefined ? "" : ` (${missing})`}`;
    }),
  ];
}
