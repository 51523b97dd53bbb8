import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Applied, decide, type Intent, type World } from "./decide";
import { ladder, type PhaseName, phaseOf, phases } from "./phases";

const DIGEST = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;

const intent = (phase: PhaseName, more: Partial<Intent> = {}): Intent => ({ phase, pythonDigest: DIGEST, ...more });
const applied = (phase: PhaseName, more: Partial<Applied> = {}): World => ({
  applied: { phase, pythonShare: phaseOf(phase).pythonShare, pythonDigest: DIGEST, ...more },
});
const reasons = (i: Intent, w: World) => decide(i, w).refusals.map((r) => r.reason);

describe("steps", () => {
  it.each([
    ["prepare", undefined, undefined],
    ["front-door", undefined, /first phase is "prepare"/],
    ["full", undefined, /first phase is "prepare"/],
    ["front-door", "prepare", undefined],
    ["parallel", "prepare", /next phase is "front-door"/],
    ["parallel", "front-door", undefined],
    ["ramp-25", "parallel", undefined],
    ["ramp-50", "parallel", /next phase is "ramp-25" \(25 %\); "ramp-50" skips/],
    ["full", "ramp-90", undefined],
    ["decommission", "ramp-90", /next phase is "full"/],
    ["decommission", "full", undefined],
    ["parallel", "ramp-50", /step down, but cutover:from is not set/],
    ["prepare", "front-door", /step down/],
    ["node-only", "ramp-75", undefined],
    ["node-only", "full", undefined],
    ["node-only", "decommission", /Node is removed/],
    ["full", "decommission", /Node is removed/],
    ["front-door", "node-only", /way back onto the ladder, but cutover:from is not set/],
    ["ramp-25", "node-only", /way back begins/],
  ] satisfies [PhaseName, PhaseName | undefined, RegExp | undefined][])("%s after %s", (to, from, refusal) => {
    const found = reasons(intent(to), from ? applied(from) : {});
    if (refusal) expect(found).toEqual([expect.stringMatching(refusal)]);
    else expect(found).toEqual([]);
  });

  it("a step down passes when it names the phase it leaves", () => {
    expect(reasons(intent("front-door", { from: "ramp-50" }), applied("ramp-50"))).toEqual([]);
  });

  it("a step down with a stale name says both", () => {
    const { refusals } = decide(intent("front-door", { from: "ramp-25" }), applied("ramp-50"));
    expect(refusals[0]?.reason).toContain('"ramp-50" is applied');
    expect(refusals[0]?.reason).toContain('cutover:from says "ramp-25"');
    expect(refusals[0]?.remedy).toContain("cutover:from ramp-50");
  });

  it("a name left over from an earlier step down does not block a step up", () => {
    expect(reasons(intent("parallel", { from: "ramp-50" }), applied("front-door"))).toEqual([]);
  });

  it("never lets a share rise by more than one rung, from whatever share, weight and switch", () => {
    const names = fc.constantFrom(...phases.map((p) => p.name));
    const percent = fc.integer({ min: 0, max: 100 });
    const switches = fc.constantFrom("off", "node", "hold", "unclear", undefined);
    fc.assert(
      fc.property(names, names, percent, fc.option(percent), switches, (to, from, share, weight, killSwitch) => {
        const before = Math.min(share, phaseOf(from).pythonShare);
        const world = { ...applied(from, { pythonShare: before }), ...(killSwitch ? { killSwitch } : {}) };
        const { desired, refusals } = decide(intent(to, weight === null ? {} : { pythonWeight: weight }), world);
        if (refusals.length > 0) return;
        const next = ladder.map((p) => p.pythonShare).find((s) => s > before) ?? 100;
        expect(desired.pythonShare).toBeLessThanOrEqual(Math.max(next, before));
        if (desired.phase.node === "removed") expect(desired.pythonShare).toBe(100);
      }),
      { seed: 7, numRuns: 2000 },
    );
  });

  it("a rung is not left before its own share was in force", () => {
    const world = applied("ramp-90", { pythonShare: 0 });
    expect(reasons(intent("full"), world)[0]).toContain('"ramp-90" is applied with 0 % and not its 90 %');
  });

  it("after pythonWeight the share comes back rung by rung", () => {
    const world = applied("ramp-90", { pythonShare: 0 });
    const { refusals } = decide(intent("ramp-90"), world);
    expect(refusals).toEqual([expect.objectContaining({ remedy: "pulumi config set cutover:pythonWeight 10" })]);
    expect(reasons(intent("ramp-90", { pythonWeight: 10 }), world)).toEqual([]);
  });
});

