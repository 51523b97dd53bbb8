import type { AlarmState } from "../cloudwatch/definition";
import type { KillSwitchState } from "../kill-switch";
import { FRESH_PROBE_SECONDS, type Standby } from "./gate";
import type { Read } from "./model";

/** An alarm that rolls back, as CloudWatch shows it. */
export interface WatchingAlarm {
  readonly name: string;
  readonly state: AlarmState;
  readonly actionsEnabled: boolean;
}

/** Everything an automatic rollback needs. */
export interface ArmedFacts {
  /** Names of all alarms that roll back, the composite ones and those under them, and of the one on a silent prober. */
  readonly expected: readonly string[];
  /** The composite ones among them: these act. */
  readonly acting: readonly string[];
  readonly alarms: Read<readonly WatchingAlarm[]>;
  readonly killSwitch: Read<KillSwitchState | "unclear" | "none">;
  readonly standby: Read<Standby>;
}

export interface Armed {
  readonly armed: boolean;
  /** Why not; empty when armed. */
  readonly because: readonly string[];
  /** "7/7 alarms are OK" */
  readonly says: readonly string[];
}

/** Whether a fault of Python would roll back by itself, now: alarms, switch and a Node that can take over. */
export function isArmed(facts: ArmedFacts): Armed {
  const alarms = alarmsOf(facts);
  const node = standbyOf(facts.standby);
  const because = [...alarms.because, ...switchProblems(facts.killSwitch), ...node.because];
  return { armed: because.length === 0, because, says: [...alarms.says, ...node.says] };
}

function alarmsOf({ expected, acting, alarms }: ArmedFacts): Omit<Armed, "armed"> {
  if ("unavailable" in alarms) return { because: [`the alarms could not be read: ${alarms.unavailable}`], says: [] };
  const of = new Map(alarms.value.map((alarm) => [alarm.name, alarm]));
  const because = expected.flatMap((name) => {
    const alarm = of.get(name);
    if (!alarm) return [`there is no alarm ${name}`];
    if (alarm.state === "ALARM") return [`${name} is in ALARM already: an alarm acts when it begins`];
    if (alarm.state === "INSUFFICIENT_DATA") return [`${name} has no data`];
    return acting.includes(name) && !alarm.actionsEnabled ? [`the actions of ${name} are switched off`] : [];
  });
  if (expected.length === 0) because.push("the stack declares no alarm that rolls back");
  // OK is not the same as data: an alarm on failures that are not there is OK without any. Silence of the prober, on whose
  // numbers the certain ones rest, is an alarm of its own, and among these.
  const ok = expected.filter((name) => of.get(name)?.state === "OK");
  return { because, says: [`${ok.length}/${expected.length} alarms are OK`] };
}

function switchProblems(killSwitch: ArmedFacts["killSwitch"]): string[] {
  if ("unavailable" in killSwitch) return [`the kill switch could not be read: ${killSwitch.unavailable}`];
  if (killSwitch.value === "off") return [];
  if (killSwitch.value === "none") return ["Node is removed: there is nothing to roll back to"];
  return [`the kill switch is "${killSwitch.value}"`];
}

function standbyOf(standby: Read<Standby>): Omit<Armed, "armed"> {
  if ("unavailable" in standby) return { because: [`Node is not known to live: ${standby.unavailable}`], says: [] };
  const { healthy, required, secondsSinceProbeOk: age } = standby.value;
  const because: string[] = [];
  if (healthy === 0) because.push("Node has no healthy task");
  if (age === undefined || age > FRESH_PROBE_SECONDS) because.push("Node answered no probe lately");
  return {
    because,
    says: [
      age === undefined ? "Node not proved alive" : `Node proved alive ${Math.round(age)} s ago`,
      `capacity ${healthy}/${required} tasks${healthy < required ? " (too few)" : ""}`,
    ],
  };
}
