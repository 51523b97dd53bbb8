import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type PhaseName, phaseOf } from "../phases";
import {
  BAKE_HOURS,
  bakeHoursOf,
  barFor,
  type GateFacts,
  gate,
  isGated,
  LEAST_BAKE_HOURS,
  type Override,
  type Step,
} from "./gate";
import { judge } from "./judge";
import type { ProofLink, ShareProof } from "./share-proof";
import { evidenceOf, HOUR, NOW } from "./testkit";

const step = (from: PhaseName, to: PhaseName, more: Partial<Step> = {}): Step => ({
  from: phaseOf(from),
  to: phaseOf(to),
  shareBefore: phaseOf(from).pythonShare,
  shareAfter: phaseOf(to).pythonShare,
  ...more,
});
const proved: ShareProof = { outcome: "proved", links: [] };

/** Everything as it should be for ramp-25 → ramp-50. */
const good: GateFacts = {
  step: step("ramp-25", "ramp-50"),
  now: NOW,
  phaseSince: NOW - 26 * HOUR,
  verdict: judge(evidenceOf(80), "ladder", NOW),
  share: proved,
  alarms: { value: [{ name: "cutover-prod-rollback-hard", state: "OK" }] },
  standby: { value: { healthy: 4, required: 4, secondsSinceProbeOk: 22 } },
  pendingMigrations: { value: [] },
};
const ready: readonly ProofLink[] = [{ what: "tasks", state: "ok", says: "healthy tasks: Python 2" }];
const minutes = (matched: number, unmatched = 0) => ({ value: [{ atMs: NOW - 60_000, matched, unmatched }] });
const override: Override = { name: "Mara", reason: "quiet week", to: "ramp-50", expires: NOW + 4 * HOUR };
const reasons = (change: Partial<GateFacts>) => gate({ ...good, ...change }).refusals.map((refusal) => refusal.reason);
const tooFew = judge(evidenceOf(41), "ladder", NOW);

describe("which question a step asks", () => {
  it.each([
    ["prepare", "front-door", {}, undefined, false],
    ["front-door", "parallel", {}, undefined, true],
    ["parallel", "ramp-25", {}, "ladder", true],
    ["ramp-90", "full", {}, "ladder", true],
    ["full", "decommission", {}, "final", true],
    ["ramp-50", "ramp-25", {}, undefined, false],
    ["ramp-50", "node-only", {}, undefined, false],
    ["ramp-50", "ramp-50", {}, undefined, false],
    ["ramp-50", "ramp-50", { shareBefore: 25 }, "ladder", true],
    ["decommission", "decommission", {}, "final", false],
  ] as const)("%s → %s", (from, to, more, bar, gated) => {
    expect(barFor(step(from, to, more))).toBe(bar);
    expect(isGated(step(from, to, more))).toBe(gated);
  });
});

