import { describe, expect, it } from "vitest";
import { phaseOf } from "../phases";
import { type GateFacts, gate } from "./gate";
import { judge } from "./judge";
import { ledgerEntry, ledgerEntryPath, ledgerText } from "./ledger";
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
