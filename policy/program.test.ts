import type { Affinity } from "@cutover/domain/affinity";
import { decide } from "@cutover/domain/decide";
import { DATED_NOTICES } from "@cutover/domain/notices";
import { type PhaseName, phases } from "@cutover/domain/phases";
import { beforeAll, describe, expect, it } from "vitest";
import { Cutover } from "../components/cutover";
import type { CutoverConfig } from "../config";
import { type Registered, registrations } from "../tests/support/mocks";
import { resourceRules, stackRules } from "./catalog";
import type { Declared } from "./checks/model";
import { CUSTOMERS, OTHERS } from "./checks/rule-order";

const DIGEST = `sha256:${"a".repeat(64)}`;
const PLANTED = "planted-secret-value";
const STACK = "prod";
const app = { image: `app@${DIGEST}`, port: 8080, healthPath: "/healthz", cpu: 512, memory: 1024, tasks: 4 };

const config = (phase: PhaseName, affinity: Affinity): CutoverConfig => ({
  intent: { phase, pythonDigest: DIGEST, affinity },
  domain: "messages.example.com",
  hostedZoneId: "Z1",
  python: app,
  node: { ...app, hardened: false, url: "https://node.example.com/webhooks/ghl", repository: "../node" },
  ghl: {
    token: PLANTED,
    locationId: "location-1",
    mode: "custom-value",
    webhookValue: "Cutover Webhook URL",
    secretValue: "Cutover Webhook Secret",
  },
  environment: {
    OPENAI_API_KEY: PLANTED,
    SUPABASE_URL: "https://x.supabase.co",
    SUPABASE_ANON_KEY: PLANTED,
    GHL_API_TOKEN: PLANTED,
    GHL_LOCATION_ID: "location-1",
    GHL_CALENDAR_ID: "calendar-1",
    GHL_ASSIGNED_USER_ID: "user-1",
  },
  database: { url: "postgresql://u:planted-secret-value@h/d" },
  network: { cidr: "10.42.0.0/16", natGateways: 2 },
  webhookSecret: { generation: 1, retired: 0 },
  expectedMessagesPerHour: 600,
  stakeholders: {
    development: ["dev@example.com"],
    support: ["support@example.com"],
    sales: ["sales@example.com"],
    management: ["management@example.com"],
  },
  onCall: ["on-call@example.com"],
  loseTraffic: false,
});

/** What the pack asks for by default. */
const SETTINGS: Record<string, Record<string, unknown>> = { "required-tags": { required: ["cutover:stack"] } };

const OTHER = "arn:aws:somewhere:eu-central-1:999999999999:else";
const NOTHING = '{"Version":"2012-10-17","Statement":[]}';

/** Mocks show no options, so what hangs on ignoreChanges is shown by tests/engine/policy.test.ts. */
function asDeclared(all: readonly Registered[]): Declared[] {
  return all.map(({ type, name, outputs }) => ({ type, name, stack: STACK, props: outputs }));
}

/** Every notice that can have a date, and somebody of each group. */
const NOTICES = {
  startsAt: "2026-12-10T08:00:00Z",
  dates: Object.fromEntries(DATED_NOTICES.map((notice) => [notice, "2026-12-03T08:00:00Z"])),
};

async function declare(phase: PhaseName, affinity: Affinity = "none"): Promise<Declared[]> {
  const settings = config(phase, affinity);
  const { desired } = decide(settings.intent, {});
  return asDeclared(
    await registrations(() => {
      const aws = { region: "eu-central-1" };
      new Cutover("cutover", { config: settings, desired, stack: STACK, aws, notices: NOTICES });
    }),
  );
}

function judge(all: readonly Declared[]): string[] {
  return [
    ...resourceRules.flatMap((rule) =>
      all.flatMap((one) => rule.check(one, SETTINGS[rule.name]).map((message) => `${rule.name}: ${message}`)),
    ),
    ...stackRules.flatMap((rule) => rule.check(all).map(({ message }) => `${rule.name}: ${message}`)),
  ];
}