describe("the gate", () => {
  it("is passed where everything is as it should be", () => {
    expect(gate(good)).toEqual({ refusals: [], warnings: [], overridden: [] });
  });

  it("is not asked for a step that gives Python no more", () => {
    const nothing: GateFacts = { ...good, step: step("ramp-50", "ramp-25"), alarms: { unavailable: "denied" } };
    expect(gate(nothing).refusals).toEqual([]);
  });

  const table: [string, Partial<GateFacts>, RegExp][] = [
    [
      "too little evidence",
      { verdict: tooFew },
      /NOT ENOUGH EVIDENCE to leave "ramp-25": errors: 0\/41 failed; at 95 % below 7.1 % \(18 more/,
    ],
    [
      "failed evidence",
      { verdict: judge(evidenceOf(80, { errors: { value: { n: 80, bad: 9 } } }), "ladder", NOW) },
      /^FAIL to leave "ramp-25": errors: 9\/80/,
    ],
    ["evidence for the other question", { verdict: judge(evidenceOf(80), "final", NOW) }, /none was read/],
    ["bake time", { phaseSince: NOW - 19 * HOUR }, /watched for 20 hours, until 2026-11-25 13:00 UTC/],
    [
      "an unknown beginning",
      { phaseSince: undefined, sinceProblem: "AccessDenied" },
      /is not known, so neither whether its 20 hours are over \(AccessDenied\)/,
    ],
    [
      "a disproved share",
      { share: { outcome: "disproved", links: [{ what: "rule", state: "wrong", says: "10 % by the rule" }] } },
      /25 % of the messages reach Python is disproved: 10 % by the rule/,
    ],
    [
      "a share nobody proved",
      { share: { outcome: "unknown", links: [{ what: "requests", state: "unknown", says: "no request" }] } },
      /not proved: no request/,
    ],
    ["an alarm in ALARM", { alarms: { value: [{ name: "a", state: "ALARM" }] } }, /alarm a is in ALARM/],
    [
      "an alarm without data",
      { alarms: { value: [{ name: "a", state: "INSUFFICIENT_DATA" }] } },
      /alarm a is without data/,
    ],
    ["no alarms", { alarms: { value: [] } }, /No alarm is there/],
    ["unread alarms", { alarms: { unavailable: "AccessDenied" } }, /AccessDenied/],
    ["a small standby", { standby: { value: { healthy: 3, required: 4, secondsSinceProbeOk: 5 } } }, /Node has 3 of 4/],
    ["a silent standby", { standby: { value: { healthy: 4, required: 4, secondsSinceProbeOk: 400 } } }, /400 s ago/],
    ["an unprobed standby", { standby: { value: { healthy: 4, required: 4 } } }, /none is known/],
    ["an unread standby", { standby: { unavailable: "AccessDenied" } }, /AccessDenied/],
    ["pending migrations", { pendingMigrations: { value: ["1_x.sql"] } }, /1_x.sql/],
    ["unread migrations", { pendingMigrations: { unavailable: "no database" } }, /no database/],
  ];
  it.each(table)("refuses for %s, and for that alone", (_, change, reason) => {
    expect(reasons(change)).toEqual([expect.stringMatching(reason)]);
  });

  it("refuses a new image in the same step, whatever the old one did, unless somebody takes it upon them", () => {
    const declaredDigest = "sha256:new";
    expect(reasons({ declaredDigest })).toEqual([expect.stringMatching(/new image \(sha256:new\)/)]);
    expect(reasons({ declaredDigest, override })).toEqual([]);
    expect(reasons({ declaredDigest: good.verdict?.digest ?? "" })).toEqual([]);
  });

  it("gives every refusal a way on", () => {
    for (const [, change] of table) {
      for (const refusal of gate({ ...good, ...change }).refusals) expect(refusal.remedy).toMatch(/\w/);
    }
  });

  it.each<[string, Partial<GateFacts>, RegExp]>([
    ["migrations", { pendingMigrations: { unavailable: "x" } }, /pulumi config set .*cutover:database.previewUrl$/],
    ["alarms", { alarms: { unavailable: "x" } }, /cloudwatch:DescribeAlarms/],
    ["the standby", { standby: { unavailable: "x" } }, /npx cutover status/],
  ])("has another way on for %s that could not be read than for what is wrong", (_, change, remedy) => {
    expect(gate({ ...good, ...change }).refusals.map((refusal) => refusal.remedy)).toEqual([
      expect.stringMatching(remedy),
    ]);
  });

  it("is documented as people see it: a refused update, and an override", () => {
    const page = readFileSync(join(__dirname, "../../../docs/gate-screens.md"), "utf8");
    const { refusals } = gate({ ...good, phaseSince: NOW - 19 * HOUR, verdict: tooFew });
    const said = refusals.map(({ reason, remedy }) => `${reason}\n  ${remedy}\n`).join("");
    expect(page).toContain(`\`\`\`text\nRefused, nothing was changed.\n${said}\`\`\``);
    const { warnings } = gate({ ...good, verdict: tooFew, override });
    expect(page).toContain(`\`\`\`text\n${warnings[0]}\n\`\`\``);
  });

  it("names all that stands against a step at once", () => {
    expect(
      reasons({ verdict: tooFew, phaseSince: NOW, alarms: { value: [{ name: "a", state: "ALARM" }] } }),
    ).toHaveLength(3);
  });

  it("only warns where a watch criterion has too few messages", () => {
    const reading = { value: { python: { hits: 3, n: 41 }, node: { hits: 60, n: 400 } } };
    const verdict = judge(evidenceOf(80, { watched: [{ name: "booking rate", reading }] }), "ladder", NOW);
    expect(gate({ ...good, verdict })).toMatchObject({
      refusals: [],
      warnings: [expect.stringMatching(/^booking rate: Python 3\/41/)],
    });
  });
});

describe("the first share", () => {
  const first = {
    step: step("front-door", "parallel"),
    phaseSince: NOW - 21 * HOUR,
    python: ready,
    killSwitch: { value: "off" },
    header: minutes(20),
  } as const;

  it("needs no evidence and no proof of a share that is not there", () => {
    const { verdict: _, share: __, ...rest } = good;
    expect(gate({ ...rest, ...first }).refusals).toEqual([]);
  });

  it.each<[string, Partial<GateFacts>, RegExp]>([
    [
      "a Python without a task",
      { python: [{ what: "tasks", state: "wrong", says: "healthy tasks: Python 0" }] },
      /Python is not proved to work: healthy tasks: Python 0/,
    ],
    [
      "a Python that nobody probed",
      { python: [{ what: "probes", state: "unknown", says: "probes answered: Python 0/0" }] },
      /not proved to work: probes answered: Python 0\/0/,
    ],
    ["an edited kill switch", { killSwitch: { value: "unclear" } }, /kill switch is not known to be off: unclear/],
    ["a moved kill switch", { killSwitch: { value: "node" } }, /off: node/],
    ["an unread kill switch", { killSwitch: { unavailable: "AccessDenied" } }, /off: AccessDenied/],
    ["messages without the header", { header: minutes(19) }, /Only 19 of 20 messages .*none came without it/],
    [
      "a header that somebody forgot",
      { header: minutes(90, 1) },
      /Only 0 of 20 .*1 came without it, the last at 11:59 UTC/,
    ],
    ["uncounted messages", { header: { unavailable: "AccessDenied" } }, /carry the header is not known: AccessDenied/],
  ])("refuses %s, whoever takes it upon them", (_, change, reason) => {
    const aside = { ...override, to: "parallel" as const };
    for (const more of [{}, { override: aside }]) {
      expect(reasons({ ...first, ...change, ...more })).toEqual([expect.stringMatching(reason)]);
    }
  });

  it("is refused where Python and the switch were not looked at", () => {
    const { python: _, killSwitch: __, ...unseen } = first;
    expect(reasons(unseen)).toEqual([expect.stringMatching(/not looked at/), expect.stringMatching(/not read/)]);
  });
});

describe("removing Node", () => {
  const last: GateFacts = {
    ...good,
    step: step("full", "decommission"),
    verdict: judge(evidenceOf(299), "final", NOW),
  };

  it("asks for the success criteria themselves, and not for a standby that lives", () => {
    expect(gate({ ...last, standby: { unavailable: "gone" } }).refusals).toEqual([]);
    expect(gate({ ...last, verdict: judge(evidenceOf(298), "final", NOW) }).refusals).toHaveLength(1);
    expect(gate({ ...last, phaseSince: NOW - 23 * HOUR }).refusals).toHaveLength(1);
  });

  it("asks that every message carries the header, and no override helps", () => {
    const aside = { ...override, to: "decommission" as const };
    expect(reasons({ ...last, header: minutes(20) })).toEqual([]);
    expect(reasons({ ...last, header: minutes(500, 2), override: aside })).toEqual([
      expect.stringMatching(/^Node is not removed: 2 messages of the last 24 hours/),
    ]);
  });
});

describe("an override", () => {
  it("puts aside evidence and bake time, says so, and names who and why", () => {
    const result = gate({ ...good, verdict: tooFew, phaseSince: NOW, override });
    expect(result.refusals).toEqual([]);
    expect(result.overridden).toHaveLength(2);
    expect(result.warnings[0]).toMatch(/^Overridden by Mara \(quiet week\): .*watched for 20 hours.*0\/41 failed/);
  });

  it("puts aside a FAIL: that is a person's decision", () => {
    const verdict = judge(evidenceOf(80, { errors: { value: { n: 80, bad: 9 } } }), "ladder", NOW);
    expect(gate({ ...good, verdict, override }).refusals).toEqual([]);
  });

  it.each([
    ["alarms", { alarms: { value: [{ name: "a", state: "ALARM" as const }] } }],
    ["the share", { share: { outcome: "disproved" as const, links: [] } }],
    ["the standby", { standby: { value: { healthy: 0, required: 4 } } }],
    ["migrations", { pendingMigrations: { value: ["1_x.sql"] } }],
  ])("never puts aside %s: a rollback must stay possible", (_, change) => {
    expect(gate({ ...good, ...change, override }).refusals.length).toBeGreaterThan(0);
  });

  it.each([
    ["expired", { expires: NOW - 1 }, /expired at 2026-11-25 11:59 UTC/],
    ["for another step", { to: "ramp-75" as const }, /for the step to "ramp-75"/],
    ["for weeks", { expires: NOW + 500 * HOUR }, /would last until/],
  ])("that is %s puts nothing aside", (_, change, reason) => {
    const result = gate({ ...good, verdict: tooFew, override: { ...override, ...change } });
    expect(result.refusals.map((refusal) => refusal.reason)).toEqual([
      expect.stringMatching(reason),
      expect.stringMatching(/41/),
    ]);
    expect(result.overridden).toEqual([]);
  });

  it("left in the file does no harm where nothing needs it", () => {
    expect(gate({ ...good, override: { ...override, expires: NOW - 1 } })).toEqual({
      refusals: [],
      warnings: [],
      overridden: [],
    });
  });
});

describe("bake times", () => {
  it("are the plan's: days 1 to 3, a rung a day, 24 hours at full", () => {
    expect(BAKE_HOURS.parallel).toBeGreaterThan(48);
    expect(BAKE_HOURS.parallel).toBeLessThanOrEqual(72);
    expect(BAKE_HOURS.full).toBe(24);
    expect(gate({ ...good, phaseSince: NOW - 1 * HOUR, bakeHours: 0.5 }).refusals).toEqual([]);
    expect(LEAST_BAKE_HOURS).toBe(20);
  });

  it.each([
    ["nothing configured", "ramp-25", undefined, false, undefined],
    ["longer", "ramp-25", 30, false, 30],
    ["shorter", "ramp-25", 19, false, 20],
    ["shorter than this phase's", "parallel", 30, false, 68],
    ["a phase that is not watched", "prepare", 30, false, undefined],
    ["shorter in a rehearsal", "parallel", 0, true, 0],
  ] as const)("of the configuration, %s", (_, phase, configured, rehearsed, hours) => {
    expect(bakeHoursOf(phase, configured, rehearsed)).toBe(hours);
  });
});
