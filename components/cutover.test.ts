import { decide, type World } from "@cutover/domain/decide";
import { ladder, type PhaseName, phaseOf, phases } from "@cutover/domain/phases";
import { describe, expect, it } from "vitest";
import type { CutoverConfig } from "../config";
import { find, type Registered, registrations } from "../tests/support/mocks";
import { Cutover } from "./cutover";
import { TAGGED } from "./tags";

const DIGEST = `sha256:${"a".repeat(64)}`;
const app = { image: `app@${DIGEST}`, port: 8080, healthPath: "/healthz", cpu: 512, memory: 1024, tasks: 4 };
const PLANTED = "planted-secret-value";

const config = (phase: PhaseName, more: Partial<CutoverConfig> = {}): CutoverConfig => ({
  intent: { phase, pythonDigest: DIGEST },
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
  database: { url: PLANTED },
  network: { cidr: "10.42.0.0/16", natGateways: 1 },
  webhookSecret: { generation: 1, retired: 0 },
  expectedMessagesPerHour: 600,
  onCall: [],
  stakeholders: { development: [], support: [], sales: [], management: [] },
  loseTraffic: false,
  ...more,
});

const declared = new Map<PhaseName, Promise<Registered[]>>();

/** What the stack declares in a phase; remembered where nothing else is asked for, because it takes a second. */
function declare(phase: PhaseName, world?: World, more?: Partial<CutoverConfig>): Promise<Registered[]> {
  if (world || more) return declareNow(phase, world ?? {}, more ?? {});
  const known = declared.get(phase) ?? declareNow(phase, {}, {});
  declared.set(phase, known);
  return known;
}

function declareNow(phase: PhaseName, world: World, more: Partial<CutoverConfig>): Promise<Registered[]> {
  const settings = config(phase, more);
  const { desired } = decide(settings.intent, world);
  return registrations(() => {
    new Cutover("cutover", { config: settings, desired, stack: "test", aws: { region: "eu-central-1" } });
  });
}

const names = (all: Registered[]) => all.map((r) => `${r.type} ${r.name}`).sort();
const ghl = (all: Registered[]) => all.filter((r) => r.type.endsWith(":GhlValue"));
const webhookUrl = (all: Registered[]) => find(all, ":GhlValue", "webhook-url");
const weightsOf = (all: Registered[]) => {
  const [action] = find(all, ":ListenerRule", "traffic-split").actions as {
    forward: { targetGroups: { weight: number }[] };
  }[];
  return action?.forward.targetGroups.map((g) => g.weight);
};

describe("the evidence's record", () => {
  it("knows the people's topic, which hears of an override, and what may be released", async () => {
    const intent = { phase: "parallel", pythonDigest: DIGEST, acknowledgeRollback: "rb-0001" } as const;
    expect(find(await declare("parallel", undefined, { intent }), ":EvidenceRecord", "evidence")).toMatchObject({
      phase: "parallel",
      share: 10,
      digest: DIGEST,
      release: "rb-0001",
      peopleTopicArn: "arn:mock:Topic/rollback-people",
    });
  });
});

describe("notices with a date", () => {
  it("are declared and recorded, and nothing of both is there without one", async () => {
    const settings = config("parallel");
    const { desired } = decide(settings.intent, {});
    const notices = { startsAt: "2026-12-10T08:00:00Z", dates: { progress: "2026-12-10T16:00:00Z" } };
    const aws = { region: "eu-central-1" };
    const all = await registrations(() => {
      new Cutover("cutover", { config: settings, desired, stack: "test", aws, notices });
    });
    const plain = names(await declare("parallel"));
    expect(names(all).filter((name) => !plain.includes(name))).toEqual([
      "aws:iam/role:Role notices-role",
      "aws:iam/rolePolicy:RolePolicy notices-role",
      "aws:scheduler/schedule:Schedule notices-progress",
    ]);
    expect(find(all, ":Schedule", "notices-progress").target).toMatchObject({
      arn: "arn:mock:Function/rollback-function",
    });
    const applied = all.find(({ name }) => name === "applied");
    expect(JSON.parse(String(applied?.inputs.value))).toMatchObject({ phase: "parallel", notices });
    expect(applied?.waitsFor).toContain("notices-progress");
    expect(plain.filter((name) => name.includes("notices"))).toEqual([]);
  });
});

