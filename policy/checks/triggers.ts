import type { AlarmDefinition, Comparison } from "@cutover/domain/cloudwatch/definition";
import { SLOW_SECONDS, triggers } from "@cutover/domain/triggers";
import { canonicalQuery, canonicalText, type Query, queriesOf } from "./metric-queries";
import { type Declared, list, number, record, text, UNKNOWN } from "./model";
import { TYPES } from "./types";

const wantedByStack = new Map<string, ReadonlyMap<string, AlarmDefinition>>();

/** How each alarm must at least compare. Key, threshold and "M of N" depend neither on traffic nor on the share. */
function wantedIn(stack: string): ReadonlyMap<string, AlarmDefinition> {
  const known = wantedByStack.get(stack);
  if (known) return known;
  const set = triggers({
    stack,
    loadBalancer: "any",
    targetGroups: { pythonCustomer: "any", nodeCustomer: "any", unmatched: "any" },
    pythonShare: 100,
    expectedMessagesPerHour: 600,
    nodeExists: true,
  });
  const wanted = new Map(set.alarms.map(({ key, definition }) => [key, definition]));
  wantedByStack.set(stack, wanted);
  return wanted;
}

const LOOSER = "change domain/src/triggers, not the alarm, and run the backtest";

/** An alarm can act, says what no data means, and tells no later than the plan wants. */
export function alarmArmed(alarm: Declared): string[] {
  const { type, name, props, stack } = alarm;
  if (type !== TYPES.metricAlarm && type !== TYPES.compositeAlarm) return [];
  const found: string[] = [];
  if (props.actionsEnabled === false) {
    found.push(
      `${name}: its actions are off; remove actionsEnabled: false. To keep it quiet use cutover:phase node-only.`,
    );
  }
  if (type === TYPES.compositeAlarm) return [...found, ...compositeArmed(alarm)];
  if (props.treatMissingData === undefined) {
    found.push(`${name}: set treatMissingData; AWS's default leaves the alarm as it was when its data stops.`);
  }
  const key = keyOf(text(props.name), stack);
  const wanted = key === undefined ? undefined : wantedIn(stack).get(key);
  return wanted ? [...found, ...notLooser(name, props, wanted)] : found;
}

function compositeArmed({ name, props, ignoreChanges }: Declared): string[] {
  const found: string[] = [];
  if (props.alarmActions !== UNKNOWN && list(props.alarmActions).length === 0) {
    found.push(`${name}: nothing happens when it goes off; set alarmActions to the rollback topic.`);
  }
  if (props.actionsSuppressor !== undefined) {
    found.push(`${name}: a suppressor can hold it back; remove actionsSuppressor, a rollback waits for nothing.`);
  }
  if (ignoreChanges?.some((path) => /^(alarmRule|alarmActions|actionsEnabled)/.test(path))) {
    found.push(
      `${name}: a change by hand would stay; take alarmRule, alarmActions and actionsEnabled out of ignoreChanges.`,
    );
  }
  return found;
}

/** `python-hosts` of `cutover-prod-python-hosts`. */
function keyOf(physical: string | undefined, stack: string): string | undefined {
  const prefix = `cutover-${stack}-`;
  return physical?.startsWith(prefix) ? physical.slice(prefix.length) : undefined;
}

function notLooser(name: string, props: Declared["props"], wanted: AlarmDefinition): string[] {
  return [
    ...sameShape(name, props, wanted),
    ...comparison(name, props, wanted),
    ...dataPoints(name, props, wanted),
    ...list(props.metricQueries).flatMap((query) => slowness(name, text(record(record(query)?.metric)?.stat))),
  ];
}

/** What the alarm looks at, apart from its numbers: those that traffic decides are compared by `triggers-armed`. */
function sameShape(name: string, props: Declared["props"], wanted: AlarmDefinition): string[] {
  if (queriesOf(props) === undefined) return [];
  const shape = (queries: unknown) => canonicalText(queries).replaceAll(/\d+(\.\d+)?/g, "#");
  const withoutDimensions = (queries: readonly Query[]) =>
    queries.map((query) => ({ ...query, dimensions: undefined }));
  const [is, should] = [queriesOf(props) ?? [], wanted.queries.map(canonicalQuery)].map(withoutDimensions);
  return shape(is) === shape(should)
    ? []
    : [`${name}: looks at something else than the plan's trigger does; ${LOOSER}.`];
}

const above = (comparison: Comparison) => comparison.startsWith("Greater");

function comparison(name: string, props: Declared["props"], wanted: AlarmDefinition): string[] {
  const { threshold, comparisonOperator } = props;
  if (threshold === UNKNOWN || comparisonOperator === UNKNOWN) return [];
  const limit = number(threshold);
  const orEqual = wanted.comparison.includes("OrEqual")
    ? [wanted.comparison]
    : [wanted.comparison, withEqual(wanted.comparison)];
  if (!orEqual.includes(comparisonOperator as Comparison)) {
    return [`${name}: compares by ${text(comparisonOperator) ?? "nothing"}, wanted ${wanted.comparison}; ${LOOSER}.`];
  }
  const looser =
    limit === undefined || (above(wanted.comparison) ? limit > wanted.threshold : limit < wanted.threshold);
  if (!looser) return [];
  return [`${name}: goes off at ${limit ?? "no number"}, the plan wants ${wanted.threshold}; ${LOOSER}.`];
}

function withEqual(strict: Comparison): Comparison {
  return above(strict) ? "GreaterThanOrEqualToThreshold" : "LessThanOrEqualToThreshold";
}

/**
 * "M of N" is no looser when it needs no more bad periods and forgives no fewer good ones: every time the wanted alarm goes
 * off, this one does.
 */
function dataPoints(name: string, props: Declared["props"], wanted: AlarmDefinition): string[] {
  const { evaluationPeriods, datapointsToAlarm } = props;
  if (evaluationPeriods === UNKNOWN || datapointsToAlarm === UNKNOWN) return [];
  const of = number(evaluationPeriods) ?? Number.NaN;
  const bad = number(datapointsToAlarm) ?? of;
  const forgives = wanted.evaluationPeriods - wanted.datapointsToAlarm;
  if (bad <= wanted.datapointsToAlarm && of - bad >= forgives) return [];
  return [
    `${name}: needs ${bad} of ${of} bad periods, wanted at most ${wanted.datapointsToAlarm} of ${wanted.evaluationPeriods}; ${LOOSER}.`,
  ];
}

/** `PR(:5)` counts an answer of 4 s as fast. */
function slowness(name: string, stat: string | undefined): string[] {
  const seconds = Number(/^PR\(:([\d.]+)\)$/.exec(stat ?? "")?.[1] ?? 0);
  return seconds > SLOW_SECONDS
    ? [`${name}: counts answers below ${seconds} s as fast, the plan says ${SLOW_SECONDS} s; ${LOOSER}.`]
    : [];
}

/** With `alias/aws/sns` CloudWatch may not publish, and nothing says so until a rollback fails. */
export function topicKey({ type, name, props }: Declared): string[] {
  if (type !== TYPES.topic || !/(^|:|\/)alias\/aws\/sns$|^aws\/sns$/.test(text(props.kmsMasterKeyId) ?? "")) return [];
  return [
    `${name}: alarms can't publish to a topic encrypted with alias/aws/sns; remove kmsMasterKeyId, or give a customer key that lets cloudwatch.amazonaws.com use kms:Decrypt and kms:GenerateDataKey*.`,
  ];
}