describe("the program", () => {
  it.each(phases.map(({ name }) => name))("passes every policy in phase %s", async (phase) => {
    expect(judge(await declare(phase))).toEqual([]);
  });
});

it("declares each rule of the front door that the policy knows, and no other", async () => {
  const declared = [...(await declare("full", "contact")), ...(await declare("decommission"))];
  const names = declared.filter(({ type }) => type.endsWith(":ListenerRule")).map(({ name }) => name);
  expect([...new Set(names)].sort()).toEqual([...CUSTOMERS, ...OTHERS].sort());
});

describe("the program that deals by contact", () => {
  let all: Declared[];
  let others: Declared[];
  let plain: Declared[];
  beforeAll(async () => {
    all = await declare("ramp-25", "contact");
    others = (await declare("ramp-50", "contact")).filter(({ name }) => name === "traffic-split-contact");
    plain = await declare("ramp-25");
  });

  it.each(["front-door", "full", "decommission"] as const)("passes every policy in phase %s", async (phase) => {
    expect(judge(await declare(phase, "contact"))).toEqual([]);
  });

  it("does not with other contacts, another weight, or a rule that nobody records", () => {
    const rule = (name: string) => all.find((one) => one.name === name);
    const [contact, split] = [rule("traffic-split-contact"), rule("traffic-split")];
    if (!contact || !split) throw new Error("no rules");
    const rest = all.filter((one) => one !== contact);
    expect(judge([...rest, ...others]).join()).toContain("names other contacts than the recorded share");
    expect(judge(rest).join()).toContain("No rule deals by contact (priority 45)");
    const swapped = { ...contact, props: { ...contact.props, actions: split.props.actions } };
    // Which of the two groups is Python's is known once it has an ARN.
    const known = rest.map((one) => {
      const arn = `arn:mock:TargetGroup/${one.name}`;
      return one.name === "traffic-python-customer" ? { ...one, props: { ...one.props, arn } } : one;
    });
    expect(judge([...known, contact])).toEqual([]);
    expect(judge([...known, swapped]).join()).toContain("traffic-split-contact sends 100 : 0");
    expect(judge([...plain, contact]).join()).toContain("deals by contact, but the update records no affinity");
    expect(judge([...plain.filter(({ name }) => name !== "traffic-split"), split]).join()).toContain("100 : 0");
  });
});

