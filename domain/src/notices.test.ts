import { describe, expect, it } from "vitest";
import type { Applied } from "./decide";
import { appliedNotices, isStart, type NoticeInput, noticeLines, onceAt, planNotices } from "./notices";
import { type PhaseName, phaseOf } from "./phases";

const HOUR = 3_600_000;
const NOW = Date.parse("2026-12-01T08:30:12.345Z");
const STARTS_AT = "2026-12-10T08:00:00Z";

const applied = (phase: PhaseName, more: Partial<Applied> = {}): Applied => ({
  phase,
  pythonShare: phaseOf(phase).pythonShare,
  pythonDigest: "sha256:1",
  ...more,
});
const input = (phase: PhaseName, before?: Applied, more: Partial<NoticeInput> = {}): NoticeInput => ({
  startsAt: undefined,
  desired: { phase: phaseOf(phase), pythonShare: phaseOf(phase).pythonShare, rolledBack: false },
  world: before ? { applied: before } : {},
  now: NOW,
  ...more,
});
/** The update after one that has applied what `first` planned. */
const after = (first: NoticeInput, second: NoticeInput): NoticeInput => {
  const { phase, pythonShare } = first.desired;
  const notices = planNotices(first);
  return { ...second, world: { ...second.world, applied: { ...applied(phase.name), pythonShare, notices } } };
};

describe("notices before the start", () => {
  it("are 7 days and 1 day before startsAt", () => {
    expect(planNotices(input("prepare", undefined, { startsAt: STARTS_AT }))).toEqual({
      startsAt: STARTS_AT,
      dates: { "week-before": "2026-12-03T08:00:00Z", "day-before": "2026-12-09T08:00:00Z" },
    });
  });

  it("are none without a date, and nothing is kept of them", () => {
    expect(planNotices(input("prepare"))).toEqual({ dates: {} });
    expect(appliedNotices(planNotices(input("prepare")))).toEqual({});
  });

  it("stay planned when their date has passed: time alone is no change", () => {
    const first = input("prepare", undefined, { startsAt: STARTS_AT });
    const later = input("front-door", undefined, { startsAt: STARTS_AT, now: NOW + 30 * 24 * HOUR });
    expect(planNotices(after(first, later))).toEqual(planNotices(first));
    expect(noticeLines(after(first, later), planNotices(after(first, later)))).toEqual([]);
  });

  it("are left out where their date has passed, or comes before an update could make it, and that is said", () => {
    const days = { "2026-12-08T08:40:00Z": ["day-before"], "2026-12-02T08:40:00Z": [], "2020-01-01T00:00:00Z": [] };
    for (const [startsAt, planned] of Object.entries(days)) {
      const asked = input("prepare", undefined, { startsAt });
      expect(Object.keys(planNotices(asked).dates)).toEqual(planned);
      const missing = planned.length === 1 ? "week-before" : "week-before and day-before";
      expect(noticeLines(asked, planNotices(asked))).toEqual([
        `Notices: ${missing} will not be sent, ${startsAt} is too near (cutover:startsAt).`,
      ]);
    }
  });

  it("move with startsAt, and one that was too near comes back", () => {
    const near = input("prepare", undefined, { startsAt: "2026-12-05T08:00:00Z" });
    const moved = after(near, input("prepare", undefined, { startsAt: STARTS_AT }));
    expect(Object.keys(planNotices(near).dates)).toEqual(["day-before"]);
    expect(planNotices(moved).dates).toEqual({
      "week-before": "2026-12-03T08:00:00Z",
      "day-before": "2026-12-09T08:00:00Z",
    });
  });

  it("are not planned once Python gets messages", () => {
    const running = input("ramp-25", applied("parallel"), { startsAt: STARTS_AT });
    expect(planNotices(running)).toEqual({ startsAt: STARTS_AT, dates: {} });
    expect(noticeLines(running, planNotices(running))[0]).toMatch(/Python gets messages already/);
  });
});

describe("after a destroy that was refused, which takes the record of what is applied", () => {
  it("notices keep the dates that the manifest knows", () => {
    const notices = {
      startsAt: STARTS_AT,
      dates: { progress: "2026-12-10T16:00:00Z", completion: "2026-12-20T08:00:00Z" },
    };
    const world = { manifest: { node: false, notices } };
    expect(planNotices(input("decommission", undefined, { startsAt: STARTS_AT, world }))).toEqual(notices);
  });

  it.each([
    ["decommission", { manifest: { node: false } }],
    ["full", { manifest: { node: true }, liveShare: 100 }],
  ] as const)("none begins in %s, where Python has had everything for long", (phase, world) => {
    expect(planNotices(input(phase, undefined, { world }))).toEqual({ dates: {} });
  });
});

describe("notices after the facts", () => {
  it("are 8 hours after the first share, and keep their date up the ladder", () => {
    const start = input("parallel", applied("front-door"));
    expect(planNotices(start).dates).toEqual({ progress: "2026-12-01T16:30:12Z" });
    const next = after(start, input("ramp-25", undefined, { now: NOW + 72 * HOUR }));
    expect(planNotices(next)).toEqual(planNotices(start));
  });

  it("are 24 hours after the last share, beside the first", () => {
    const full = input("full", applied("ramp-90", { notices: { dates: { progress: "2026-11-24T16:00:00Z" } } }));
    expect(planNotices(full).dates).toEqual({
      progress: "2026-11-24T16:00:00Z",
      completion: "2026-12-02T08:30:12Z",
    });
    const decommission = after(full, input("decommission", undefined, { now: NOW + 40 * HOUR }));
    expect(planNotices(decommission)).toEqual(planNotices(full));
  });

  it("go with the share: a step down ends the completion's, a step back to Node both", () => {
    const full = input("full", applied("ramp-90", { notices: { dates: { progress: "2026-11-24T16:00:00Z" } } }));
    expect(Object.keys(planNotices(after(full, input("ramp-75"))).dates)).toEqual(["progress"]);
    expect(planNotices(after(full, input("node-only"))).dates).toEqual({});
    const again = after(input("front-door"), input("parallel", undefined, { now: NOW + HOUR }));
    expect(planNotices(again).dates).toEqual({ progress: "2026-12-01T17:30:12Z" });
  });

  it("don't begin where a version that planned none finds Python with a share", () => {
    expect(planNotices(input("ramp-50", applied("ramp-25"))).dates).toEqual({});
    expect(planNotices(input("full", applied("full"))).dates).toEqual({});
  });

  it("stay through a rollback, and the day of watching begins anew with its release", () => {
    const full = input("full", applied("ramp-90"));
    const rollback = { id: "rb-0001", trigger: "errors" };
    const waiting = after(full, input("full", undefined, { now: NOW + HOUR }));
    const rolledBack = { ...waiting, desired: { ...waiting.desired, pythonShare: 0, rolledBack: true } };
    expect(planNotices(rolledBack)).toEqual(planNotices(full));
    const released = { ...waiting, world: { ...waiting.world, rollback }, now: NOW + 5 * HOUR };
    expect(planNotices(released).dates).toEqual({ completion: "2026-12-02T13:30:12Z" });
  });
});

it("a start is the first share, not a release", () => {
  expect(isStart({ shareBefore: 0, shareAfter: 10 })).toBe(true);
  expect(isStart({ shareBefore: 0, shareAfter: 10, released: "rb-0001" })).toBe(false);
  expect(isStart({ shareBefore: 10, shareAfter: 25 })).toBe(false);
});

it("a schedule's date is in its time zone, without one of its own", () => {
  expect(onceAt("2026-12-03T08:00:00Z")).toBe("at(2026-12-03T08:00:00)");
});
