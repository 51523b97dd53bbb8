import { BOOKING_RATE, type BusinessMetric, CRITERIA, END_TO_END } from "@cutover/domain/evidence/criteria";
import { LEAST_BAKE_HOURS, type Override } from "@cutover/domain/evidence/gate";
import { STAKEHOLDERS, type Stakeholder } from "@cutover/domain/notices";
import { isPhaseName, phases } from "@cutover/domain/phases";
import { type ConfigReader, optional } from "./config-reader";

/** What watches a phase, and what lets a step pass. */
export interface WatchConfig {
  /** `cutover:expectedMessagesPerHour`: customers' messages in the busy hour, Node's and Python's together; default 60. The alarms' windows are made from it: set too low it costs false rollbacks, too high it costs time (docs/measured/backtest.md, "Other traffic"). */
  readonly expectedMessagesPerHour: number;
  /** `cutover:onCall`: e-mail addresses that hear of a rollback once they have confirmed the subscription; default none. */
  readonly onCall: readonly string[];
  /**
   * `cutover:startsAt`: when the first step to Python is meant to be made, UTC to the minute, such as 2026-12-08T08:00Z. The notices
   * 7 days and 1 day before hang on it, nothing else; default none. Source: plan, "Communication Timeline".
   */
  readonly startsAt?: string;
  /**
   * `cutover:stakeholders`: e-mail addresses of the plan's four groups, which hear of dates, start, progress, end and rollbacks,
   * but not of what only those on call can mend; default none: then those on call hear it alone.
   */
  readonly stakeholders: Readonly<Record<Stakeholder, readonly string[]>>;
  /**
   * `cutover:bakeHours`: hours that each phase is watched at least before the next; where the plan asks for more, the plan
   * counts. Below the plan only in a rehearsal: for one step there is `cutover:override`.
   */
  readonly bakeHours?: number;
  /** `cutover:override`: who takes the responsibility for one step that the gate would refuse. */
  readonly override?: Override;
  /** `cutover:businessMetrics`: business numbers compared with Node's besides the booking rate; absent where there are none. No secret. */
  readonly businessMetrics?: readonly BusinessMetric[];
}

/** Bytes of all business metrics together, as JSON: they are part of the manifest, which one SSM parameter holds (4 KB). */
const MOST_BUSINESS_BYTES = 1000;

const EMAILS = { pattern: /^[^\s@]+@[^\s@]+\.[^\s@]+$/, expected: "e-mail addresses" };

/** Messages and people: what the alarms are made from, and who hears of them. */
export function readWatch(reader: ConfigReader): WatchConfig {
  return {
    expectedMessagesPerHour: reader.integer("expectedMessagesPerHour", { min: 1, max: 1_000_000 }) ?? 60,
    onCall: reader.strings("onCall", { ...EMAILS, example: "on-call@example.com" }),
    ...optional("startsAt", readStartsAt(reader)),
    stakeholders: readStakeholders(reader),
    ...optional("bakeHours", reader.integer("bakeHours", { min: reader.rehearsed ? 0 : LEAST_BAKE_HOURS, max: 720 })),
    ...optional("override", readOverride(reader)),
    ...optional("businessMetrics", readBusinessMetrics(reader)),
  };
}

/** In the form that every part of the program compares: to the second, with Z. */
function readStartsAt(reader: ConfigReader): string | undefined {
  const options = {
    pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d(:00)?Z$/,
    expected: "a date and time in UTC, such as 2026-12-08T08:00Z",
    example: "2026-12-08T08:00Z",
  };
  const text = reader.optionalString("startsAt", options);
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  // Date.parse takes 31 February for 3 March.
  if (!Number.isNaN(at) && new Date(at).toISOString().startsWith(text.slice(0, 16))) {
    return new Date(at).toISOString().replace(".000Z", "Z");
  }
  reader.add(
    "cutover:startsAt",
    `is "${text}", which is no date`,
    `pulumi config set cutover:startsAt ${options.example}`,
  );
  return undefined;
}

function readStakeholders(reader: ConfigReader): WatchConfig["stakeholders"] {
  const object = reader.object("stakeholders", STAKEHOLDERS);
  const addresses = (group: Stakeholder) => object.strings(group, { ...EMAILS, example: `${group}@example.com` });
  const [development, support, sales, management] = STAKEHOLDERS.map(addresses);
  return { development: development ?? [], support: support ?? [], sales: sales ?? [], management: management ?? [] };
}

function readBusinessMetrics(reader: ConfigReader): readonly BusinessMetric[] | undefined {
  const taken: string[] = [BOOKING_RATE.name, END_TO_END, ...CRITERIA.map(({ id }) => id), "booking failures"];
  const metrics = reader.objects("businessMetrics", ["name", "sql"]).map((object) => {
    const name = object.requiredString("name", {
      pattern: /^\S(.{0,38}\S)?$/,
      expected: "a name of at most 40 characters",
      example: "qualification",
    });
    if (taken.includes(name)) object.problem("name", `is "${name}", which another number has`, "qualification");
    taken.push(name);
    const sql = object.requiredString("sql", {
      pattern: /^\s*(select|with)\b(?=[\s\S]*\$1\b)(?=[\s\S]*\$2\b)/i,
      expected: "one SELECT of (engine, hits, n) for the time from $1 to $2 (docs/gate.md)",
      example: "'SELECT engine, hits, n FROM qualification($1, $2)'",
    });
    return { name, sql };
  });
  const bytes = Buffer.byteLength(JSON.stringify(metrics));
  if (bytes > MOST_BUSINESS_BYTES) {
    reader.add(
      "cutover:businessMetrics",
      `takes ${bytes} bytes, expected at most ${MOST_BUSINESS_BYTES}: keep long queries as functions in the database`,
      "pulumi config set --path cutover:businessMetrics[0].sql 'SELECT engine, hits, n FROM qualification($1, $2)'",
    );
  }
  return metrics.length === 0 ? undefined : metrics;
}

/** All four fields or none: an override without a name, a reason and an end is nobody's responsibility. */
function readOverride(reader: ConfigReader): Override | undefined {
  if (reader.raw("override") === undefined) return undefined;
  const object = reader.object("override", ["to", "name", "reason", "expires"]);
  const names = phases.map((p) => p.name);
  const text = (field: string, expected: string, example: string) =>
    object.requiredString(field, { pattern: /\S/, expected, example });
  const to = object.requiredString("to", {
    pattern: new RegExp(`^(${names.join("|")})$`),
    expected: `the phase the step leads to, one of ${names.join(", ")}`,
    example: "ramp-25",
  });
  const name = text("name", "who takes the responsibility", '"Ada Lovelace"');
  const reason = text("reason", "why", '"quiet weekend, 41 messages without a failure"');
  const expires = Date.parse(
    object.requiredString("expires", {
      pattern: /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?UTC|Z)$/,
      expected: "when it ends, in UTC, such as 2026-11-25T18:00:00Z",
      example: "2026-11-25T18:00:00Z",
    }),
  );
  return isPhaseName(to) && !Number.isNaN(expires) ? { to, name, reason, expires } : undefined;
}