describe("a change to the program that breaks a policy", () => {
  let full: Declared[];
  beforeAll(async () => {
    full = await declare("full");
  });

  /** The stack with one resource changed, or left out where there is no change. */
  const changed = (type: string, name: string, props?: Record<string, unknown>) => {
    const before = full.find((one) => one.type.endsWith(type) && one.name === name);
    if (!before) throw new Error(`no ${type} ${name}`);
    const rest = full.filter((one) => one !== before);
    return judge(props ? [...rest, { ...before, props: { ...before.props, ...props } }] : rest);
  };

  it("is not what a rollback wrote into the kill switch, which stays in the state after its release", () => {
    const conditions = [{ pathPattern: { values: ["/webhooks/ghl"] } }];
    expect(changed(":ListenerRule", "traffic-kill-switch", { conditions })).toEqual([]);
  });

  it("sends messages past the split, by a rule before it that has no weights", () => {
    const split = full.find(({ name }) => name === "traffic-split");
    if (!split) throw new Error("no split");
    const actions = [{ type: "forward", targetGroupArn: "arn:mock:TargetGroup/traffic-python-customer" }];
    const extra = (priority: number) => ({ ...split, name: "extra", props: { ...split.props, actions, priority } });
    expect(judge([...full, extra(42)])).toEqual([
      expect.stringMatching(/rules-in-order: extra \(priority 42\) comes before traffic-unmatched/),
    ]);
    expect(judge([...full, extra(100)])).toEqual([]);
  });

  it.each([
    [
      "Node's service removed",
      ":Service",
      "node-service",
      undefined,
      /Node's service is gone, but phase full needs Node/,
    ],
    ["Node without tasks", ":Service", "node-service", { desiredCount: 0 }, /Node has no task/],
    ["Node scaled to nothing", ":Target", "node-capacity", { minCapacity: 0 }, /scaled to nothing/],
    ["the kill switch removed", ":ListenerRule", "traffic-kill-switch", undefined, /kill switch's rule is gone/],
    [
      "the kill switch below the split",
      ":ListenerRule",
      "traffic-kill-switch",
      { priority: 55 },
      /rules-in-order: traffic-kill-switch \(priority 55\) comes after traffic-pinned .* give it a priority below 40/,
    ],
    [
      "another share than recorded",
      ":ListenerRule",
      "traffic-split",
      { actions: weighted(10, 90) },
      /10 : 90.*0 : 100/,
    ],
    ["no weighted rule", ":ListenerRule", "traffic-split", undefined, /No rule shares the messages/],
    ["no record of the phase", ":Parameter", "applied", undefined, /Nothing records the applied phase/],
    ["a trigger removed", ":MetricAlarm", "alarms-python-errors-short", undefined, /python-errors-short is missing/],
    ["hosts that may be silent", ":MetricAlarm", "alarms-python-hosts", { treatMissingData: "missing" }, /breaching/],
    ["no hard tier", ":CompositeAlarm", "alarms-rollback-hard", undefined, /rollback-hard is missing/],
    [
      "a tier that needs two alarms",
      ":CompositeAlarm",
      "alarms-rollback-hard",
      { alarmRule: 'ALARM("cutover-prod-python-probes") AND ALARM("cutover-prod-python-hosts")' },
      /does not go off with cutover-prod-python-probes/,
    ],
    ["the function removed", ":Function", "rollback-function", undefined, /function cutover-prod-rollback is missing/],
    ["the topic removed", ":Topic", "rollback-rollback", undefined, /topic cutover-prod-rollback is missing/],
    ["no subscription", ":TopicSubscription", "rollback-alarms", undefined, /not subscribed/],
    ["no permission", ":Permission", "rollback-alarms", undefined, /SNS may not invoke/],
    ["an alarm that looks at nothing", ":MetricAlarm", "alarms-python-probes", { metricQueries: [] }, /the query m/],
    [
      "an expression that is always 0",
      ":MetricAlarm",
      "alarms-python-errors-short",
      { metricQueries: [{ id: "share", expression: "0", returnData: true }] },
      /errors-short: the query requests, http, refused, failed, share looks at something else/,
    ],
    [
      "hosts over another metric and a day",
      ":MetricAlarm",
      "alarms-python-hosts",
      { metricQueries: hosts({ metricName: "UnHealthyHostCount", period: 86_400 }) },
      /python-hosts: the query m looks at something else/,
    ],
    [
      "hosts over a day",
      ":MetricAlarm",
      "alarms-python-hosts",
      { metricQueries: hosts({ period: 86_400 }) },
      /python-hosts: the query m looks at something else, or further back/,
    ],
    [
      "hosts of somebody else's target group",
      ":MetricAlarm",
      "alarms-python-hosts",
      { metricQueries: hosts({ dimensions: { LoadBalancer: "app/traffic/1", TargetGroup: "targetgroup/other/1" } }) },
      /python-hosts: the query m/,
    ],
    [
      "a tier that calls somebody else",
      ":CompositeAlarm",
      "alarms-rollback-hard",
      { alarmActions: ["arn:aws:sns:eu-central-1:999999999999:other"] },
      /rollback-hard does not act on the topic cutover-prod-rollback/,
    ],
    [
      "a watch that calls nobody",
      ":MetricAlarm",
      "alarms-rollback-silent",
      { alarmActions: [] },
      /rollback-silent does not act on the topic cutover-prod-people/,
    ],
    [
      "a function that may not run",
      ":Function",
      "rollback-function",
      { reservedConcurrentExecutions: 0 },
      /cutover-prod-rollback may not run/,
    ],
    [
      "a prober that may not run",
      ":Function",
      "prober-function",
      { reservedConcurrentExecutions: 0 },
      /prober may not/,
    ],
    ["no prober", ":Function", "prober-function", undefined, /function cutover-prod-prober is missing/],
    ["a subscription to another topic", ":TopicSubscription", "rollback-alarms", { topic: OTHER }, /not subscribed/],
    [
      "a subscription of another function",
      ":TopicSubscription",
      "rollback-alarms",
      { endpoint: OTHER },
      /not subscribed/,
    ],
    [
      "a subscription that takes half",
      ":TopicSubscription",
      "rollback-alarms",
      { filterPolicy: '{"a":["b"]}' },
      /not subscribed/,
    ],
    ["a permission for another topic", ":Permission", "rollback-alarms", { sourceArn: OTHER }, /SNS may not invoke/],
    [
      "a permission for another function",
      ":Permission",
      "rollback-alarms",
      { function: "other" },
      /SNS may not invoke/,
    ],
    ["no reconciler", ":EventRule", "rollback-minute", undefined, /Nothing calls cutover-prod-rollback each minute/],
    ["a reconciler that is off", ":EventRule", "rollback-minute", { state: "DISABLED" }, /rollback is off/],
    [
      "a lazy prober",
      ":EventRule",
      "prober-minute",
      { scheduleExpression: "rate(1 day)" },
      /prober is not called each/,
    ],
    ["a reconciler without target", ":EventTarget", "rollback-minute", undefined, /does not call the function/],
    [
      "a prober's rule that calls another",
      ":EventTarget",
      "prober-minute",
      { arn: OTHER },
      /does not call the function/,
    ],
    ["no permission each minute", ":Permission", "rollback-every-minute", undefined, /The event rule may not invoke/],
    ["no permission to probe", ":Permission", "prober-minute", undefined, /may not invoke cutover-prod-prober/],
    [
      "a log filter removed",
      ":LogMetricFilter",
      "alarms-python-messages-failed",
      undefined,
      /log filter .* is missing/,
    ],
    [
      "a log filter that counts nothing",
      ":LogMetricFilter",
      "alarms-python-messages-failed",
      { pattern: '{ $.event = "never" }' },
      /messages-failed: its pattern is not the generated one/,
    ],
    [
      "a role that may not move the rule",
      ":RolePolicy",
      "rollback-role",
      { policy: NOTHING },
      /may not change the kill/,
    ],
    ["another role", ":Function", "rollback-function", { role: OTHER }, /may not change the kill switch's rule/],
  ] as const)("%s", (_, type, name, props, expected) => {
    expect(changed(type, name, props).join("\n")).toMatch(expected);
  });
});

describe("the archive before Node goes", () => {
  let all: Declared[];
  beforeAll(async () => {
    all = await declare("decommission");
  });

  it.each([
    ["archive", "nothing archives its code"],
    ["archive-bundle", "nothing archives its code"],
    ["archive-bucket", "no bucket keeps its code"],
    ["archive-versioning", "archive-bucket has no BucketVersioning"],
    ["archive-lock", "archive-bucket has no BucketObjectLockConfiguration"],
    ["archive-private", "archive-bucket has no BucketPublicAccessBlock"],
  ])("is missed without %s", (left, expected) => {
    const rest = all.filter(({ name }) => !name.startsWith(left));
    expect(rest.length).toBeLessThan(all.length);
    expect(judge(rest)).toEqual([expect.stringMatching(new RegExp(`^node-until-decommission: .*${expected}`))]);
  });
});

function hosts(over: Record<string, unknown>) {
  const metric = {
    namespace: "AWS/ApplicationELB",
    metricName: "HealthyHostCount",
    dimensions: { LoadBalancer: "app/traffic/1", TargetGroup: "targetgroup/traffic-python-customer/1" },
    period: 60,
    stat: "Minimum",
  };
  return [{ id: "m", metric: { ...metric, ...over }, returnData: true }];
}

function weighted(node: number, python: number) {
  const targetGroups = [
    { arn: "node", weight: node },
    { arn: "python", weight: python },
  ];
  return [{ type: "forward", forward: { targetGroups, stickiness: { enabled: false, duration: 1 } } }];
}
