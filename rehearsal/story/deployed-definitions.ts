import { dimensionOf } from "@cutover/clients/metrics/read";
import { readStackRecord, type StackRecord } from "@cutover/clients/record/stack-record";
import type { AlarmDefinition, LogMetricFilterDefinition } from "@cutover/domain/cloudwatch/definition";
import { phaseOf } from "@cutover/domain/phases";
import { type TriggerSet, triggers } from "@cutover/domain/triggers";
import { AWS_REGION } from "../aws/account";
import { definitionOf } from "../metrics/deployed-alarm";
import type { Seen } from "./checks";
import type { Expectation } from "./expectations";
import type { Stage } from "./stage";

/** Differences that are shown; the rest is counted. */
const SHOWN = 3;

type Aws = Pick<Stage["aws"], "cloudwatch" | "logs" | "ssm">;

/**
 * What was measured in the backtest is what is armed: every alarm, composite alarm and log filter of the stack reads back
 * exactly as generated for the applied share, and there is none besides.
 */
export const definitionsAsGenerated: Expectation = {
  what: "alarms and log filters are the generated ones, field by field",
  look: ({ stack, aws }) => compareDefinitions(stack, aws),
};

/** Reads what is deployed and compares it with what `triggers` gives for what was applied last. */
export async function compareDefinitions(stack: string, aws: Aws): Promise<Seen> {
  const record = await readStackRecord(stack, { region: AWS_REGION }, aws.ssm);
  const wanted = fieldsOf(generated(stack, record));
  const deployed = await readDeployed(stack, aws);
  const names = [...new Set([...wanted.keys(), ...deployed.keys()])].sort();
  const wrong = names.flatMap((name) => differences(name, wanted.get(name), deployed.get(name)));
  if (wrong.length === 0) return { ok: wanted.size > 0, seen: `${wanted.size} definitions` };
  const rest = wrong.length > SHOWN ? ` and ${wrong.length - SHOWN} more` : "";
  return { ok: false, seen: `${wrong.slice(0, SHOWN).join("; ")}${rest}` };
}

function generated(stack: string, { manifest, applied }: StackRecord): TriggerSet {
  if (!manifest || !applied) throw new Error(`SSM holds no manifest or no applied phase of stack ${stack}`);
  const { nodeCustomer, nodeUnmatched, pythonCustomer } = manifest.targetGroups;
  return triggers({
    stack,
    pythonShare: applied.pythonShare,
    expectedMessagesPerHour: manifest.expectedMessagesPerHour,
    nodeExists: phaseOf(applied.phase).node !== "removed",
    lookBackMinutes: applied.alarmsLookBackMinutes,
    loadBalancer: dimensionOf(manifest.loadBalancerArn),
    targetGroups: {
      pythonCustomer: dimensionOf(pythonCustomer),
      ...(nodeCustomer ? { nodeCustomer: dimensionOf(nodeCustomer) } : {}),
      ...(nodeUnmatched ? { unmatched: dimensionOf(nodeUnmatched) } : {}),
    },
  });
}

/** A definition's fields as canonical text, by name. */
type Fields = Readonly<Record<string, string>>;

function fieldsOf({ alarms, composites, filters }: TriggerSet): Map<string, Fields> {
  return new Map([
    ...alarms.map(({ definition }) => [`alarm ${definition.name}`, alarmFields(definition)] as const),
    ...composites.map(({ definition }) => [`alarm ${definition.name}`, texts({ ...definition })] as const),
    ...filters.map((filter) => [`filter ${filter.name}`, filterFields(filter)] as const),
  ]);
}

async function readDeployed(stack: string, { cloudwatch, logs }: Aws): Promise<Map<string, Fields>> {
  const found = new Map<string, Fields>();
  let next: string | undefined;
  do {
    const page = await cloudwatch.describeAlarms({
      AlarmNamePrefix: `cutover-${stack}-`,
      AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
      ...(next ? { NextToken: next } : {}),
    });
    for (const alarm of page.MetricAlarms ?? []) {
      found.set(`alarm ${alarm.AlarmName}`, alarmFields(definitionOf(alarm)));
    }
    for (const { AlarmName: name = "", AlarmDescription: description, AlarmRule: rule } of page.CompositeAlarms ?? []) {
      found.set(`alarm ${name}`, texts({ name, description, rule }));
    }
    next = page.NextToken;
  } while (next);
  do {
    const page = await logs.describeMetricFilters(next ? { nextToken: next } : {});
    for (const { filterName, logGroupName, filterPattern, metricTransformations = [] } of page.metricFilters ?? []) {
      if (!filterName?.startsWith(`cutover-${stack}-`)) continue;
      const [{ metricNamespace, metricName, metricValue, defaultValue } = {}, ...more] = metricTransformations;
      const filter = { name: filterName, logGroup: logGroupName, pattern: filterPattern, metricName };
      const value = { namespace: metricNamespace, value: metricValue, defaultValue };
      found.set(`filter ${filterName}`, filterFields({ ...filter, ...value, ...(more.length > 0 ? { more } : {}) }));
    }
    next = page.nextToken;
  } while (next);
  return found;
}

/** AWS says of each query whether it is the result; a definition says it of one. */
function alarmFields({ queries, ...rest }: AlarmDefinition): Fields {
  const byId = queries.map((query) => [`query ${query.id}`, { ...query, returnData: query.returnData ?? false }]);
  return texts({ ...rest, ...Object.fromEntries(byId) });
}

function filterFields(filter: { [field in keyof LogMetricFilterDefinition]?: unknown }): Fields {
  return texts(filter);
}

function texts(fields: Readonly<Record<string, unknown>>): Fields {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([field, value]) => (value === undefined ? [] : [[field, canonical(value)]])),
  );
}

/** The same value is the same text, in whatever order its members came. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function differences(name: string, wanted: Fields | undefined, deployed: Fields | undefined): string[] {
  if (!wanted) return [`${name} was not generated`];
  if (!deployed) return [`${name} is missing`];
  const fields = [...new Set([...Object.keys(wanted), ...Object.keys(deployed)])];
  return fields
    .filter((field) => wanted[field] !== deployed[field])
    .map((field) => `${name}: ${field} is ${deployed[field] ?? "absent"}, generated ${wanted[field] ?? "none"}`);
}
