// Previews as the engine prints them (shape: __fixtures__/engine-preview.json, taken from a real one), made from what matters.
import type { TriggerPromise } from "../backtest/promise";
import type { PhaseName } from "../phases";
import { type Trigger, triggers } from "../triggers";

export const NODE_IMAGE = `eu.example/node@sha256:${"a1".repeat(32)}`;
export const PYTHON_IMAGE = `eu.example/python@sha256:${"3f9c5d07".repeat(8)}`;
export const NEW_PYTHON_IMAGE = `eu.example/python@sha256:${"7be20c44".repeat(8)}`;

/** What the engine shows in place of a value that is not known before the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

type Json = Record<string, unknown>;
type Op = "create" | "update" | "replace" | "delete" | "same";

/** One step. `inside` is a path of components below Cutover. */
export function step(
  op: Op,
  type: string,
  name: string,
  states: { readonly inside?: string; readonly old?: Json; readonly new?: Json; readonly diff?: Json } = {},
): Json {
  const chain = ["cutover:index:Cutover", ...(states.inside ? [`cutover:index:${states.inside}`] : []), type];
  const urn = `urn:pulumi:prod::cutover::${chain.join("$")}::${name}`;
  const state = (inputs: Json | undefined) => ({ urn, type, inputs: inputs ?? {}, outputs: inputs ?? {} });
  const diff = states.diff ?? (op === "update" ? diffOf(states.old, states.new) : undefined);
  return {
    op,
    urn,
    ...(op === "create" ? {} : { oldState: state(states.old) }),
    ...(op === "delete" ? {} : { newState: state(states.new) }),
    ...(diff ? { diffReasons: Object.keys(diff) } : {}),
    detailedDiff: diff ?? null,
  };
}

function diffOf(old: Json = {}, made: Json = {}): Json | undefined {
  const keys = Object.keys({ ...old, ...made }).filter((key) => JSON.stringify(old[key]) !== JSON.stringify(made[key]));
  return keys.length === 0
    ? undefined
    : Object.fromEntries(keys.map((key) => [key, { kind: "update", inputDiff: true }]));
}

export interface Place {
  readonly phase: PhaseName;
  readonly share: number;
  readonly webhook?: "as-found" | "front-door" | "node";
  readonly affinity?: "contact";
}

/** What a test's preview is made of. */
export interface PreviewParts {
  /** Undefined: nothing is there yet. */
  readonly from?: Place;
  readonly to: Place;
  readonly steps?: readonly Json[];
  readonly diagnostics?: readonly Json[];
  readonly config?: Readonly<Record<string, string>>;
}

/** Text of `pulumi preview --json` for stack prod in eu-central-1 with 80 messages an hour. */
export function previewText({ from, to, steps = [], diagnostics = [], config = {} }: PreviewParts): string {
  const moved = JSON.stringify(from) !== JSON.stringify(to);
  const stackUrn = "urn:pulumi:prod::cutover::pulumi:pulumi:Stack::cutover-prod";
  const digest = {
    config: {
      "aws:region": "eu-central-1",
      "cutover:expectedMessagesPerHour": "80",
      "cutover:phase": to.phase,
      "cutover:ghl": '{"locationId":"abc","token":"[secret]"}',
      "cutover:python": JSON.stringify({ image: PYTHON_IMAGE, tasks: 4 }),
      "cutover:node": JSON.stringify({ image: NODE_IMAGE, tasks: 4 }),
      ...config,
    },
    steps: [
      {
        op: from ? "same" : "create",
        urn: stackUrn,
        ...(from ? { oldState: { urn: stackUrn, outputs: { ...inputsOf(from), means: "…" } } } : {}),
        newState: { urn: stackUrn },
        detailedDiff: null,
      },
      ...(moved ? moving(from, to) : []),
      ...steps,
    ],
    ...(diagnostics.length > 0 ? { diagnostics } : {}),
    duration: 29_280_459_631,
    changeSummary: { same: 100 },
  };
  return JSON.stringify(digest, null, 4);
}

