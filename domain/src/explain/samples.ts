// One preview for each kind of change that people see in pull requests; what they become is in __golden__/.
import type { ExplainInput } from "./explain";
import { MORE_SAMPLES, schedule } from "./samples-more";
import {
  alarmStep,
  capacity,
  errorAlarm,
  evidenceText,
  fixedPromise,
  NEW_PYTHON_IMAGE,
  type Place,
  PYTHON_IMAGE,
  previewText,
  said,
  step,
  warning,
} from "./testkit";

const PREPARE: Place = { phase: "prepare", share: 0, webhook: "as-found" };
const FRONT_DOOR: Place = { phase: "front-door", share: 0 };
const PARALLEL: Place = { phase: "parallel", share: 10 };
const RAMP_25: Place = { phase: "ramp-25", share: 25 };
const RAMP_50: Place = { phase: "ramp-50", share: 50 };
const RAMP_75: Place = { phase: "ramp-75", share: 75 };
const FULL: Place = { phase: "full", share: 100 };
const DECOMMISSION: Place = { phase: "decommission", share: 100 };

const GROUP = "aws:lb/targetGroup:TargetGroup";
const RULE = "aws:lb/listenerRule:ListenerRule";
const TASK = "aws:ecs/taskDefinition:TaskDefinition";
const SERVICE = "aws:ecs/service:Service";
const MIGRATIONS = "pulumi-nodejs:dynamic/cutover:SupabaseMigrations";

const MOVED_BACK =
  'GHL custom value "Cutover Webhook URL": somebody moved GHL back to https://node.example.com/hook?…, the address from before the ' +
  "cutover. Nothing is changed by that; `pulumi refresh` takes it into the state.";
const TOO_FEW =
  'NOT ENOUGH EVIDENCE to leave "ramp-50": errors: 0/41 failed; at 95 % below 7.1 % (18 more messages without a fault).';
const REFUSED = "pulumi up will refuse this; the whole difference is shown all the same.";

const WAITING =
  "Rolled back at 2026-11-25T03:12:07Z (rb-0003: cutover-prod-rollback-soft) and not acknowledged. This update plans 0 % for Python and leaves the kill switch alone. When it is understood: pulumi config set cutover:acknowledgeRollback rb-0003; pulumi config set cutover:phase parallel; pulumi up";

function newImage() {
  return [
    step("update", "cutover:index:Service", "python", {
      inside: "Services",
      old: { engine: "python", image: PYTHON_IMAGE },
      new: { engine: "python", image: NEW_PYTHON_IMAGE },
    }),
    step("replace", TASK, "python-task", {
      inside: "Service",
      old: { cpu: "512", memory: "1024", containerDefinitions: "[]" },
      new: { cpu: "512", memory: "1024", containerDefinitions: "[{}]" },
      diff: { containerDefinitions: { kind: "update-replace", inputDiff: true } },
    }),
    step("update", SERVICE, "python-service", {
      inside: "Service",
      old: { taskDefinition: "1" },
      new: { taskDefinition: "2" },
    }),
  ];
}

function migrations(plan: readonly string[], pending: readonly string[], waiting: readonly string[] = []) {
  return step("update", MIGRATIONS, "migrations-supabase", {
    inside: "Migrations",
    old: { files: [] },
    new: { files: [], pending, waiting, plan },
  });
}

const EXPAND_PLAN = [
  "2 of 6 database migrations to apply:",
  "  20261122090000_langgraph_columns.sql (expand): one transaction",
  "    ALTER TABLE public.message_queue ADD COLUMN langgraph_thread_id, ADD COLUMN workflow_state: ACCESS EXCLUSIVE on public.message_queue (waits for and blocks writers); no table rewrite",
  "  20261122090100_langgraph_thread_index.sql (expand): outside a transaction",
  "    CREATE INDEX CONCURRENTLY idx_langgraph_thread ON public.message_queue: SHARE UPDATE EXCLUSIVE on public.message_queue (writers go on, reads 20,000 rows); no table rewrite",
  "  20261201000000_drop_node_columns.sql (contract) waits for phase decommission to be applied, and the next update: ALTER TABLE public.message_queue DROP COLUMN x",
];

function nodeGoes() {
  const gone = (type: string, name: string) => step("delete", type, name, { inside: "Traffic" });
  return [
    ...["traffic-node-customer", "traffic-node-probe", "traffic-node-unmatched"].map((name) => gone(GROUP, name)),
    ...["traffic-probe-node", "traffic-kill-switch", "traffic-pinned"].map((name) => gone(RULE, name)),
    step("delete", SERVICE, "node-service", { inside: "Service" }),
    step("delete", "aws:appautoscaling/target:Target", "node-capacity", { inside: "Service", old: { minCapacity: 4 } }),
    step("delete", TASK, "node-task", { inside: "Service", old: { cpu: "512", memory: "1024" } }),
    step("delete", "aws:cloudwatch/metricAlarm:MetricAlarm", "alarms-node-probes", { inside: "Alarms" }),
    step("create", "aws:s3/bucket:Bucket", "archive", { inside: "Archive" }),
    migrations(
      [
        "1 of 6 database migrations to apply:",
        "  20261201000000_drop_node_columns.sql (contract): one transaction",
        "    ALTER TABLE public.message_queue DROP COLUMN error_message: ACCESS EXCLUSIVE on public.message_queue (waits for and blocks writers); no table rewrite",
      ],
      ["20261201000000_drop_node_columns.sql"],
    ),
  ];
}

