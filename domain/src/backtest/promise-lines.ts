import { WIDER_EACH_MINUTES, type WiderWindows } from "../look-back";
import type { Phase } from "../phases";
import type { Manifest } from "../stack-record";
import { promiseWords, triggerPromise } from "./promise";

/** A share that Python gets, or is to get. */
export interface PromisedStep {
  readonly to: Pick<Phase, "name">;
  readonly shareAfter: number;
  /** `Desired.alarmsLookBackMinutes`: windows are shortened after a rollback. */
  readonly lookBackMinutes?: number | undefined;
}

/** What a step's share means: messages an hour, and how soon a fault would be seen (docs/measured/backtest.md). */
export function promiseLines(
  { expectedMessagesPerHour }: Pick<Manifest, "expectedMessagesPerHour">,
  { to, shareAfter, lookBackMinutes }: PromisedStep,
  promiseOf: typeof triggerPromise = triggerPromise,
): string[] {
  if (shareAfter === 0) return [];
  const perHour = Number(((expectedMessagesPerHour * shareAfter) / 100).toPrecision(2));
  const promise = promiseOf(expectedMessagesPerHour, shareAfter, lookBackMinutes);
  const words = promise ? `; ${promiseWords(promise)}` : "";
  return [
    `at ${to.name}: about ${perHour} messages an hour to Python${words}`,
    ...(lookBackMinutes === undefined ? [] : [shortenedLine(lookBackMinutes)]),
  ];
}

/** Why small faults are found later than usual, and until when. */
export function shortenedLine(lookBackMinutes: number): string {
  return (
    `the alarms look back ${lookBackMinutes} min only, not beyond the last rollback: small faults are found later until a ` +
    `pulumi up makes the windows longer; one in every ${WIDER_EACH_MINUTES} min does, and a day after the rollback they are as ever`
  );
}

/** Asks for the update that makes shortened windows longer. */
export function widerLine({ from, to }: WiderWindows, stack: string): string {
  const now = to === undefined ? "as far as ever" : `${to} min`;
  return `run pulumi up --stack ${stack}: the alarms look back ${from} min only since the last rollback, and would look back ${now}; until then small faults are found later`;
}