const inputsOf = ({ phase, share, affinity }: Place): Json => ({
  phase,
  pythonShare: share,
  ...(affinity ? { affinity } : {}),
});

function moving(from: Place | undefined, to: Place): Json[] {
  const inputs = inputsOf;
  const op = from ? "update" : "create";
  const cutover = {
    ...step(op, "cutover:index:Cutover", "cutover", { ...(from ? { old: inputs(from) } : {}), new: inputs(to) }),
    urn: "urn:pulumi:prod::cutover::cutover:index:Cutover::cutover",
  };
  const target = (place: Place) => ({ mode: "custom-value", target: place.webhook ?? "front-door" });
  const webhookMoves = (from?.webhook ?? "front-door") !== (to.webhook ?? "front-door");
  return [
    cutover,
    ...(from && !webhookMoves
      ? []
      : [step(op, "cutover:index:Webhook", "webhook", { ...(from ? { old: target(from) } : {}), new: target(to) })]),
    ...(from && from.share !== to.share ? [split(from.share, to.share)] : []),
    step(op, "aws:ssm/parameter:Parameter", "applied", {
      old: { value: "[secret]" },
      new: { value: "[secret]", v: 1 },
    }),
  ];
}

/** The weighted rule; its conditions hold the webhook's secret. */
export function split(from: number, to: number): Json {
  const rule = (share: number) => ({
    actions: [
      {
        type: "forward",
        forward: {
          targetGroups: [
            { arn: "arn:aws:elasticloadbalancing:x:1:targetgroup/cutover-prod-no-c-8080/1", weight: 100 - share },
            { arn: "arn:aws:elasticloadbalancing:x:1:targetgroup/cutover-prod-py-c-8080/2", weight: share },
          ],
        },
      },
    ],
    conditions: "[secret]",
    priority: 50,
  });
  return step("update", "aws:lb/listenerRule:ListenerRule", "traffic-split", {
    old: rule(from),
    new: rule(to),
    diff: { "actions[0].forward.targetGroups[0].weight": { kind: "update", inputDiff: true } },
  });
}

/** The autoscaling target of a service. */
export function capacity(engine: "node" | "python", from: number, to: number): Json {
  return step("update", "aws:appautoscaling/target:Target", `${engine}-capacity`, {
    inside: "Service",
    old: { minCapacity: from, maxCapacity: 8 },
    new: { minCapacity: to, maxCapacity: 8 },
  });
}

/** The program's warning: `pulumi.log.warn`. */
export function warning(message: string): Json {
  return { message: `warning: ${message}\n`, severity: "warning" };
}

/** A line that a dynamic provider printed. */
export function said(message: string): Json {
  return { message: `${message}\n\n`, severity: "info#err" };
}

/** A metric alarm's inputs as components/alarms.ts declares them. */
export function alarmInputs({ definition }: Trigger): Json {
  const { name, description, queries, comparison, threshold, evaluationPeriods, datapointsToAlarm } = definition;
  return {
    name,
    alarmDescription: description,
    metricQueries: queries.map((query) => ({ ...query, returnData: query.returnData ?? false })),
    comparisonOperator: comparison,
    threshold,
    evaluationPeriods,
    datapointsToAlarm,
    treatMissingData: definition.treatMissingData,
    alarmActions: [],
  };
}

/** Steps for all alarms that differ between two shares, from the real definitions. */
export function alarmSteps(messagesPerHour: number, from: number, to: number): Json[] {
  const at = (pythonShare: number) =>
    triggers({
      stack: "prod",
      expectedMessagesPerHour: messagesPerHour,
      pythonShare,
      nodeExists: true,
      loadBalancer: "app/cutover-prod/1",
      targetGroups: {
        pythonCustomer: "targetgroup/p/1",
        nodeCustomer: "targetgroup/n/1",
        unmatched: "targetgroup/u/1",
      },
    }).alarms;
  const after = at(to);
  return at(from).flatMap((old, i) => {
    const made = after[i];
    if (!made || JSON.stringify(old) === JSON.stringify(made)) return [];
    return [alarmStep(made.key, alarmInputs(old), alarmInputs(made))];
  });
}