describe("affinity", () => {
  it("is recorded, its rule named in the manifest; without it nothing of both is there", async () => {
    const text = (all: Registered[], name: string) => String(find(all, ":Parameter", name).value);
    const intent = { phase: "ramp-25", pythonDigest: DIGEST, affinity: "contact" } as const;
    const [byContact, plain] = [await declare("ramp-25", undefined, { intent }), await declare("ramp-25")];
    expect(JSON.parse(text(byContact, "applied"))).toMatchObject({ pythonShare: 25, affinity: "contact" });
    expect(JSON.parse(text(byContact, "manifest"))).toMatchObject({
      contactRuleArn: "arn:mock:ListenerRule/traffic-split-contact",
    });
    expect(weightsOf(byContact)).toEqual([100, 0]);
    expect(names(byContact).filter((name) => !names(plain).includes(name))).toEqual([
      "aws:lb/listenerRule:ListenerRule traffic-split-contact",
    ]);
    expect(text(plain, "applied") + text(plain, "manifest")).not.toMatch(/contactRule|affinity/);
  });
});

describe("the manifest", () => {
  it("names GoHighLevel's value, and Node's URL without its query string", async () => {
    const node = { ...config("parallel").node, url: `https://node.example.com/hook?key=${PLANTED}` };
    const text = String(find(await declare("parallel", undefined, { node }), ":Parameter", "manifest").value);
    expect(JSON.parse(text)).toMatchObject({
      ghl: {
        locationId: "location-1",
        match: { name: "Cutover Webhook URL" },
        nodeUrl: "https://node.example.com/hook?…",
      },
    });
    expect(text).not.toContain(PLANTED);
  });

  it("says that nobody can read where a step leads that is edited by hand", async () => {
    const ghl = { ...config("parallel").ghl, mode: "manual" } as const;
    const text = String(find(await declare("parallel", undefined, { ghl }), ":Parameter", "manifest").value);
    expect(JSON.parse(text)).toMatchObject({ ghl: { manual: true } });
  });
});

describe("names", () => {
  it("are frozen: a renamed resource is a deleted and a created one, in production", async () => {
    expect(names(await declare("parallel"))).toMatchSnapshot();
  });

  it("are the same in every phase in which Node lives and the webhook is ours", async () => {
    const parallel = names(await declare("parallel"));
    for (const phase of ["front-door", "ramp-25", "ramp-90", "full"] as const) {
      expect(names(await declare(phase))).toEqual(parallel);
    }
  });
});

describe("the rehearsal", () => {
  /** What the engine and the functions get in a rehearsal and nowhere else (rehearsal/engine/environment.ts). */
  const REHEARSED = {
    CUTOVER_CLOCK: "1790000000000,60",
    CUTOVER_CONNECT_TO: "messages.example.com:443:127.0.0.1:8443",
    AWS_ENDPOINT_URL: "http://127.0.0.1:4566",
    NODE_EXTRA_CA_CERTS: "/nowhere/ca.pem",
  };

  it.each(["prepare", "parallel", "decommission"] as const)(
    "%s: definitions are those of AWS, byte for byte",
    async (phase) => {
      const deployed = (all: Registered[]) =>
        all.map(({ type, name, inputs }) => `${type} ${name} ${JSON.stringify(inputs)}`).sort();
      const onAws = deployed(await declare(phase));
      const before = { ...process.env };
      Object.assign(process.env, REHEARSED);
      try {
        expect(deployed(await declareNow(phase, {}, {}))).toEqual(onAws);
      } finally {
        process.env = before;
      }
      expect(onAws.length).toBeGreaterThan(100);
    },
  );
});

describe("the weighted rule", () => {
  const alarmsIn = (all: Registered[]) =>
    all.filter(({ type }) => /:(MetricAlarm|CompositeAlarm|LogMetricFilter)$/.test(type)).map(({ name }) => name);
  const splitIn = (all: Registered[]) => all.find(({ name }) => name === "traffic-split")?.waitsFor ?? [];
  const world = (phase: PhaseName): World => ({
    applied: { phase, pythonShare: phaseOf(phase).pythonShare, pythonDigest: DIGEST },
  });

  it.each([
    ["parallel", "front-door"],
    ["ramp-50", "ramp-25"],
    ["full", "ramp-90"],
  ] as const)("rises to %s only when every alarm, composite and filter is sized for it", async (phase, from) => {
    const all = await declare(phase, world(from));
    const alarms = alarmsIn(all);
    expect(alarms.length).toBeGreaterThan(25);
    expect(alarms).toContain("alarms-rollback-hard");
    expect(alarms.filter((name) => !splitIn(all).includes(name))).toEqual([]);
  });

  it.each([
    ["parallel", "ramp-25"],
    ["node-only", "full"],
  ] as const)("falls to %s without waiting for any of them", async (phase, from) => {
    const all = await declare(phase, world(from));
    expect(weightsOf(all)?.[1]).toBeLessThan(phaseOf(from).pythonShare);
    expect(splitIn(all).length).toBeGreaterThan(0);
    expect(splitIn(all).filter((name) => alarmsIn(all).includes(name))).toEqual([]);
  });
});

