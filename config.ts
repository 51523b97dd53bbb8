import { AFFINITIES } from "@cutover/domain/affinity";
import type { Intent } from "@cutover/domain/decide";
import { isPhaseName, type PhaseName, phaseOf, phases } from "@cutover/domain/phases";
import { type WebhookSecretConfig, webhookSecretConfig } from "@cutover/domain/secret-rotation";
import { APP_FIELDS, type AppConfig, readApp } from "./config-apps";
import { ConfigReader, type ConfigSource, optional, type Problem, type StringOptions } from "./config-reader";
import { readWatch, type WatchConfig } from "./config-watch";

/** The seven variables both applications get. Source: plan, appendix "Environment Variables Migration". */
export const SHARED_VARIABLES = [
  "OPENAI_API_KEY",
  "SUPABASE_URL",
  "SUPABASE_ANON_KEY",
  "GHL_API_TOKEN",
  "GHL_LOCATION_ID",
  "GHL_CALENDAR_ID",
  "GHL_ASSIGNED_USER_ID",
] as const;

export interface NodeConfig extends AppConfig {
  /** Node's own public webhook URL, a way back that does not need our load balancer. */
  readonly url?: string;
  /** Path or URL of Node's git repository; demanded by the phase that archives and removes Node. */
  readonly repository?: string;
  /** Run Node non-root on a read-only root too; default false: the standby must be what worked yesterday. */
  readonly hardened: boolean;
}

export interface GhlConfig {
  readonly token: string;
  readonly locationId: string;
  readonly baseUrl?: string;
  /** `custom-value`: we own the URL. `manual`: a person edits the workflow step. Default custom-value. */
  readonly mode: "custom-value" | "manual";
  /** Name of the custom value the workflow step's URL is read from. */
  readonly webhookValue: string;
  /** Name of the custom value the step's x-webhook-secret header is read from. */
  readonly secretValue: string;
  /** Today's webhook URL; only needed where the custom value does not exist yet. */
  readonly currentUrl?: string;
  /** Fingerprint of a value written by somebody else that may be overwritten; the refusal names it. */
  readonly overwrite?: string;
}

export interface NetworkConfig {
  /** IPv4 range of the network that is made; default 10.42.0.0/16. */
  readonly cidr: string;
  /** 1 or 2; default 1. Two survive the loss of a zone, at twice the price. */
  readonly natGateways: number;
}

/** Everything the stack's file says, checked. The only place that knows a key's name. */
export interface CutoverConfig extends WatchConfig {
  readonly intent: Intent;
  /** Public name of the front door. */
  readonly domain: string;
  /** Route 53 zone of the domain: certificate and alias record are made there. */
  readonly hostedZoneId?: string;
  /** A certificate that exists; with it no zone is needed, and the alias record is yours to make. */
  readonly certificateArn?: string;
  readonly python: AppConfig;
  readonly node: NodeConfig;
  readonly ghl: GhlConfig;
  /** Which values of WEBHOOK_SECRET are accepted; rotated in two steps (docs/runbook.md). */
  readonly webhookSecret: WebhookSecretConfig;
  /** The seven shared variables. Secret. */
  readonly environment: Readonly<Record<(typeof SHARED_VARIABLES)[number], string>>;
  /** Error tracking of the Python service. Secret. */
  readonly sentryDsn?: string;
  readonly network: NetworkConfig;
  /** Where the plan of the migrations is asked: as the read-only role, where there is one. Its URL is secret. */
  readonly database: { readonly url: string; readonly region?: string };
  /** Read-only role over the session pooler: previews, the prober's numbers and the gate. Secret. */
  readonly databasePreviewUrl?: string;
  /** Version of the one migration that may run although a newer one is applied. */
  readonly allowOutOfOrder?: string;
  /** `cutover:destroy` is `lose-traffic`: destroy may leave customers without a webhook. */
  readonly loseTraffic: boolean;
}

