import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { AwsPlace } from "@cutover/domain/aws-place";
import { clockTime, type MessageMinute, quietNeededMs, secretEvidence } from "@cutover/domain/front-door-messages";
import type { WebhookTarget } from "@cutover/domain/phases";
import { showUrl } from "@cutover/domain/webhook";
import * as processClock from "../clock";
import { UNKNOWN } from "../ghl/state";
import { type FrontDoorGroups, readMessages } from "./messages";

/** Inputs of the `WebhookByHand` resource. */
export interface ByHandInputs extends FrontDoorGroups {
  readonly target: WebhookTarget;
  /** What the step's URL field shall hold; absent where it is the URL from before the cutover and that is not known. */
  readonly url?: string | undefined;
  /** How to get the header's value, in words. */
  readonly headerFrom: string;
  /** Generations of the secret that are accepted, newest first: another newest one is a change of the step. */
  readonly accepted: readonly number[];
  /** Messages in a row with the right header that prove the step. */
  readonly messages: number;
  /** How long a person may take, and the messages. */
  readonly deadlineMinutes: number;
  /** `cutover:destroy: lose-traffic`. */
  readonly loseTraffic: boolean;
  readonly aws: AwsPlace;
}

/** What is kept in state. */
export type ByHandState = ByHandInputs;

export interface ByHandParts {
  readonly cloudwatch?: Pick<CloudWatchClient, "send">;
  readonly clock?: Pick<typeof processClock, "now" | "sleep">;
  readonly say?: (line: string) => void;
  /** `cutover:destroy` as it is set now. */
  readonly destroy?: string | undefined;
}

type Bag = Readonly<Record<string, unknown>>;

const LOOK_EVERY_MS = 15_000;
/** A step that was edited shortly before the update needs no edit during it. */
const BEFORE_MS = 900_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** The step is not as it has to be, as far as messages show. */
export class ByHandError extends Error {
  override readonly name = "ByHandError";
}

/**
 * The methods of the `WebhookByHand` dynamic provider: a person edits the workflow step, and messages prove it. GoHighLevel
 * is never called. What is to be set is said in preview and in up; up waits until customers' messages with the right header
 * reach the front door. On the way back nothing is waited for: the share has moved already, and what still arrives here
 * goes to Node.
 */
export function byHandProvider(parts: ByHandParts = {}) {
  const say = parts.say ?? ((line: string) => console.error(line));
  const clock = parts.clock ?? processClock;
  const look = (groups: ByHandInputs, sinceMs: number) =>
    readMessages(groups, { sinceMs, untilMs: clock.now() }, groups.aws, parts.cloudwatch);

  const prove = async (news: ByHandInputs, olds: ByHandInputs | undefined): Promise<void> => {
    if (news.target !== "front-door" || (olds && !stepChanged(news, olds))) return;
    const began = clock.now();
    // After a secret is retired only new messages tell whether the step sends the one that is left.
    const sinceMs = olds && olds.accepted.length > news.accepted.length ? began : began - BEFORE_MS;
    for (;;) {
      const minutes = await look(news, sinceMs);
      if (secretEvidence(minutes).inARow >= news.messages) return;
      if (clock.now() - began >= news.deadlineMinutes * 60_000) throw new ByHandError(notProved(news, minutes));
      await clock.sleep(LOOK_EVERY_MS);
    }
  };

  return {
    /** Also runs in preview, before anything changes. */
    async check(olds: Bag, news: Bag) {
      const [before, after] = [olds as Partial<ByHandState>, news as unknown as ByHandInputs];
      const wanted = instruction(after, before);
      if (wanted !== undefined) say(wanted);
      return { inputs: news, failures: [] };
    },
    async diff(_id: string, olds: Bag, news: Bag) {
      const [before, after] = [olds as unknown as ByHandState, news as unknown as ByHandInputs];
      const changes = changed(after, before);
      if (!changes && after.target === "front-door") await mention(after, look, clock.now(), say);
      return { changes };
    },
    async create(news: Bag) {
      const inputs = inputsOf(news);
      await prove(inputs, undefined);
      return { id: "webhook-by-hand", outs: inputs };
    },
    async update(_id: string, olds: Bag, news: Bag) {
      const inputs = inputsOf(news);
      await prove(inputs, olds as unknown as ByHandState);
      return { outs: inputs };
    },
    /** Refused while customers' messages arrive here: what they reach is destroyed next. */
    async delete(_id: string, props: Bag) {
      const state = props as unknown as ByHandState;
      if (state.loseTraffic || (parts.destroy ?? process.env.CUTOVER_DESTROY) === "lose-traffic") return;
      const now = clock.now();
      const minutes = (await look(state, now - DAY_MS)).filter((minute) => minute.matched + minute.unmatched > 0);
      const last = minutes.at(-1)?.atMs;
      const count = minutes.reduce((sum, minute) => sum + minute.matched + minute.unmatched, 0);
      const quietMs = quietNeededMs(count);
      if (last === undefined || now - last >= quietMs) return;
      throw new ByHandError(stillArriving(count, last, quietMs));
    },
  };
}

