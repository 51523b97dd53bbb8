import { KILL_SWITCH_HEADER } from "@cutover/domain/kill-switch";
import { type Phase, phases } from "@cutover/domain/phases";
import { appliedPath } from "@cutover/domain/stack-record";
import { type TriggerSet, triggers } from "@cutover/domain/triggers";
import { type Declared, type Finding, json, list, number, record, text, UNKNOWN } from "./model";
import { TYPES } from "./types";

/** What the stack says of itself: phase and share as this update will record them. */
interface Applied {
  readonly parameter: Declared;
  readonly phase: Phase;
  readonly pythonShare: number;
}

/** The record, nothing where the stack has no front door at all, or a finding where it should be there and is not. */
function appliedOf(all: readonly Declared[]): Applied | Finding | undefined {
  const parameter = all.find((one) => one.type === TYPES.parameter && one.props.name === appliedPath(one.stack));
  if (!parameter) {
    return all.some((one) => one.type === TYPES.listenerRule)
      ? { message: "Nothing records the applied phase; declare the parameter /cutover/<stack>/applied." }
      : undefined;
  }
  const value = record(json(parameter.props.value));
  const phase = phases.find((one) => one.name === value?.phase);
  const pythonShare = number(value?.pythonShare);
  // What is wrong with the value itself is told by the policy `python-share-on-ladder`.
  return phase && pythonShare !== undefined ? { parameter, phase, pythonShare } : undefined;
}

/** Node's service, its capacity and the switch back to it stay until `decommission`, which archives its code first. */
export function nodeUntilDecommission(all: readonly Declared[]): Finding[] {
  const applied = appliedOf(all);
  if (applied === undefined) return [];
  if ("message" in applied) return [applied];
  const { parameter, phase } = applied;
  const until = `phase ${phase.name} needs Node`;
  if (phase.node === "removed") {
    return all.some(({ type, name }) => type.endsWith(":Command") && name.startsWith("archive"))
      ? []
      : [
          {
            about: parameter,
            message: "Node is removed and nothing archives its code; declare components/archive.ts.",
          },
        ];
  }
  const service = all.find((one) => one.type === TYPES.service && one.props.name === "node");
  const found: Finding[] = [];
  if (!service) {
    found.push({ message: `Node's service is gone, but ${until}; keep it until cutover:phase is decommission.` });
  } else if (service.props.desiredCount === 0) {
    found.push({ about: service, message: `Node has no task, but ${until}; set cutover:node.tasks to its peak.` });
  }
  const capacity = all.find((one) => one.type === TYPES.capacity && /^node\b/.test(one.name));
  const minimum = capacity?.props.minCapacity;
  if (minimum !== UNKNOWN && (number(minimum) ?? 0) < 1) {
    const about = capacity ?? service;
    found.push({
      ...(about ? { about } : {}),
      message: `Node may be scaled to nothing, but ${until}; keep its minCapacity at the peak (cutover:node.tasks).`,
    });
  }
  if (!all.some(isKillSwitch)) {
    found.push({ message: `The kill switch's rule is gone, but ${until}; without it no rollback can move traffic.` });
  }
  return found;
}

function isKillSwitch({ type, props }: Declared): boolean {
  const header = (condition: unknown) => text(record(record(condition)?.httpHeader)?.httpHeaderName);
  return type === TYPES.listenerRule && list(props.conditions).some((one) => header(one) === KILL_SWITCH_HEADER);
}

/** The rule that shares customers' messages carries the share that the update records. */
export function weightsAsRecorded(all: readonly Declared[]): Finding[] {
  const applied = appliedOf(all);
  if (applied === undefined || "message" in applied) return [];
  const { phase, pythonShare } = applied;
  const wanted = phase.node === "removed" ? [100] : [100 - pythonShare, pythonShare];
  const rule = all.find((one) => one.type === TYPES.listenerRule && one.props.priority === 50);
  if (!rule)
    return [{ message: "No rule shares the messages (priority 50); declare trafficSplit of components/traffic.ts." }];
  const groups = list(rule.props.actions).flatMap((one) =>
    list(record(record(one)?.forward)?.targetGroups).map(record),
  );
  const weights = groups.map((group) => group?.weight);
  if (weights.includes(UNKNOWN) || sameSplit(all, groups, wanted)) return [];
  const message = `${rule.name} sends ${weights.join(" : ") || "nothing"}, but the update records ${wanted.join(" : ")} (Node : Python); give both from the same value.`;
  return [{ about: rule, message }];
}

type Group = Readonly<Record<string, unknown>> | undefined;

