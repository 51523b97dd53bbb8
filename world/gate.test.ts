import type { AwsPlace } from "@cutover/domain/aws-place";
import { type Desired, decide, type Intent, type World } from "@cutover/domain/decide";
import type { LedgerEntry } from "@cutover/domain/evidence/ledger";
import { type PhaseName, phaseOf } from "@cutover/domain/phases";
import { describe, expect, it } from "vitest";
import { type FakeWorld, fakeClients, GOOD, MANIFEST, NOW } from "../cli/testkit";
import type { CutoverConfig } from "../config";
import { askGate, gatedStep, recordOf } from "./gate";

const AWS: AwsPlace = { region: "eu-central-1" };
const DIGEST = GOOD.applied.pythonDigest;
const applied = (phase: PhaseName) => ({ phase, pythonShare: phaseOf(phase).pythonShare, pythonDigest: DIGEST });

/** What the configuration asks for, decided as the program does. */
const wanted = (world: World, intent: Partial<Intent> & { phase: PhaseName }): Desired =>
  decide({ pythonDigest: DIGEST, ...intent }, world).desired;

describe("the step the gate is asked about", () => {
  const table: [string, World, Partial<Intent> & { phase: PhaseName }, [number, number] | undefined][] = [
    ["the first update", {}, { phase: "prepare" }, undefined],
    ["no change", { applied: applied("ramp-25") }, { phase: "ramp-25" }, undefined],
    ["the first share", { applied: applied("front-door") }, { phase: "parallel" }, [0, 10]],
    ["a rung up", { applied: applied("ramp-25") }, { phase: "ramp-50" }, [25, 50]],
    ["a rung down", { applied: applied("ramp-50") }, { phase: "ramp-25" }, undefined],
    [
      "a weight below the rung's that is given back",
      { applied: { ...applied("ramp-25"), pythonShare: 12 } },
      { phase: "ramp-25" },
      [12, 25],
    ],
    ["Node's removal", { applied: applied("full") }, { phase: "decommission" }, [100, 100]],
    [
      "a rung up while a rollback waits",
      { applied: applied("ramp-25"), killSwitch: "node", rollback: { id: "rb-0001", trigger: "x" } },
      { phase: "ramp-50" },
      undefined,
    ],
    [
      "a rung up while the switch is on Node",
      { applied: applied("ramp-25"), killSwitch: "node" },
      { phase: "ramp-50" },
      undefined,
    ],
    [
      "a rung up while messages are held",
      { applied: applied("ramp-25"), killSwitch: "hold" },
      { phase: "ramp-50" },
      undefined,
    ],
  ];
  it.each(table)("%s", (_, world, intent, shares) => {
    const step = gatedStep(wanted(world, intent), world);
    expect(step && [step.shareBefore, step.shareAfter]).toEqual(shares);
  });
});

/** Faultless messages, enough of them at the load balancer; the database is not there. */
const ENOUGH: Partial<FakeWorld> = {
  metrics: {
    ...GOOD.metrics,
    "RequestCount Sum py-c": 101,
    "RequestCount Sum no-c": 300,
    "TargetResponseTime SampleCount py-c": 101,
    "PythonRoutings Sum": 101,
  },
};
const override = { to: "ramp-50", name: "Mara", reason: "quiet week", expires: NOW + 3_600_000 } as const;
/** What the gate reads of the configuration. */
type Settings = Partial<Pick<CutoverConfig, "bakeHours" | "override" | "databasePreviewUrl" | "businessMetrics">>;

async function ask(world: Partial<FakeWorld>, to: PhaseName, settings: Settings = {}, digest = DIGEST) {
  const fake = { ...GOOD, ...world };
  const live: World = { applied: fake.applied, killSwitch: fake.switch };
  const intent: Intent = { phase: to, pythonDigest: digest };
  const config = { intent, expectedMessagesPerHour: 80, ...settings } as CutoverConfig;
  const step = gatedStep(wanted(live, intent), live);
  return askGate("prod", AWS, step, config, fakeClients(fake)());
}

