import { isPhaseName, type Phase, phaseOf } from "../phases";
import { type Bag, bag, list } from "./preview";

/**
 * The only ways from a property into a comment: a number, or a string that as a whole has one of these forms. Everything
 * else stays inside, because `pulumi preview --json` prints nested secrets in plain text.
 */
const FORMS = {
  digest: /^sha256:[0-9a-f]{64}$/,
  rollback: /^(rb-\d{4,8}|unrecorded)$/,
  alarm: /^cutover-[a-z0-9-]{1,80}$/,
  migration: /^\d{6,20}_[a-z0-9_]{1,80}\.sql$/,
  missing: /^(missing|ignore|breaching|notBreaching)$/,
  comparison: /^(Greater|Less)Than(OrEqualTo)?Threshold$/,
  engine: /^(node|python)$/,
  affinity: /^(none|contact)$/,
  webhook: /^(as-found|front-door|node)$/,
  region: /^[a-z]{2}(-[a-z]+)+-\d$/,
  /** EventBridge Scheduler's one-time form, UTC or with a zone beside it. */
  once: /^at\(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\)$/,
  zone: /^[A-Za-z]{1,20}(\/[A-Za-z_]{1,30}){0,2}$/,
} as const;

/** Name of a form. */
export type Form = keyof typeof FORMS;

/** The value, if it is a finite number, or a string that is one. */
export function numberIn(value: unknown): number | undefined {
  const read = typeof value === "string" && /^-?\d{1,12}(\.\d{1,6})?$/.test(value) ? Number(value) : value;
  return typeof read === "number" && Number.isFinite(read) ? read : undefined;
}

/** The value, if all of it has that form. */
export function textIn(value: unknown, form: Form): string | undefined {
  return typeof value === "string" && FORMS[form].test(value) ? value : undefined;
}

/** The phase of that name. */
export function phaseIn(value: unknown): Phase | undefined {
  return typeof value === "string" && isPhaseName(value) ? phaseOf(value) : undefined;
}

/** Digest of an image by digest, `repository@sha256:…`; the repository stays inside. */
export function digestIn(image: unknown): string | undefined {
  return typeof image === "string" ? textIn(image.split("@").at(-1), "digest") : undefined;
}

/** A name as people may see it: a resource's or a type's. An address in it is shortened, it belongs to a person. */
export function nameFor(name: string): string {
  return name
    .replaceAll(/[^\s@]+@[^\s@]+/g, "…@…")
    .replaceAll(/[^\w./:@… -]/g, "?")
    .slice(0, 120);
}

/** Physical name of Python's group for customers inside its ARN (components/traffic.ts). */
const PYTHON_GROUP = /:targetgroup\/cutover-[a-z0-9-]+-py-c-\d+\//;

/**
 * Percent that a weighted listener rule gives to Python; undefined where it is no such rule, or where none of its groups
 * is known to be Python's. Their order says nothing: AWS gives them back in any, and a refresh keeps that.
 * @param pythonArn ARN of Python's target group for customers, where the preview shows it
 */
export function pythonWeightIn(inputs: Bag, pythonArn: unknown): number | undefined {
  const groups = list(bag(bag(list(inputs.actions)[0]).forward).targetGroups).map(bag);
  const weights = groups.map(({ weight }) => numberIn(weight) ?? 0);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const byArn = groups.findIndex(({ arn }) => arn !== undefined && arn === pythonArn);
  const byName = groups.findIndex(({ arn }) => typeof arn === "string" && PYTHON_GROUP.test(arn));
  const python = numberIn(groups[byArn >= 0 ? byArn : byName]?.weight);
  return python === undefined || sum === 0 ? undefined : Math.round((100 * python) / sum);
}
