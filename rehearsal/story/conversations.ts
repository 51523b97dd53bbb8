import { type Affinity, contactBuckets } from "@cutover/domain/affinity";
import type { SentMessage } from "../ghl/load";
import type { Checks, Seen } from "./checks";
import { isAccepted } from "./ledger";
import type { PlayedFault } from "./play-fault";
import type { PlayedStep } from "./play-step";
import { isFault } from "./report-step";

/** A span in which conversations may change engine, each once: a rung, a rollback, its release. Real time, ms. */
export interface Move {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What became of the conversations. */
export interface Conversations {
  /** Contacts that wrote more than once. */
  readonly several: number;
  readonly messages: number;
  /** Changes of engine at a move, no more than one of a contact at each. */
  readonly moved: number;
  /** Contacts that changed engine at another time, or again at the same move. */
  readonly broken: readonly string[];
}

/** Follows every contact's messages from engine to engine. Messages that no engine answered say nothing. */
export function conversations(messages: readonly SentMessage[], moves: readonly Move[]): Conversations {
  const byContact = new Map<string, SentMessage[]>();
  for (const message of messages) {
    if (engineOf(message) === undefined) continue;
    const sent = byContact.get(message.contactId);
    if (sent) sent.push(message);
    else byContact.set(message.contactId, [message]);
  }
  const all = [...byContact].map(([contact, sent]) => ({ contact, sent, ...follow(sent, moves) }));
  return {
    several: all.filter(({ sent }) => sent.length > 1).length,
    messages: all.reduce((sum, { sent }) => sum + sent.length, 0),
    moved: all.reduce((sum, { moved }) => sum + moved, 0),
    broken: all.filter(({ broken }) => broken).map(({ contact }) => contact),
  };
}

function follow(sent: readonly SentMessage[], moves: readonly Move[]): { moved: number; broken: boolean } {
  const inOrder = [...sent].sort((a, b) => a.sentAt - b.sentAt);
  const used = new Set<Move>();
  let broken = false;
  for (const [i, message] of inOrder.entries()) {
    const before = inOrder[i - 1];
    if (!before || engineOf(before) === engineOf(message)) continue;
    const between = moves.filter(({ fromMs, toMs }) => before.sentAt <= toMs && endOf(message) >= fromMs);
    const free = between.find((move) => !used.has(move));
    if (free) used.add(free);
    // Two that were under way together were answered in whichever order: that is no second change.
    else if (between.length === 0 || endOf(before) < message.sentAt) broken = true;
  }
  return { moved: used.size, broken };
}

const endOf = ({ sentAt, latencyMs }: SentMessage) => sentAt + latencyMs;

/** Node at its own URL may sit behind something that drops the header: what was accepted is then Node's. */
function engineOf(message: SentMessage): string | undefined {
  return message.servedBy ?? (isAccepted(message) ? "node" : undefined);
}

/** Did every conversation keep its engine but at a move? Without conversations of several messages that can't be said. */
export function judgeConversations(messages: readonly SentMessage[], moves: readonly Move[]): Seen {
  const { several, messages: count, moved, broken } = conversations(messages, moves);
  if (several === 0) return { ok: false, seen: "no contact wrote more than once" };
  const seen = `${several} conversations of ${count} messages, ${moved} moves at ${moves.length} updates and rollbacks`;
  return { ok: broken.length === 0, seen: `${seen}, ${broken.length} changed engine at another time` };
}

/** When engines may change: while an update that was applied ran, and from a fault until the switch was obeyed. */
export function movesOf(parts: readonly (PlayedStep | PlayedFault)[]): Move[] {
  return parts.flatMap((part): Move[] => {
    if (isFault(part)) return [{ fromMs: part.injectedAt ?? part.beganAt, toMs: part.switchedAt ?? part.endedAt }];
    if (part.updateAt === undefined) return [];
    return [{ fromMs: part.updateAt, toMs: part.appliedAt ?? part.endedAt }];
  });
}

/**
 * Judges a chapter that was played. Without affinity the same look has to find conversations that were torn: else it would
 * find nothing with it either.
 */
export function judgeChapter(
  affinity: Affinity,
  parts: readonly (PlayedStep | PlayedFault)[],
  messages: readonly SentMessage[],
  checks: Checks,
): void {
  const [first] = parts;
  if (!first) return;
  const own = messages.filter(({ sentAt }) => sentAt >= first.beganAt);
  const moves = movesOf(parts);
  if (affinity === "contact") {
    const { ok, seen } = judgeConversations(own, moves);
    checks.add("no conversation changes engine but once at a rung, a rollback and its release", ok, seen);
    return;
  }
  const { several, broken } = conversations(own, moves);
  const shared = parts.some((part) => !isFault(part) && part.measured && part.measured.python > 0);
  if (!shared) return;
  checks.add(
    "without affinity conversations alternate between the engines, and that is seen",
    broken.length > 0,
    `${broken.length} of ${several} conversations changed engine in the middle`,
  );
}

/** How many of these messages are from contacts that are Python's at a share. */
export function messagesOfPython(messages: readonly SentMessage[], share: number): number {
  const { regex } = contactBuckets(share);
  const expression = regex === undefined ? undefined : new RegExp(regex);
  return messages.filter(({ contactId }) => expression?.test(contactId)).length;
}
