import { type Concern, PLAN } from "../triggers";
import { nameFor, numberIn, textIn } from "./allowed";
import type { PlannedChange } from "./change";
import { type Bag, bag, isUnknown, list, type Preview, type PreviewStep } from "./preview";

/**
 * `resized`: window, count or missing data follow the traffic; `tighter`: rings sooner or for more; `looser`: later, for less
 * or to others; `other`: rings as before; `unclear`: a preview can't tell.
 */
export type AlarmKind = "new" | "resized" | "tighter" | "looser" | "other" | "removed" | "unclear";

/** What becomes of one alarm, or of what an alarm needs to act. */
export interface AlarmChange {
  /** Physical name where it is known, else the logical one. */
  readonly name: string;
  readonly kind: AlarmKind;
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
  if (NUMBERS.some((property) => isUnknown(made[property]))) {
    return { name, kind: "unclear", says: ["its numbers are known only during the update"] };
  }
  const [levels, sizes, told] = [levelChanges(old, made), sizeChanges(old, made), actionChanges(old, made)];
  // With the same traffic there is no reason for another size: fewer messages then find a fault later.
  const sameTraffic = change.before?.share === change.after?.share;
  const looser = [
    ...saysOf(levels, true),
    ...looserKind(old, made, change),
    ...looserThanPlan(name, made),
    ...told.looser,
    ...(sameTraffic ? saysOf(sizes, true) : []),
  ];
  if (looser.length > 0) return { name, kind: "looser", says: looser };
  const unclear = [...otherMeasure(old, made), ...told.unclear];
  if (unclear.length > 0) return { name, kind: "unclear", says: unclear };
  const missing = `no data counts as ${made.treatMissingData === "breaching" ? "bad" : "good"} now`;
  const sized = [
    ...sizes.map(({ says }) => says),
    ...(old.treatMissingData === made.treatMissingData ? [] : [missing]),
  ];
  const tighter = [...saysOf(levels, false), ...told.tighter];
  if (sized.length > 0) return { name, kind: "resized", says: [...sized, ...tighter] };
  if (numbersOf(old) !== numbersOf(made)) return { name, kind: "unclear", says: ["other counts or periods inside it"] };
  return tighter.length > 0 ? { name, kind: "tighter", says: tighter } : untouched(name, step);
}

/** Properties that decide nothing about when it rings and whom it tells then. */
const HARMLESS = /^(alarmDescription|tags|tagsAll|okActions|insufficientDataActions|__defaults|__provider)$/;
/** Properties that are judged by their values. */
const JUDGED =
  /^(metricQueries|threshold|evaluationPeriods|datapointsToAlarm|comparisonOperator|treatMissingData|alarmRule|alarmActions|actionsEnabled|actionsSuppressor)$/;

/** No value that is judged is another one. */
function untouched(name: string, { properties }: PreviewStep): AlarmChange {
  const strange = properties.filter((one) => !HARMLESS.test(one) && !JUDGED.test(one));
  if (strange.length > 0) return { name, kind: "unclear", says: [`${strange.join(", ")} may decide when it rings`] };
  return {
    name,
    kind: "other",
    says: properties.length > 0 ? [`only ${properties.join(", ")}`] : ["other properties"],
  };
}

/** What has to be known to judge an alarm. */
const NUMBERS = ["metricQueries", "threshold", "evaluationPeriods", "datapointsToAlarm"];

/** A number that is another one, and whether the alarm rings later by it. */
interface NumberChange {
  readonly says: string;
  readonly looser: boolean;
}

function saysOf(changes: readonly NumberChange[], looser: boolean): string[] {
  return changes.filter((one) => one.looser === looser).map(({ says }) => says);
}

/** Threshold and bad periods: they never follow the traffic. */
function levelChanges(old: Bag, made: Bag): NumberChange[] {
  const changes: NumberChange[] = [];
  const [from, to] = [numberIn(old.threshold), numberIn(made.threshold)];
  const greater = textIn(made.comparisonOperator, "comparison")?.startsWith("Greater") ?? true;
  if (from !== undefined && to !== undefined && from !== to) {
    changes.push({ says: `threshold ${from} → ${to}`, looser: greater ? to > from : to < from });
  }
  const [before, now] = [badPeriods(old), badPeriods(made)];
  if (before.bad !== now.bad || before.of !== now.of) {
    // "M of N" as the policy judges it (policy/checks/triggers.ts): needs more bad periods, or forgives fewer good ones.
    const looser = now.bad > before.bad || now.of - now.bad < before.of - before.bad;
    changes.push({ says: `bad periods needed ${before.bad} of ${before.of} → ${now.bad} of ${now.of}`, looser });
  }
  return changes;
}

/** AWS asks for all periods to be bad where it is not said how many. */
function badPeriods({ evaluationPeriods, datapointsToAlarm }: Bag): { readonly bad: number; readonly of: number } {
  const of = numberIn(evaluationPeriods) ?? 1;
  return { bad: numberIn(datapointsToAlarm) ?? of, of };
}