/** AWS gives the groups back in any order, so Python's is known by its ARN; before there is one, the numbers must do. */
function sameSplit(all: readonly Declared[], groups: readonly Group[], wanted: readonly number[]): boolean {
  const sorted = (weights: readonly unknown[]) => weights.map(Number).sort((a, b) => a - b);
  if (JSON.stringify(sorted(groups.map((group) => group?.weight))) !== JSON.stringify(sorted(wanted))) return false;
  const customers = all.find(({ type, name }) => type === TYPES.targetGroup && name.endsWith("python-customer"));
  const arn = text(customers?.props.arn);
  const python = arn === undefined ? undefined : groups.find((group) => group?.arn === arn);
  return python === undefined || python.weight === wanted.at(-1);
}

/** Every trigger that rolls back is there, hangs on its tier's alarm, and that one reaches the function. */
export function triggersArmed(all: readonly Declared[]): Finding[] {
  const applied = appliedOf(all);
  if (applied === undefined || "message" in applied) return [];
  const { parameter, pythonShare, phase } = applied;
  const { stack } = parameter;
  const set = triggers({
    stack,
    loadBalancer: "any",
    targetGroups: { pythonCustomer: "any", nodeCustomer: "any", unmatched: "any" },
    pythonShare,
    expectedMessagesPerHour: 600,
    nodeExists: phase.node !== "removed",
  });
  return [
    ...missingAlarms(all, set),
    ...looseComposites(all, set),
    ...deafFunction(all, stack),
    ...silentHosts(all, applied),
  ];
}

function missingAlarms(all: readonly Declared[], set: TriggerSet): Finding[] {
  const there = new Set(all.filter((one) => one.type === TYPES.metricAlarm).map((one) => one.props.name));
  return set.alarms
    .filter(({ tier, definition }) => tier !== "watch" && !there.has(definition.name))
    .map(({ definition }) => ({
      message: `The trigger ${definition.name} is missing; declare every alarm of domain/src/triggers.ts.`,
    }));
}

function looseComposites(all: readonly Declared[], set: TriggerSet): Finding[] {
  return set.composites.flatMap(({ tier, definition }) => {
    const alarm = all.find((one) => one.type === TYPES.compositeAlarm && one.props.alarmName === definition.name);
    if (!alarm)
      return [{ message: `The alarm ${definition.name} is missing: nothing of tier ${tier} would roll back.` }];
    if (alarm.props.alarmRule === UNKNOWN) return [];
    const rule = text(alarm.props.alarmRule) ?? "";
    const children = set.alarms.filter((one) => one.tier === tier).map((one) => one.definition.name);
    // Only alternatives: an AND or NOT could keep each of them from acting.
    const alternatives = rule.split(/\s+OR\s+/).map((part) => part.trim());
    const deaf = children.filter((name) => !alternatives.includes(`ALARM("${name}")`));
    return deaf.map((name) => ({
      about: alarm,
      message: `${definition.name} does not go off with ${name}; make its rule ALARM("${name}") OR ….`,
    }));
  });
}

/** From the topic to the function: subscription and permission. */
function deafFunction(all: readonly Declared[], stack: string): Finding[] {
  const called = `cutover-${stack}-rollback`;
  const found: Finding[] = [];
  const topic = all.find((one) => one.type === TYPES.topic && one.props.name === called);
  if (!topic) found.push({ message: `The topic ${called} is missing: alarms would reach nothing. Declare it.` });
  if (!all.some((one) => one.type === TYPES.function && one.props.name === called)) {
    found.push({ message: `The function ${called} is missing: nothing would move traffic back. Declare it.` });
  }
  if (!all.some((one) => one.type === TYPES.subscription && one.props.protocol === "lambda")) {
    found.push({ message: `The function ${called} is not subscribed to its topic; declare the subscription.` });
  }
  if (!all.some((one) => one.type === TYPES.functionPermission && one.props.principal === "sns.amazonaws.com")) {
    found.push({ message: `SNS may not invoke ${called}; declare the permission for sns.amazonaws.com.` });
  }
  return found;
}

/** A load balancer without a healthy task may report nothing at all: with customers on Python that is an alarm. */
function silentHosts(all: readonly Declared[], { parameter, pythonShare }: Applied): Finding[] {
  const name = `cutover-${parameter.stack}-python-hosts`;
  const alarm = all.find((one) => one.type === TYPES.metricAlarm && one.props.name === name);
  if (!alarm || pythonShare === 0 || alarm.props.treatMissingData === UNKNOWN) return [];
  return alarm.props.treatMissingData === "breaching"
    ? []
    : [{ about: alarm, message: `${name}: no data must be as bad as no task; set treatMissingData to "breaching".` }];
}
