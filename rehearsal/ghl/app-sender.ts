import { type Agents, connectToAgents } from "@cutover/clients/http/connect-to";
import type { RehearsalClock } from "../clock";
import { type OutgoingMessage, post, type SendOutcome, type WorkflowOptions } from "./workflow";

/** How a marketplace app's webhooks are sent again (help article 155000007071, facts: ghl-supabase A4). */
export const APP_REDELIVERY = {
  /** Only this status is sent again; every other answer is final. */
  status: 429,
  attempts: 6,
  /** Rehearsal milliseconds between two attempts, before jitter. */
  everyMs: 10 * 60_000,
  /** Longest jitter added, in rehearsal milliseconds. */
  jitterMs: 60_000,
} as const;

export interface AppSenderOptions extends WorkflowOptions {
  /** The app's webhook URL, fixed in the developer portal: custom values play no part in it. */
  readonly url: string;
  readonly locationId: string;
  readonly clock: Pick<RehearsalClock, "now" | "sleepUntil">;
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
 * Sends as a marketplace app does: the same delivery again after a 429, up to six more times about ten rehearsal minutes
 * apart; anything else is final. The id in `x-ghl-delivery-id` and `webhookId` stays the same, for de-duplication.
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
    const { clock, url, timeoutMs = 10_000, random = () => 0.5 } = this.#options;
    const deliveries: (SendOutcome & { at: number })[] = [];
    for (;;) {
      const at = clock.now();
      const headers = { "x-ghl-delivery-id": message.messageId };
      const outcome = await post(new URL(url), headers, this.#body(message, at), this.#agents, timeoutMs);
      deliveries.push({ ...outcome, at });
      const again = outcome.status === APP_REDELIVERY.status && deliveries.length <= APP_REDELIVERY.attempts;
      if (!again)
        return { deliveries, accepted: outcome.status !== undefined && outcome.status >= 200 && outcome.status < 300 };
      await clock.sleepUntil(at + APP_REDELIVERY.everyMs + random() * APP_REDELIVERY.jitterMs);
    }
  }

  close(): void {
    this.#agents.destroy();
  }

  #body(message: OutgoingMessage, at: number): string {
    return JSON.stringify({
      type: "InboundMessage",
      webhookId: message.messageId,
      timestamp: new Date(at).toISOString(),
      locationId: this.#options.locationId,
      contactId: message.contactId,
      messageId: message.messageId,
      messageType: "SMS",
      body: message.body,
    });
  }
}
