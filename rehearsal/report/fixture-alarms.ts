import type { AlarmChange, FaultDetails } from "./model";

const ALARMS: readonly [key: string, rollsBack: boolean][] = [
  ["rollback-hard", true],
  ["rollback-soft", true],
  ["errors-burst", false],
  ["errors-share", false],
  ["slow-p95", false],
  ["routing-failures", false],
  ["booking-failures", false],
  ["probe-python", false],
  ["no-healthy-host", false],
  ["elb-5xx", false],
  ["python-slow-end-to-end", false],
  ["prober-silent", false],
];
const HARD: readonly string[] = ["errors-burst", "no-healthy-host", "probe-python"];
/** Real seconds at which the alarms of the second story are there. */
const ARMED_MS = 86_000;

/** Every alarm begins without data and turns OK; a fault's own alarm and its tier's ring, and calm down after it. */
export function exampleAlarms(faults: readonly FaultDetails[]): AlarmChange[] {
  const change = (key: string, from: string, to: string, atMs: number, reason: string): AlarmChange => ({
    alarm: `cutover-rehearsal-${key}`,
    rollsBack: ALARMS.some(([name, rollsBack]) => name === key && rollsBack),
    from,
    to,
    atMs,
    reason,
  });
  const armed = ALARMS.map(([key], i) =>
    change(key, "INSUFFICIENT_DATA", "OK", ARMED_MS + 150 * i, "1 of 1 periods without a breach"),
  );
  const rung = faults.flatMap((fault) => {
    const key = (fault.alarm ?? "").replace("cutover-rehearsal-", "");
    const tier = HARD.includes(key) ? "rollback-hard" : "rollback-soft";
    const keys =
      fault.fault === "python-dead" ? [key, "python-slow-end-to-end", "probe-python", "elb-5xx", tier] : [key, tier];
    const { alarmMs = 0, reason = "", liftedMs = 0 } = fault;
    return keys.flatMap((name) => [
      change(name, "OK", "ALARM", alarmMs - (name === tier ? 0 : 40), name === tier ? `ALARM(${key})` : reason),
      change(name, "ALARM", "OK", liftedMs + 2000, "the last periods are clean"),
    ]);
  });
  return [...armed, ...rung].sort((a, b) => a.atMs - b.atMs);
}