describe("tags", () => {
  it("name the stack on everything that AWS lets carry them", async () => {
    const all = [...(await declare("parallel")), ...(await declare("decommission"))];
    const aws = all.filter((r) => r.type.startsWith("aws:"));
    // What the provider knows no tags for, or what goes with the thing it belongs to (a scaling target, say).
    const without = new Set(aws.filter((r) => !TAGGED.has(r.type)).map((r) => r.type));
    expect([...without].sort()).toMatchSnapshot();
    for (const r of aws.filter(({ type }) => TAGGED.has(type))) {
      expect(r.inputs.tags, r.name).toMatchObject({ "cutover:stack": "test" });
    }
  });
});

describe("each phase", () => {
  it.each(phases.filter((p) => p.node !== "removed").map((p) => [p.name, p.pythonShare] as const))(
    "%s sends Python %i percent and Node the rest",
    async (phase, share) => {
      expect(weightsOf(await declare(phase))).toEqual([100 - share, share]);
    },
  );

  it.each(ladder.map((p) => p.name))("%s records itself last", async (phase) => {
    const value = JSON.parse(String(find(await declare(phase), ":Parameter", "applied").value));
    expect(value).toEqual({ phase, pythonShare: phaseOf(phase).pythonShare, pythonDigest: DIGEST });
  });

  it("prepare writes nothing into GoHighLevel", async () => {
    const values = ghl(await declare("prepare"));
    expect(values.map((v) => v.inputs.mode)).toEqual(["as-found"]);
  });

  it("front-door sets URL and secret, after the front-door proof", async () => {
    const all = await declare("front-door");
    expect(webhookUrl(all)).toMatchObject({
      mode: "set",
      value: "https://messages.example.com/webhooks/ghl",
      onDestroy: "restore",
    });
    expect(find(all, ":GhlValue", "webhook-secret")).toMatchObject({ mode: "set", secret: true, onDestroy: "delete" });
    expect(find(all, ":FrontDoorProof", "front-door-proof")).toMatchObject({ probes: 20, path: "/healthz" });
  });

  it("node-only sends the webhook to Node's own URL", async () => {
    expect(webhookUrl(await declare("node-only")).value).toBe("https://node.example.com/webhooks/ghl");
  });

  it("node-only pins the front door to Node where Node has no URL of its own", async () => {
    const { url: _, ...node } = config("node-only").node;
    expect(webhookUrl(await declare("node-only", {}, { node })).value).toBe(
      "https://messages.example.com/webhooks/ghl?backend=node",
    );
  });

  it("full keeps Node at its peak while Python carries everything", async () => {
    const all = await declare("full");
    expect(find(all, ":Target", "node-capacity").minCapacity).toBe(4);
    expect(find(all, ":CapacityProof", "python-capacity").minimum).toBe(4);
    expect(find(all, ":CapacityProof", "node-capacity").minimum).toBe(4);
  });

  it("full, rolled back: no share for Python, and as many tasks as before", async () => {
    const all = await declare("full", { killSwitch: "node" });
    expect(weightsOf(all)).toEqual([100, 0]);
    expect(find(all, ":Target", "python-capacity").minCapacity).toBe(4);
  });

  it("decommission archives Node, and nothing of Node is left to run", async () => {
    const all = await declare("decommission");
    expect(names(all).filter((n) => /\bnode\b/.test(n))).toEqual([]);
    expect(find(all, ":Command", "archive-bundle").create).toContain("archive-node");
    expect(weightsOf(all)).toEqual([100]);
    expect(webhookUrl(all).decommissioned).toBe(true);
  });
});

