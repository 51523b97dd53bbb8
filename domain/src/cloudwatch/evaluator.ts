import { evaluateComposite } from "./composite";
import type { AlarmDefinition, AlarmState, CompositeAlarmDefinition } from "./definition";
import { type EvaluationOptions, evaluateAlarm, paceOf, type SeriesReader } from "./evaluate";

/** An alarm's change of state: the only thing that alarm actions follow. */
export interface Transition {
  readonly alarm: string;
  readonly composite: boolean;
  readonly from: AlarmState;
  readonly to: AlarmState;
  readonly reason: string;
  readonly atMs: number;
}

/** Keeps the states of a set of alarms and tells of changes, as CloudWatch does: no action repeats while a state lasts. */
export class AlarmEvaluator {
  readonly #alarms: readonly AlarmDefinition[];
  readonly #composites: readonly CompositeAlarmDefinition[];
  readonly #options: EvaluationOptions;
  readonly #states = new Map<string, AlarmState>();
  /** Number of the pace interval that an alarm was last looked at in. */
  readonly #looked = new Map<string, number>();

  /** Every alarm begins in INSUFFICIENT_DATA. */
  constructor(
    alarms: readonly AlarmDefinition[],
    composites: readonly CompositeAlarmDefinition[] = [],
    options: EvaluationOptions = {},
  ) {
    this.#alarms = alarms;
    this.#composites = composites;
    this.#options = options;
    for (const { name } of [...alarms, ...composites]) this.#states.set(name, "INSUFFICIENT_DATA");
  }

  /** @throws RangeError for a name that is none of these alarms */
  stateOf(name: string): AlarmState {
    const state = this.#states.get(name);
    if (!state) throw new RangeError(`There is no alarm "${name}" in this set.`);
    return state;
  }

  /**
   * Evaluates at a moment. Call it every 10 s, or every minute when no alarm has a shorter period; an alarm whose pace
   * is a minute is looked at once in each minute of the clock. Composite alarms follow their children at once.
   */
  evaluate(series: SeriesReader, nowMs: number): Transition[] {
    const found: Transition[] = [];
    for (const definition of this.#alarms) {
      const interval = Math.floor(nowMs / (paceOf(definition) * 1000));
      if (this.#looked.get(definition.name) === interval) continue;
      this.#looked.set(definition.name, interval);
      const { state, reason } = evaluateAlarm(definition, series, nowMs, this.stateOf(definition.name), this.#options);
      this.#move(definition.name, false, state, reason, nowMs, found);
    }
    for (const { name, rule } of this.#composites) {
      const holds = evaluateComposite(rule, (child) => this.stateOf(child));
      const because = found.map(({ alarm, to }) => `${alarm} is ${to}`).join(", ");
      this.#move(name, true, holds ? "ALARM" : "OK", because, nowMs, found);
    }
    return found;
  }

  #move(alarm: string, composite: boolean, to: AlarmState, reason: string, atMs: number, found: Transition[]): void {
    const from = this.stateOf(alarm);
    if (from === to) return;
    this.#states.set(alarm, to);
    found.push({ alarm, composite, from, to, reason, atMs });
  }
}