/** The stack's configuration can't be used; the message lists every problem with the command that mends it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly Problem[]) {
    const lines = problems.map((p) => `  ${p.key} ${p.message}\n      ${p.fix}`);
    super(
      `${problems.length === 1 ? "1 problem" : `${problems.length} problems`} in the stack's configuration:\n${lines.join("\n")}`,
    );
  }
}

/** Makes the role behind `cutover:database.previewUrl`; `prepare` has made the one it belongs to (docs/migrations.md). */
export const READER_ROLE = "CREATE ROLE cutover_preview LOGIN PASSWORD '…' IN ROLE langgraph_ops_reader";

const HTTPS_URL = /^https:\/\/[^\s/]+(\/\S*)?$/;
const HOST_NAME = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/;

/**
 * Reads and checks the whole configuration of a stack, its name included: the name becomes part of AWS's names.
 * @throws ConfigError naming every problem at once
 */
export function parseConfig(source: ConfigSource, stack: string): CutoverConfig {
  const reader = new ConfigReader(source, "cutover");
  if (!/^[a-z]([a-z0-9-]{0,11}[a-z0-9])?$/.test(stack)) {
    reader.add(
      "the stack's name",
      `is "${stack}"; expected at most 13 lower-case letters, digits and hyphens, beginning with a letter`,
      "pulumi stack rename prod",
    );
  }
  const phase = readPhase(reader, "phase");
  const python = readApp(reader.object("python", APP_FIELDS));
  const config: CutoverConfig = {
    intent: { ...readIntent(reader), phase: phase ?? "prepare", pythonDigest: digestOf(python.image) },
    ...readFrontDoor(reader),
    python,
    node: readNode(reader, phase),
    ghl: readGhl(reader),
    webhookSecret: readWebhookSecret(reader),
    environment: readEnvironment(reader),
    ...optional("sentryDsn", readSentry(reader)),
    network: readNetwork(reader),
    ...readDatabase(reader, phase),
    ...readWatch(reader),
    loseTraffic: reader.choice("destroy", ["lose-traffic"], undefined) !== undefined,
  };
  reader.unknown();
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return Object.freeze(config);
}

function readPhase(reader: ConfigReader, key: "phase" | "from"): PhaseName | undefined {
  const names = phases.map((p) => p.name);
  const value = reader.choice(key, names, undefined);
  if (key === "phase" && reader.raw(key) === undefined) {
    reader.missing("cutover:phase", { expected: `one of ${names.join(", ")}`, example: "prepare" });
  }
  return value !== undefined && isPhaseName(value) ? value : undefined;
}

function readIntent(reader: ConfigReader): Omit<Intent, "phase" | "pythonDigest"> {
  return {
    ...optional("from", readPhase(reader, "from")),
    ...optional("pythonWeight", reader.integer("pythonWeight", { min: 0, max: 100 })),
    ...optional("affinity", reader.choice("affinity", AFFINITIES, undefined)),
    ...optional(
      "acceptImage",
      reader.optionalString("acceptImage", {
        pattern: /^sha256:[0-9a-f]{64}$/,
        expected: "an image digest, sha256: and 64 hexadecimal digits",
        example: "sha256:…",
      }),
    ),
    ...optional(
      "acknowledgeRollback",
      reader.optionalString("acknowledgeRollback", {
        pattern: /^(rb-\d{4,}|unrecorded)$/,
        expected: "the id of the rollback that is understood and may be released, such as rb-0001",
        example: "rb-0001",
      }),
    ),
  };
}