/** What no data means, and how it compares. */
function looserKind(old: Bag, made: Bag, { after }: PlannedChange): string[] {
  const says: string[] = [];
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

/** What is different about whom it tells, a phrase each. */
interface ActionChanges {
  readonly looser: readonly string[];
  readonly tighter: readonly string[];
  readonly unclear: readonly string[];
}

/** Whom it tells. Who is added does no harm; the order means nothing. */
function actionChanges(old: Bag, made: Bag): ActionChanges {
  const off = made.actionsEnabled === false ? ["its actions are switched off"] : [];
  const on = old.actionsEnabled === false && off.length === 0 ? ["its actions are switched on"] : [];
  const [before, now] = [old.alarmActions, made.alarmActions];
  if (isUnknown(now) || [before, now].some((one) => one !== undefined && !Array.isArray(one))) {
    const same = JSON.stringify(before) === JSON.stringify(now);
    return { looser: off, tighter: on, unclear: same ? [] : ["whom it tells is known only during the update"] };
  }
  const lost = list(before).filter((topic) => !list(now).includes(topic));
  const fewer = list(now).length < list(before).length;
  return {
    looser: [...off, ...(lost.length === 0 ? [] : [fewer ? "tells fewer than before" : "tells others than before"])],
    tighter: [
      ...on,
      ...(lost.length === 0 && list(now).length > list(before).length ? ["tells more than before"] : []),
    ],
    unclear: [],
  };
}

/** Window and smallest count: they follow the traffic (domain/src/triggers/windows.ts). */
function sizeChanges(old: Bag, made: Bag): NumberChange[] {
  const changes: NumberChange[] = [];
  const [before, after] = [longestPeriod(old), longestPeriod(made)];
  if (before !== after) {
    changes.push({
      says: `window ${spoken(windowMinutes(old))} → ${spoken(windowMinutes(made))}`,
      looser: after < before,
    });
  }
  const [few, many] = [smallestCount(old), smallestCount(made)];
  if (few !== undefined && many !== undefined && few !== many) {
    changes.push({ says: `smallest count ${few} → ${many}`, looser: many > few });
  }
  return changes;
}

/** Seconds. */
function longestPeriod({ metricQueries, period }: Bag): number {
  const periods = list(metricQueries).map((query) => numberIn(bag(bag(query).metric).period) ?? 0);
  return Math.max(numberIn(period) ?? 0, ...periods);
}

function windowMinutes(alarm: Bag): number {
  return (longestPeriod(alarm) * badPeriods(alarm).of) / 60;
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

/** It looks at something else, or counts it in another way. */
function otherMeasure(old: Bag, made: Bag): string[] {
  const [before, now] = [measure(old), measure(made)];
  return [
    ...(before.formula === now.formula ? [] : ["its formula is another one"]),
    ...(before.of === now.of ? [] : ["it measures something else than before"]),
  ];
}

/** Formula and metrics without counts and periods, which follow the traffic. */
function measure(alarm: Bag): { readonly formula: string; readonly of: string } {
  const queries = queriesOf(alarm);
  const formula = queries.map(({ id, expression, returns, metric: { namespace, metricName, stat } }) => {
    return [id, expression.replaceAll(/>= \d+/g, ">= n"), returns, namespace, metricName, stat];
  });
  const of = queries.map(({ id, metric }) => [id, Object.entries(bag(metric.dimensions)).sort()]);
  return { formula: JSON.stringify(formula), of: JSON.stringify(of) };
}

/** Every number inside the queries. */
function numbersOf(alarm: Bag): string {
  return JSON.stringify(queriesOf(alarm).map(({ id, expression, metric }) => [id, expression, metric.period]));
}

/** The queries by their ids: a refresh may change their order. An alarm without any has one metric of its own. */
function queriesOf(alarm: Bag) {
  const { namespace, metricName, dimensions, period, statistic, extendedStatistic } = alarm;
  const own = { metric: { namespace, metricName, dimensions, period, stat: statistic ?? extendedStatistic } };
  return [own, ...list(alarm.metricQueries)]
    .map(bag)
    .map(({ id, expression, returnData, metric }) => ({
      id: String(id ?? ""),
      expression: typeof expression === "string" ? expression : "",
      returns: returnData === true || returnData === "true",
      metric: bag(metric),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function compositeAlarm(step: PreviewStep, change: PlannedChange): AlarmChange {
  const name = alarmName(step);
  if (step.op === "create") return { name, kind: "new", says: [] };
  if (step.op === "delete" || !step.old || !step.new) return removed(step, change);
  const [old, made] = [step.old.inputs, step.new.inputs];
  if (isUnknown(made.alarmRule)) return { name, kind: "unclear", says: ["its rule is known only during the update"] };
  const now = childrenOf(made);
  const lost = childrenOf(old).filter((child) => !now.includes(child));
  const told = actionChanges(old, made);
  const says = [
    ...(lost.length > 0 ? [`no longer rings for ${lost.join(", ")}`] : []),
    ...told.looser,
    ...(typeof made.alarmRule === "string" && /\b(AND|NOT)\b/.test(made.alarmRule) ? ["rings under conditions"] : []),
    ...(made.actionsSuppressor === undefined ? [] : ["another alarm can silence it"]),
  ];
  if (says.length > 0) return { name, kind: "looser", says };
  if (told.unclear.length > 0) return { name, kind: "unclear", says: told.unclear };
  const gained = now.filter((child) => !childrenOf(old).includes(child));
  const tighter = [...(gained.length > 0 ? [`rings for ${gained.join(", ")}, too`] : []), ...told.tighter];
  return tighter.length > 0 ? { name, kind: "tighter", says: tighter } : untouched(name, step);
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
