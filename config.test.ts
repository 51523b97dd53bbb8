import { readFileSync } from "node:fs";
import { phases } from "@cutover/domain/phases";
import { describe, expect, it } from "vitest";
import { ConfigError, parseConfig, READER_ROLE, SHARED_VARIABLES } from "./config";

const IMAGE = `registry.example.com/app@sha256:${"a".repeat(64)}`;
const TOKEN = "pit-planted-secret-0001";
const DATABASE_URL = "postgresql://postgres:planted-password@db.example.com:5432/postgres";
const READER_URL = "postgresql://cutover_preview:planted-password@db.example.com:5432/postgres";
const DATABASES = { url: DATABASE_URL, previewUrl: READER_URL };

function values(changes: Record<string, unknown> = {}): Record<string, string> {
  const good: Record<string, unknown> = {
    "cutover:phase": "parallel",
    "cutover:domain": "messages.example.com",
    "cutover:hostedZoneId": "Z0123456789ABCDEFGHIJ",
    "cutover:python": { image: IMAGE },
    "cutover:node": { image: IMAGE, tasks: 4 },
    "cutover:ghl": { token: TOKEN, locationId: "ve9EPM428h8vShlRW1KT" },
    "cutover:database": DATABASES,
    "cutover:environment": Object.fromEntries(SHARED_VARIABLES.map((name) => [name, `planted-${name}`])),
    "aws:region": "eu-central-1",
  };
  const merged = { ...good, ...changes };
  return Object.fromEntries(
    Object.entries(merged)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

const encrypted = (key: string) => ["cutover:ghl", "cutover:database", "cutover:environment"].includes(key);
const parse = (changes: Record<string, unknown> = {}, isSecret = encrypted) =>
  parseConfig({ values: values(changes), isSecret }, "prod");

function problems(changes: Record<string, unknown>, isSecret = encrypted) {
  try {
    parse(changes, isSecret);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const OVERRIDE = { to: "ramp-25", name: "Ada", reason: "quiet weekend", expires: "2026-11-25T18:00:00Z" };

const QUALIFICATION = {
  name: "qualification",
  sql: "SELECT engine, count(*) FILTER (WHERE lead_qualified) AS hits, count(*) AS n\nFROM langgraph_ops.messages\nWHERE created_at >= $1 AND created_at < $2 GROUP BY engine",
};

describe("a good configuration", () => {
  it("is read with its defaults", () => {
    const config = parse();
    expect(config.intent).toEqual({ phase: "parallel", pythonDigest: `sha256:${"a".repeat(64)}` });
    expect(config.node).toMatchObject({ port: 8080, healthPath: "/healthz", cpu: 512, memory: 1024, tasks: 4 });
    expect(config.python.tasks).toBe(2);
    expect(config.ghl).toMatchObject({ mode: "custom-value", webhookValue: "Cutover Webhook URL" });
    expect(config.network).toEqual({ cidr: "10.42.0.0/16", natGateways: 1 });
    expect([config.expectedMessagesPerHour, config.onCall]).toEqual([60, []]);
  });

  it("asks for the migrations' plan as the reader where there is one, and knows the database's region", () => {
    const asked = (more: object, phase = "prepare") =>
      parse({ "cutover:phase": phase, "cutover:database": { url: DATABASE_URL, ...more } }).database;
    expect(asked({})).toEqual({ url: DATABASE_URL });
    expect(asked({ previewUrl: READER_URL, region: "ap-southeast-2" })).toEqual({
      url: READER_URL,
      region: "ap-southeast-2",
    });
  });

  it("deals by contact where it says so", () => {
    expect(parse({ "cutover:affinity": "contact" }).intent.affinity).toBe("contact");
    expect(problems({ "cutover:affinity": "sticky" })).toEqual([
      {
        key: "cutover:affinity",
        message: 'found "sticky", expected one of none, contact',
        fix: "pulumi config set cutover:affinity none",
      },
    ]);
  });

  it("takes a watch that is shorter than the plan's only in a rehearsal", () => {
    expect(parse({ "cutover:bakeHours": "30" }).bakeHours).toBe(30);
    const source = { values: values({ "cutover:bakeHours": "0" }), isSecret: encrypted };
    expect(parseConfig({ ...source, rehearsed: true }, "prod").bakeHours).toBe(0);
  });

  it("names the one migration that may run late, as text or not", () => {
    const late = (allowOutOfOrder: unknown) =>
      parse({ "cutover:database": { ...DATABASES, allowOutOfOrder } }).allowOutOfOrder;
    expect([late(20261122090000), late("20261122090000"), late(undefined)]).toEqual([
      "20261122090000",
      "20261122090000",
      undefined,
    ]);
  });

  it("takes numbers and booleans as Pulumi stores them, as text or not", () => {
    const config = parse({
      "cutover:node": { image: IMAGE, tasks: "7", hardened: "true" },
      "cutover:pythonWeight": "5",
    });
    expect([config.node.tasks, config.node.hardened, config.intent.pythonWeight]).toEqual([7, true, 5]);
  });

  it("accepts the newest two webhook secrets until one is retired", () => {
    const read = (webhookSecret?: object) => parse({ "cutover:webhookSecret": webhookSecret }).webhookSecret;
    expect(read()).toEqual({ generation: 1, retired: 0 });
    expect(read({ generation: "2" })).toEqual({ generation: 2, retired: 0 });
    expect(read({ generation: 3, retired: 2 })).toEqual({ generation: 3, retired: 2 });
    const [problem] = problems({ "cutover:webhookSecret": { generation: 2, retired: 2 } });
    expect(problem).toMatchObject({
      key: "cutover:webhookSecret.retired",
      fix: "pulumi config set --path cutover:webhookSecret.retired 1",
    });
  });

  it("takes an override whole", () => {
    const { override } = parse({ "cutover:override": OVERRIDE });
    expect(override).toEqual({ ...OVERRIDE, expires: Date.UTC(2026, 10, 25, 18) });
  });

  it("takes business metrics, by default none", () => {
    expect(parse()).not.toHaveProperty("businessMetrics");
    expect(parse({ "cutover:businessMetrics": [QUALIFICATION] }).businessMetrics).toEqual([QUALIFICATION]);
  });

  it("takes the date of the start, in one form, and the addresses of the plan's four groups", () => {
    expect(parse()).toMatchObject({ stakeholders: { development: [], support: [], sales: [], management: [] } });
    expect(parse()).not.toHaveProperty("startsAt");
    for (const date of ["2026-12-08T08:00Z", "2026-12-08T08:00:00Z"]) {
      expect(parse({ "cutover:startsAt": date }).startsAt).toBe("2026-12-08T08:00:00Z");
    }
    const stakeholders = { support: ["help@example.com"], management: ["a@example.com", "b@example.com"] };
    expect(parse({ "cutover:stakeholders": stakeholders }).stakeholders).toEqual({
      development: [],
      sales: [],
      ...stakeholders,
    });
  });

  it("takes a list of addresses", () => {
    expect(parse({ "cutover:onCall": ["a@example.com", "b@example.com"] }).onCall).toEqual([
      "a@example.com",
      "b@example.com",
    ]);
  });
});

describe("one wrong value", () => {
  it.each([
    ["cutover:phase", "ramp-30", /found "ramp-30", expected one of prepare, front-door/],
    ["cutover:phase", undefined, /is not set; expected one of prepare/],
    ["cutover:from", "start", /expected one of/],
    ["cutover:pythonWeight", "101", /whole number from 0 to 100/],
    ["cutover:pythonWeight", "", /whole number from 0 to 100/],
    ["cutover:pythonWeight", "10.5", /whole number from 0 to 100/],
    ["cutover:acceptImage", "latest", /an image digest/],
    ["cutover:acknowledgeRollback", "yes", /id of the rollback/],
    ["cutover:expectedMessagesPerHour", "0", /1 to 1000000/],
    ["cutover:onCall", "a@example.com", /not a list of texts/],
    ["cutover:startsAt", "2026-12-08", /in UTC, such as 2026-12-08T08:00Z/],
    ["cutover:startsAt", "2026-12-08T08:00+01:00", /in UTC/],
    ["cutover:startsAt", "2026-02-31T08:00Z", /which is no date/],
    ["cutover:startsAt", "2026-13-01T08:00Z", /which is no date/],
    ["cutover:stakeholders", { support: "help@example.com" }, /not a list of texts/],
    ["cutover:stakeholders", { support: ["help"] }, /found "help", expected e-mail addresses/],
    ["cutover:stakeholders", { marketing: [] }, /no field of cutover:stakeholders/],
    ["cutover:bakeHours", "-1", /20 to 720/],
    ["cutover:bakeHours", "0", /20 to 720/],
    ["cutover:bakeHours", "19", /20 to 720/],
    ["cutover:businessMetrics", "qualification", /is not a list of objects/],
    ["cutover:businessMetrics", ["qualification"], /is not a list of objects/],
    ["cutover:businessMetrics", [{ name: "qualification" }], /is not set; expected one SELECT/],
    ["cutover:businessMetrics", [{ ...QUALIFICATION, query: "x" }], /is no field of cutover:businessMetrics\[0\]/],
    ["cutover:businessMetrics", [{ ...QUALIFICATION, sql: "SELECT engine, 1, 2" }], /for the time from \$1 to \$2/],
    ["cutover:businessMetrics", [{ ...QUALIFICATION, sql: "DELETE FROM x WHERE $1 < $2" }], /one SELECT/],
    ["cutover:businessMetrics", [QUALIFICATION, QUALIFICATION], /"qualification", which another number has/],
    ["cutover:businessMetrics", [{ ...QUALIFICATION, name: "booking rate" }], /which another number has/],
    [
      "cutover:businessMetrics",
      [{ name: "long", sql: `SELECT ${"x".repeat(1000)} FROM y WHERE z BETWEEN $1 AND $2` }],
      /takes \d+ bytes, expected at most 1000: keep long queries as functions/,
    ],
    ["cutover:override", { ...OVERRIDE, to: "ramp-30" }, /the phase the step leads to/],
    ["cutover:override", { ...OVERRIDE, expires: "tomorrow" }, /in UTC/],
    [
      "cutover:override",
      { to: "ramp-25", reason: "quiet", expires: OVERRIDE.expires },
      /is not set; expected who takes/,
    ],
    ["cutover:onCall", ["nobody"], /found "nobody", expected e-mail addresses/],
    ["cutover:domain", "https://messages.example.com", /without https/],
    ["cutover:domain", "Messages.Example.com", /lower case/],
    ["cutover:domain", undefined, /is not set/],
    ["cutover:hostedZoneId", "example.com", /Route 53 zone id/],
    ["cutover:hostedZoneId", undefined, /neither is cutover:certificateArn/],
    ["cutover:certificateArn", "arn:aws:iam::1:server-certificate/x", /ACM certificate/],
    ["cutover:python", { image: "app:latest" }, /an image by digest/],
    ["cutover:python", "not json", /is not an object/],
    ["cutover:python", { image: IMAGE, port: 0 }, /1 to 65535/],
    ["cutover:node", { image: IMAGE, url: "http://node.example.com" }, /beginning with https/],
    ["cutover:node", { image: IMAGE, hardened: "perhaps" }, /expected true or false/],
    ["cutover:node", { image: IMAGE, healthPath: "healthz" }, /begins with \//],
    ["cutover:ghl", { token: TOKEN, locationId: "x" }, /id of the GoHighLevel location/],
    ["cutover:ghl", { token: TOKEN, locationId: "ve9EPM428h8vShlRW1KT", mode: "auto" }, /one of custom-value, manual/],
    ["cutover:database", { url: "mysql://x", previewUrl: READER_URL }, /a Postgres URL/],
    ["cutover:database", { url: DATABASE_URL, previewUrl: "mysql://x" }, /a role that may only read/],
    ["cutover:database", { ...DATABASES, allowOutOfOrder: "all" }, /found "all", expected a whole/],
    ["cutover:database", { ...DATABASES, allowOutOfOrder: true }, /expected a whole number/],
    ["cutover:database", { ...DATABASES, region: "Frankfurt" }, /region of the Supabase project/],
    ["cutover:environment", { OPENAI_API_KEY: "x" }, /is not set/],
    ["cutover:network", { cidr: "10.0.0.0/8" }, /a \/16 range/],
    ["cutover:network", { cidr: "999.1.0.0/16" }, /a \/16 range/],
    ["cutover:python", { image: IMAGE, cpu: 300 }, /Fargate offers 256, 512/],
    ["cutover:python", { image: IMAGE, cpu: 512, memory: 512 }, /1024 to 4096 in steps of 1024/],
    ["cutover:network", { natGateways: 3 }, /1 to 2/],
    ["cutover:destroy", "yes", /expected one of lose-traffic/],
  ])("%s = %j", (key, value, message) => {
    const found = problems({ [key]: value });
    expect(found.length).toBeGreaterThan(0);
    for (const problem of found) {
      expect(problem.key.startsWith(key)).toBe(true);
      expect(problem.message).toMatch(message);
      expect(problem.fix).toMatch(/^pulumi config (set|rm) /);
    }
  });

  it("Node's repository is demanded by the phase that removes Node, and by no other", () => {
    expect(problems({ "cutover:phase": "decommission" })).toEqual([
      expect.objectContaining({ key: "cutover:node.repository", message: expect.stringContaining("archived") }),
    ]);
    expect(problems({ "cutover:phase": "full" })).toEqual([]);
  });

  it("the reader's URL is demanded by every phase with a share, and never stands in the way back", () => {
    const asked = phases.filter(({ name }) => {
      const node = { image: IMAGE, repository: "../node-service" };
      const found = problems({
        "cutover:phase": name,
        "cutover:node": node,
        "cutover:database": { url: DATABASE_URL },
      });
      if (found.length === 0) return false;
      expect(found).toEqual([
        {
          key: "cutover:database.previewUrl",
          message: expect.stringContaining(
            "CREATE ROLE cutover_preview LOGIN PASSWORD '…' IN ROLE langgraph_ops_reader",
          ),
          fix: "pulumi config set --secret --path cutover:database.previewUrl",
        },
      ]);
      return true;
    });
    const names = asked.map(({ name }) => name);
    expect(names).toEqual(["parallel", "ramp-25", "ramp-50", "ramp-75", "ramp-90", "full", "decommission"]);
    expect(readFileSync("docs/migrations.md", "utf8")).toContain(READER_ROLE);
    expect(readFileSync("README.md", "utf8")).toContain(READER_ROLE);
  });

  it.each(["Prod", "my_stack", "a-very-long-name", "1st", "prod-"])("a stack called %s", (name) => {
    expect(() => parseConfig({ values: values(), isSecret: encrypted }, name)).toThrow(/at most 13 lower-case/);
  });

  it("by hand GoHighLevel is not called, so no token is demanded", () => {
    expect(problems({ "cutover:ghl": { mode: "manual" } })).toEqual([]);
  });

  it.each([
    ["cutover:node", "url", { image: IMAGE, tasks: 4 }],
    ["cutover:ghl", "currentUrl", { mode: "manual" }],
  ])(
    "a query string in %s %s has to be encrypted: it may hold a token, and the state shows plain values",
    (key, field, more) => {
      const changes = { [key]: { ...more, [field]: "https://node.example.com/hook?key=planted-query" } };
      const plain = problems(changes, (one) => one !== key && encrypted(one));
      expect(plain).toEqual([
        {
          key: `${key}.${field}`,
          message: expect.stringMatching(/has a query string, which may hold a token, and is in plain text/),
          fix: `pulumi config set --secret --path ${key}.${field}`,
        },
      ]);
      expect(JSON.stringify(plain)).not.toContain("planted-query");
      expect(problems(changes, (one) => one === key || encrypted(one))).toEqual([]);
    },
  );

  it("a misspelt key is an error that names the likely one", () => {
    expect(problems({ "cutover:pase": "parallel" })).toEqual([
      expect.objectContaining({ key: "cutover:pase", message: expect.stringContaining("did you mean phase?") }),
    ]);
  });

  it("a misspelt field is an error that names the likely one", () => {
    const [problem] = problems({ "cutover:node": { image: IMAGE, taks: 3 } });
    expect(problem?.key).toBe("cutover:node.taks");
    expect(problem?.message).toContain("did you mean tasks?");
  });

  it("keys of other namespaces are none of our business", () => {
    expect(problems({ "aws:profile": "production" })).toEqual([]);
  });
});

describe("secrets", () => {
  it("in plain text are refused, each with the command that encrypts it", () => {
    const found = problems({}, () => false);
    expect(found.map((p) => p.key)).toEqual([
      "cutover:ghl.token",
      ...SHARED_VARIABLES.map((name) => `cutover:environment.${name}`),
      "cutover:database.url",
      "cutover:database.previewUrl",
    ]);
    expect(found[0]?.fix).toBe("pulumi config set --secret --path cutover:ghl.token");
  });

  it("never appear in an error, however wrong they are", () => {
    const error = (() => {
      try {
        parse({
          "cutover:database": { url: "mysql://u:planted-password@h/d" },
          "cutover:ghl": { token: "short", locationId: "planted token in the wrong field" },
          "cutover:environment": { OPENAI_API_KEY: { nested: "planted-key" } },
        });
      } catch (e) {
        return e;
      }
      return undefined;
    })();
    expect(String(error)).toContain("cutover:database.url");
    for (const planted of ["planted-password", "short", "planted-key", "planted token"])
      expect(String(error)).not.toContain(planted);
  });
});

it("reports all problems of an empty configuration together", () => {
  const found = problems(Object.fromEntries(Object.keys(values()).map((key) => [key, undefined])));
  expect(found.length).toBeGreaterThanOrEqual(14);
});

it.each(["dev", "prod"])("the committed Pulumi.%s.yaml holds no key this version does not know", (stack) => {
  const text = readFileSync(`Pulumi.${stack}.yaml`, "utf8");
  const keys = [...text.matchAll(/^ {2}(cutover:\w+):/gm)].map((m) => m[1] ?? "");
  expect(keys.length).toBeGreaterThan(0);
  const found = problems(Object.fromEntries(keys.map((key) => [key, "x"])));
  expect(found.filter((p) => p.message.startsWith("is no key"))).toEqual([]);
});
