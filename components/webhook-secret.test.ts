import { decide, type World } from "@cutover/domain/decide";
import { type PhaseName, phaseOf } from "@cutover/domain/phases";
import { webhookSecretConfig } from "@cutover/domain/secret-rotation";
import { describe, expect, it } from "vitest";
import type { CutoverConfig } from "../config";
import { find, type Registered, registrations } from "../tests/support/mocks";
import { Cutover } from "./cutover";

const DIGEST = `sha256:${"a".repeat(64)}`;
const app = { image: `app@${DIGEST}`, port: 8080, healthPath: "/healthz", cpu: 512, memory: 1024, tasks: 2 };

const config = (phase: PhaseName, more: Partial<CutoverConfig>): CutoverConfig => ({
  intent: { phase, pythonDigest: DIGEST },
  domain: "messages.example.com",
  hostedZoneId: "Z1",
  python: app,
  node: { ...app, hardened: false, repository: "../node" },
  ghl: {
    token: "token",
    locationId: "location-1",
    mode: "custom-value",
    webhookValue: "Cutover Webhook URL",
    secretValue: "Cutover Webhook Secret",
  },
  webhookSecret: webhookSecretConfig(),
  environment: {
    OPENAI_API_KEY: "x",
    SUPABASE_URL: "https://x.supabase.co",
    SUPABASE_ANON_KEY: "x",
    GHL_API_TOKEN: "x",
    GHL_LOCATION_ID: "location-1",
    GHL_CALENDAR_ID: "calendar-1",
    GHL_ASSIGNED_USER_ID: "user-1",
  },
  database: { url: "postgresql://u:planted-secret-value@h/d" },
  network: { cidr: "10.42.0.0/16", natGateways: 1 },
  expectedMessagesPerHour: 60,
  onCall: [],
  stakeholders: { development: [], support: [], sales: [], management: [] },
  loseTraffic: false,
  ...more,
});

const applied = (phase: PhaseName): World => ({
  applied: { phase, pythonShare: phaseOf(phase).pythonShare, pythonDigest: DIGEST },
});

interface Options {
  readonly from?: PhaseName;
  readonly more?: Partial<CutoverConfig>;
  readonly during?: (name: string) => Promise<void>;
}

const declared = new Map<string, Promise<Registered[]>>();

/** What the stack declares; remembered where nothing waits inside, because it takes a second. */
function declare(phase: PhaseName, options: Options = {}): Promise<Registered[]> {
  if (options.during) return declareNow(phase, options);
  const key = JSON.stringify([phase, options]);
  const known = declared.get(key) ?? declareNow(phase, options);
  declared.set(key, known);
  return known;
}

function declareNow(phase: PhaseName, { from = phase, more = {}, during }: Options): Promise<Registered[]> {
  const settings = config(phase, more);
  const { desired } = decide(settings.intent, applied(from));
  const make = () =>
    new Cutover("cutover", { config: settings, desired, stack: "test", aws: { region: "eu-central-1" } });
  return registrations(() => void make(), false, during);
}

const rotation = (generation: number, retired = 0) => ({ webhookSecret: webhookSecretConfig(generation, retired) });

/** What everybody who must agree on the secret gets. */
async function agreed(more: Partial<CutoverConfig>, phase: PhaseName = "parallel") {
  const all = await declare(phase, { more });
  const conditions = find(all, ":ListenerRule", "traffic-split").conditions as {
    httpHeader?: { values: string[] };
  }[];
  const { WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS } = JSON.parse(
    String(find(all, ":SecretVersion", "secrets-python").secretString),
  );
  return {
    rule: conditions.find((condition) => condition.httpHeader)?.httpHeader?.values,
    python: [WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS],
    ghl: find(all, ":GhlValue", "webhook-secret").value,
    inUse: JSON.parse(String(find(all, ":Parameter", "webhook-secret-generation").value)),
    random: all.filter((r) => r.type.endsWith(":RandomBytes") && r.name.includes("webhook-secret")).map((r) => r.name),
  };
}

const content = (secret: Registered): Record<string, unknown> => JSON.parse(String(secret.inputs.secretString));

const FIRST = "hex-of-secrets-webhook-secret";
const SECOND = "hex-of-secrets-webhook-secret-2";
const THIRD = "hex-of-secrets-webhook-secret-3";