function readFrontDoor(reader: ConfigReader): Pick<CutoverConfig, "domain" | "hostedZoneId" | "certificateArn"> {
  const domain = reader.requiredString("domain", {
    pattern: HOST_NAME,
    expected: "a host name in lower case without https://, such as messages.example.com",
    example: "messages.example.com",
  });
  const hostedZoneId = reader.optionalString("hostedZoneId", {
    pattern: /^Z[A-Z0-9]{1,31}$/,
    expected: "a Route 53 zone id, such as Z0123456789ABCDEFGHIJ",
    example: "Z0123456789ABCDEFGHIJ",
  });
  const certificateArn = reader.optionalString("certificateArn", {
    pattern: /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/.+$/,
    expected: "the ARN of an ACM certificate in the stack's region",
    example: "arn:aws:acm:…",
  });
  if (reader.raw("hostedZoneId") === undefined && reader.raw("certificateArn") === undefined) {
    reader.add(
      "cutover:hostedZoneId",
      "is not set and neither is cutover:certificateArn; the HTTPS listener needs one of them",
      "pulumi config set cutover:hostedZoneId Z0123456789ABCDEFGHIJ",
    );
  }
  return { domain, ...optional("hostedZoneId", hostedZoneId), ...optional("certificateArn", certificateArn) };
}

function readNode(reader: ConfigReader, phase: PhaseName | undefined): NodeConfig {
  const object = reader.object("node", [...APP_FIELDS, "url", "repository", "hardened"]);
  const url = object.optionalString("url", {
    pattern: HTTPS_URL,
    expected: "Node's own webhook URL, beginning with https://",
    example: "https://node.example.com/webhooks/ghl",
    secretQuery: true,
  });
  const repository = {
    pattern: /^\S+$/,
    expected: "a path or URL that git can clone: Node's code is archived before Node is removed",
    example: "../node-service",
  };
  const archives = phase !== undefined && phaseOf(phase).node === "removed";
  return {
    ...readApp(object),
    ...optional("url", url),
    ...optional(
      "repository",
      archives ? object.requiredString("repository", repository) : object.optionalString("repository", repository),
    ),
    hardened: object.boolean("hardened", false),
  };
}

function readGhl(reader: ConfigReader): GhlConfig {
  const object = reader.object("ghl", [
    "token",
    "locationId",
    "baseUrl",
    "mode",
    "webhookValue",
    "secretValue",
    "currentUrl",
    "overwrite",
  ]);
  const name = (field: string, fallback: string) =>
    object.optionalString(field, { pattern: /\S/, expected: "a name", example: `"${fallback}"` }) ?? fallback;
  const mode = object.choice("mode", ["custom-value", "manual"] as const, "custom-value");
  // By hand nothing is called, so nothing is demanded.
  const demanded = (field: string, options: StringOptions) =>
    mode === "manual" ? (object.optionalString(field, options) ?? "") : object.requiredString(field, options);
  return {
    token: demanded("token", {
      secret: true,
      pattern: /^\S{8,}$/,
      expected: "a private integration token with the scopes locations/customValues.readonly and .write",
      example: "",
    }),
    locationId: demanded("locationId", {
      pattern: /^[A-Za-z0-9_-]{6,64}$/,
      expected: "the id of the GoHighLevel location (sub-account)",
      example: "ve9EPM428h8vShlRW1KT",
    }),
    ...optional(
      "baseUrl",
      object.optionalString("baseUrl", { pattern: /^https?:\/\/\S+$/, expected: "a URL", example: "https://…" }),
    ),
    mode,
    webhookValue: name("webhookValue", "Cutover Webhook URL"),
    secretValue: name("secretValue", "Cutover Webhook Secret"),
    ...optional(
      "currentUrl",
      object.optionalString("currentUrl", {
        pattern: HTTPS_URL,
        expected: "an https URL",
        example: "https://…",
        secretQuery: true,
      }),
    ),
    ...optional(
      "overwrite",
      object.optionalString("overwrite", {
        pattern: /^[0-9a-f]{12}$/,
        expected: "the fingerprint from the refusal, 12 hexadecimal digits",
        example: "0123456789ab",
      }),
    ),
  };
}

