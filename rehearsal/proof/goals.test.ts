import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PlayedRow } from "./fault-row";
import { type FaultsReport, faultsPage } from "./faults-page";
import { killGoals, matrixGoals } from "./goals";
import { type KillKind, kindOf, nextOfItsKind, nth, seeded, underWay } from "./kill-points";
import { KILL_SECTIONS, type Kill, type KilledSection, type KillsResult } from "./kills";
import { addMatrix } from "./matrix-report";

const row: PlayedRow = {
  ...{ fault: "5xx", phase: "ramp-50", outcome: "node", expected: "node", detectedMs: 2000, switchMs: 400 },
  ...{ sent: 900, exposed: 60, lost: 60, lostAfterSwitch: 0, nextUpClean: true, seconds: 40, problems: [] },
  playedAt: "2026-11-28T19:30:00.000Z",
};
const missed = (more: Partial<PlayedRow>) =>
  matrixGoals({ rows: [row, { ...row, ...more }], worldProblems: [] }).filter(({ reached }) => !reached);

describe("the goals of the fault matrix", () => {
  it("are reached by a row as it has to be", () => {
    expect(missed({})).toEqual([]);
  });

  it.each([
    [{ outcome: "failed" }, "every row ends as its table says (not: 5xx at ramp-50)"],
    [{ lostAfterSwitch: 1 }, "0 lost after the switch in every row (not: 5xx at ramp-50)"],
    [{ fault: "late event" }, "0 lost at all in rows that need no detection (not: late event at ramp-50)"],
    [{ nextUpClean: false }, "the next update is clean after every row (not: 5xx at ramp-50)"],
    [{ problems: ["x"] }, "nothing else was wrong in any row (not: 5xx at ramp-50)"],
  ] as const)("are missed by %o", (more, goal) => {
    expect(missed(more).map((it) => it.goal)).toEqual([goal]);
  });

  it("are missed without a row, and where the world itself failed", () => {
    expect(matrixGoals({ rows: [], worldProblems: ["moto died"] }).filter(({ reached }) => !reached)).toEqual([
      { goal: "rows were played", reached: false },
      { goal: "the world itself was sound moto died", reached: false },
    ]);
  });
});

const kill = (kind: KillKind, more: Partial<Kill> = {}): Kill => ({
  ...{ section: "prepare", seeded: false, hit: [{ what: "create x", kind }], pending: 1 },
  ...more,
});
const KINDS = ["traffic", "webhook", "switch", "migration", "alarm"] as const;
const section: KilledSection = {
  ...{ section: "prepare", exitCode: 0, clean: true, refreshes: 1, sent: 9, lost: 0, orphans: [], problems: [] },
  kills: [...KINDS.map((kind) => kill(kind)), ...Array.from({ length: 5 }, () => kill("other", { seeded: true }))],
};
const others = KILL_SECTIONS.slice(1).map((name) => ({ ...section, section: name, kills: [] }));
const killed = (more: Partial<KilledSection>): KillsResult => ({
  ...{ sections: [{ ...section, ...more }, ...others], worldProblems: [], seconds: 60 },
  ...{ processors: 2, loadAverage: 1, measuredAt: "2026-11-28T20:00:00.000Z" },
});

describe("the goals of the kills", () => {
  it("are reached by a section as it has to be", () => {
    expect(killGoals(killed({})).filter(({ reached }) => !reached)).toEqual([]);
  });

  it.each([
    [{ exitCode: 255 }, "the update after the kills exits 0 (not: prepare)"],
    [{ clean: false }, "another one finds nothing to do (not: prepare)"],
    [{ lost: 1 }, "no message is lost (not: prepare)"],
    [
      { kills: [kill("traffic", { hit: [{ what: "update x", kind: "traffic" }] }), ...section.kills.slice(1)] },
      "kills hit creations of every kind (not: traffic)",
    ],
    [{ kills: section.kills.slice(0, -1) }, "5 kills by a fixed seed (4)"],
  ])("are missed by %o", (more, goal) => {
    expect(killGoals(killed(more)).flatMap((it) => (it.reached ? [] : it.goal))).toEqual([goal]);
  });

  it("are missed where a section was not played", () => {
    const { sections, ...rest } = killed({});
    const goals = killGoals({ ...rest, sections: sections.slice(0, -1) });
    expect(goals.flatMap((it) => (it.reached ? [] : it.goal))).toEqual([
      "every section was played (not: decommission)",
    ]);
  });

  it("are missed where a kind of operation was never hit", () => {
    const goals = killGoals(killed({ kills: section.kills.slice(1) }));
    expect(goals.flatMap((it) => (it.reached ? [] : it.goal))).toEqual([
      "kills hit every kind of operation (not: traffic)",
      "kills hit creations of every kind (not: traffic)",
    ]);
  });
});

