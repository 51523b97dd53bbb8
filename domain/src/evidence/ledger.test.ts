import { describe, expect, it } from "vitest";
import { phaseOf } from "../phases";
import { overrideNotice } from "./announcement";
import { type GateFacts, gate } from "./gate";
import { historyLines } from "./history-lines";
import { judge } from "./judge";
import { changeEntry, ledgerEntry, ledgerEntryPath, ledgerText, parseEntry } from "./ledger";
import { evidenceOf, HOUR, NOW } from "./testkit";

const facts: GateFacts = {
  step: { from: phaseOf("ramp-25"), to: phaseOf("ramp-50"), shareBefore: 25, shareAfter: 50 },
  now: NOW,
  phaseSince: NOW - 26 * HOUR,
  verdict: judge(evidenceOf(80), "ladder", NOW),
  share: { outcome: "proved", links: [] },
  alarms: { value: [{ name: "a", state: "OK" }] },
  standby: { value: { healthy: 4, required: 4, secondsSinceProbeOk: 5 } },
  pendingMigrations: { value: [] },
};
const bytes = (text: string) => Buffer.byteLength(text);

describe("the ledger", () => {
  it("keeps what a step rested on", () => {
    const entry = ledgerEntry(facts, gate(facts), "sha256:a");
    expect(entry).toMatchObject({
      version: 1,
      from: "ramp-25",
      to: "ramp-50",
      shareBefore: 25,
      shareAfter: 50,
      digest: "sha256:a",
    });
    expect(entry.verdict?.criteria[0]).toBe("errors PASS: 0/80 failed; at 95 % below 3.7 %");
    expect(entry).not.toHaveProperty("override");
    expect(JSON.parse(ledgerText(entry, bytes))).toEqual(entry);
  });

  it("keeps who put what aside, and only where something was", () => {
    const override = { name: "Mara", reason: "quiet week", to: "ramp-50", expires: NOW + HOUR } as const;
    const short = { ...facts, verdict: judge(evidenceOf(41), "ladder", NOW), override };
    expect(ledgerEntry(short, gate(short), "sha256:a").override).toMatchObject({
      name: "Mara",
      reason: "quiet week",
      expires: "2026-11-25T13:00:00.000Z",
      aside: [expect.stringContaining("0/41 failed")],
    });
    expect(ledgerEntry({ ...facts, override }, gate({ ...facts, override }), "sha256:a")).not.toHaveProperty(
      "override",
    );
  });

  it("keeps which image was put in the place of which, and a watch that is not the plan's", () => {
    const entry = ledgerEntry({ ...facts, bakeHours: 0 }, gate({ ...facts, bakeHours: 0 }), "sha256:new");
    expect(entry).toMatchObject({ digest: "sha256:new", digestBefore: facts.verdict?.digest, bakeHours: 0 });
    const usual = ledgerEntry({ ...facts, bakeHours: 20 }, gate(facts), facts.verdict?.digest ?? "");
    expect(Object.keys(usual)).not.toContain("bakeHours");
    expect(Object.keys(usual)).not.toContain("digestBefore");
  });

  it("fits into a parameter, whatever a database had to say", () => {
    const watched = Array.from({ length: 30 }, (_, i) => ({
      name: `metric ${i}`,
      reading: { unavailable: "x".repeat(5000) },
    }));
    const wordy = { ...facts, verdict: judge(evidenceOf(80, { watched }), "ladder", NOW) };
    const entry = ledgerEntry(wordy, gate(wordy), "sha256:a");
    expect(bytes(ledgerText(entry, bytes))).toBeLessThanOrEqual(4096);
    const long = {
      ...entry,
      verdict: { bar: "ladder", outcome: "PASS", since: "x", criteria: Array(40).fill("ä".repeat(160)) },
    } as const;
    expect(JSON.parse(ledgerText(long, bytes))).toMatchObject({
      to: "ramp-50",
      verdict: { criteria: ["40 criteria"] },
    });
  });

  it("is numbered so that names sort in time", () => {
    expect([2, 10, 1].map((n) => ledgerEntryPath("prod", n)).sort()).toEqual([
      "/cutover/prod/ledger/0001",
      "/cutover/prod/ledger/0002",
      "/cutover/prod/ledger/0010",
    ]);
  });
});

