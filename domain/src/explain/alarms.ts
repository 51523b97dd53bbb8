import { type Concern, PLAN } from "../triggers";
import { nameFor, numberIn, textIn } from "./allowed";
import type { PlannedChange } from "./change";
import { type Bag, bag, isUnknown, list, type Preview, type PreviewStep } from "./preview";

/** What becomes of one alarm, or of what an alarm needs to act. */
export interface AlarmChange {
  /** Physical name where it is known, else the logical one. */
  readonly name: string;
  readonly kind: "new" | "resized" | "looser" | "removed" | "unclear";
  /** What is different, a phrase each. */
  readonly says: readonly string[];
}

const METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const COMPOSITE_ALARM = "aws:cloudwatch/compositeAlarm:CompositeAlarm";
const LOG_FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter";

/** What carries an alarm to the kill switch: without one of these nothing rolls back. By the beginning of the name. */
const CHAIN: Readonly<Record<string, RegExp>> = {
  "aws:sns/topic:Topic": /^rollback-rollback$/,
  "aws:sns/topicPolicy:TopicPolicy": /^rollback-rollback$/,
  "aws:sns/topicSubscription:TopicSubscription": /^rollback-alarms$/,
  "aws:lambda/function:Function": /^(rollback|prober)-function$/,
  "aws:lambda/permission:Permission": /^(rollback|prober)-/,
  "aws:cloudwatch/eventRule:EventRule": /^(rollback|prober)-/,
  "aws:cloudwatch/eventTarget:EventTarget": /^(rollback|prober)-/,
};

/** Every alarm that changes, and every part of the way from alarm to rollback that goes. */
export function alarmChanges(preview: Preview, change: PlannedChange): AlarmChange[] {
  return preview.steps.flatMap((step) => {
    if (step.op === "same") return [];
    if (step.type === METRIC_ALARM) return [metricAlarm(step, change)];
    if (step.type === COMPOSITE_ALARM) return [compositeAlarm(step, change)];
    if (step.type === LOG_FILTER) return logFilter(step, change);
    return chainLink(step, change);
  });
}

/** Node's own alarms and metrics go with it. */
function goesWithNode(name: string, { after, destroys }: PlannedChange): boolean {
  return destroys || (after?.phase.node === "removed" && /(^|-)(node-|unmatched$)/.test(name));
}

function metricAlarm(step: PreviewStep, change: PlannedChange): AlarmChange {
  const name = alarmName(step);
  if (step.op === "create") return { name, kind: "new", says: [] };
  if (step.op === "delete" || !step.old || !step.new) return removed(step, change);
  const [old, made] = [step.old.inputs, step.new.inputs];
  if (isUnknown(made.metricQueries) || isUnknown(made.threshold)) {
    return { name, kind: "unclear", says: ["its numbers are known only during the update"] };
  }
  const looser = [...looserNumbers(old, made, change), ...looserThanPlan(name, made), ...fewerActions(old, made)];
  const sizes = sizeChanges(old, made);
  // With the same traffic there is no reason for another size: fewer messages then find a fault later.
  const sameTraffic = change.before?.share === change.after?.share;
  const tighterWindows = sameTraffic ? sizes.filter(({ looser: is }) => is).map(({ says }) => says) : [];
  if (looser.length + tighterWindows.length > 0) return { name, kind: "looser", says: [...looser, ...tighterWindows] };
  if (formula(old) !== formula(made)) return { name, kind: "unclear", says: ["its formula is another one"] };
  const missing = `no data counts as ${made.treatMissingData === "breaching" ? "bad" : "good"} now`;
  const says = [
    ...sizes.map(({ says: size }) => size),
    ...(old.treatMissingData === made.treatMissingData ? [] : [missing]),
  ];
  return { name, kind: "resized", says };
}

/** What makes an alarm ring later or never, whatever the traffic. */
function looserNumbers(old: Bag, made: Bag, { after }: PlannedChange): string[] {
  const says: string[] = [];
  const [from, to] = [numberIn(old.threshold), numberIn(made.threshold)];
  const greater = textIn(made.comparisonOperator, "comparison")?.startsWith("Greater") ?? true;
  if (from !== undefined && to !== undefined && (greater ? to > from : to < from)) {
    says.push(`threshold ${from} → ${to}`);
  }
  for (const [key, words] of [
    ["datapointsToAlarm", "bad periods needed"],
    ["evaluationPeriods", "periods looked at"],
  ] as const) {
    const [before, now] = [numberIn(old[key]), numberIn(made[key])];
    if (before !== undefined && now !== undefined && now > before) says.push(`${words} ${before} → ${now}`);
  }
  const [wasMissing, isMissing] = [textIn(old.treatMissingData, "missing"), textIn(made.treatMissingData, "missing")];
  const withoutTraffic = after === undefined || after.share === 0;
  if (wasMissing === "breaching" && isMissing !== "breaching" && !withoutTraffic) {
    says.push("no data no longer counts as bad");
  }
  const [was, is] = [textIn(old.comparisonOperator, "comparison"), textIn(made.comparisonOperator, "comparison")];
  if (was !== is) says.push("compares in another way");
  return says;
}

function looserThanPlan(name: string, made: Bag): string[] {
  const concern = (Object.keys(PLAN) as Concern[]).find((one) => name.includes(`-python-${one}-`));
  const threshold = numberIn(made.threshold);
  if (!concern || threshold === undefined || threshold <= PLAN[concern].percent) return [];
  return [`${threshold} % is above the plan's ${PLAN[concern].percent} %`];
}