export function alarmStep(key: string, old: Json, made: Json): Json {
  return step("update", "aws:cloudwatch/metricAlarm:MetricAlarm", `alarms-${key}`, {
    inside: "Alarms",
    old,
    new: made,
  });
}

/** An alarm on a share of failed messages, with numbers of its own: the real ones are tuned now and then. */
export function errorAlarm(minutes: number, count: number, more: Json = {}): Json {
  const metric = (metricName: string) => ({
    namespace: "AWS/ApplicationELB",
    metricName,
    period: minutes * 60,
    stat: "Sum",
  });
  return {
    name: "cutover-prod-python-errors-short",
    metricQueries: [
      { id: "errors", metric: metric("HTTPCode_Target_5XX_Count"), returnData: false },
      { id: "requests", metric: metric("RequestCount"), returnData: false },
      { id: "share", expression: `IF(errors >= ${count}, 100 * errors / requests, 0)`, returnData: true },
    ],
    comparisonOperator: "GreaterThanThreshold",
    threshold: 5,
    evaluationPeriods: 1,
    datapointsToAlarm: 1,
    treatMissingData: "notBreaching",
    alarmActions: [],
    ...more,
  };
}

/** Fixed numbers in place of the back-test, so that golden comments change with the words only. */
export function fixedPromise(messagesPerHour: number, share: number): TriggerPromise | undefined {
  const perHour = (messagesPerHour * share) / 100;
  if (perHour === 0) return undefined;
  return {
    messagesPerHour: perHour,
    falseRollbacksPerDay: 0.04,
    totalOutageMinutes: 3,
    totalOutageMessages: Math.ceil((perHour * 3) / 60),
    oneInFiveMinutes: 90,
    oneInFiveMessages: Math.ceil(((perHour * 90) / 60) * 0.2),
  };
}

/** Output of `cutover next --json` in ramp-25 or wherever. */
export function evidenceText(from: Place, to: Place, passed = true): string {
  const criterion = (id: string, kind: string, outcome: string, seen: string, missing?: string) => ({
    id,
    kind,
    outcome,
    seen,
    criterion: "below 5 % at 95 %",
    n: 101,
    ...(missing ? { missing } : {}),
  });
  const seen = passed ? "0/101 failed; at 95 % below 3 %" : "0/41 failed; at 95 % below 7.1 %";
  const outcome = passed ? "PASS" : "NOT ENOUGH EVIDENCE";
  return JSON.stringify({
    stack: "prod",
    at: "2026-11-25T12:00:00.000Z",
    phase: from.phase,
    pythonShare: from.share,
    next: {
      phase: to.phase,
      pythonShare: to.share,
      bar: "ladder",
      open: passed,
      openAt: passed ? null : "2026-11-25T12:54:00.000Z",
      verdict: {
        outcome,
        criteria: [
          criterion("errors", "blocking", outcome, seen, passed ? undefined : "18 more messages without a fault"),
          criterion("routing", "blocking", "PASS", seen),
          criterion(
            "booking rate",
            "watch",
            "NOT ENOUGH EVIDENCE",
            "Python 16/101 (15.8 %), Node 45/300 (15 %)",
            "too few messages to tell",
          ),
        ],
      },
      refusals: passed
        ? []
        : [
            {
              reason: `NOT ENOUGH EVIDENCE to leave "${from.phase}": errors: ${seen} (18 more messages without a fault).`,
              remedy: "wait",
            },
          ],
      warnings: [],
      promise: [],
    },
  });
}