describe("where a refused destroy took the record away", () => {
  it.each([
    ["ramp-50", undefined],
    ["parallel", undefined],
    ["node-only", undefined],
    ["prepare", undefined],
    ["ramp-75", /sends Python 50 %, and "ramp-75" is more/],
    ["decommission", /not known/],
  ] satisfies [PhaseName, RegExp | undefined][])("%s with 50 percent live", (to, refusal) => {
    const found = reasons(intent(to), { liveShare: 50 });
    if (refusal) expect(found[0]).toMatch(refusal);
    else expect(found).toEqual([]);
  });
});

describe("share", () => {
  it.each(ladder.map((p) => [p.name, p.pythonShare] as const))("%s declares %i percent", (name, share) => {
    expect(decide(intent(name), applied(name)).desired.pythonShare).toBe(share);
  });

  it("cutover:pythonWeight lowers it", () => {
    const { desired, refusals } = decide(intent("ramp-50", { pythonWeight: 5 }), applied("ramp-50"));
    expect([desired.pythonShare, desired.direction, refusals]).toEqual([5, "down", []]);
  });

  it("cutover:pythonWeight has no place once Node is removed", () => {
    const { desired, refusals } = decide(intent("decommission", { pythonWeight: 50 }), applied("full"));
    expect(desired.pythonShare).toBe(100);
    expect(refusals[0]?.reason).toMatch(/leaves messages to Node/);
  });

  it("cutover:pythonWeight never raises it", () => {
    const { desired, refusals } = decide(intent("parallel", { pythonWeight: 30 }), applied("parallel"));
    expect(desired.pythonShare).toBe(10);
    expect(refusals[0]?.reason).toMatch(/30 is more than the 10 %/);
  });
});

describe("after a destroy that was refused, which takes the record of what is applied", () => {
  const afterwards = { liveShare: 100, manifest: { node: false } };

  it("decommission is applied again once Node is removed: that shows in the manifest", () => {
    expect(reasons(intent("decommission"), afterwards)).toEqual([]);
    expect(decide(intent("decommission"), afterwards).desired).toMatchObject({ direction: "none", contracts: false });
  });

  it.each(["full", "parallel", "node-only"] as const)("%s has no Node to go back to", (phase) => {
    expect(reasons(intent(phase), afterwards)).toEqual([expect.stringContaining("Node is removed")]);
  });

  it("decommission is no step while Node lives", () => {
    const world = { liveShare: 100, manifest: { node: true } };
    expect(reasons(intent("decommission"), world)).toEqual([expect.stringContaining("is not known")]);
    expect(reasons(intent("full"), world)).toEqual([]);
  });
});

