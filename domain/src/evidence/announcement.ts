import type { Notice } from "../rollback/notice";
import type { LedgerEntry } from "./ledger";

/**
 * What people are told when somebody puts the gate aside.
 * @returns undefined for an entry without an override
 */
export function overrideNotice(stack: string, entry: LedgerEntry): Notice | undefined {
  const { override, from, to, shareBefore, shareAfter, digest } = entry;
  if (!override) return undefined;
  return {
    // SNS takes 100 ASCII characters: names of people and reasons belong into the text.
    subject: `[cutover ${stack}] gate overridden: ${from} to ${to}`,
    text: [
      `${override.name} has put the gate of stack ${stack} aside: ${override.reason}`,
      `Step: ${from} (${shareBefore} %) to ${to} (${shareAfter} %), image ${digest}, ${entry.at}.`,
      "Put aside:",
      ...override.aside.map((line) => `  ${line}`),
      `The alarms watch on, and a rollback stays possible. Back by hand: npx cutover rollback --stack ${stack} --reason "…" --yes`,
    ].join("\n"),
  };
}
