import { describe, expect, it } from "vitest";
import { phaseOf } from "../phases";
import { type GateFacts, gate } from "./gate";
import { judge } from "./judge";
import { evidenceOf, HOUR, NOW } from "./testkit";
import { verdictLines } from "./verdict-lines";

const good: GateFacts = {
  step: { from: phaseOf("ramp-25"), to: phaseOf("ramp-50"), shareBefore: 25, shareAfter: 50 },
  now: NOW,
  phaseSince: NOW - 26 * HOUR,
  verdict: judge(evidenceOf(80), "ladder", NOW),
  share: { outcome: "proved", links: [] },
  alarms: { value: [{ name: "cutover-prod-rollback-hard", state: "OK" }] },
  standby: { value: { healthy: 4, required: 4, secondsSinceProbeOk: 22 } },
  pendingMigrations: { value: [] },
};
const linesOf = (change: Partial<GateFacts> = {}) => {
  const facts = { ...good, ...change };
  return verdictLines(facts, gate(facts));
};

describe("the lines of a verdict", () => {
  it("tell a pass with every criterion", () => {
    const [head, ...criteria] = linesOf();
    expect(head).toBe(
      `Gate from ramp-25 (25 %) to ramp-50 (50 %): open; bar "ladder": PASS, image sha256:${"3f9c".repeat(16)} since 2026-11-24 10:00 UTC.`,
    );
    expect(criteria).toHaveLength(good.verdict?.criteria.length ?? 0);
    expect(criteria[0]).toMatch(/^ {2}errors: PASS, 0\/80 failed; at 95 % below 3.7 %$/);
  });

  it("tell what is missing, and that the gate is closed", () => {
    const [head, errors] = linesOf({ verdict: judge(evidenceOf(41), "ladder", NOW) });
    expect(head).toMatch(/: closed; bar "ladder": NOT ENOUGH EVIDENCE, image/);
    expect(errors).toMatch(/^ {2}errors: NOT ENOUGH EVIDENCE, 0\/41 failed; .* \(18 more messages/);
  });

  it("tell an override from a pass", () => {
    const override = { name: "Mara", reason: "quiet week", to: "ramp-50", expires: NOW + HOUR } as const;
    const [head] = linesOf({ verdict: judge(evidenceOf(41), "ladder", NOW), override });
    expect(head).toContain("open, by an override; ");
  });

  it("say where there is no evidence: none asked for, or none read", () => {
    const first = { from: phaseOf("front-door"), to: phaseOf("parallel"), shareBefore: 0, shareAfter: 10 };
    expect(linesOf({ step: first, python: [], killSwitch: { value: "off" } })).toEqual([
      "Gate from front-door (0 %) to parallel (10 %): open; the first share asks for no evidence.",
    ]);
    const { verdict: _, ...unread } = good;
    expect(verdictLines(unread, gate(unread))).toEqual([
      'Gate from ramp-25 (25 %) to ramp-50 (50 %): closed; bar "ladder": NOT ENOUGH EVIDENCE, none was read.',
    ]);
  });
});
