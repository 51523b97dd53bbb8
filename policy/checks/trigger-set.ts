import { manifestPath } from "@cutover/domain/stack-record";
import { type Trigger, type TriggerSet, triggers } from "@cutover/domain/triggers";
import { canonicalQuery, canonicalText, queriesOf } from "./metric-queries";
import { type Declared, type Finding, json, list, number, pointsAt, record, text, UNKNOWN } from "./model";
import { deafFunction } from "./rollback-path";
import { type Applied, appliedOf } from "./safety-net";
import { TYPES } from "./types";

const MEND = "give it what domain/src/triggers.ts generates";

/**
 * Every alarm and log filter is the one that traffic, share and look-back give, hangs on its tier's alarm, and that one
 * reaches the function: by its topic, and each minute without it.
 */
export function triggersArmed(all: readonly Declared[]): Finding[] {
  const applied = appliedOf(all);
  if (applied === undefined || "message" in applied) return [];
  const { stack } = applied.parameter;
  const perHour = messagesPerHour(all, stack);
  const set = generated(all, applied, perHour ?? ANY_RATE);
  return [
    ...set.alarms.flatMap((trigger) => alarmFindings(all, stack, trigger, perHour !== undefined)),
    ...set.filters.flatMap((filter) => filterFindings(all, filter)),
    ...compositeFindings(all, stack, set),
    ...deafFunction(all, applied),
  ];
}

/** Stands in while the rate is not known: only what does not hang on it is compared then. */
const ANY_RATE = 600;
/** Stands for a dimension that is not known yet: it is not compared. */
const ANY = "any";

/** Messages an hour that the alarms are made for, as the manifest says; unknown while an ARN in it is. */
function messagesPerHour(all: readonly Declared[], stack: string): number | undefined {
  const manifest = all.find((one) => one.type === TYPES.parameter && one.props.name === manifestPath(stack));
  const rate = number(record(json(manifest?.props.value))?.expectedMessagesPerHour);
  return rate !== undefined && rate > 0 ? rate : undefined;
}

function generated(all: readonly Declared[], applied: Applied, expectedMessagesPerHour: number): TriggerSet {
  const tail = (type: string, end: string) =>
    text(all.find((one) => one.type === type && one.name.endsWith(end))?.props.arnSuffix) ?? ANY;
  return triggers({
    stack: applied.parameter.stack,
    loadBalancer: tail(TYPES.loadBalancer, ""),
    targetGroups: {
      pythonCustomer: tail(TYPES.targetGroup, "python-customer"),
      nodeCustomer: tail(TYPES.targetGroup, "node-customer"),
      ...(applied.phase.node === "removed" ? {} : { unmatched: tail(TYPES.targetGroup, "node-unmatched") }),
    },
    pythonShare: applied.pythonShare,
    expectedMessagesPerHour,
    nodeExists: applied.phase.node !== "removed",
    lookBackMinutes: applied.lookBackMinutes,
  });
}

function alarmFindings(all: readonly Declared[], stack: string, trigger: Trigger, rateKnown: boolean): Finding[] {
  const { definition, action } = trigger;
  const alarm = all.find((one) => one.type === TYPES.metricAlarm && one.props.name === definition.name);
  if (!alarm) {
    return [{ message: `The trigger ${definition.name} is missing; declare every alarm of domain/src/triggers.ts.` }];
  }
  const { props } = alarm;
  const fields = {
    comparisonOperator: definition.comparison,
    threshold: definition.threshold,
    evaluationPeriods: definition.evaluationPeriods,
    datapointsToAlarm: definition.datapointsToAlarm,
    treatMissingData: definition.treatMissingData,
  };
  const others = Object.entries(fields).filter(([field, wanted]) => ![wanted, UNKNOWN].includes(props[field] as never));
  const found: Finding[] = others.map(([field, wanted]) => ({
    about: alarm,
    message: `${definition.name}: ${field} is ${shown(props[field])}, generated is ${wanted}; ${MEND}.`,
  }));
  if (rateKnown) found.push(...queryFindings(alarm, trigger));
  if (action !== "none") found.push(...reaches(all, alarm, definition.name, topicOf(stack, action)));
  return found;
}

