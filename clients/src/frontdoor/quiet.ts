import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { AwsPlace } from "@cutover/domain/aws-place";
import { clockTime, quietNeededMs } from "@cutover/domain/front-door-messages";
import { HOW_TO_LOSE } from "@cutover/domain/webhook";
import * as processClock from "../clock";
import { type FrontDoorGroups, readMessages } from "./messages";

/** Inputs of the `WebhookQuiet` resource, and what is kept in state. */
export interface QuietInputs extends FrontDoorGroups {
  /** `cutover:destroy: lose-traffic`. */
  readonly loseTraffic: boolean;
  readonly aws: AwsPlace;
}

export interface QuietParts {
  readonly cloudwatch?: Pick<CloudWatchClient, "send">;
  readonly clock?: Pick<typeof processClock, "now" | "sleep">;
  readonly say?: (line: string) => void;
  /** `cutover:destroy` as it is set now. */
  readonly destroy?: string | undefined;
}

type Bag = Readonly<Record<string, unknown>>;

const LOOK_EVERY_MS = 15_000;
/** A day's worth of silence would be proof where few messages come; nobody waits so long for a destroy. */
const LONGEST_QUIET_MS = 600_000;
/** Given up after this: whatever still arrives then does not come from a value that is cached for a while. */
const CAP_MS = 1_800_000;
const DAY_MS = 86_400_000;

/** Messages still arrive although the value in GoHighLevel was put back. */
export class NotQuietError extends Error {
  override readonly name = "NotQuietError";
}

/**
 * The methods of the `WebhookQuiet` dynamic provider. Nothing happens at create and update. At delete, which comes after the
 * webhook was put back and before anything of the front door goes, it waits until no message arrives any more: how soon
 * running workflows see a changed custom value is not documented (facts: ghl-supabase A1).
 */
export function quietProvider(parts: QuietParts = {}) {
  const say = parts.say ?? ((line: string) => console.error(line));
  const clock = parts.clock ?? processClock;
  return {
    async diff(_id: string, olds: Bag, news: Bag) {
      return { changes: JSON.stringify(inputsOf(olds)) !== JSON.stringify(inputsOf(news)) };
    },
    async create(news: Bag) {
      return { id: "webhook-quiet", outs: inputsOf(news) };
    },
    async update(_id: string, _olds: Bag, news: Bag) {
      return { outs: inputsOf(news) };
    },
    async delete(_id: string, props: Bag) {
      const inputs = inputsOf(props);
      if (inputs.loseTraffic || (parts.destroy ?? process.env.CUTOVER_DESTROY) === "lose-traffic") return;
      const began = clock.now();
      for (let told = false; ; ) {
        const now = clock.now();
        const { count, lastMs } = await arrived(inputs, now, parts.cloudwatch);
        if (count === 0) return;
        const quietMs = Math.min(LONGEST_QUIET_MS, quietNeededMs(count));
        if (now - Math.max(lastMs, began) >= quietMs) return;
        if (now - began >= CAP_MS) throw new NotQuietError(stillArriving(count, lastMs));
        if (!told)
          say(
            `Waiting until no message has reached the front door for ${minutes(quietMs)}: workflows may know its URL for a while.`,
          );
        told = true;
        await clock.sleep(LOOK_EVERY_MS);
      }
    },
  };
}

async function arrived(inputs: QuietInputs, now: number, cloudwatch: QuietParts["cloudwatch"]) {
  const day = await readMessages(inputs, { sinceMs: now - DAY_MS, untilMs: now }, inputs.aws, cloudwatch);
  const some = day.filter(({ matched, unmatched }) => matched + unmatched > 0);
  const count = some.reduce((sum, { matched, unmatched }) => sum + matched + unmatched, 0);
  return { count, lastMs: some.at(-1)?.atMs ?? 0 };
}

function stillArriving(count: number, lastMs: number): string {
  return (
    `Messages still reach the front door ${minutes(CAP_MS)} after the webhook was put back (${count} in the last day, the last at ${clockTime(lastMs)}), ` +
    "and destroying it would lose them. Another workflow step may hold its URL: look in GoHighLevel for steps that send here, " +
    `correct them, then run pulumi destroy again. ${HOW_TO_LOSE}`
  );
}

function minutes(ms: number): string {
  return `${Math.ceil(ms / 60_000)} minutes`;
}

/** Only what the program gave; the bag also holds the engine's own keys. */
function inputsOf(bag: Bag): QuietInputs {
  const { loadBalancerArn, matchedArns, unmatchedArn, loseTraffic, aws } = bag as unknown as QuietInputs;
  return { loadBalancerArn, matchedArns, ...(unmatchedArn === undefined ? {} : { unmatchedArn }), loseTraffic, aws };
}
