/**
 * Rotation of WEBHOOK_SECRET: each value has a number, its generation. The newest is the one GoHighLevel is given; the
 * one before stays accepted until it is retired, because workflows that run already may still send it.
 */

import { stackPath } from "./stack-record";

/** SSM parameter that says which generation GoHighLevel was last given; written once it was seen there. */
export function webhookSecretPath(stack: string): string {
  return `${stackPath(stack)}webhook-secret`;
}

/** What the configuration asks for: generations `retired + 1` to `generation` are accepted, two at most. */
export interface WebhookSecretConfig {
  /** `cutover:webhookSecret.generation`; default 1. */
  readonly generation: number;
  /** `cutover:webhookSecret.retired`: this one and older ones are refused; default: all but the newest two. */
  readonly retired: number;
}

/** What GoHighLevel was last given, written after it was seen there. */
export interface SecretInUse {
  readonly generation: number;
  /** Milliseconds since it was given, by the clock that counts. */
  readonly forMs: number;
}

/**
 * How long a value must have been in GoHighLevel before the one before it is refused. When a running workflow sees a new
 * custom value is documented nowhere; steps that wait for minutes are common.
 */
export const SECRET_SPREADS_MS = 3_600_000;

/** Configuration with its defaults. A load balancer rule and Python take two values, so two are accepted at most. */
export function webhookSecretConfig(generation = 1, retired = 0): WebhookSecretConfig {
  return { generation, retired: Math.max(retired, generation - 2, 0) };
}

/** Generations that are accepted, newest first. */
export function acceptedGenerations({ generation, retired }: WebhookSecretConfig): number[] {
  return Array.from({ length: generation - retired }, (_, i) => generation - i);
}

/**
 * Why a rotation would lose messages, or undefined.
 * @param before What the last update accepted; undefined at the first.
 * @param inUse What GoHighLevel sends; undefined before it was given anything.
 */
export function refuseRotation(
  wanted: WebhookSecretConfig,
  before: WebhookSecretConfig | undefined,
  inUse: SecretInUse | undefined,
): string | undefined {
  if (!inUse || (before?.generation === wanted.generation && before.retired === wanted.retired)) return undefined;
  if (!acceptedGenerations(wanted).includes(inUse.generation)) {
    const next = inUse.generation + 1;
    return (
      `GoHighLevel sends generation ${inUse.generation} of the webhook secret, and this update would accept ` +
      `${acceptedGenerations(wanted).join(" and ")} only: its messages would be refused. Rotate by one generation at a time: ` +
      `pulumi config set --path cutover:webhookSecret.generation ${wanted.generation < inUse.generation ? inUse.generation : next}`
    );
  }
  if (before !== undefined && wanted.retired > before.retired && inUse.forMs < SECRET_SPREADS_MS) {
    const minutes = Math.ceil((SECRET_SPREADS_MS - inUse.forMs) / 60_000);
    return (
      `GoHighLevel has generation ${inUse.generation} of the webhook secret for ${Math.floor(inUse.forMs / 60_000)} minutes; ` +
      `workflows that run may still send the one before. Retire generation ${wanted.retired} in ${minutes} minutes; until then: ` +
      `pulumi config set --path cutover:webhookSecret.retired ${before.retired}`
    );
  }
  return undefined;
}
