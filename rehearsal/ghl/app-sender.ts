import { type Agents, connectToAgents } from "@cutover/clients/http/connect-to";
import type { RehearsalClock } from "../clock";
import { type OutgoingMessage, post, type SendOutcome, type WorkflowOptions } from "./workflow";

/** How a marketplace app's webhooks are sent again. */
export interface Redelivery {
  /** Whether a delivery with this outcome is sent again. */
  readonly after: (outcome: Pick<SendOutcome, "status">) => boolean;
  /** Deliveries after the first one. */
  readonly retries: number;
  /** Rehearsal milliseconds before redelivery n (the first is 1), before jitter. */
  readonly waitMs: (n: number) => number;
  /** Longest jitter added, in rehearsal milliseconds. */
  readonly jitterMs: number;
}

const MINUTE_MS = 60_000;

/**
 * The two ways that GoHighLevel's own texts tell, which contradict each other (facts: ghl-supabase A4). What holds for an app
 * must hold with both.
 */
export const REDELIVERY = {
  /** Help article 155000007071: after a 429 only, six times, about ten minutes apart; every other answer is final. */
  helpArticle: {
    after: ({ status }) => status === 429,
    retries: 6,
    waitMs: () => 10 * MINUTE_MS,
    jitterMs: MINUTE_MS,
  },
  /** Integration guide, as a third party read it: after anything but a 2xx, twelve times. Its waits are not known; doubled here. */
  integrationGuide: {
    after: (outcome) => !isAccepted(outcome),
    retries: 12,
    waitMs: (n) => Math.min(2 ** (n - 1), 60) * MINUTE_MS,
    jitterMs: MINUTE_MS / 2,
  },
} as const satisfies Record<string, Redelivery>;

export interface AppSenderOptions extends WorkflowOptions {
  /** The app's webhook URL, fixed in the developer portal: custom values play no part in it. */
  readonly url: string;
  readonly locationId: string;
  readonly clock: Pick<RehearsalClock, "now" | "sleepUntil">;
  /** @default `helpArticle` */
  readonly redelivery?: keyof typeof REDELIVERY;
  /** Further headers, such as the webhook secret that an app's own backend would add. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the answer to delivery n (the first is 1) is lost on its way: done there, unknown here. @default never */
  readonly losesAnswer?: (n: number) => boolean;
  /** 0 ≤ x < 1; default 0.5 always, so that runs are alike. */
  readonly random?: () => number;
}

/** What became of a message after all its deliveries. */
export interface AppOutcome {
  /** One for each delivery, in order. */
  readonly deliveries: readonly (SendOutcome & { /** Rehearsal time, ms since the epoch. */ readonly at: number })[];
  /** The last one was answered with 2xx. */
  readonly accepted: boolean;
}

/**
 * Sends as a marketplace app does: at least once, the same delivery again as its redelivery says. The header `deliveryId` and
 * `webhookId` in the body stay the same, for de-duplication.
 */
export class AppSender {
  readonly #options: AppSenderOptions;
  readonly #agents: Agents;

  constructor(options: AppSenderOptions) {
    this.#options = options;
    this.#agents = connectToAgents({
      ...(options.connectTo === undefined ? {} : { connectTo: options.connectTo }),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    });
  }

  /** Delivers one message until it is accepted, refused for good, or given up. Never throws. */
  async send(message: OutgoingMessage): Promise<AppOutcome> {
    const { clock, url, timeoutMs = 10_000, random = () => 0.5, redelivery = "helpArticle" } = this.#options;
    const { losesAnswer = () => false } = this.#options;
    const { after, retries, waitMs, jitterMs }: Redelivery = REDELIVERY[redelivery];
    const headers = { ...this.#options.headers, deliveryId: `delivery-${message.messageId}` };
    const deliveries: (SendOutcome & { at: number })[] = [];
    for (;;) {
      const at = clock.now();
      const got = await post(new URL(url), headers, this.#body(message, at), this.#agents, timeoutMs);
      const outcome = losesAnswer(deliveries.length + 1) ? lost(got) : got;
      deliveries.push({ ...outcome, at });
      if (!after(outcome) || deliveries.length > retries) return { deliveries, accepted: isAccepted(outcome) };
      await clock.sleepUntil(at + waitMs(deliveries.length) + random() * jitterMs);
    }
  }

  close(): void {
    this.#agents.destroy();
  }

  #body(message: OutgoingMessage, at: number): string {
    return JSON.stringify({
      type: "InboundMessage",
      webhookId: `webhook-${message.messageId}`,
      timestamp: new Date(at).toISOString(),
      locationId: this.#options.locationId,
      contactId: message.contactId,
      messageId: message.messageId,
      messageType: "SMS",
      body: message.body,
    });
  }
}

function lost({ latencyMs, target, servedBy }: SendOutcome): SendOutcome {
  return { error: "the answer was lost", latencyMs, target, ...(servedBy === undefined ? {} : { servedBy }) };
}

function isAccepted({ status }: Pick<SendOutcome, "status">): boolean {
  return status !== undefined && status >= 200 && status < 300;
}
