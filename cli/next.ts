import { readGateFacts, readStackStatus, statusClients } from "@cutover/clients/evidence/stack-status";
import { promiseLines } from "@cutover/domain/backtest/promise-lines";
import { gate } from "@cutover/domain/evidence/gate";
import { nextStep } from "@cutover/domain/evidence/next-step";
import { isOpen, type NextView, nextJson, nextLines } from "./next-screen";
import { runScreen, type ScreenIo } from "./screen";

/**
 * `cutover next`: what stands between the stack and the next rung, what that rung means, and the command for it.
 * @returns exit code: 0 the next step is open, 1 it is not, 2 wrong arguments, 3 could not be read
 */
export function nextCommand(
  args: readonly string[],
  io: ScreenIo,
  clients: typeof statusClients = statusClients,
  promise: typeof promiseLines = promiseLines,
) {
  return runScreen(
    "next",
    "what is missing for the next rung, and the command for it",
    args,
    io,
    async ({ stack, aws }) => {
      const reached = clients(aws);
      const status = await readStackStatus(stack, aws, reached);
      const next = nextStep(status.applied, stack);
      if (!next) return screenOf({ status, promise: [] });
      const facts = await readGateFacts(status, next.step, aws, reached, status.manifest.gate);
      return screenOf({ status, next, facts, result: gate(facts), promise: promise(status.manifest, next.step) });
    },
  );
}

function screenOf(view: NextView) {
  return { lines: nextLines(view), json: nextJson(view), code: isOpen(view) ? 0 : 1 };
}
