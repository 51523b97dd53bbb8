import { plainSecrets as inComment } from "@cutover/domain/explain/plain-secrets";
import type { Preview } from "@cutover/domain/explain/preview";
import { describe, expect, it } from "vitest";
import { UNKNOWN } from "./model";
import { plainSecrets } from "./secrets";
import { resource } from "./testkit";
import { TYPES } from "./types";

// Put together at run time: nothing here is a secret, and no scanner of repositories should think so.
const PLANTED: readonly (readonly [string, string])[] = [
  ["an OpenAI key", `sk-${"proj-"}${"a1".repeat(20)}`],
  ["a GoHighLevel token", `pit-${"0123abcd"}-1111-2222-3333-${"4".repeat(12)}`],
  ["a JSON web token", ["eyJhbGciOiJIUzI1NiJ9", "eyJyb2xlIjoiYW5vbiJ9", "c2lnbmF0dXJl"].join(".")],
  ["a Supabase key", `sb_secret_${"x".repeat(24)}`],
  ["an AWS access key", `AKIA${"ABCD1234".repeat(2)}`],
  ["a private key", `-----BEGIN ${"RSA PRIVATE"} KEY-----`],
  ["a URL with a password", `postgresql://postgres:${"hunter2"}@db.example.com:5432/postgres`],
  ["a GitHub token", `ghp_${"a".repeat(36)}`],
  ["a Slack hook's URL", ["https://hooks.slack.com", "services", "T0000", "B0000", "x".repeat(24)].join("/")],
];

const container = (environment: unknown) =>
  plainSecrets(resource(TYPES.taskDefinition, { containerDefinitions: JSON.stringify([{ name: "a", environment }]) }));
const lambda = (variables: unknown) => plainSecrets(resource(TYPES.function, { environment: { variables } }));
const parameter = (value: unknown, more: Record<string, unknown> = {}) =>
  plainSecrets(resource(TYPES.parameter, { name: "/cutover/prod/manifest", type: "String", value, ...more }));

describe.each(PLANTED)("%s", (what, value) => {
  it.each([
    ["a container's environment", () => container([{ name: "SETTING", value }])],
    ["a function's environment", () => lambda({ SETTING: value })],
    ["JSON in a function's environment", () => lambda({ SETTING: JSON.stringify({ deep: { inside: [value] } }) })],
    ["a String parameter", () => parameter(value)],
  ])("is found in %s and never told", (_, check) => {
    const found = check();
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(what);
    expect(found[0]).toContain("Secrets Manager");
    expect(found[0]).not.toContain(value);
  });

  it("may stand in a SecureString", () => {
    expect(parameter(value, { type: "SecureString" })).toEqual([]);
  });
});

it.each([
  "ENCRYPTION_KEY",
  "SIGNING_KEY",
  "STRIPE_KEY",
  "SUPABASE_SERVICE_ROLE_KEY",
  "signingKey",
  "OPENAI_API_KEY",
  "SUPABASE_ANON_KEY",
  "GHL_API_TOKEN",
  "WEBHOOK_SECRET",
  "SENTRY_DSN",
  "DB_PASSWORD",
  "ghlToken",
])("%s is a secret by its name", (name) => {
  expect(container([{ name, value: "anything" }])).toEqual([expect.stringContaining(`variable ${name} is a secret`)]);
  expect(lambda({ CONFIG: JSON.stringify({ [name]: "anything" }) })).toHaveLength(1);
});

it("finds by name what a pull request's comment finds, no more and no less", () => {
  const names = ["STRIPE_KEY", "ghlToken", "SIGNING_KEY_ARN", "SECRET_NAME", "PUBLIC_KEY", "MONKEY", "DATABASE_URL"];
  const step = (type: string, inputs: Record<string, unknown>): Preview["steps"][number] => ({
    op: "create",
    urn: "",
    type,
    name: "it",
    inside: [],
    old: undefined,
    new: { inputs, outputs: {} },
    properties: [],
    replacing: [],
    uncertain: false,
  });
  const told = (...steps: Preview["steps"]) =>
    inComment({ stack: "prod", config: {}, steps, messages: [], failed: false }).map((place) => place.split("`")[1]);
  const judged = (found: readonly string[]) =>
    found.map((sentence) => /variable (\w+) is a secret/.exec(sentence)?.[1]);

  const environment = names.map((name) => ({ name, value: "anything" }));
  const containerDefinitions = JSON.stringify([{ name: "a", environment }]);
  expect(told(step(TYPES.taskDefinition, { containerDefinitions }))).toEqual(judged(container(environment)));
  const variables = Object.fromEntries(names.map((name) => [name, "anything"]));
  expect(told(step(TYPES.function, { environment: { variables } }))).toEqual(judged(lambda(variables)));
  expect(judged(lambda(variables))).toEqual(["STRIPE_KEY", "ghlToken", "DATABASE_URL"]);
});

it("lets references and facts about secrets pass", () => {
  const config = {
    probeKeySecretArn: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cutover/prod/probe-key-AbCdEf",
    probeKeySecret: "cutover/prod/probe-key",
    secretName: "anything",
    secretGeneration: 2,
    token: "",
    stack: "prod",
  };
  expect(lambda({ CUTOVER_FUNCTION: JSON.stringify(config) })).toEqual([]);
  expect(parameter(JSON.stringify(config))).toEqual([]);
  expect(parameter("2", { name: "/cutover/prod/webhook-secret-generation" })).toEqual([]);
});

it("says nothing where there is no environment, or nothing is known yet", () => {
  expect(plainSecrets(resource(TYPES.taskDefinition, {}))).toEqual([]);
  expect(plainSecrets(resource(TYPES.taskDefinition, { containerDefinitions: UNKNOWN }))).toEqual([]);
  expect(container(undefined)).toEqual([]);
  expect(plainSecrets(resource(TYPES.function, {}))).toEqual([]);
  expect(lambda({ WEBHOOK_SECRET: UNKNOWN })).toEqual([]);
  expect(parameter(UNKNOWN)).toEqual([]);
  expect(plainSecrets(resource(TYPES.parameter, {}))).toEqual([]);
});
