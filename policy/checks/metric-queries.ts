import { type Declared, list, number, record, text, UNKNOWN } from "./model";

/** One element of an alarm's metric maths, in one form for what is generated and what a state from AWS holds. */
export interface Query {
  readonly id: string;
  readonly returnData: boolean;
  readonly expression?: string | undefined;
  readonly period?: number | undefined;
  readonly namespace?: string | undefined;
  readonly metricName?: string | undefined;
  readonly stat?: string | undefined;
  /** Undefined where they are not known or don't matter. */
  readonly dimensions?: Readonly<Record<string, unknown>> | undefined;
}

/** Fills in what AWS's provider gives back for what was left out: empty texts, period 0. */
export function canonicalQuery(query: unknown): Query {
  const { id, expression, period, returnData, metric } = record(query) ?? {};
  const of = record(metric);
  return {
    id: text(id) ?? "",
    returnData: returnData === true,
    expression: text(expression) || undefined,
    period: number(of?.period ?? period) || undefined,
    namespace: text(of?.namespace),
    metricName: text(of?.metricName),
    stat: text(of?.stat),
    dimensions: of ? (record(of.dimensions) ?? {}) : undefined,
  };
}

/** An alarm's queries; nothing while they, or a part of them, are not known. */
export function queriesOf(props: Declared["props"]): Query[] | undefined {
  if (isUnknown(props.metricQueries)) return undefined;
  const queries = list(props.metricQueries).map(canonicalQuery);
  return queries.length > 0 || props.metricName === undefined ? queries : [canonicalQuery({ id: "m", metric: props })];
}

function isUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(isUnknown);
  return Object.values(record(value) ?? {}).some(isUnknown);
}

/** The same value is the same text, in whatever order its members came. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    const object = record(part);
    return object ? Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1))) : part;
  });
}
