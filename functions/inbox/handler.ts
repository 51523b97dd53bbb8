import { SQSClient } from "@aws-sdk/client-sqs";
import { clockFrom } from "@cutover/clients/clock";
import { type BalancerAnswer, type InboxParts, receive } from "@cutover/clients/inbox/store";
import { FUNCTION_CONFIG } from "@cutover/domain/function-config";
import type { BalancerEvent } from "@cutover/domain/inbox";
import { type InboxConfig, parseInboxConfig } from "@cutover/domain/inbox-config";

let prepared: { readonly config: InboxConfig; readonly parts: InboxParts } | undefined;

/** Made at the first invocation and kept while the function is warm, connections included. */
function prepare() {
  const config = parseInboxConfig(process.env[FUNCTION_CONFIG]);
  const clock = clockFrom(process.env);
  const parts: InboxParts = {
    sqs: new SQSClient({ region: config.region, maxAttempts: 1, requestHandler: { connectionTimeout: 1_500 } }),
    now: () => clock.now(),
    log: (line) => console.log(JSON.stringify(line)),
  };
  return { config, parts };
}

/** A target of the load balancer: where the kill switch sends messages in `hold` (components/inbox.ts). */
export async function handler(event: BalancerEvent): Promise<BalancerAnswer> {
  prepared ??= prepare();
  return receive(event, prepared.config, prepared.parts);
}
