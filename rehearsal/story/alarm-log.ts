import type { AlarmTransition } from "../metrics/alarms";
import type { RehearsalCloudWatch } from "../metrics/cloudwatch";

/** A change of an alarm's state as the story looks at it. */
export interface LoggedChange {
  readonly alarm: string;
  /** It moves traffic by itself: the composite alarms do, the ones under them don't. */
  readonly rollsBack: boolean;
  readonly from: string;
  readonly to: string;
  /** Real time, ms since the epoch. */
  readonly at: number;
  readonly reason: string;
}

/** Every change of every alarm since the rehearsal began. */
export class AlarmLog {
  readonly changes: LoggedChange[] = [];
  readonly #now = new Map<string, LoggedChange>();

  constructor(cloudwatch: Pick<RehearsalCloudWatch, "on">) {
    cloudwatch.on("transition", (transition) => this.#add(transition));
  }

  #add({ alarm, composite, from, to, atMs, reason }: AlarmTransition): void {
    const change = { alarm, rollsBack: composite, from, to, at: atMs, reason };
    this.changes.push(change);
    this.#now.set(alarm, change);
  }

  /** Alarms that roll back: the last change of each. */
  rollingBack(): LoggedChange[] {
    return [...this.#now.values()].filter(({ rollsBack }) => rollsBack);
  }

  /** Alarms that are in ALARM now. */
  ringing(): LoggedChange[] {
    return [...this.#now.values()].filter(({ to }) => to === "ALARM");
  }
}
