import {
  readGateFacts,
  readStackStatus,
  type StackStatus,
  statusClients,
} from "@cutover/clients/evidence/stack-status";
import { readTrafficRate } from "@cutover/clients/evidence/traffic-rate";
import { promiseLines, widerLine } from "@cutover/domain/backtest/promise-lines";
import { gate } from "@cutover/domain/evidence/gate";
import { type NextStep, nextStep } from "@cutover/domain/evidence/next-step";
import { rateWarnings } from "@cutover/domain/evidence/traffic-rate";
import { lookBack, widerWindows } from "@cutover/domain/look-back";
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
      const wider = widerWindows(status.applied, status.minutesSinceRollback);
      const rate = await readTrafficRate(status.manifest, status.now, reached.cloudwatch);
      const asked = [
        ...(wider && !status.rollback ? [widerLine(wider, stack)] : []),
        ...("value" in rate ? rateWarnings(rate.value, status.manifest.expectedMessagesPerHour, stack) : []),
      ];
      if (!next) return screenOf({ status, promise: asked });
      const facts = await readGateFacts(status, next.step, aws, reached, status.manifest.gate);
      const promised = [...promise(status.manifest, afterStep(next, status)), ...asked];
      return screenOf({ status, next, facts, result: gate(facts), promise: promised });
    },
  );
}

/** The step with what its alarms would look back on, as `decide` will have it. */
function afterStep({ step }: NextStep, { minutesSinceRollback, applied }: StackStatus) {
  const to = { phase: step.to.name, share: step.shareAfter, releasing: false };
  const world = { applied, ...(minutesSinceRollback === undefined ? {} : { minutesSinceRollback }) };
  return { ...step, lookBackMinutes: lookBack(to, world, false).alarmsLookBackMinutes };
}

function screenOf(view: NextView) {
  return { lines: nextLines(view), json: nextJson(view), code: isOpen(view) ? 0 : 1 };
}