describe("contract migrations, which take away what Node needs", () => {
  const mayRun = (all: Registered[]) => find(all, ":SupabaseMigrations", "migrations-supabase").phaseAllowsContract;
  const at = (phase: PhaseName): World => ({ applied: { phase, pythonShare: 100, pythonDigest: DIGEST } });

  it("are held back in the update that removes Node, which it does last, and allowed in the next one", async () => {
    const removing = await declare("decommission", at("full"));
    // What is no longer declared the engine removes at the very end, after all migrations: so not in this update.
    expect(names(removing).filter((n) => /\bnode\b/.test(n))).toEqual([]);
    expect(mayRun(removing)).toBe(false);
    expect(mayRun(await declare("decommission", at("decommission")))).toBe(true);
  });

  it.each(phases.map(({ name }) => name).filter((name) => name !== "decommission"))("never in %s", async (phase) => {
    expect(mayRun(await declare(phase, at(phase)))).toBe(false);
  });
});

describe("a shared outage", () => {
  const outageAlarms = (all: Registered[]) => {
    const { variables } = find(all, ":Function", "rollback-function").environment as {
      variables: { CUTOVER_FUNCTION: string };
    };
    return (JSON.parse(variables.CUTOVER_FUNCTION) as { outageAlarms: unknown }).outageAlarms;
  };

  it("is known to the rollback function by an alarm over Node's numbers, which exists", async () => {
    const all = await declare("parallel");
    expect(outageAlarms(all)).toEqual(["cutover-test-node-errors"]);
    expect(find(all, ":MetricAlarm", "alarms-node-errors").name).toBe("cutover-test-node-errors");
  });

  it("can't be told once Node is removed", async () => {
    expect(outageAlarms(await declare("decommission"))).toEqual([]);
  });
});

describe("a capacity proof", () => {
  const demanded = async (applied: PhaseName, phase: PhaseName) => {
    const share = phaseOf(applied).pythonShare;
    const world = { applied: { phase: applied, pythonShare: share, pythonDigest: DIGEST } };
    return find(await declare(phase, world), ":CapacityProof", "python-capacity").demanded;
  };

  it("of Python is demanded on the way up, not on the way down", async () => {
    expect(await demanded("parallel", "ramp-25")).toBe(true);
    expect(await demanded("ramp-25", "node-only")).toBe(false);
  });
});

describe("rolled back", () => {
  it("sends Python nothing and the webhook to Node, whatever the phase says", async () => {
    const all = await declare("ramp-50", { killSwitch: "node" });
    expect(weightsOf(all)).toEqual([100, 0]);
    expect(webhookUrl(all).value).toBe("https://node.example.com/webhooks/ghl");
  });
});

describe("Node's own URL in GoHighLevel", () => {
  it("is a person's move, which an update must not undo, except while rolled back", async () => {
    expect(webhookUrl(await declare("parallel")).alsoOurs).toEqual([]);
    expect(webhookUrl(await declare("parallel", { killSwitch: "node" })).alsoOurs).toEqual([
      "https://node.example.com/webhooks/ghl",
    ]);
  });
});

describe("secrets", () => {
  it("go to Secrets Manager alone, and nowhere in plain text", async () => {
    const all = await declare("parallel");
    const holders = all.filter((r) => JSON.stringify(r.inputs).includes(PLANTED));
    expect(holders.map((r) => r.name).sort()).toEqual(["rollback-secret", "secrets-environment"]);
    expect(all.filter((r) => r.visible.includes(PLANTED))).toEqual([]);
  });

  it("reach a container by reference to one version, so that a rotation is a visible change", async () => {
    const all = await declare("parallel");
    const [container] = JSON.parse(String(find(all, ":TaskDefinition", "python-task").containerDefinitions));
    expect(container.secrets).toContainEqual({
      name: "WEBHOOK_SECRET",
      valueFrom: "arn:mock:Secret/secrets-python:WEBHOOK_SECRET::version-of-secrets-python",
    });
    expect(container.environment).toEqual([]);
  });

  it("Node gets the seven shared variables and no more", async () => {
    const [container] = JSON.parse(
      String(find(await declare("parallel"), ":TaskDefinition", "node-task").containerDefinitions),
    );
    expect(container.secrets.map((s: { name: string }) => s.name)).toEqual(
      Object.keys(config("parallel").environment).sort(),
    );
  });
});

describe("hardening", () => {
  it("is Python's always and Node's only when asked for: the standby must be what worked yesterday", async () => {
    const readOnly = async (engine: string, more: Partial<CutoverConfig> = {}) =>
      JSON.parse(
        String(find(await declare("parallel", {}, more), ":TaskDefinition", `${engine}-task`).containerDefinitions),
      )[0].readonlyRootFilesystem;
    expect(await readOnly("python")).toBe(true);
    expect(await readOnly("node")).toBeUndefined();
    expect(await readOnly("node", { node: { ...config("parallel").node, hardened: true } })).toBe(true);
  });
});
