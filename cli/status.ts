import { readLedger } from "@cutover/clients/evidence/ledger";
import { readStackStatus, type StatusClients, statusClients } from "@cutover/clients/evidence/stack-status";
import { readGhlTarget } from "@cutover/clients/ghl/target";
import { historyLines } from "@cutover/domain/evidence/history-lines";
import { type Asked, runScreen, type ScreenIo } from "./screen";
import { isWell, statusJson, statusLines } from "./status-screen";

/**
 * `cutover status`: how the stack stands.
 * @returns exit code: 0 well, 1 somebody should look, 2 wrong arguments, 3 could not be read
 */
export function statusCommand(args: readonly string[], io: ScreenIo, clients: typeof statusClients = statusClients) {
  const look = async ({ stack, aws, history }: Asked) => {
    const reached: StatusClients = clients(aws);
    const standing = await readStackStatus(stack, aws, reached);
    const status = { ...standing, ghl: await readGhlTarget(standing.manifest, io.env.CUTOVER_GHL_TOKEN) };
    const entries = history ? await readLedger(stack, reached.ssm) : undefined;
    return {
      lines: [...statusLines(status), ...(entries ? historyLines(entries) : [])],
      json: { ...statusJson(status), ...(entries ? { history: entries } : {}) },
      code: isWell(status) ? 0 : 1,
    };
  };
  return runScreen("status", "how the stack stands: share, rollback, standby", args, io, look, [
    { flags: "--history", what: "also what was done so far, on what evidence, and who put what aside" },
  ]);
}