function readWebhookSecret(reader: ConfigReader): WebhookSecretConfig {
  const object = reader.object("webhookSecret", ["generation", "retired"]);
  const generation = object.integer("generation", { min: 1, max: 1000 }, 1);
  const retired = object.integer("retired", { min: 0, max: 999 }, 0);
  if (retired >= generation) {
    object.problem(
      "retired",
      `is ${retired}, but the current generation is ${generation}: a secret in use can't be retired`,
      String(generation - 1),
    );
  }
  return webhookSecretConfig(generation, Math.min(retired, generation - 1));
}

function readEnvironment(reader: ConfigReader): CutoverConfig["environment"] {
  const object = reader.object("environment", SHARED_VARIABLES);
  const entries = SHARED_VARIABLES.map((name) => [
    name,
    object.requiredString(name, { secret: true, pattern: /\S/, expected: "the value from Node's .env", example: "" }),
  ]);
  return Object.fromEntries(entries);
}

function readSentry(reader: ConfigReader): string | undefined {
  const value = reader.optionalString("sentryDsn", {
    secret: true,
    pattern: HTTPS_URL,
    expected: "a Sentry DSN",
    example: "",
  });
  if (value !== undefined && !reader.isSecret("sentryDsn")) {
    reader.add(
      "cutover:sentryDsn",
      "is in plain text in the stack's file",
      "pulumi config set --secret cutover:sentryDsn",
    );
  }
  return value;
}

/**
 * `url` is checked here and used by the migrations' provider, which reads the same key: nothing of it enters a resource's
 * inputs. The read-only `previewUrl` is also the prober's; from the first share on it is demanded, because the gate judges no
 * step without the database.
 */
function readDatabase(
  reader: ConfigReader,
  phase: PhaseName | undefined,
): Pick<CutoverConfig, "database" | "databasePreviewUrl" | "allowOutOfOrder"> {
  const object = reader.object("database", ["url", "previewUrl", "region", "allowOutOfOrder"]);
  const url = {
    secret: true,
    pattern: /^postgres(ql)?:\/\/\S+$/,
    expected: "a Postgres URL of the direct connection or the session pooler (port 5432)",
    example: "",
  };
  const updateUrl = object.requiredString("url", url);
  const region = object.optionalString("region", {
    pattern: /^[a-z]{2}(-[a-z]+)+-\d$/,
    expected: "the region of the Supabase project, as its dashboard shows it",
    example: "eu-central-1",
  });
  const previewUrl = {
    ...url,
    expected: `a Postgres URL of a role that may only read, from "parallel" on: the gate counts the messages by it. Make the role once: ${READER_ROLE}`,
  };
  const gated = phase !== undefined && phaseOf(phase).pythonShare > 0;
  // A number for whoever sets it with --path, which knows no other kind of digits; 14 of them are exact.
  const late = object.integer("allowOutOfOrder", { min: 10_000_000_000_000, max: 99_999_999_999_999 }, -1);
  const readUrl = gated ? object.requiredString("previewUrl", previewUrl) : object.optionalString("previewUrl", url);
  return {
    database: { url: readUrl || updateUrl, ...optional("region", region) },
    ...optional("databasePreviewUrl", readUrl),
    ...optional("allowOutOfOrder", late < 0 ? undefined : String(late)),
  };
}

function readNetwork(reader: ConfigReader): NetworkConfig {
  const object = reader.object("network", ["cidr", "natGateways"]);
  return {
    cidr:
      object.optionalString("cidr", {
        pattern: /^(25[0-5]|2[0-4]\d|1?\d?\d)\.(25[0-5]|2[0-4]\d|1?\d?\d)\.0\.0\/16$/,
        expected: "a /16 range that ends in .0.0, such as 10.42.0.0/16",
        example: "10.42.0.0/16",
      }) ?? "10.42.0.0/16",
    natGateways: object.integer("natGateways", { min: 1, max: 2 }, 1),
  };
}

function digestOf(image: string): string {
  return image.slice(image.indexOf("@") + 1);
}
