import { EventEmitter } from "node:events";
import {
  type CloudWatchClient,
  type CompositeAlarm,
  type MetricAlarm,
  paginateDescribeAlarms,
  ResourceNotFound,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import type { AlarmDefinition, AlarmState } from "@cutover/domain/cloudwatch/definition";
import { evaluateAlarm, paceOf } from "@cutover/domain/cloudwatch/evaluate";
import type { RehearsalClock } from "../clock";
import { definitionOf, stateOf } from "./deployed-alarm";
import type { MetricStore } from "./store";

/** An alarm changed its state. */
export interface AlarmTransition {
  readonly alarm: string;
  readonly composite: boolean;
  readonly from: AlarmState;
  readonly to: AlarmState;
  readonly reason: string;
  /** Real time, ms since the epoch. */
  readonly atMs: number;
  /** Rehearsal time, ms since the epoch. */
  readonly atRehearsalMs: number;
}

export interface AlarmDriverEvents {
  transition: [transition: AlarmTransition];
  problem: [error: Error];
}

export interface AlarmDriverOptions {
  /** At the gateway. */
  readonly client: CloudWatchClient;
  readonly store: MetricStore;
  readonly clock: RehearsalClock;
}

/** Alarms with periods of a minute and more are looked at each minute, the others each 10 s. */
export type Pace = "minute" | "seconds";

interface Read {
  readonly known: Known;
  readonly reason: string;
  /** The emulator's own stamp of the state, real time, ms since the epoch. */
  readonly updatedMs: number | undefined;
}

interface Known {
  readonly definition: AlarmDefinition | undefined;
  readonly composite: boolean;
  readonly state: AlarmState;
  readonly pace: Pace;
}

/**
 * Evaluates the deployed alarms and tells the emulated CloudWatch of transitions. Composite alarms, topics and functions
 * follow from that in the emulator; nothing is called here.
 */
export class AlarmDriver extends EventEmitter<AlarmDriverEvents> {
  readonly #options: AlarmDriverOptions;
  #alarms = new Map<string, Known>();
  #stale = true;
  #queue: Promise<unknown> = Promise.resolve();
  /** Real time at which states began to be set in the look that goes on. */
  #settingSince: number | undefined;
  /** Real time at which each state was set in the look that goes on. */
  readonly #setAt = new Map<string, number>();

  constructor(options: AlarmDriverOptions) {
    super();
    this.#options = options;
  }

  /** Alarms may have changed: they are read again before the next look. */
  invalidate(): void {
    this.#stale = true;
  }

  /** States of all deployed alarms, composite ones included, as the emulated CloudWatch has them. */
  states(): Promise<ReadonlyMap<string, AlarmState>> {
    return this.#inTurn(async () => {
      await this.#refresh();
      return new Map([...this.#alarms].map(([name, { state }]) => [name, state]));
    });
  }

  /** Looks at the alarms of one pace as of `now` (rehearsal ms) and sets the states that changed. */
  evaluate(now: number, pace: Pace): Promise<void> {
    return this.#inTurn(async () => {
      await this.#refresh();
      let changed = false;
      this.#settingSince = Date.now();
      for (const [name, known] of [...this.#alarms]) {
        if (known.pace !== pace || !known.definition) continue;
        const found = this.#judge(known.definition, now, known.state);
        if (!found || found.state === known.state) continue;
        changed = (await this.#set(name, found.state, found.reason)) || changed;
      }
      if (!changed) return;
      this.#stale = true;
      await this.#refresh();
    }).finally(() => {
      this.#settingSince = undefined;
      this.#setAt.clear();
    });
  }

  #judge(definition: AlarmDefinition, now: number, previous: AlarmState) {
    const { store } = this.#options;
    try {
      return evaluateAlarm(definition, (metric, starts) => store.series(metric, starts, now), now, previous);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.emit("problem", new Error(`alarm ${definition.name} can't be evaluated: ${why}`));
      return undefined;
    }
  }

  async #set(AlarmName: string, StateValue: AlarmState, StateReason: string): Promise<boolean> {
    // Before it is sent: inside this call the emulator also sets composite alarms and begins their functions.
    this.#setAt.set(AlarmName, Date.now());
    try {
      await this.#options.client.send(
        new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: StateReason.slice(0, 1023) || "evaluated" }),
      );
      return true;
    } catch (error) {
      this.#stale = true;
      // Deleted since it was read.
      if (error instanceof ResourceNotFound) return false;
      throw error;
    }
  }

  /** Reads the alarms when something changed, and tells of every state that is another than before. */
  async #refresh(): Promise<void> {
    if (!this.#stale) return;
    this.#stale = false;
    const { client } = this.#options;
    const read = new Map<string, Read>();
    try {
      const AlarmTypes = ["CompositeAlarm", "MetricAlarm"] as const;
      for await (const page of paginateDescribeAlarms({ client }, { AlarmTypes: [...AlarmTypes] })) {
        for (const alarm of page.MetricAlarms ?? []) this.#add(read, alarm, this.#metricAlarm(alarm));
        for (const alarm of page.CompositeAlarms ?? []) {
          const state = stateOf(alarm.StateValue);
          this.#add(read, alarm, { definition: undefined, composite: true, state, pace: "minute" });
        }
      }
    } catch (error) {
      this.#stale = true;
      throw error;
    }
    const before = this.#alarms;
    this.#alarms = new Map([...read].map(([name, { known }]) => [name, known]));
    for (const [name, found] of read) this.#tell(name, before.get(name), found);
  }

  #add(read: Map<string, Read>, alarm: MetricAlarm | CompositeAlarm, known: Known): void {
    const updatedMs = alarm.StateUpdatedTimestamp?.getTime();
    read.set(alarm.AlarmName ?? "", { known, reason: alarm.StateReason ?? "", updatedMs });
  }

  #metricAlarm(alarm: MetricAlarm): Known {
    const state = stateOf(alarm.StateValue);
    try {
      const definition = definitionOf(alarm);
      return { definition, composite: false, state, pace: paceOf(definition) < 60 ? "seconds" : "minute" };
    } catch (error) {
      this.emit("problem", error instanceof Error ? error : new Error(String(error)));
      return { definition: undefined, composite: false, state, pace: "minute" };
    }
  }

  #tell(alarm: string, before: Known | undefined, { known: { state: to, composite }, reason, updatedMs }: Read): void {
    const from = before?.state ?? "INSUFFICIENT_DATA";
    if (from === to) return;
    const atMs = this.#setAt.get(alarm) ?? this.#followedAt(updatedMs);
    const atRehearsalMs = this.#options.clock.toRehearsal(atMs);
    this.emit("transition", { alarm, composite, from, to, reason, atMs, atRehearsalMs });
  }

  /**
   * When the emulator changed a state by itself, as a composite alarm's: its own stamp, where that lies within the look that
   * goes on (it may be cut to seconds), else the beginning of the look: never after what followed from the change.
   */
  #followedAt(updatedMs: number | undefined): number {
    const now = Date.now();
    const since = this.#settingSince;
    if (since === undefined) return now;
    return updatedMs !== undefined && updatedMs >= since && updatedMs <= now ? updatedMs : since;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}
