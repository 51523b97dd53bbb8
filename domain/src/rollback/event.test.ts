import { describe, expect, it } from "vitest";
import { lateBecause, parseEvents, STALE_AFTER_MS } from "./event";
import type { RollbackRecord } from "./record";

const ALARMS = { hard: "cutover-prod-rollback-hard", soft: "cutover-prod-rollback-soft" };

/** As CloudWatch writes it for a composite alarm; see docs "Amazon SNS notification schema". */
const composite = {
  AlarmName: ALARMS.hard,
  AlarmDescription: "rolls back",
  AWSAccountId: "123456789012",
  NewStateValue: "ALARM",
  NewStateReason:
    "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cutover-prod-probe-python\n transitioned to ALARM at Sunday 22 November, 2026 10:00:00 UTC",
  StateChangeTime: "2026-11-22T10:00:01.250+0000",
  Region: "US East (N. Virginia)",
  AlarmArn: "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cutover-prod-rollback-hard",
  OldStateValue: "OK",
  AlarmRule: 'ALARM("cutover-prod-probe-python")',
};

const sns = (message: unknown) => ({
  Records: [
    { EventSource: "aws:sns", Sns: { Message: typeof message === "string" ? message : JSON.stringify(message) } },
  ],
});
const parse = (payload: unknown) => parseEvents(payload, "prod", ALARMS);

describe("parseEvents", () => {
  it("reads a composite alarm with its time and its child, in one line", () => {
    expect(parse(sns(composite))).toEqual([
      {
        kind: "alarm",
        tier: "hard",
        alarm: ALARMS.hard,
        at: Date.parse("2026-11-22T10:00:01.250Z"),
        text: "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cutover-prod-probe-python transitioned to ALARM at Sunday 22 November, 2026 10:00:00 UTC",
      },
    ]);
  });

  it.each([
    [ALARMS.soft, "soft"],
    ["cutover-prod-elb-5xx", "suspicion"],
  ])("takes %s for %s", (AlarmName, tier) => {
    expect(parse(sns({ ...composite, AlarmName }))).toMatchObject([{ kind: "alarm", tier }]);
  });

  it("reads every record of an event", () => {
    const two = { Records: [...sns(composite).Records, ...sns({ ...composite, NewStateValue: "OK" }).Records] };
    expect(parse(two).map(({ kind }) => kind)).toEqual(["alarm", "ignored"]);
  });

  it("reads the reconciler's and a person's events", () => {
    expect(parse({ source: "reconcile" })).toEqual([{ kind: "reconcile" }]);
    expect(parse({ source: "manual", reason: " answers\nare wrong " })).toEqual([
      { kind: "manual", reason: "answers are wrong" },
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ["nothing", undefined, /no JSON object/],
    ["a list", [], /no JSON object/],
    ["an unknown source", { source: "aws.events" }, /neither from SNS/],
    ["no records", { Records: [] }, /no record/],
    ["a record of another kind", { Records: [{ s3: {} }] }, /no alarm/],
    ["a message that is no JSON", sns("{"), /no alarm/],
    ["a message of somebody else", sns({ hello: 1 }), /no alarm/],
    [
      "another stack's alarm",
      sns({ ...composite, AlarmName: "cutover-dev-rollback-hard" }),
      /belongs to something else/,
    ],
    ["a foreign alarm", sns({ ...composite, AlarmName: "billing" }), /"billing" belongs/],
    ["an OK", sns({ ...composite, NewStateValue: "OK" }), /went to OK, which moves nothing/],
    ["INSUFFICIENT_DATA", sns({ ...composite, NewStateValue: "INSUFFICIENT_DATA" }), /moves nothing/],
    ["no time", sns({ ...composite, StateChangeTime: "yesterday" }), /does not say when/],
    ["manual without a reason", { source: "manual" }, /needs a reason/],
    ["manual with an empty reason", { source: "manual", reason: " " }, /needs a reason/],
  ])("ignores %s with a sentence", (_what, payload, why) => {
    expect(parse(payload)).toEqual([{ kind: "ignored", why: expect.stringMatching(why) }]);
  });

  it("keeps long texts short", () => {
    const [event] = parse(sns({ ...composite, NewStateReason: "x".repeat(5_000) }));
    expect(event?.kind === "alarm" && event.text.length).toBeLessThan(500);
  });
});

describe("lateBecause", () => {
  const at = Date.parse("2026-11-22T10:00:00Z");
  const record = (times: Partial<RollbackRecord>): RollbackRecord => ({
    version: 1,
    id: "rb-0001",
    at: "2026-11-22T09:00:00.000Z",
    trigger: { kind: "hard", text: "x" },
    to: "node",
    steps: {},
    ...times,
  });
  const late = (records: RollbackRecord[], now = at, still: boolean | undefined = undefined) =>
    lateBecause({ alarm: "a", at }, records, now, still);

  it("takes an event before any release", () => {
    expect(late([])).toBeUndefined();
    expect(late([record({})])).toBeUndefined();
  });

  it("takes an event after a release, and ignores one before it", () => {
    expect(late([record({ releasedAt: "2026-11-22T09:59:59.999Z" })])).toBeUndefined();
    expect(late([record({ releasedAt: "2026-11-22T10:00:00.000Z" })])).toMatch(
      /before the release of 2026-11-22T10:00/,
    );
  });

  it("counts from when the release looked at the alarms, not from its end", () => {
    const released = { releasingAt: "2026-11-22T09:59:00.000Z", releasedAt: "2026-11-22T10:00:30.000Z" };
    expect(late([record(released)])).toBeUndefined();
  });

  it("counts the latest release", () => {
    const first = record({ releasedAt: "2026-11-22T11:00:00.000Z" });
    expect(late([first, record({ id: "rb-0002" })])).toBeDefined();
  });

  it("ignores an old event of an alarm that is over, and only then", () => {
    const muchLater = at + STALE_AFTER_MS + 1;
    expect(late([], muchLater, false)).toMatch(/is not in ALARM any more/);
    expect(late([], muchLater, true)).toBeUndefined();
    expect(late([], muchLater, undefined)).toBeUndefined();
    expect(late([], at + STALE_AFTER_MS, false)).toBeUndefined();
  });
});
