import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { clockFrom } from "@cutover/clients/clock";
import { HttpClient } from "@cutover/clients/http/client";
import { readEngineNumbers } from "@cutover/clients/prober/database";
import { type ProberParts, type ProberReport, runProber } from "@cutover/clients/prober/run";
import { type ProberConfig, parseProberConfig } from "@cutover/domain/prober";

let prepared: { config: ProberConfig; parts: ProberParts } | undefined;

/** Made at the first invocation and kept while the function is warm, connections included. */
function prepare(): { config: ProberConfig; parts: ProberParts } {
  const config = parseProberConfig(process.env.CUTOVER_FUNCTION);
  const aws = {
    region: config.region,
    // The next minute is the next try; a call that hangs must not take the probes' time.
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000 },
  };
  const log: ProberParts["log"] = (line) => console.log(JSON.stringify(line));
  const parts: ProberParts = {
    clock: clockFrom(process.env),
    http: new HttpClient(),
    cloudwatch: new CloudWatchClient(aws),
    elb: new ElasticLoadBalancingV2Client(aws),
    secretsManager: new SecretsManagerClient(aws),
    readNumbers: readEngineNumbers,
    log,
    memory: { lastOk: new Map() },
  };
  return { config, parts };
}

/** Invoked once a minute (components/prober.ts). What it publishes: docs/metrics.md. */
export async function handler(): Promise<ProberReport> {
  prepared ??= prepare();
  const report = await runProber(prepared.config, prepared.parts);
  prepared.parts.log({ event: "probed", ...report });
  return report;
}