/** Name of the golden file → what is explained. */
export const SAMPLES: Readonly<Record<string, ExplainInput>> = {
  ...MORE_SAMPLES,
  build: {
    preview: previewText({
      to: PREPARE,
      steps: [
        step("create", "aws:lb/loadBalancer:LoadBalancer", "traffic", {
          inside: "Traffic",
          new: { name: "cutover-prod" },
        }),
        step("create", "aws:ec2/natGateway:NatGateway", "cutover-prod-nat-0", { inside: "Network", new: {} }),
        ...(["python", "node"] as const).map((engine) =>
          step("create", "aws:appautoscaling/target:Target", `${engine}-capacity`, {
            inside: "Service",
            new: { minCapacity: engine === "node" ? 4 : 2 },
          }),
        ),
        schedule("create", "week-before", "2026-12-01T09:00:00"),
        schedule("create", "day-before", "2026-12-07T09:00:00"),
      ],
    }),
  },
  "front-door": { preview: previewText({ from: PREPARE, to: FRONT_DOOR }) },
  "step-up": {
    preview: previewText({
      from: PARALLEL,
      to: RAMP_25,
      steps: [alarmStep("python-errors-short", errorAlarm(480, 3), errorAlarm(190, 3))],
    }),
    evidence: evidenceText(PARALLEL, RAMP_25),
  },
  "step-up-too-early": {
    preview: previewText({
      from: RAMP_50,
      to: RAMP_75,
      steps: [capacity("python", 2, 3)],
      diagnostics: [
        warning(`${REFUSED}\n${TOO_FEW} Expected 2026-11-25 12:54 UTC.\n  wait and look with cutover next`),
      ],
    }),
    evidence: evidenceText(RAMP_50, RAMP_75, false),
  },
  override: {
    preview: previewText({
      from: RAMP_50,
      to: RAMP_75,
      diagnostics: [warning(`Overridden by Mara (quiet week): ${TOO_FEW}`)],
    }),
    evidence: evidenceText(RAMP_50, RAMP_75, false),
  },
  "webhook-moved": {
    preview: previewText({ from: RAMP_50, to: RAMP_50, diagnostics: [said(MOVED_BACK)] }),
  },
  "step-down": {
    preview: previewText({
      from: RAMP_50,
      to: RAMP_25,
      steps: [alarmStep("python-errors-short", errorAlarm(95, 3), errorAlarm(190, 3))],
    }),
  },
  decommission: { preview: previewText({ from: FULL, to: DECOMMISSION, steps: nodeGoes() }) },
  "new-image": {
    preview: previewText({
      from: RAMP_50,
      to: RAMP_50,
      steps: newImage(),
      config: { "cutover:python": JSON.stringify({ image: NEW_PYTHON_IMAGE, tasks: 4 }) },
    }),
  },
  "rolled-back": {
    preview: previewText({
      from: RAMP_50,
      to: { phase: "ramp-50", share: 0, webhook: "node" },
      diagnostics: [warning(WAITING)],
    }),
  },
  release: {
    preview: previewText({
      from: { phase: "ramp-50", share: 0, webhook: "node" },
      to: PARALLEL,
      steps: [
        step("update", "pulumi-nodejs:dynamic/cutover:KillSwitch", "safety-net-kill-switch", {
          inside: "SafetyNet",
          old: { alarmNames: [] },
          new: { alarmNames: [], release: "rb-0003" },
        }),
      ],
      diagnostics: [
        warning(
          "This update releases rollback rb-0003 (cutover-prod-rollback-soft): the kill switch goes off as its last step, and Python gets 10 % at once.",
        ),
      ],
    }),
  },
  "dangerous-replacement": {
    preview: previewText({
      from: RAMP_25,
      to: RAMP_25,
      steps: [
        step("replace", GROUP, "traffic-python-customer", {
          inside: "Traffic",
          old: { name: "cutover-prod-py-c-8080", port: 8080 },
          new: { name: "cutover-prod-py-c-8081", port: 8081 },
          diff: {
            name: { kind: "update-replace", inputDiff: true },
            port: { kind: "update-replace", inputDiff: true },
          },
        }),
        step("delete", RULE, "traffic-pinned", { inside: "Traffic" }),
        alarmStep("python-errors-short", errorAlarm(190, 3), errorAlarm(190, 3, { threshold: 20 })),
        capacity("node", 4, 2),
      ],
      config: { "cutover:ghl": '{"locationId":"abc","token":"pit-0123456789abcdef"}' },
    }),
  },
  "no-change": { preview: previewText({ from: RAMP_25, to: RAMP_25 }) },
  refusal: {
    preview: previewText({
      from: PARALLEL,
      to: RAMP_50,
      diagnostics: [
        warning(
          `${REFUSED}\nFrom "parallel" (10 %) the next phase is "ramp-25" (25 %); "ramp-50" skips a rung.\n  pulumi config set cutover:phase ramp-25`,
        ),
      ],
    }),
  },
  migrations: {
    preview: previewText({
      from: PREPARE,
      to: PREPARE,
      steps: [
        migrations(
          EXPAND_PLAN,
          ["20261122090000_langgraph_columns.sql", "20261122090100_langgraph_thread_index.sql"],
          ["20261201000000_drop_node_columns.sql"],
        ),
      ],
      diagnostics: EXPAND_PLAN.map(said),
    }),
  },
  failed: {
    preview: previewText({
      from: PARALLEL,
      to: RAMP_25,
      diagnostics: [
        {
          urn: "urn:pulumi:prod::cutover::cutover:index:Cutover$aws:lb/loadBalancer:LoadBalancer::traffic",
          message: "error: could not validate provider configuration\n",
          severity: "error",
        },
      ],
    }),
  },
};

/** The sample with fixed detection times; that of docs/pull-requests.md with the committed back-test's. */
export function sample(name: string): ExplainInput {
  const found = SAMPLES[name];
  if (!found) throw new RangeError(`no sample is called "${name}"`);
  return name === "step-up" ? found : { ...found, promise: fixedPromise };
}
