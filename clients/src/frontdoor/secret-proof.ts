import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { AwsPlace } from "@cutover/domain/aws-place";
import {
  clockTime,
  MESSAGES_WITH_SECRET,
  type SecretEvidence,
  secretEvidence,
} from "@cutover/domain/front-door-messages";
import * as processClock from "../clock";
import { type FrontDoorGroups, readMessages } from "./messages";

/** Inputs of the `SecretProof` resource. */
export interface SecretProofInputs extends FrontDoorGroups {
  /** Percent of the messages that Python is to get. */
  readonly share: number;
  /** Whether this update raises it. */
  readonly rising: boolean;
  /** Traffic is rolled back: the share is 0 without anybody having gone back to `front-door`. */
  readonly rolledBack: boolean;
  /** Where the header's value comes from, in words: "the custom value …". */
  readonly headerFrom: string;
  readonly aws: AwsPlace;
}

export interface SecretProofState extends SecretProofInputs {
  /** Real messages proved the header; stays true while Python has a share, and during a rollback. */
  readonly proved: boolean;
  /** Only messages after this moment count, milliseconds since the epoch. */
  readonly sinceMs: number;
}

export interface SecretProofParts {
  readonly cloudwatch?: Pick<CloudWatchClient, "send">;
  readonly clock?: Pick<typeof processClock, "now" | "sleep">;
  readonly say?: (line: string) => void;
}

type Bag = Readonly<Record<string, unknown>>;

/** No message counts that is older: CloudWatch keeps minutes for 15 days, and a day of messages is enough. */
const LOOK_BACK_MS = 86_400_000;
/** The newest minutes are published with a delay; so long is waited for them. */
const WAIT_MS = 300_000;
const LOOK_EVERY_MS = 20_000;

/** Too few real messages carried the header. */
export class SecretProofError extends Error {
  override readonly name = "SecretProofError";
}

/**
 * The methods of the `SecretProof` dynamic provider. Before Python's share rises from 0 the newest 20 messages of customers
 * must have carried the right `x-webhook-secret`: what does not carry it goes to Node past the share, and once Node is
 * removed it is refused. Nothing overrides this proof.
 */
export function secretProofProvider(parts: SecretProofParts = {}) {
  const say = parts.say ?? ((line: string) => console.error(line));
  const clock = parts.clock ?? processClock;
  const look = (news: SecretProofInputs, sinceMs: number) => lookAt(news, sinceMs, clock.now(), parts);

  const settle = async (news: SecretProofInputs, olds: SecretProofState | undefined): Promise<SecretProofState> => {
    const inputs = inputsOf(news);
    const sinceMs = olds?.sinceMs ?? clock.now() - LOOK_BACK_MS;
    if (news.share === 0) {
      if (news.rolledBack && olds) return { ...inputs, proved: olds.proved, sinceMs };
      return { ...inputs, proved: false, sinceMs: olds?.proved ? clock.now() : sinceMs };
    }
    if (mustProve(news, olds)) {
      const giveUpAt = clock.now() + WAIT_MS;
      for (;;) {
        const seen = await look(news, sinceMs);
        if (seen.inARow >= MESSAGES_WITH_SECRET) break;
        if (clock.now() >= giveUpAt) throw new SecretProofError(whatIsMissing(news, seen));
        await clock.sleep(LOOK_EVERY_MS);
      }
    }
    return { ...inputs, proved: true, sinceMs };
  };

  return {
    async diff(_id: string, olds: Bag, news: Bag) {
      const [before, after] = [olds as unknown as SecretProofState, news as unknown as SecretProofInputs];
      if (mustProve(after, before)) {
        const seen = await look(after, before.sinceMs).catch((error: Error) => say(error.message));
        if (seen && seen.inARow < MESSAGES_WITH_SECRET) say(whatIsMissing(after, seen));
      }
      const moved = before.loadBalancerArn !== after.loadBalancerArn;
      const proved = after.share > 0 || (after.rolledBack && before.proved);
      return { changes: moved || proved !== before.proved };
    },
    create: async (news: Bag) => ({
      id: "webhook-secret",
      outs: await settle(news as unknown as SecretProofInputs, undefined),
    }),
    update: async (_id: string, olds: Bag, news: Bag) => ({
      outs: await settle(news as unknown as SecretProofInputs, olds as unknown as SecretProofState),
    }),
    delete: async () => {},
  };
}

/** A share that does not rise needs no proof: it is there already. */
function mustProve(news: SecretProofInputs, olds: SecretProofState | undefined): boolean {
  if (news.share === 0 || !news.rising) return false;
  return !olds?.proved || olds.loadBalancerArn !== news.loadBalancerArn;
}

async function lookAt(news: SecretProofInputs, sinceMs: number, nowMs: number, parts: SecretProofParts) {
  const span = { sinceMs: Math.max(sinceMs, nowMs - LOOK_BACK_MS), untilMs: nowMs };
  return secretEvidence(await readMessages(news, span, news.aws, parts.cloudwatch));
}

function whatIsMissing(news: SecretProofInputs, seen: SecretEvidence): string {
  const last = seen.lastUnmatchedMs;
  const without =
    last === undefined
      ? "none came without it"
      : `${seen.unmatched} came without it, the last at ${clockTime(last)}: a workflow step lacks the header`;
  return (
    `Python's share does not rise from 0 % yet: ${seen.inARow} of ${MESSAGES_WITH_SECRET} messages of customers in a row carried the right ` +
    `x-webhook-secret (${without}). In GoHighLevel, every Custom Webhook step that sends to the front door needs the header ` +
    `x-webhook-secret with ${news.headerFrom}. No weight was moved; run pulumi up again when ${MESSAGES_WITH_SECRET} more messages have come.`
  );
}

/** Only what the program gave; the bag also holds the engine's own keys. */
function inputsOf(bag: SecretProofInputs): SecretProofInputs {
  const { loadBalancerArn, matchedArns, unmatchedArn, share, rising, rolledBack, headerFrom, aws } = bag;
  return { loadBalancerArn, matchedArns, unmatchedArn, share, rising, rolledBack, headerFrom, aws };
}