const shown = (value: unknown) => (typeof value === "string" || typeof value === "number" ? value : "nothing");

/** Metric, statistic, period, dimensions and expression of each query. */
function queryFindings(alarm: Declared, { definition }: Trigger): Finding[] {
  const is = queriesOf(alarm.props);
  if (!is) return [];
  const should = definition.queries.map(canonicalQuery);
  const ids = [...new Set([...should, ...is].map(({ id }) => id))];
  const wrong = ids.filter((id) => {
    const [a, b] = [is, should].map((queries) => queries.filter((query) => query.id === id));
    const free = Object.values(b?.[0]?.dimensions ?? {}).includes(ANY);
    const comparable = (queries: typeof a) => (queries ?? []).map((q) => (free ? { ...q, dimensions: undefined } : q));
    return canonicalText(comparable(a)) !== canonicalText(comparable(b));
  });
  if (wrong.length === 0) return [];
  const message = `${definition.name}: the query ${wrong.join(", ")} looks at something else, or further back, than is generated for this share and traffic; ${MEND}.`;
  return [{ about: alarm, message }];
}

/** The counts that the soft tier reads: without its filter a trigger sees no message at all, and stays calm. */
function filterFindings(all: readonly Declared[], wanted: TriggerSet["filters"][number]): Finding[] {
  const filter = all.find((one) => one.type === TYPES.logMetricFilter && one.props.name === wanted.name);
  if (!filter) {
    return [{ message: `The log filter ${wanted.name} is missing: its metric would count nothing. Declare it.` }];
  }
  const { logGroupName, pattern, metricTransformation } = filter.props;
  const { namespace, name, value } = record(metricTransformation) ?? {};
  const pairs = [
    ["logGroupName", logGroupName, wanted.logGroup],
    ["pattern", pattern, wanted.pattern],
    ["namespace", namespace, wanted.namespace],
    ["metric's name", name, wanted.metricName],
    ["value", value, wanted.value],
  ] as const;
  const wrong = metricTransformation === UNKNOWN ? pairs.slice(0, 2) : pairs;
  return wrong
    .filter(([, is, should]) => is !== should && is !== UNKNOWN)
    .map(([field]) => ({ about: filter, message: `${wanted.name}: its ${field} is not the generated one; ${MEND}.` }));
}

function compositeFindings(all: readonly Declared[], stack: string, set: TriggerSet): Finding[] {
  return set.composites.flatMap(({ tier, definition }) => {
    const alarm = all.find((one) => one.type === TYPES.compositeAlarm && one.props.alarmName === definition.name);
    if (!alarm) {
      return [{ message: `The alarm ${definition.name} is missing: nothing of tier ${tier} would roll back.` }];
    }
    const calls = reaches(all, alarm, definition.name, topicOf(stack, "rollback"));
    if (alarm.props.alarmRule === UNKNOWN) return calls;
    const rule = text(alarm.props.alarmRule) ?? "";
    const children = set.alarms.filter((one) => one.tier === tier).map((one) => one.definition.name);
    // Only alternatives: an AND or NOT could keep each of them from acting.
    const alternatives = rule.split(/\s+OR\s+/).map((part) => part.trim());
    const deaf = children.filter((name) => !alternatives.includes(`ALARM("${name}")`));
    return [
      ...calls,
      ...deaf.map((name) => ({
        about: alarm,
        message: `${definition.name} does not go off with ${name}; make its rule ALARM("${name}") OR ….`,
      })),
    ];
  });
}

const topicOf = (stack: string, what: "rollback" | "people") => `cutover-${stack}-${what}`;

/** The alarm acts on that topic of ours, and not on somebody else's. A missing topic is told by `deafFunction`. */
function reaches(all: readonly Declared[], alarm: Declared, name: string, topicName: string): Finding[] {
  const topic = all.find((one) => one.type === TYPES.topic && one.props.name === topicName);
  if (!topic) return [];
  const actions = alarm.props.alarmActions;
  const values = actions === UNKNOWN ? [UNKNOWN] : list(actions);
  if (values.some((value) => pointsAt(alarm, "alarmActions", topic, { value }))) return [];
  return [{ about: alarm, message: `${name} does not act on the topic ${topicName}; set alarmActions to its ARN.` }];
}