/** What a person has to set now, or undefined where nothing changes. */
function instruction(after: ByHandInputs, before: Partial<ByHandState>): string | undefined {
  const moved = before.target !== after.target || before.url !== after.url;
  const first = before.target === undefined;
  if (after.target === "as-found" && (first || !moved)) return undefined;
  if (after.target !== "front-door") {
    return moved
      ? `By hand in GoHighLevel: set the URL of the workflow's Custom Webhook step ${to(after)}.`
      : undefined;
  }
  const header = before.accepted?.[0] !== after.accepted[0];
  if (!moved && !header) return undefined;
  return (
    `By hand in GoHighLevel, in every Custom Webhook step that sends messages: ${moved ? `URL ${to(after)}; ` : ""}` +
    `header x-webhook-secret: ${after.headerFrom}; header x-contact-id: {{contact.id}}. ` +
    `pulumi up then waits up to ${after.deadlineMinutes} minutes for ${after.messages} messages of customers that carry the secret.`
  );
}

/** Query strings may hold tokens: only that there is one is shown. */
function to(inputs: ByHandInputs): string {
  if (inputs.url === undefined) return "back to the one from before the cutover";
  return inputs.url === UNKNOWN ? "to the front door" : `to ${showUrl(inputs.url)}`;
}

/** What messages have to prove anew. */
function stepChanged(after: ByHandInputs, before: ByHandState): boolean {
  return (
    before.target !== after.target ||
    before.url !== after.url ||
    before.loadBalancerArn !== after.loadBalancerArn ||
    JSON.stringify(before.accepted) !== JSON.stringify(after.accepted)
  );
}

function changed(after: ByHandInputs, before: ByHandState): boolean {
  return (
    stepChanged(after, before) ||
    before.loseTraffic !== after.loseTraffic ||
    JSON.stringify([before.matchedArns, before.unmatchedArn]) !==
      JSON.stringify([after.matchedArns, after.unmatchedArn])
  );
}

/** A person may have changed the step since; messages are all that shows it. A failure to look fails no preview. */
async function mention(
  inputs: ByHandInputs,
  look: (groups: ByHandInputs, sinceMs: number) => Promise<MessageMinute[]>,
  nowMs: number,
  say: (line: string) => void,
): Promise<void> {
  try {
    const day = await look(inputs, nowMs - DAY_MS);
    const lastHour = secretEvidence(day.filter((minute) => minute.atMs > nowMs - HOUR_MS));
    if (lastHour.unmatched > 0) {
      say(
        `${lastHour.unmatched} messages of the last hour came without the right x-webhook-secret, the last at ` +
          `${clockTime(lastHour.lastUnmatchedMs ?? nowMs)}. Header of the workflow's step: ${inputs.headerFrom}.`,
      );
    }
    const arrived = day.filter((minute) => minute.matched + minute.unmatched > 0);
    const last = arrived.at(-1)?.atMs;
    const count = arrived.reduce((sum, minute) => sum + minute.matched + minute.unmatched, 0);
    if (last === undefined || nowMs - last > quietNeededMs(count)) {
      const since = last === undefined ? "for a day" : `since ${clockTime(last)}`;
      say(`No customer's message has reached the front door ${since}: somebody may have changed the workflow's step.`);
    }
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

function notProved(inputs: ByHandInputs, minutes: readonly MessageMinute[]): string {
  const seen = secretEvidence(minutes);
  const what =
    seen.unmatched > 0
      ? `${seen.unmatched} messages came without the right x-webhook-secret, the last at ${clockTime(seen.lastUnmatchedMs ?? 0)}; they went to Node`
      : seen.inARow > 0
        ? "only few messages came"
        : "no message of a customer reached the front door";
  return (
    `The workflow's step is not proved: ${seen.inARow} of ${inputs.messages} messages in a row carried the secret within ` +
    `${inputs.deadlineMinutes} minutes; ${what}. Set in GoHighLevel, in every Custom Webhook step: URL ${to(inputs)}; ` +
    `header x-webhook-secret: ${inputs.headerFrom}. Publish the workflow, send a message, then run pulumi up again.`
  );
}

function stillArriving(count: number, last: number, quietMs: number): string {
  return (
    `GoHighLevel still sends its messages here (${count} in the last day, the last at ${clockTime(last)}), and destroying would lose them. ` +
    "Set the URL of the workflow's Custom Webhook step back to the one from before the cutover, wait until none has come for " +
    `${Math.ceil(quietMs / 60_000)} minutes, then run pulumi destroy again. To destroy all the same: ` +
    "pulumi config set cutover:destroy lose-traffic, then pulumi destroy --run-program"
  );
}

/** Only what the program gave; the bag also holds the engine's own keys. */
function inputsOf(bag: Bag): ByHandInputs {
  const { target, url, headerFrom, accepted, messages, deadlineMinutes, loseTraffic } = bag as unknown as ByHandInputs;
  const { loadBalancerArn, matchedArns, unmatchedArn, aws } = bag as unknown as ByHandInputs;
  const step = { target, ...(url === undefined ? {} : { url }), headerFrom, accepted, messages, deadlineMinutes };
  return {
    ...step,
    loseTraffic,
    loadBalancerArn,
    matchedArns,
    ...(unmatchedArn === undefined ? {} : { unmatchedArn }),
    aws,
  };
}
