import { readStackStatus, type StatusClients, statusClients } from "@cutover/clients/evidence/stack-status";
import { runScreen, type ScreenIo } from "./screen";
import { isWell, statusJson, statusLines } from "./status-screen";

/**
 * `cutover status`: how the stack stands.
 * @returns exit code: 0 well, 1 somebody should look, 2 wrong arguments, 3 could not be read
 */
export function statusCommand(args: readonly string[], io: ScreenIo, clients: typeof statusClients = statusClients) {
  return runScreen("status", "how the stack stands: share, rollback, standby", args, io, async ({ stack, aws }) => {
    const reached: StatusClients = clients(aws);
    const status = await readStackStatus(stack, aws, reached);
    return { lines: statusLines(status), json: statusJson(status), code: isWell(status) ? 0 : 1 };
  });
}
