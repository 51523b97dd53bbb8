// Previews for golden comments: the other phases, and one danger at a time.
import type { DatedNotice } from "../notices";
import type { ExplainInput } from "./explain";
import { alarmStep, errorAlarm, NODE_IMAGE, type Place, previewText, said, step } from "./testkit";

const FRONT_DOOR: Place = { phase: "front-door", share: 0 };
const PARALLEL: Place = { phase: "parallel", share: 10 };
const RAMP_25: Place = { phase: "ramp-25", share: 25 };
const RAMP_90: Place = { phase: "ramp-90", share: 90 };
const FULL: Place = { phase: "full", share: 100 };
const RULE = "aws:lb/listenerRule:ListenerRule";
const LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer";

/** A notice's one-time schedule; `at` in UTC. */
export const schedule = (op: "create" | "delete" | "same", notice: DatedNotice, at: string) => {
  const inputs = { scheduleExpression: `at(${at})`, scheduleExpressionTimezone: "UTC" };
  return step(op, "aws:scheduler/schedule:Schedule", `notices-${notice}`, {
    inside: "Notices",
    ...(op === "create" ? {} : { old: inputs }),
    ...(op === "delete" ? {} : { new: inputs }),
  });
};

/** Everything goes: the root is deleted with the rest. */
function destroyed(): ExplainInput {
  const stackUrn = "urn:pulumi:prod::cutover::pulumi:pulumi:Stack::cutover-prod";
  const cutover = {
    ...step("delete", "cutover:index:Cutover", "cutover", { old: { phase: "ramp-25", pythonShare: 25 } }),
    urn: "urn:pulumi:prod::cutover::cutover:index:Cutover::cutover",
  };
  const preview = {
    config: { "aws:region": "eu-central-1", "cutover:expectedMessagesPerHour": "80" },
    steps: [
      { op: "delete", urn: stackUrn, oldState: { urn: stackUrn, outputs: { phase: "ramp-25", pythonShare: 25 } } },
      cutover,
      step("delete", LOAD_BALANCER, "traffic", { inside: "Traffic", old: { name: "cutover-prod" } }),
      step("delete", RULE, "traffic-split", { inside: "Traffic" }),
    ],
  };
  return { preview: JSON.stringify(preview) };
}

const within = (...steps: readonly Record<string, unknown>[]): ExplainInput => ({
  preview: previewText({ from: RAMP_25, to: RAMP_25, steps }),
});

const MIGRATION = "20261201000000_backfill.sql";

/** Name of the golden file → what is explained. */
export const MORE_SAMPLES: Readonly<Record<string, ExplainInput>> = {
  destroy: destroyed(),
  parallel: {
    preview: previewText({
      from: FRONT_DOOR,
      to: PARALLEL,
      steps: [
        schedule("create", "progress", "2026-12-08T16:05:00"),
        schedule("same", "day-before", "2026-12-07T08:00:00"),
      ],
    }),
  },
  full: {
    preview: previewText({ from: RAMP_90, to: FULL, steps: [schedule("create", "completion", "2026-12-15T08:05:00")] }),
  },
  "node-only": {
    preview: previewText({
      from: RAMP_25,
      to: { phase: "node-only", share: 0, webhook: "node" },
      steps: [schedule("delete", "progress", "2026-12-08T16:05:00")],
    }),
  },
  "node-image": within(
    step("update", "cutover:index:Service", "node", {
      inside: "Services",
      old: { engine: "node", image: NODE_IMAGE },
      new: { engine: "node", image: `eu.example/node@sha256:${"c3".repeat(32)}` },
    }),
    step("replace", "aws:ecs/taskDefinition:TaskDefinition", "node-task", {
      inside: "Service",
      old: { containerDefinitions: "[]" },
      new: { containerDefinitions: "[{}]" },
      diff: { containerDefinitions: { kind: "update-replace", inputDiff: true } },
    }),
    step("update", "aws:ecs/service:Service", "node-service", {
      inside: "Service",
      old: { taskDefinition: "1" },
      new: { taskDefinition: "2" },
    }),
  ),
  "replaced-load-balancer": within(
    step("replace", LOAD_BALANCER, "traffic", {
      inside: "Traffic",
      old: { name: "cutover-prod", internal: false },
      new: { name: "cutover-prod", internal: true },
      diff: { internal: { kind: "update-replace", inputDiff: true } },
    }),
  ),
  "replaced-rule": within(
    step("replace", RULE, "traffic-split", {
      inside: "Traffic",
      old: { listenerArn: "a" },
      new: { listenerArn: "b" },
      diff: { listenerArn: { kind: "update-replace", inputDiff: true } },
    }),
  ),
  "kill-switch": within(
    step("update", RULE, "traffic-kill-switch", {
      inside: "Traffic",
      old: { actions: [1], conditions: [1] },
      new: { actions: [2], conditions: [1] },
    }),
  ),
  "strange-rule": within(
    step("create", RULE, "python-first", { inside: "Traffic", new: { priority: 42, actions: [1], conditions: [1] } }),
  ),
  "plain-secret": {
    preview: previewText({
      from: RAMP_25,
      to: RAMP_25,
      config: { "cutover:ghl": '{"locationId":"abc","token":"pit-0123456789abcdef"}' },
    }),
  },
  "looser-alarm": within(alarmStep("python-errors-short", errorAlarm(190, 3), errorAlarm(190, 3, { threshold: 20 }))),
  "database-not-asked": {
    preview: previewText({
      from: RAMP_25,
      to: PARALLEL,
      diagnostics: [said("Migrations are left for the next update that raises the share: no route to the host")],
    }),
  },
  "locks-unknown": {
    preview: previewText({
      from: FRONT_DOOR,
      to: FRONT_DOOR,
      steps: [
        step("update", "pulumi-nodejs:dynamic/cutover:SupabaseMigrations", "migrations-supabase", {
          inside: "Migrations",
          old: { files: [] },
          new: {
            files: [],
            pending: [MIGRATION],
            waiting: [],
            plan: [
              "1 of 6 database migrations to apply:",
              `  ${MIGRATION} (expand): one transaction`,
              "    DO block: locks not known; no table rewrite",
              `  warning: ${MIGRATION}: a DO block hides what it does from this check`,
            ],
          },
        }),
      ],
    }),
  },
};
