import { awsPorts, type RollbackClients, rollbackClients } from "@cutover/clients/rollback/aws-ports";
import type { RollbackReport } from "@cutover/clients/rollback/ports";
import { runRollback } from "@cutover/clients/rollback/run";
import { FUNCTION_CONFIG, parseRollbackConfig, type RollbackConfig } from "@cutover/domain/function-config";

let prepared: { readonly config: RollbackConfig; readonly clients: RollbackClients } | undefined;

/** Made at the first invocation and kept while the function is warm, connections included. */
function prepare() {
  const config = parseRollbackConfig(process.env[FUNCTION_CONFIG]);
  return { config, clients: rollbackClients(config.region) };
}

/**
 * Invoked by the rollback topic, each minute as `{"source":"reconcile"}`, and by people as `{"source":"manual","reason":…}`
 * (components/rollback.ts, cli/rollback.ts). A failure to move traffic is thrown, so that Lambda tries again.
 */
export async function handler(payload: unknown): Promise<RollbackReport> {
  prepared ??= prepare();
  const { config, clients } = prepared;
  return runRollback(
    payload,
    config,
    awsPorts(config, clients, (line) => console.log(JSON.stringify(line))),
  );
}