function fewerActions(old: Bag, made: Bag): string[] {
  const says: string[] = [];
  if (list(made.alarmActions).length < list(old.alarmActions).length) says.push("tells fewer than before");
  if (made.actionsEnabled === false) says.push("its actions are switched off");
  return says;
}

interface SizeChange {
  readonly says: string;
  readonly looser: boolean;
}

/** Window and smallest count: they follow the traffic (domain/src/triggers/windows.ts). */
function sizeChanges(old: Bag, made: Bag): SizeChange[] {
  const changes: SizeChange[] = [];
  const [before, after] = [windowMinutes(old), windowMinutes(made)];
  if (before !== after) changes.push({ says: `window ${spoken(before)} → ${spoken(after)}`, looser: after < before });
  const [few, many] = [smallestCount(old), smallestCount(made)];
  if (few !== undefined && many !== undefined && few !== many) {
    changes.push({ says: `smallest count ${few} → ${many}`, looser: many > few });
  }
  return changes;
}

function windowMinutes({ metricQueries, evaluationPeriods }: Bag): number {
  const periods = list(metricQueries).map((query) => numberIn(bag(bag(query).metric).period) ?? 0);
  return (Math.max(0, ...periods) * (numberIn(evaluationPeriods) ?? 1)) / 60;
}

function expressionOf({ metricQueries }: Bag): string {
  return list(metricQueries)
    .map((query) => bag(query).expression)
    .filter((one) => typeof one === "string")
    .join(" ");
}

/** Largest number a count is compared with: the guard of `IF(bad >= 4, …)`. */
function smallestCount(alarm: Bag): number | undefined {
  const counts = [...expressionOf(alarm).matchAll(/>= (\d{1,6})\b/g)].map(([, digits]) => Number(digits));
  return counts.length === 0 ? undefined : Math.max(...counts);
}

/** The formula and its metrics without counts and periods: the part that does not follow the traffic. */
function formula(alarm: Bag): string {
  const metrics = list(alarm.metricQueries).map((query) => {
    const { namespace, metricName, stat } = bag(bag(query).metric);
    return [namespace, metricName, stat];
  });
  return JSON.stringify([expressionOf(alarm).replaceAll(/>= \d+/g, ">= n"), metrics]);
}

function compositeAlarm(step: PreviewStep, change: PlannedChange): AlarmChange {
  const name = alarmName(step);
  if (step.op === "create") return { name, kind: "new", says: [] };
  if (step.op === "delete" || !step.old || !step.new) return removed(step, change);
  const [old, made] = [step.old.inputs, step.new.inputs];
  if (isUnknown(made.alarmRule)) return { name, kind: "unclear", says: ["its rule is known only during the update"] };
  const now = childrenOf(made);
  const lost = childrenOf(old).filter((child) => !now.includes(child));
  const says = [
    ...(lost.length > 0 ? [`no longer rings for ${lost.join(", ")}`] : []),
    ...fewerActions(old, made),
    ...(typeof made.alarmRule === "string" && /\b(AND|NOT)\b/.test(made.alarmRule) ? ["rings under conditions"] : []),
    ...(made.actionsSuppressor === undefined ? [] : ["another alarm can silence it"]),
  ];
  if (says.length > 0) return { name, kind: "looser", says };
  return { name, kind: "resized", says: [`rings for ${now.length} alarms`] };
}

function childrenOf({ alarmRule }: Bag): string[] {
  const names = [...String(alarmRule ?? "").matchAll(/ALARM\("([^"]{1,200})"\)/g)].map(([, name]) => name);
  return names.map((name) => textIn(name, "alarm") ?? "?");
}

function logFilter(step: PreviewStep, change: PlannedChange): AlarmChange[] {
  const name = nameFor(step.name);
  if (step.op === "create" || step.uncertain) return [];
  if (step.op === "delete") return goesWithNode(step.name, change) ? [] : [removed(step, change)];
  return step.properties.includes("pattern")
    ? [{ name, kind: "unclear", says: ["counts other events than before"] }]
    : [];
}

function chainLink(step: PreviewStep, change: PlannedChange): AlarmChange[] {
  if (!CHAIN[step.type]?.test(step.name)) return [];
  if (step.op === "delete") return [removed(step, change)];
  const made = step.new?.inputs;
  const off = made?.state === "DISABLED" || made?.isEnabled === false || made?.reservedConcurrentExecutions === 0;
  if (off) return [{ name: nameFor(step.name), kind: "looser", says: ["is switched off"] }];
  const encrypted = step.type === "aws:sns/topic:Topic" && made?.kmsMasterKeyId === "alias/aws/sns";
  return encrypted ? [{ name: nameFor(step.name), kind: "looser", says: ["alarms may not use alias/aws/sns"] }] : [];
}

function removed(step: PreviewStep, change: PlannedChange): AlarmChange {
  const name = alarmName(step);
  const says = goesWithNode(step.name, change) ? ["goes with Node"] : [];
  return { name, kind: says.length > 0 ? "removed" : "looser", says: says.length > 0 ? says : ["is removed"] };
}

function alarmName({ name, old, new: made }: PreviewStep): string {
  const { name: physical, alarmName: composite } = { ...old?.inputs, ...made?.inputs };
  return textIn(physical, "alarm") ?? textIn(composite, "alarm") ?? nameFor(name);
}

/** "12 min", "3.5 h". */
function spoken(minutes: number): string {
  return minutes < 120 ? `${Math.round(minutes * 10) / 10} min` : `${Math.round(minutes / 6) / 10} h`;
}
