import type { Json, JsonObject } from "./reality";

/** Members of a metric alarm that say what is measured; the emulator forgets some and would act on others. */
const MEASURED = [
  "MetricName",
  "Namespace",
  "Dimensions",
  "Statistic",
  "ExtendedStatistic",
  "Period",
  "Unit",
  "Metrics",
  "EvaluateLowSampleCountPercentile",
  "ThresholdMetricId",
] as const;

/** What the emulator of CloudWatch and EventBridge was told and does not keep, or must not act on. */
export class Memory {
  readonly #alarms = new Map<string, Record<string, Json>>();
  readonly #schedules = new Map<string, string>();
  /** Real seconds at which a state was set, oldest first. */
  readonly #moments: number[] = [];

  /**
   * An alarm is being put. It is never forgotten: whether it is there the emulator says, and a description that was under
   * way while it was deleted still needs it.
   */
  alarmPut(request: JsonObject): void {
    const kept: Record<string, Json> = {};
    for (const name of MEASURED) {
      const value = request[name];
      if (value !== undefined && value !== null) kept[name] = value;
    }
    if (Array.isArray(kept.Metrics)) kept.Metrics = kept.Metrics.map((query) => asDescribed(query as JsonObject));
    this.#alarms.set(String(request.AlarmName), kept);
  }

  /** A state was set just now, and composite alarms followed. */
  stateSet(realMs: number): void {
    this.#moments.push(realMs / 1000);
    if (this.#moments.length > 1000) this.#moments.shift();
  }

  /** A described alarm with what it was given instead of what the emulator made of it, and dated exactly. */
  alarm(described: JsonObject): JsonObject {
    const kept = this.#alarms.get(String(described.AlarmName));
    const rest = Object.entries(described).filter(([name]) => !kept || !isMeasured(name));
    const alarm: Record<string, Json | undefined> = { ...Object.fromEntries(rest), ...kept };
    for (const stamp of ["StateUpdatedTimestamp", "StateTransitionedTimestamp"]) {
      const seconds = alarm[stamp];
      if (typeof seconds === "number") alarm[stamp] = this.#exactly(seconds);
    }
    return alarm;
  }

  /** The emulator dates by whole seconds, AWS by milliseconds: in the rehearsal a second is a minute. */
  #exactly(seconds: number): number {
    const moment = this.#moments.findLast((it) => it >= seconds && it < seconds + 1.5);
    return moment === undefined ? seconds : Math.min(moment, seconds + 0.999);
  }

  /** A rule with a schedule was put; its state as it was meant. */
  schedulePut(bus: string, name: string, state: string): void {
    this.#schedules.set(`${bus}/${name}`, state);
  }

  scheduleDeleted(bus: string, name: string): void {
    this.#schedules.delete(`${bus}/${name}`);
  }

  /** State of a rule that has a schedule; undefined for any other. */
  schedule(bus: string, name: string): string | undefined {
    return this.#schedules.get(`${bus}/${name}`);
  }
}

const isMeasured = (name: string): boolean => (MEASURED as readonly string[]).includes(name);

/** CloudWatch says of every query whether it returns data; asked without saying so, it does. */
const asDescribed = (query: JsonObject): JsonObject => ({ ReturnData: true, ...query });
