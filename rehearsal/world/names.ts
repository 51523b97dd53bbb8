import type { ConfigEntry } from "../engine/stack";

/** Name of the stack that the rehearsal makes. */
export const STACK = "rehearsal";
export const REGION = "us-east-1";
/** Zone that "belongs to the user": it exists before the first update and stays. */
export const ZONE = "rehearsal.example";
/** `cutover:domain`. */
export const DOMAIN = `messages.${ZONE}`;
/** Where Node answers before the cutover, on a server of its own. */
export const NODE_HOST = `node.${ZONE}`;
/** Stands in Node's own URL as a token may: nobody may show it or keep it in plain text. It opens nothing. */
export const NODE_KEY = "pl4nted-key-of-nodes-url";
export const NODE_URL = `https://${NODE_HOST}/webhooks/ghl?key=${NODE_KEY}`;
/** Names of GoHighLevel's custom values; the program's defaults. */
export const WEBHOOK_VALUE = "Cutover Webhook URL";
export const SECRET_VALUE = "Cutover Webhook Secret";

/** `cutover:node.tasks`: one more than the smallest number, so that a Node that was scaled down shows. */
export const NODE_TASKS = 3;

export const NODE_REPOSITORY = "cutover/node-standin";
export const PYTHON_REPOSITORY = "cutover/python-langgraph";

/** What is only known when the world runs. */
export interface WorldFacts {
  readonly hostedZoneId: string;
  readonly ghl: { readonly url: string; readonly token: string; readonly locationId: string };
  /** The migrations' connection. */
  readonly databaseUrl: string;
  /** The read-only role's connection: the prober's and the gate's. */
  readonly previewUrl: string;
  /** Git repository of the Node service. */
  readonly nodeRepository: string;
  /** Customers' messages an hour of the rehearsal's clock. */
  readonly messagesPerHour: number;
  /** `cutover:startsAt`: so late that its notices stay to come. */
  readonly startsAt: string;
  /** The seven variables both applications get. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The stack's settings, all but the phase: what a user sets once, see README. */
export function stackConfig(facts: WorldFacts): ConfigEntry[] {
  return [
    { key: "aws:region", value: REGION },
    { key: "cutover:domain", value: DOMAIN },
    { key: "cutover:hostedZoneId", value: facts.hostedZoneId },
    { key: "cutover:node.image", value: imageOf(NODE_REPOSITORY, "a") },
    { key: "cutover:node.tasks", value: String(NODE_TASKS) },
    { key: "cutover:node.url", value: NODE_URL, secret: true },
    { key: "cutover:node.repository", value: facts.nodeRepository },
    { key: "cutover:expectedMessagesPerHour", value: String(facts.messagesPerHour) },
    // The plan's days don't fit into minutes, even on the rehearsal's clock; everything else the gate asks stays.
    { key: "cutover:bakeHours", value: "0" },
    { key: "cutover:database.previewUrl", value: facts.previewUrl, secret: true },
    { key: "cutover:onCall[0]", value: "on-call@rehearsal.example" },
    { key: "cutover:stakeholders.support[0]", value: "support@rehearsal.example" },
    { key: "cutover:startsAt", value: facts.startsAt },
    { key: "cutover:python.image", value: imageOf(PYTHON_REPOSITORY, "b") },
    { key: "cutover:ghl.locationId", value: facts.ghl.locationId },
    { key: "cutover:ghl.baseUrl", value: facts.ghl.url },
    { key: "cutover:ghl.token", value: facts.ghl.token, secret: true },
    { key: "cutover:database.url", value: facts.databaseUrl, secret: true },
    ...Object.entries(facts.environment).map(([name, value]) => ({
      key: `cutover:environment.${name}`,
      value,
      secret: true,
    })),
  ];
}

/** The applications' environment before the cutover, Node's `.env`; the values open nothing. */
export function sharedEnvironment(appUrl: string, token: string, locationId: string): Record<string, string> {
  return {
    OPENAI_API_KEY: "sk-rehearsal-opens-nothing",
    SUPABASE_URL: appUrl,
    SUPABASE_ANON_KEY: "anon-rehearsal-opens-nothing",
    GHL_API_TOKEN: token,
    GHL_LOCATION_ID: locationId,
    GHL_CALENDAR_ID: "rehearsalCalendar001",
    GHL_ASSIGNED_USER_ID: "rehearsalUser001",
  };
}

/** An image by digest; the digest of a stand-in is made up, one hexadecimal digit repeated. */
export function imageOf(repository: string, digit: string): string {
  return `${repository}@sha256:${digit.repeat(64)}`;
}