describe("the webhook secret", () => {
  it("is one value for rule, Python and GoHighLevel", async () => {
    expect(await agreed({})).toEqual({
      rule: [FIRST],
      python: [FIRST, undefined],
      ghl: FIRST,
      inUse: { generation: 1 },
      random: ["secrets-webhook-secret"],
    });
  });

  it("is written over a person's edit where the configuration allows that edit, as the URL is", async () => {
    const ghl = { ...config("parallel", {}).ghl, overwrite: "0123456789ab" };
    const all = await declare("parallel", { more: { ghl } });
    for (const name of ["webhook-secret", "webhook-url"]) {
      expect(find(all, ":GhlValue", name)).toMatchObject({ overwrite: "0123456789ab" });
    }
  });

  it("has two values in the first step of a rotation: both accepted, the new one sent", async () => {
    expect(await agreed(rotation(2))).toEqual({
      rule: [SECOND, FIRST],
      python: [SECOND, FIRST],
      ghl: SECOND,
      inUse: { generation: 2 },
      random: ["secrets-webhook-secret-2", "secrets-webhook-secret"],
    });
  });

  it("has one again in the second step, and the value is the same as before it", async () => {
    expect(await agreed(rotation(2, 1))).toMatchObject({ rule: [SECOND], python: [SECOND, undefined], ghl: SECOND });
    expect(await agreed(rotation(3, 1))).toMatchObject({ rule: [THIRD, SECOND], ghl: THIRD });
  });

  it("rotates as well once Node is removed", async () => {
    expect(await agreed(rotation(2), "decommission")).toMatchObject({ rule: [SECOND, FIRST], python: [SECOND, FIRST] });
  });

  it("reaches Python's container under both names, by version", async () => {
    const all = await declare("parallel", { more: rotation(2) });
    const [container] = JSON.parse(String(find(all, ":TaskDefinition", "python-task").containerDefinitions));
    const names = container.secrets.map((s: { name: string }) => s.name);
    expect(names).toEqual(expect.arrayContaining(["WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS"]));
  });

  it("is probed with the one that tasks before and after each step take", async () => {
    const probed = async (more: Partial<CutoverConfig>) => {
      const all = await declare("parallel", { more });
      const [holder] = all.filter((r) => r.type.endsWith(":SecretVersion") && "webhookSecret" in content(r));
      return holder && content(holder).webhookSecret;
    };
    expect([await probed({}), await probed(rotation(2)), await probed(rotation(2, 1))]).toEqual([FIRST, FIRST, SECOND]);
  });

  it("is shown nowhere", async () => {
    const all = await declare("parallel", { more: rotation(2) });
    expect(all.filter((r) => r.visible.includes(FIRST) || r.visible.includes(SECOND)).map((r) => r.name)).toEqual([]);
  });
});