describe("contract migrations", () => {
  const contracts = (world: World) => decide(intent("decommission"), world).desired.contracts;

  it.each([
    ["full is applied", applied("full"), false],
    ["decommission is applied and Node's service is gone", { ...applied("decommission"), nodeRemains: false }, true],
    ["the update that deletes Node's service did not end", { ...applied("decommission"), nodeRemains: true }, false],
  ])("where %s", (_, world, may) => {
    expect(contracts(world)).toBe(may);
  });

  it("wait with a sentence that says for what", () => {
    const { desired, refusals } = decide(intent("decommission"), { ...applied("decommission"), nodeRemains: true });
    expect(desired.warnings.join()).toMatch(/Node's service is still in the cluster.*contract migrations wait/);
    expect(refusals).toEqual([]);
  });
});

describe("a new Python image", () => {
  it.each(["prepare", "front-door", "parallel"] as const)("is free up to %s", (phase) => {
    expect(reasons(intent(phase, { pythonDigest: OTHER }), applied(phase))).toEqual([]);
  });

  it("must be accepted by its digest above", () => {
    expect(reasons(intent("ramp-25", { pythonDigest: OTHER }), applied("ramp-25"))).toEqual([
      expect.stringContaining(OTHER),
    ]);
    expect(reasons(intent("ramp-25", { pythonDigest: OTHER, acceptImage: OTHER }), applied("ramp-25"))).toEqual([]);
    expect(reasons(intent("ramp-25", { pythonDigest: OTHER, acceptImage: DIGEST }), applied("ramp-25"))).toHaveLength(
      1,
    );
  });
});

describe("while rolled back", () => {
  const worlds: [string, World][] = [
    ["the switch is node", { ...applied("ramp-50"), killSwitch: "node" }],
    ["the switch is hold", { ...applied("ramp-50"), killSwitch: "hold" }],
    ["a record waits", { ...applied("ramp-50"), killSwitch: "off", rollback: { id: "rb-0001", trigger: "errors" } }],
  ];
  it.each(worlds)("%s: nothing is sent to Python, whatever the phase says", (_, world) => {
    for (const phase of ["ramp-50", "ramp-75"] as const) {
      const { desired } = decide(intent(phase), world);
      // What is held comes through the front door: Node's own URL would go past the inbox.
      const webhook = world.killSwitch === "hold" ? "front-door" : "node";
      expect([desired.pythonShare, desired.webhook]).toEqual([0, webhook]);
      expect(desired.warnings).toHaveLength(1);
    }
  });

  it.each(["decommission", "full", "ramp-75"] as const)("no step up, so not to %s", (phase) => {
    const from = ladder[(phaseOf(phase).rung ?? 0) - 1]?.name ?? "prepare";
    for (const [, world] of worlds) {
      const found = reasons(intent(phase), { ...world, ...applied(from) });
      expect(found).toContainEqual(expect.stringContaining("traffic is rolled back to Node"));
    }
  });
});

describe("held once Node is removed", () => {
  const rollback = { id: "rb-0004", trigger: "no task is healthy", phase: "decommission" } as const;
  const world: World = { ...applied("decommission"), killSwitch: "hold", rollback };

  it("keeps Python's share and the front door, and says that the inbox passes messages on", () => {
    const { desired, refusals } = decide(intent("decommission"), world);
    expect([desired.pythonShare, desired.webhook, desired.direction]).toEqual([100, "front-door", "none"]);
    expect([desired.rolledBack, refusals]).toEqual([true, []]);
    expect(desired.warnings.join()).toMatch(/kept in the inbox.*acknowledgeRollback rb-0004.*phase decommission/);
  });

  it("is released at the same phase by its id", () => {
    const { desired, refusals } = decide(intent("decommission", { acknowledgeRollback: "rb-0004" }), world);
    expect([desired.rolledBack, desired.release, refusals]).toEqual([false, "rb-0004", []]);
  });
});

describe("releasing a rollback", () => {
  const rollback = { id: "rb-0002", trigger: "error rate", at: "2026-11-22T10:00:00Z", phase: "ramp-50" } as const;
  const world: World = { ...applied("ramp-50"), killSwitch: "node", rollback };
  const acknowledged = (phase: PhaseName, id = "rb-0002", more: Partial<Intent> = {}) =>
    intent(phase, { acknowledgeRollback: id, ...more });

  it("by its id, at parallel: a step down that needs no other name, to be released last", () => {
    const { desired, refusals } = decide(acknowledged("parallel"), world);
    expect(refusals).toEqual([]);
    expect(desired).toMatchObject({ pythonShare: 10, direction: "up", webhook: "front-door", rolledBack: false });
    expect(desired.release).toBe("rb-0002");
    expect(desired.warnings).toEqual([expect.stringContaining("releases rollback rb-0002 (error rate)")]);
  });

  it.each(["front-door", "node-only", "prepare"] as const)("with no share at all, at %s", (phase) => {
    const { desired, refusals } = decide(acknowledged(phase), world);
    expect(refusals).toEqual([]);
    expect([desired.pythonShare, desired.rolledBack]).toEqual([0, false]);
  });

  it("by a wrong id is refused and says the right one", () => {
    const { desired, refusals } = decide(acknowledged("parallel", "rb-0007"), world);
    expect(refusals.map((r) => r.reason)).toContainEqual(expect.stringContaining("the rollback that waits is rb-0002"));
    expect(desired.pythonShare).toBe(0);
  });

  it("an id of an earlier rollback that stayed in the file releases nothing and is no error", () => {
    const { desired, refusals } = decide(acknowledged("ramp-50", "rb-0001"), world);
    expect(refusals).toEqual([]);
    expect([desired.rolledBack, desired.pythonShare, desired.webhook]).toEqual([true, 0, "node"]);
  });

  it("Python stays as large as it was while traffic is rolled back: it finishes what it accepted", () => {
    expect(decide(intent("ramp-50"), world).desired).toMatchObject({ pythonShare: 0, pythonCapacityShare: 50 });
    expect(decide(acknowledged("parallel"), world).desired).toMatchObject({ pythonShare: 10, pythonCapacityShare: 10 });
  });

  it("an id that was released stays in the file without effect", () => {
    const { desired, refusals } = decide(acknowledged("ramp-25"), applied("parallel"));
    expect(refusals).toEqual([]);
    expect(desired).toMatchObject({ pythonShare: 25, rolledBack: false, warnings: [] });
  });

  it.each(["ramp-75", "full", "decommission"] as const)("not at %s, above the rung that failed", (phase) => {
    expect(reasons(acknowledged(phase), world)).toContainEqual(expect.stringMatching(/above the rung that failed/));
  });

  it.each(["ramp-25", "ramp-50"] as const)("at %s, up to the rung that failed, with a warning", (phase) => {
    const { desired, refusals } = decide(acknowledged(phase), world);
    expect(refusals).toEqual([]);
    expect(desired).toMatchObject({ pythonShare: phaseOf(phase).pythonShare, direction: "up" });
    expect(desired.warnings).toEqual([expect.stringContaining('safer to begin anew at "parallel"')]);
  });

  describe.each([20, 7])("of %i %% at ramp-50, where cutover:pythonWeight was lower", (share) => {
    const failed: World = { ...world, rollback: { ...rollback, share } };

    it.each<[PhaseName, number | undefined]>([
      ["ramp-50", undefined],
      ["ramp-50", share + 1],
      ["ramp-25", undefined],
    ])("not at %s with pythonWeight %s: more than what failed", (phase, pythonWeight) => {
      const more = pythonWeight === undefined ? {} : { pythonWeight };
      const { desired, refusals } = decide(acknowledged(phase, "rb-0002", more), failed);
      const asked = pythonWeight ?? phaseOf(phase).pythonShare;
      expect(refusals.map(({ reason }) => reason)).toEqual([
        `Rollback rb-0002 happened with ${share} % for Python; releasing it at "${phase}" would give Python ${asked} %, more than the share that failed.`,
      ]);
      expect(refusals[0]?.remedy).toContain(`cutover:pythonWeight ${share}`);
      expect(refusals[0]?.remedy).toContain(share < 10 ? "cutover:phase front-door" : "cutover:phase parallel");
      expect([desired.rolledBack, desired.pythonShare]).toEqual([true, 0]);
    });

    it.each<[PhaseName, number]>([
      ["ramp-50", share],
      ["ramp-25", share - 1],
      ["front-door", 0],
    ])("at %s with %i %%", (phase, pythonWeight) => {
      const { desired, refusals } = decide(acknowledged(phase, "rb-0002", { pythonWeight }), failed);
      expect([refusals, desired.rolledBack, desired.pythonShare]).toEqual([[], false, pythonWeight]);
    });
  });

  it.each([undefined, 0])("at the rung that failed where the share is %s: it says nothing of Python's", (share) => {
    const failed: World = { ...world, rollback: { ...rollback, ...(share === undefined ? {} : { share }) } };
    expect(decide(acknowledged("ramp-50"), failed).refusals).toEqual([]);
  });

  it("not while a rollback alarm is in ALARM, and says until when", () => {
    const alarms = [
      { name: "cutover-prod-error-rate", state: "ALARM", cleanBy: "2026-11-22T11:00:00Z" },
      { name: "cutover-prod-routing", state: "OK" },
    ] as const;
    const { desired, refusals } = decide(acknowledged("parallel"), { ...world, alarms });
    expect(refusals.map((r) => r.reason)).toEqual([
      expect.stringContaining("cutover-prod-error-rate (clean by 2026-11-22T11:00:00Z"),
    ]);
    expect(refusals[0]?.reason).not.toContain("routing");
    expect(desired.rolledBack).toBe(true);
  });

  it("a switch moved without a record is released by the word for it", () => {
    const moved: World = { ...applied("ramp-50"), killSwitch: "node" };
    expect(decide(acknowledged("parallel", "unrecorded"), moved)).toMatchObject({
      refusals: [],
      desired: { pythonShare: 10, rolledBack: false },
    });
    expect(decide(acknowledged("parallel", "rb-0001"), moved).desired.rolledBack).toBe(true);
  });

  it("nothing but the open rollback's own id ever releases", () => {
    const ids = fc.oneof(
      fc.constant("unrecorded"),
      fc.integer({ min: 1, max: 9999 }).map((n) => `rb-${String(n).padStart(4, "0")}`),
    );
    const names = fc.constantFrom(...phases.map((p) => p.name));
    fc.assert(
      fc.property(ids, names, (id, phase) => {
        const { desired, refusals } = decide(acknowledged(phase, id), world);
        if (id === "rb-0002" && refusals.length === 0) return;
        if (refusals.length === 0) expect([desired.rolledBack, desired.pythonShare]).toEqual([true, 0]);
      }),
      { seed: 11, numRuns: 1000 },
    );
  });
});

describe("how far alarms look back", () => {
  const after = (minutes: number, world: World = applied("ramp-25")): World => ({
    ...world,
    minutesSinceRollback: minutes,
  });
  const minutes = (i: Intent, w: World) => decide(i, w).desired.alarmsLookBackMinutes;

  it("without limit where there was no rollback, or a day ago", () => {
    expect(minutes(intent("ramp-50"), applied("ramp-25"))).toBeUndefined();
    expect(minutes(intent("ramp-50"), after(24 * 60))).toBeUndefined();
  });

  it("not to the fault of a rollback, on every step after it", () => {
    expect(minutes(intent("ramp-50"), after(90.7))).toBe(89);
    expect(minutes(intent("ramp-50"), after(0.2))).toBe(0);
  });

  it("while phase and share stay as far as before, growing by whole hours, until a day is over", () => {
    const kept = applied("ramp-25", { alarmsLookBackMinutes: 12 });
    const looks = [13, 40, 61.5, 100, 200, 24 * 60].map((m) => minutes(intent("ramp-25"), after(m, kept)));
    expect(looks).toEqual([12, 12, 60, 60, 180, undefined]);
    expect(minutes(intent("ramp-25"), after(90))).toBeUndefined();
  });

  it("a release counts anew, also where phase and share stay", () => {
    const rollback = { id: "rb-0002", trigger: "slow" };
    const world = after(7.5, { ...applied("ramp-25"), killSwitch: "node", rollback });
    expect(minutes(intent("ramp-25", { acknowledgeRollback: "rb-0002" }), world)).toBe(6);
  });
});

describe("a switch that somebody edited", () => {
  const world: World = { ...applied("ramp-50"), killSwitch: "unclear" };

  it("stops every rise", () => {
    expect(reasons(intent("ramp-75"), world)).toEqual([expect.stringContaining("somebody edited it")]);
  });

  it.each([
    ["node-only", undefined],
    ["parallel", "ramp-50"],
    ["ramp-50", undefined],
  ] satisfies [PhaseName, PhaseName | undefined][])("leaves the way to %s open, with a warning", (to, from) => {
    const { desired, refusals } = decide(intent(to, from ? { from } : {}), world);
    expect(refusals).toEqual([]);
    expect(desired.warnings).toEqual([expect.stringContaining("docs/runbook.md")]);
  });
});

it("reports every refusal at once", () => {
  const found = reasons(intent("ramp-75", { pythonDigest: OTHER, pythonWeight: 80 }), applied("parallel"));
  expect(found).toEqual([
    expect.stringContaining("skips a rung"),
    expect.stringContaining("more than the 75 %"),
    expect.stringContaining("image changes"),
  ]);
});
