import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SSMClient } from "@aws-sdk/client-ssm";
import { clockFrom } from "@cutover/clients/clock";
import { HttpClient } from "@cutover/clients/http/client";
import { replayQueue } from "@cutover/clients/inbox/queue";
import { type ReplayParts, type ReplayReport, runReplay } from "@cutover/clients/inbox/replay";
import { FUNCTION_CONFIG } from "@cutover/domain/function-config";
import { parseReplayConfig, type ReplayConfig } from "@cutover/domain/inbox-config";

let prepared: { readonly config: ReplayConfig; readonly parts: ReplayParts } | undefined;

/** Made at the first invocation and kept while the function is warm, connections included. */
function prepare() {
  const config = parseReplayConfig(process.env[FUNCTION_CONFIG]);
  const aws = { region: config.region, maxAttempts: 1, requestHandler: { connectionTimeout: 1_500 } };
  const clock = clockFrom(process.env);
  const parts: ReplayParts = {
    queue: replayQueue(config.queueUrl, config.refusedQueueUrl, new SQSClient(aws)),
    http: new HttpClient(),
    secrets: new SecretsManagerClient(aws),
    ssm: new SSMClient(aws),
    sns: new SNSClient(aws),
    cloudwatch: new CloudWatchClient({ ...aws, maxAttempts: 2 }),
    now: () => clock.now(),
    log: (line) => console.log(JSON.stringify(line)),
  };
  return { config, parts };
}

/** Invoked once a minute (components/replayer.ts): empties the inbox into the engine that answers. */
export async function handler(): Promise<ReplayReport> {
  prepared ??= prepare();
  const report = await runReplay(prepared.config, prepared.parts);
  if (report.replayed + report.refused + report.left > 0) prepared.parts.log({ event: "replayed", ...report });
  return report;
}
