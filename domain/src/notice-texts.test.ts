import { describe, expect, it } from "vitest";
import type { Applied } from "./decide";
import { datedNotice, resumedNotice, startNotice } from "./notice-texts";
import { DATED_NOTICES, type DatedNotice } from "./notices";
import { type PhaseName, phaseOf } from "./phases";
import type { RollbackRecord } from "./rollback/record";

const applied = (phase: PhaseName): Applied => ({
  phase,
  pythonShare: phaseOf(phase).pythonShare,
  pythonDigest: "sha256:1",
  notices: { startsAt: "2026-12-10T08:00:00Z", dates: {} },
});
const record = (more: Partial<RollbackRecord> = {}): RollbackRecord => ({
  version: 1,
  id: "rb-0001",
  at: "2026-12-11T10:00:00Z",
  trigger: { kind: "hard", text: "probes of Python failed" },
  to: "node",
  steps: {},
  ...more,
});
const over = record({ releasedAt: "2026-12-11T11:00:00Z" });
const told = (notice: DatedNotice, phase: PhaseName | undefined, records: RollbackRecord[] = []) =>
  datedNotice(notice, { stack: "prod", applied: phase && applied(phase), records });

describe("a notice whose date has come", () => {
  it.each([
    ["week-before", "prepare", /In 7 days/, /From 2026-12-10T08:00:00Z .*first 10 %/],
    ["day-before", "front-door", /Tomorrow/, /From 2026-12-10T08:00:00Z/],
    ["progress", "parallel", /answers 10 % of the messages/, /phase parallel, 10 %[\s\S]*Rollbacks so far: none/],
    ["completion", "full", /Complete/, /answered every customer's message.*Node stands by/],
    ["completion", "decommission", /Complete/, /Node is archived and removed/],
  ] as const)("%s in %s says what is so", (notice, phase, subject, text) => {
    expect(told(notice, phase)).toMatchObject({
      subject: expect.stringMatching(subject),
      text: expect.stringMatching(text),
      audience: "everyone",
    });
  });

  it.each([
    ["week-before", "parallel", [], /gets 10 % of the messages already/],
    ["day-before", undefined, [], /no update is complete/],
    ["progress", "front-door", [], /Python gets no message/],
    ["progress", "ramp-25", [record()], /rb-0001 is not over/],
    ["completion", "ramp-90", [], /gets 90 % of the messages/],
    ["completion", "full", [over, record({ id: "rb-0002" })], /rb-0002 is not over/],
  ] as const)("%s in %s is not sent where it is not so", (notice, phase, records, why) => {
    expect(told(notice, phase, [...records])).toEqual({ dropped: expect.stringMatching(why) });
  });

  it("before the start needs a date that still stands", () => {
    const { notices: _gone, ...without } = applied("prepare");
    expect(datedNotice("day-before", { stack: "prod", applied: without, records: [] })).toEqual({
      dropped: "no date is set any more",
    });
  });

  it("names the rollbacks that are over, with what fired", () => {
    expect(told("progress", "ramp-25", [over])).toMatchObject({
      text: expect.stringContaining("Rollbacks so far, all over: rb-0001 (probes of Python failed)."),
    });
  });
});

describe("every notice", () => {
  const all = [
    ...DATED_NOTICES.map((notice) => told(notice, notice.endsWith("before") ? "prepare" : "full")),
    startNotice("prod", { to: "parallel", shareAfter: 10, at: "2026-12-10T08:05:00Z" }),
    resumedNotice("prod", over, 10),
  ];

  it("has a subject that SNS takes and that is not cut off", () => {
    for (const notice of all) {
      if ("dropped" in notice) throw new Error(notice.dropped);
      expect(notice.subject).toMatch(/^\[cutover prod\] [\x20-\x7e]+$/);
      expect(notice.subject.length).toBeLessThan(100);
    }
  });

  it("that asks for something asks each of the plan's four groups", () => {
    const [week, day, , , start] = all;
    for (const notice of [week, day, start]) {
      for (const group of ["Development team", "Customer support", "Sales team", "Management"]) {
        expect(notice).toMatchObject({ text: expect.stringContaining(`${group}: `) });
      }
    }
  });
});

it("the end of a rollback names it and the share, where that is known", () => {
  expect(resumedNotice("prod", over, 10).subject).toBe(
    "[cutover prod] rb-0001 is over: the new service gets 10 % of the messages again",
  );
  expect(resumedNotice("prod", over, undefined).text).toMatch(/answers messages again/);
});