describe("what an update leaves in the ledger", () => {
  const record = (live: World, intent: Partial<Intent> & { phase: PhaseName }, entry?: LedgerEntry) => {
    const config = { intent: { pythonDigest: DIGEST, ...intent } } as CutoverConfig;
    const gated = { refusals: [], warnings: [], notes: [], ...(entry ? { entry } : {}) };
    return recordOf(gated, wanted(live, intent), live, config).evidence;
  };
  const rolledBack: World = {
    applied: applied("ramp-50"),
    killSwitch: "node",
    rollback: { id: "rb-0001", trigger: "x" },
  };
  const OTHER = `sha256:${"b".repeat(64)}`;

  it("is the gated step's entry where there is one", () => {
    const entry = { at: "x" } as LedgerEntry;
    expect(record({ applied: applied("ramp-25") }, { phase: "ramp-50" }, entry)).toBe(entry);
  });

  it("is a release: nothing came to Python until then", () => {
    expect(record(rolledBack, { phase: "parallel", acknowledgeRollback: "rb-0001" })).toMatchObject({
      released: "rb-0001",
      from: "ramp-50",
      to: "parallel",
      shareBefore: 0,
      shareAfter: 10,
    });
  });

  it("is a new image that customers meet, accepted or not asked for", () => {
    const change = { phase: "ramp-25", pythonDigest: OTHER, acceptImage: OTHER } as const;
    expect(record({ applied: applied("ramp-25") }, change)).toMatchObject({ digest: OTHER, digestBefore: DIGEST });
  });

  it.each<[string, World, Partial<Intent> & { phase: PhaseName }]>([
    ["the first update", {}, { phase: "prepare" }],
    ["an update without a change", { applied: applied("ramp-25") }, { phase: "ramp-25" }],
    [
      "a release that was long ago",
      { applied: applied("ramp-25") },
      { phase: "ramp-25", acknowledgeRollback: "rb-0001" },
    ],
    ["an update while rolled back", rolledBack, { phase: "ramp-50", pythonDigest: OTHER, acceptImage: OTHER }],
    ["a new image without customers", { applied: applied("prepare") }, { phase: "front-door", pythonDigest: OTHER }],
  ])("is nothing for %s", (_, live, intent) => {
    expect(record(live, intent)).toBeUndefined();
  });
});

