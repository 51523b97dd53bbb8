import type { Step } from "../evidence/gate";
import type { Manifest } from "../stack-record";
import { promiseWords, triggerPromise } from "./promise";

/** What a step's share means: messages an hour, and how soon a fault would be seen (docs/measured/backtest.md). */
export function promiseLines(
  { expectedMessagesPerHour }: Pick<Manifest, "expectedMessagesPerHour">,
  { to, shareAfter }: Step,
  promiseOf: typeof triggerPromise = triggerPromise,
): string[] {
  if (shareAfter === 0) return [];
  const perHour = Number(((expectedMessagesPerHour * shareAfter) / 100).toPrecision(2));
  const promise = promiseOf(expectedMessagesPerHour, shareAfter);
  const words = promise ? `; ${promiseWords(promise)}` : "";
  return [`at ${to.name}: about ${perHour} messages an hour to Python${words}`];
}
