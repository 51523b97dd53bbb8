import { type Affinity, CONTACT_HEADER } from "./affinity";
import type { Applied, Refusal } from "./decide";
import type { Phase } from "./phases";

/**
 * Another way of dealing messages moves conversations at once, and two rules would have to change in one instant: so it
 * changes only while one engine has everything.
 * @param before percent that Python gets as things are
 */
export function refuseAffinity(to: Affinity, applied: Applied | undefined, before: number): Refusal[] {
  const from = applied?.affinity ?? "none";
  if (!applied || from === to || before === 0 || before === 100) return [];
  return [
    {
      reason: `cutover:affinity would change from "${from}" to "${to}" while Python gets ${before} %: conversations would change engine in the middle.`,
      remedy: `keep it: pulumi config set cutover:affinity ${from}; or change it while one engine has everything, in "front-door" or "full"`,
    },
  ];
}

/** Without affinity a chat alternates between two engines with a memory of their own: said while it can be chosen. */
export function affinityWarning(affinity: Affinity, phase: Phase, before: number): string[] {
  if (affinity !== "none" || phase.webhook !== "front-door" || phase.node === "removed" || before > 0) return [];
  return [
    `cutover:affinity is "none": while both engines have a share, the messages of one contact alternate between them, and Node does not know LangGraph's threads. If the workflow step sends the header ${CONTACT_HEADER} ({{contact.id}}), which is not measured here: pulumi config set cutover:affinity contact`,
  ];
}
