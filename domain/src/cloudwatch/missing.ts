import type { AlarmState, TreatMissingData } from "./definition";

/** One period as the alarm sees it: outside the threshold, inside, or without data. */
export type Period = "breaching" | "fine" | "missing";

/** N, M and the treatment of missing data. */
export interface Rule {
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly treatMissingData: TreatMissingData;
}

/**
 * The state that periods give (oldest first, the whole evaluation range). With N real ones, the newest N count. With
 * fewer, all real ones count and the missing ones are filled in, as few as possible. Source: CloudWatch user guide,
 * "Configuring how CloudWatch alarms treat missing data", both tables and "Avoiding premature transitions".
 */
export function stateOf(periods: readonly Period[], rule: Rule, previous: AlarmState): AlarmState {
  const { evaluationPeriods: n, datapointsToAlarm: m, treatMissingData } = rule;
  const real = periods.filter((one) => one !== "missing");
  const counted = real.slice(-n);
  const breaching = counted.filter((one) => one === "breaching").length;
  const absent = n - counted.length;
  if (breaching >= m) return "ALARM";
  if (absent === 0 || treatMissingData === "notBreaching") return "OK";
  if (treatMissingData === "breaching") return breaching + absent >= m ? "ALARM" : "OK";
  // One real point within the threshold settles it, in `missing` as in `ignore`.
  if (breaching < counted.length) return "OK";
  if (treatMissingData === "ignore") return previous;
  return oldEnough(periods, m) ? "ALARM" : "INSUFFICIENT_DATA";
}

/** Nothing newer than the oldest breaching period is fine here, so its age alone decides. */
function oldEnough(periods: readonly Period[], m: number): boolean {
  const oldest = periods.indexOf("breaching");
  return oldest >= 0 && periods.length - oldest >= m;
}