describe("the points at which an update is killed", () => {
  const urn = (type: string, name: string) => `urn:pulumi:test::cutover::cutover:index:Cutover$${type}::${name}`;
  const rule = { mark: "started", op: "update", urn: urn("aws:lb/listenerRule:ListenerRule", "split") } as const;
  const role = { mark: "started", op: "create", urn: urn("aws:iam/role:Role", "role") } as const;

  it("are of the kind that their type says", () => {
    expect(kindOf(rule.urn)).toBe("traffic");
    expect(kindOf(urn("pulumi-nodejs:dynamic/cutover:GhlValue", "webhook-url"))).toBe("webhook");
    expect(kindOf(urn("pulumi-nodejs:dynamic/cutover:SupabaseMigrations", "migrations"))).toBe("migration");
    expect(kindOf(urn("aws:cloudwatch/compositeAlarm:CompositeAlarm", "hard"))).toBe("alarm");
    expect(kindOf(role.urn)).toBe("other");
  });

  it("are hit once each, or by number", () => {
    const timeline = [role, { ...rule, mark: "ended" }, rule] as const;
    expect(nextOfItsKind(new Set())(timeline)).toBe(rule);
    expect(nextOfItsKind(new Set([`update ${rule.urn}`]))(timeline)).toBeUndefined();
    expect([nth(1)(timeline), nth(2)(timeline), nth(3)(timeline)]).toEqual([role, rule, undefined]);
  });

  it("interrupt what has begun and not ended, components aside", () => {
    const component = { ...role, urn: urn("cutover:index:Traffic", "traffic") };
    expect(underWay([component, role])).toEqual([role]);
    expect(nth(1)([component, role])).toBe(role);
    expect(underWay([role, rule, { ...rule, mark: "ended" }])).toEqual([role]);
  });

  it("are the same in every run", () => {
    expect(seeded(9, 5, 60)).toEqual(seeded(9, 5, 60));
    expect([...seeded(9, 60, 60)].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    // More than there are is all of them.
    expect(new Set(seeded(9, 5, 3)).size).toBe(3);
  });
});

const run = {
  ...{ processors: 2, loadAverage: 1, measuredAt: "2026-11-28T20:00:00.000Z" },
  ...{ rows: 1, seconds: 60, clockFactor: 60, messagesPerSecond: 40 },
};

describe("the matrix in the report", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "cutover-matrix-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("keeps the newest of each row, in the order of the table, and the runs that they are from", () => {
    const file = join(folder, "proof.json");
    const at = (hour: number) => `2026-11-28T${hour}:00:00.000Z`;
    const played = (fault: string, hour: number): PlayedRow => ({ ...row, fault, playedAt: at(hour) });
    addMatrix({ rows: [played("hang", 10), played("5xx", 10)], run: { ...run, rows: 2, measuredAt: at(11) } }, file);
    addMatrix({ rows: [{ ...played("slow", 12), phase: "full" }], run: { ...run, measuredAt: at(13) } }, file);
    addMatrix({ rows: [played("hang", 14)], run: { ...run, measuredAt: at(15) } }, file);
    const report = () => JSON.parse(readFileSync(file, "utf8")) as FaultsReport;
    expect(report().faultMatrix?.map(({ fault, phase, playedAt }) => [fault, phase, playedAt])).toEqual([
      ["5xx", "ramp-50", at(10)],
      ["hang", "ramp-50", at(14)],
      ["slow", "full", at(12)],
    ]);
    expect(report().faultMatrixRuns?.map(({ measuredAt }) => measuredAt)).toEqual([at(11), at(13), at(15)]);
    // Nothing of the first run is left.
    addMatrix({ rows: [played("5xx", 16)], run: { ...run, measuredAt: at(17) } }, file);
    expect(report().faultMatrixRuns?.map(({ measuredAt }) => measuredAt)).toEqual([at(13), at(15), at(17)]);
  });
});

it("the page shows each row and kill, and what was not played", () => {
  const page = faultsPage({ faultMatrix: [{ ...row, problems: ["odd"] }], faultMatrixRuns: [run], kills: killed({}) });
  expect(page).toContain("1 of 32 rows");
  expect(page).toContain("**Not played yet**: hang at ramp-50, slow at ramp-50,");
  expect(page).toContain("| 5xx | ramp-50 | node | 2,000 | 400 | 900 | 60 | 60 | 0 | yes |");
  expect(page).toContain("- **5xx at ramp-50**: odd");
  expect(page).toContain("2 processors, load average 1.0 at the end");
  expect(page).toContain("| 6 | prepare | yes | create x | other |");
  expect(faultsPage({})).toContain("Not played yet.");
});