describe("an update that the gate is not asked about", () => {
  const before = { phase: "ramp-50", pythonShare: 50, pythonDigest: "sha256:a" } as const;
  const change = (after: object, released?: string) =>
    changeEntry({ now: NOW, before, after: { ...before, ...after }, ...(released ? { released } : {}) });

  it("is recorded where it releases a rollback: until then Python had nothing", () => {
    expect(change({}, "rb-0001")).toEqual({
      version: 1,
      at: "2026-11-25T12:00:00.000Z",
      from: "ramp-50",
      to: "ramp-50",
      shareBefore: 0,
      shareAfter: 50,
      digest: "sha256:a",
      released: "rb-0001",
    });
    expect(change({ phase: "parallel", pythonShare: 10 }, "rb-0001")).toMatchObject({ shareBefore: 0, shareAfter: 10 });
  });

  it("is recorded where customers meet a new image", () => {
    expect(change({ pythonDigest: "sha256:b" })).toMatchObject({
      shareBefore: 50,
      shareAfter: 50,
      digest: "sha256:b",
      digestBefore: "sha256:a",
    });
  });

  it("is not recorded where nothing comes to customers", () => {
    expect(change({})).toBeUndefined();
    expect(change({ phase: "ramp-25", pythonShare: 25 })).toBeUndefined();
    expect(change({ pythonShare: 0, pythonDigest: "sha256:b" })).toBeUndefined();
    expect(change({ pythonShare: 0 }, "rb-0001")).toBeUndefined();
  });
});

describe("the notice of an override", () => {
  const override = { name: "Mårten", reason: "quiet week", to: "ramp-50", expires: NOW + HOUR } as const;
  const short = { ...facts, verdict: judge(evidenceOf(41), "ladder", NOW), override };

  it("says who, why, what and how to go back, in a subject that SNS takes", () => {
    const notice = overrideNotice("prod", ledgerEntry(short, gate(short), "sha256:a"));
    expect(notice?.subject).toBe("[cutover prod] gate overridden: ramp-25 to ramp-50");
    expect(notice?.subject).toMatch(/^[ -~]{1,100}$/);
    expect(notice?.text).toContain("Mårten has put the gate of stack prod aside: quiet week");
    expect(notice?.text).toContain("0/41 failed");
    expect(notice?.text).toContain("npx cutover rollback --stack prod");
  });

  it("is none without an override", () => {
    expect(overrideNotice("prod", ledgerEntry(facts, gate(facts), "sha256:a"))).toBeUndefined();
  });
});

describe("the history for people", () => {
  it("names each step, release and image, what it rested on and who put what aside", () => {
    const override = { name: "Mara", reason: "quiet week", to: "ramp-50", expires: NOW + HOUR } as const;
    const short = { ...facts, verdict: judge(evidenceOf(41), "ladder", NOW), override };
    const before = { phase: "ramp-50", pythonShare: 50, pythonDigest: "sha256:a" } as const;
    const lines = historyLines([
      ledgerEntry(short, gate(short), short.verdict.digest),
      ...[changeEntry({ now: NOW, before, after: before, released: "rb-0001" })].flatMap((entry) => entry ?? []),
    ]);
    expect(lines[0]).toBe("2026-11-25 12:00 UTC  step: ramp-25 (25 %) to ramp-50 (50 %)");
    expect(lines[1]).toMatch(
      /^ {2}image 3f9c3f9c3f9c…; NOT ENOUGH EVIDENCE on bar "ladder", counted since 2026-11-24 10:00 UTC$/,
    );
    expect(lines).toContainEqual("  overridden by Mara (quiet week), good until 2026-11-25 13:00 UTC:");
    expect(lines).toContainEqual("2026-11-25 12:00 UTC  release of rb-0001: ramp-50 (0 %) to ramp-50 (50 %)");
    expect(historyLines([])).toEqual(["history   no step up, release or new image so far"]);
  });

  it("leaves out what is no entry of ours", () => {
    const entry = ledgerEntry(facts, gate(facts), "sha256:a");
    expect(parseEntry(ledgerText(entry, bytes))).toEqual(entry);
    for (const text of ["", "null", "{}", '{"version":2}', "no json"]) expect(parseEntry(text)).toBeUndefined();
  });
});
