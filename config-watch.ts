import type { Override } from "@cutover/domain/evidence/gate";
import { isPhaseName, phases } from "@cutover/domain/phases";
import { type ConfigReader, optional } from "./config-reader";

/** What watches a phase, and what lets a step pass. */
export interface WatchConfig {
  /** `cutover:expectedMessagesPerHour`: customers' messages an hour, Node's and Python's together; default 60. The alarms' windows are made from it. */
  readonly expectedMessagesPerHour: number;
  /** `cutover:onCall`: e-mail addresses that hear of a rollback once they have confirmed the subscription; default none. */
  readonly onCall: readonly string[];
  /** `cutover:bakeHours`: hours a phase is watched before the next, in place of the plan's days. */
  readonly bakeHours?: number;
  /** `cutover:override`: who takes the responsibility for one step that the gate would refuse. */
  readonly override?: Override;
}

/** Messages and people: what the alarms are made from, and who hears of them. */
export function readWatch(reader: ConfigReader): WatchConfig {
  return {
    expectedMessagesPerHour: reader.integer("expectedMessagesPerHour", { min: 1, max: 1_000_000 }) ?? 60,
    onCall: reader.strings("onCall", {
      pattern: /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
      expected: "e-mail addresses",
      example: "on-call@example.com",
    }),
    ...optional("bakeHours", reader.integer("bakeHours", { min: 0, max: 720 })),
    ...optional("override", readOverride(reader)),
  };
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