/** Which of `names` had not come yet when `held` had waited long enough for everything that does not depend on it. */
async function waitsFor(held: RegExp, names: readonly string[], phase: PhaseName, options: Options = {}) {
  const started: string[] = [];
  let before: string[] = [];
  const all = await declare(phase, {
    ...options,
    during: async (name) => {
      started.push(name);
      if (!held.test(name)) return;
      for (let seen = -1; seen !== started.length; ) {
        seen = started.length;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      before = [...started];
    },
  });
  expect(all.map((r) => r.name)).toEqual(expect.arrayContaining([...names]));
  return names.filter((name) => !before.includes(name));
}

describe("in an update", () => {
  const GHL = ["webhook-secret", "webhook-url", "webhook-secret-generation"];

  it.each([/^python$/, /^traffic-split$/])("GoHighLevel gets a new secret only after %s accepts it", async (held) => {
    expect(await waitsFor(held, GHL, "parallel", { more: rotation(2) })).toEqual(GHL);
  });

  it("the fence against a lossy rotation stands before rule, Python and GoHighLevel", async () => {
    const names = ["secrets-webhook-secret-2", "traffic-split", "python-task", "webhook-secret"];
    expect(await waitsFor(/^secrets-rotation$/, names, "parallel", { more: rotation(2) })).toEqual(names);
  });

  it("which generation GoHighLevel has is written after it has it", async () => {
    expect(await waitsFor(/^webhook-secret$/, ["webhook-secret-generation"], "parallel")).toHaveLength(1);
  });

  it("the quiet stands between the URL and all that a late message needs, so that a destroy waits for it", async () => {
    expect(await waitsFor(/^webhook-quiet$/, ["webhook-url"], "parallel")).toHaveLength(1);
    expect(await waitsFor(/^webhook-secret$/, ["webhook-quiet"], "parallel")).toHaveLength(1);
    expect(await waitsFor(/^traffic-split$/, ["webhook-quiet"], "parallel")).toHaveLength(1);
  });

  it("no message waits for a broken Python while it gets none", async () => {
    expect(await waitsFor(/^python(-capacity)?$/, GHL, "node-only", { from: "parallel" })).toEqual([]);
    expect(await waitsFor(/^python(-capacity)?$/, GHL, "front-door")).toEqual([]);
  });
});

describe("the proof of the header by real messages", () => {
  it("stands before a share that rises from 0, and says where the header's value is", async () => {
    expect(await waitsFor(/^secret-proof$/, ["traffic-split"], "parallel", { from: "front-door" })).toHaveLength(1);
    const proof = find(await declare("parallel", { from: "front-door" }), ":SecretProof", "secret-proof");
    expect(proof).toMatchObject({
      share: 10,
      rising: true,
      rolledBack: false,
      headerFrom: 'the custom value "Cutover Webhook Secret"',
      matchedArns: ["arn:mock:TargetGroup/traffic-node-customer", "arn:mock:TargetGroup/traffic-python-customer"],
      unmatchedArn: "arn:mock:TargetGroup/traffic-node-unmatched",
    });
  });

  it("stands in no way down", async () => {
    expect(await waitsFor(/^secret-proof$/, ["traffic-split"], "node-only", { from: "parallel" })).toEqual([]);
    expect(find(await declare("full"), ":SecretProof", "secret-proof")).toMatchObject({ rising: false });
  });

  it("goes with Node", async () => {
    expect((await declare("decommission")).filter((r) => r.type.endsWith(":SecretProof"))).toEqual([]);
  });
});

describe("the custom values", () => {
  it("are found by exact name, or by id where names are not unique", async () => {
    const { ghl } = config("parallel", {});
    const all = await declare("front-door", { more: { ghl: { ...ghl, webhookValue: "id:abc123" } } });
    expect(find(all, ":GhlValue", "webhook-url").match).toEqual({ id: "abc123" });
    expect(find(all, ":GhlValue", "webhook-secret").match).toEqual({ name: "Cutover Webhook Secret" });
  });
});

describe("a step that a person edits", () => {
  const manual = { ghl: { ...config("parallel", {}).ghl, mode: "manual" as const, token: "", locationId: "" } };
  const byHand = async (phase: PhaseName, more: Partial<CutoverConfig> = {}) =>
    find(await declare(phase, { more: { ...manual, ...more } }), ":WebhookByHand", "webhook-by-hand");

  it("is proved behind everything that must accept its messages; nothing is written into GoHighLevel", async () => {
    const all = await declare("front-door", { more: manual });
    expect(all.filter((r) => r.type.endsWith(":GhlValue"))).toEqual([]);
    expect(await byHand("front-door")).toMatchObject({
      target: "front-door",
      url: "https://messages.example.com/webhooks/ghl",
      headerFrom: "the value WEBHOOK_SECRET of the Secrets Manager secret cutover/test/python",
      accepted: [1],
      messages: 3,
      loadBalancerArn: "arn:mock:LoadBalancer/traffic",
    });
    const names = ["webhook-by-hand", "webhook-secret-generation"];
    expect(await waitsFor(/^front-door-proof$/, names, "front-door", { more: manual })).toEqual(names);
    expect(await waitsFor(/^python$/, names, "parallel", { more: { ...manual, ...rotation(2) } })).toEqual(names);
  });

  it("stays as it is before the front door, and goes back by hand", async () => {
    expect(await byHand("prepare")).toMatchObject({ target: "as-found" });
    expect(await byHand("node-only")).toMatchObject({
      target: "node",
      url: "https://messages.example.com/webhooks/ghl?backend=node",
    });
  });
});
