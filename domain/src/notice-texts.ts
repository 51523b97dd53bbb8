import type { Applied } from "./decide";
import type { LedgerEntry } from "./evidence/ledger";
import { type DatedNotice, STAKEHOLDERS, type Stakeholder } from "./notices";
import { phaseOf } from "./phases";
import { type Notice, subject } from "./rollback/notice";
import { openRecord, type RollbackRecord } from "./rollback/record";

/** What is true when a notice's date has come. */
export interface NoticeFacts {
  readonly stack: string;
  /** Undefined: no update is complete. */
  readonly applied: Applied | undefined;
  readonly records: readonly RollbackRecord[];
}

/** A notice whose date has come, or why it is not sent: nothing is announced that is not so. */
export type DatedText = Notice | { readonly dropped: string };

/** What each group does about it. Source: plan, "Communication Plan", for the groups; the words are ours. */
const ASKED: { readonly [group in Stakeholder]: string } = {
  development: "Development team: no other change of either service on these days, please.",
  support: "Customer support: tell those on call of an answer that is wrong or missing, with contact and time.",
  sales: "Sales team: appointments are booked as before; tell those on call of one that is missing.",
  management: "Management: you hear of the start, after 8 hours, of the end, and of every rollback.",
};

/** The text of a one-time schedule's notice, by what is applied now and not by what was planned. */
export function datedNotice(notice: DatedNotice, { stack, applied, records }: NoticeFacts): DatedText {
  if (!applied) return { dropped: "no update is complete" };
  const open = openRecord(records);
  switch (notice) {
    case "week-before":
      return beforehand("In 7 days", stack, applied);
    case "day-before":
      return beforehand("Tomorrow", stack, applied);
    case "progress":
      if (open) return { dropped: `rollback ${open.id} is not over` };
      if (applied.pythonShare === 0) return { dropped: "Python gets no message" };
      return progress(stack, applied, records);
    case "completion":
      if (open) return { dropped: `rollback ${open.id} is not over` };
      if (applied.pythonShare < 100) return { dropped: `Python gets ${applied.pythonShare} % of the messages` };
      return completion(stack, applied, records);
  }
}

/** Sent by the update that gives Python its first messages. */
export function startNotice(stack: string, entry: Pick<LedgerEntry, "to" | "shareAfter" | "at">): Notice {
  return everyone(stack, `Started: the new service answers ${entry.shareAfter} % of the messages`, [
    `Since ${entry.at} the new service (Python) answers ${entry.shareAfter} % of the customers' messages. ${phaseOf(entry.to).means}`,
    "Alarms watch it. If it fails, everything goes back to today's service (Node.js) by itself, within seconds.",
    ...groups(),
  ]);
}

/** Sent once a rollback is released. `share`: percent of messages that Python gets by the rules as they are. */
export function resumedNotice(
  stack: string,
  { id, trigger }: Pick<RollbackRecord, "id" | "trigger">,
  share: number | undefined,
): Notice {
  const gets = share === undefined ? "messages" : `${share} % of the messages`;
  return everyone(stack, `${id} is over: the new service gets ${gets} again`, [
    `Rollback ${id} (${trigger.text}) was understood and released: the new service (Python) answers ${gets} again.`,
    "The alarms watch on.",
  ]);
}

function beforehand(when: string, stack: string, { pythonShare, notices }: Applied): DatedText {
  const startsAt = notices?.startsAt;
  if (startsAt === undefined) return { dropped: "no date is set any more" };
  if (pythonShare > 0) return { dropped: `Python gets ${pythonShare} % of the messages already` };
  return everyone(stack, `${when}: customers' messages begin to move to the new service`, [
    `From ${startsAt} on the new service (Python) answers some of the customers' messages: first ${phaseOf("parallel").pythonShare} %, then more, step by step, over about eight days.`,
    "Each step waits until the one before has held. If something fails, everything goes back to today's service (Node.js) by itself, within seconds.",
    ...groups(),
  ]);
}

function progress(stack: string, { phase, pythonShare }: Applied, records: readonly RollbackRecord[]): Notice {
  return everyone(stack, `After 8 hours: the new service answers ${pythonShare} % of the messages`, [
    `${phaseOf(phase).means} (phase ${phase}, ${pythonShare} %)`,
    past(records),
    `The details: npx cutover next --stack ${stack}`,
  ]);
}

function completion(stack: string, { phase }: Applied, records: readonly RollbackRecord[]): Notice {
  return everyone(stack, "Complete: the new service has answered every message for 24 hours", [
    `For 24 hours the new service (Python) has answered every customer's message. ${phaseOf(phase).means}`,
    past(records),
  ]);
}

function past(records: readonly RollbackRecord[]): string {
  if (records.length === 0) return "Rollbacks so far: none.";
  return `Rollbacks so far, all over: ${records.map(({ id, trigger }) => `${id} (${trigger.text})`).join("; ")}.`;
}

function groups(): string[] {
  return ["", ...STAKEHOLDERS.map((group) => ASKED[group])];
}

function everyone(stack: string, about: string, lines: readonly string[]): Notice {
  return { subject: subject(stack, about), text: lines.join("\n"), audience: "everyone" };
}