describe("asking the gate", () => {
  it("reads nothing where nothing rises, and says nothing", async () => {
    const unreachable = { ssm: { send: () => Promise.reject(new Error("called")) } } as never;
    const config = { intent: { phase: "ramp-25", pythonDigest: DIGEST } } as CutoverConfig;
    expect(await askGate("prod", AWS, undefined, config, unreachable)).toEqual({
      refusals: [],
      warnings: [],
      notes: [],
    });
  });

  it("never takes a CloudWatch that can't be read for a pass", async () => {
    const clients = fakeClients({ ...GOOD, ...ENOUGH })();
    const denied = Object.assign(new Error("no"), { name: "AccessDenied" });
    const cloudwatch = { send: () => Promise.reject(denied) } as never;
    const live: World = { applied: GOOD.applied };
    const intent = { phase: "ramp-50", pythonDigest: DIGEST } as const;
    const config = { intent, expectedMessagesPerHour: 80, override: { ...override } } as unknown as CutoverConfig;
    const gated = await askGate("prod", AWS, gatedStep(wanted(live, intent), live), config, { ...clients, cloudwatch });
    const reasons = gated.refusals.map(({ reason }) => reason);
    // The override puts the missing evidence aside, and nothing else.
    expect(reasons).toContainEqual(expect.stringMatching(/rollback alarms could not be read: AccessDenied/));
    expect(reasons).toContainEqual(expect.stringMatching(/not proved: .*AccessDenied/));
    expect(reasons).toContainEqual(expect.stringMatching(/could take over is not known: AccessDenied/));
    expect(gated.entry?.verdict?.outcome).toBe("NOT ENOUGH EVIDENCE");
  });

  it("counts messages with and without the header before the first share, and before Node goes", async () => {
    const nodeUnmatched = "arn:x:targetgroup/no-u/1";
    const groups = { ...MANIFEST, targetGroups: { ...MANIFEST.targetGroups, nodeUnmatched } };
    const parameters = { "/cutover/prod/manifest": JSON.stringify(groups) };
    const forgotten = { ...ENOUGH.metrics, "RequestCount Sum no-u": 2 };
    const first = { applied: applied("front-door"), weight: 0, parameters };
    const reasonsOf = async (world: Partial<FakeWorld>, to: PhaseName) =>
      (await ask({ ...ENOUGH, ...world }, to)).refusals.map(({ reason }) => reason).join("\n");
    expect(await reasonsOf({ ...first, metrics: forgotten }, "parallel")).toMatch(/Only 0 of 20 messages/);
    expect(await reasonsOf(first, "parallel")).not.toMatch(/of 20 messages/);
    const last = { applied: applied("full"), weight: 100, parameters };
    expect(await reasonsOf({ ...last, metrics: forgotten }, "decommission")).toMatch(
      /^Node is not removed: 2 messages/m,
    );
  });

  it("never takes a database that can't be read for a pass", async () => {
    const { refusals, notes, entry } = await ask(ENOUGH, "ramp-50");
    expect(refusals[0]?.reason).toMatch(/^NOT ENOUGH EVIDENCE to leave "ramp-25": processing: no data/);
    expect(refusals.at(-1)?.reason).toMatch(
      /^Whether all migrations are applied is not known: cutover:database.previewUrl/,
    );
    expect(notes[0]).toMatch(
      /^Gate from ramp-25 \(25 %\) to ramp-50 \(50 %\): closed; bar "ladder": NOT ENOUGH EVIDENCE/,
    );
    expect(notes).toContain("  errors: PASS, 0/101 failed; at 95 % below 3 %");
    expect(entry?.verdict?.outcome).toBe("NOT ENOUGH EVIDENCE");
  });

  it("judges a removal by its own bar", async () => {
    const removal = await ask({ ...ENOUGH, applied: applied("full"), weight: 100 }, "decommission");
    expect(removal.notes[0]).toContain('bar "final"');
  });

  const table: [string, Partial<FakeWorld>, Settings, RegExp][] = [
    ["bake time", { hours: 19 }, {}, /"ramp-25" is watched for 20 hours/],
    ["bake time of the configuration", {}, { bakeHours: 30 }, /"ramp-25" is watched for 30 hours/],
    ["a disproved share", { weight: 30 }, {}, /disproved: 30 % by the rule/],
    ["an alarm", { alarmStates: { "cutover-prod-errors": "ALARM" } }, {}, /cutover-prod-errors is in ALARM/],
    ["a small standby", { healthy: { python: 2, node: 3 } }, {}, /Node has 3 of 4 healthy tasks/],
    ["another step's override", {}, { override: { ...override, to: "full" } }, /is for the step to "full"/],
  ];
  it.each(table)("%s is a refusal", async (_, world, settings, reason) => {
    const { refusals } = await ask({ ...ENOUGH, ...world }, "ramp-50", settings);
    expect(refusals.map((refusal) => refusal.reason)).toContainEqual(expect.stringMatching(reason));
  });

  it("refuses a new image in a step up", async () => {
    const { refusals } = await ask(ENOUGH, "ramp-50", {}, `sha256:${"b".repeat(64)}`);
    expect(refusals[0]?.reason).toMatch(/the step would bring a new image/);
  });

  it("takes an override for judgement and never for safety, and records it", async () => {
    const { refusals, warnings, notes, entry } = await ask({ ...ENOUGH, hours: 19 }, "ramp-50", { override });
    expect(refusals.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^Whether all migrations/)]);
    expect(warnings.join()).toContain("Overridden by Mara (quiet week)");
    expect(entry?.override).toMatchObject({
      name: "Mara",
      aside: [expect.stringContaining("20 hours"), expect.any(String)],
    });
    expect(notes[0]).toContain("by an override");
  });

  it("asks for the business metrics of the configuration", async () => {
    const businessMetrics = [{ name: "qualification", sql: "SELECT engine, hits, n FROM qualification($1, $2)" }];
    const { notes } = await ask(ENOUGH, "ramp-50", { businessMetrics });
    expect(notes).toContainEqual(expect.stringMatching(/^ {2}qualification \(watched\): NOT ENOUGH EVIDENCE/));
  });

  it("asks for no evidence before the first share", async () => {
    const metrics = { ...GOOD.metrics, "RequestCount Sum py-c": 0 };
    const { refusals, notes, entry } = await ask({ applied: applied("front-door"), weight: 0, metrics }, "parallel");
    expect(refusals.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^Whether all migrations/)]);
    expect(notes[0]).toContain("the first share asks for no evidence");
    expect(entry).not.toHaveProperty("verdict");
  });
});
