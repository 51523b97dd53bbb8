import { ladder } from "@cutover/domain/phases";
import { describe, expect, it } from "vitest";
import { UsageError } from "../errors";
import { Checks, same } from "./checks";
import { added, removed } from "./inventory";
import { Memory } from "./memory";
import { failedCriterion, newImageUnaccepted, tooLittleEvidence } from "./play-gate";
import { commandsOf, declaredShare, type StoryStep, type UpStep } from "./steps";
import { ABANDONED, chooseChapters, WHOLE } from "./the-story";
import { MESSAGES_PER_PHASE } from "./traffic";

const isUp = (step: StoryStep): step is UpStep => step.kind === "up";
const rung = (name: string) => ladder.findIndex((phase) => phase.name === name);

describe("the stories", () => {
  it.each([ABANDONED, WHOLE])("climb rung by rung, and name what they leave on the way down: $title", ({ steps }) => {
    let before: UpStep | undefined;
    for (const step of steps.filter(isUp)) {
      const from = before ? rung(before.phase) : -1;
      if (step.phase === "node-only") continue;
      if (rung(step.phase) > from) expect(rung(step.phase)).toBe(from + 1);
      else expect(step.release === true || step.from === before?.phase).toBe(true);
      before = step;
    }
  });

  it("a fault comes at the phase that is applied, and is released by the next step", () => {
    for (const [i, step] of WHOLE.steps.entries()) {
      if (step.kind !== "fault") continue;
      expect(WHOLE.steps[i - 1]?.phase).toBe(step.phase);
      expect(WHOLE.steps[i + 1]).toMatchObject({ kind: "up", release: true });
    }
  });

  it("the whole plan passes every rung and meets every fault that the plan names", () => {
    const passed = new Set(WHOLE.steps.filter(isUp).map((step) => step.phase));
    expect([...passed].sort()).toEqual(ladder.map((phase) => phase.name).sort());
    const faults = WHOLE.steps.flatMap((step) => (step.kind === "fault" ? [`${step.fault} at ${step.phase}`] : []));
    const down = WHOLE.steps.filter((step) => step.kind === "fault" && step.ghlDown);
    expect(down).toMatchObject([{ fault: "routing" }]);
    expect(faults).toEqual([
      "python-5xx at ramp-50",
      "python-slow at ramp-75",
      "routing at ramp-90",
      "booking at ramp-90",
      "python-dead at full",
    ]);
    expect([ABANDONED.ending, WHOLE.ending]).toEqual(["destroy", "refused"]);
  });

  it("measure every share above 0 the first time it is reached", () => {
    const seen = new Set<string>();
    for (const step of WHOLE.steps.filter(isUp)) {
      if (declaredShare(step) > 0 && !seen.has(step.phase)) expect(step.measure).toBeGreaterThan(0);
      seen.add(step.phase);
    }
    expect(MESSAGES_PER_PHASE).toBeGreaterThanOrEqual(2000);
  });

  it("the gate refuses, and is put aside, once each", () => {
    const acts = WHOLE.steps.flatMap((step) => (isUp(step) ? (step.before ?? []) : (step.mend ?? [])));
    expect(acts).toEqual([newImageUnaccepted, tooLittleEvidence, failedCriterion]);
    const overridden = WHOLE.steps.find((step) => isUp(step) && step.unset?.includes("cutover:override"));
    expect(overridden).toMatchObject({ phase: "ramp-90", warns: "Overridden by Rehearsal" });
  });

  it("each fault is mended by a new image: in the release, or before it while Node answers", () => {
    WHOLE.steps.forEach((step, i) => {
      if (isUp(step)) return;
      const release = WHOLE.steps[i + 1];
      expect(step.mend === undefined).toBe(release?.kind === "up" && release.newImage === true);
    });
    const renewed = WHOLE.steps.find((step) => isUp(step) && step.newImage === true);
    expect(renewed && commandsOf(renewed)).toContain(
      "pulumi config set cutover:acceptImage <its digest>; pulumi config set cutover:acknowledgeRollback <id>; ",
    );
  });

  it("say what a person would type", () => {
    const release = WHOLE.steps.find((step) => isUp(step) && step.release);
    expect(release && commandsOf(release)).toContain(
      "pulumi config set cutover:acknowledgeRollback <id>; pulumi config set cutover:phase parallel; pulumi up",
    );
    const [first] = ABANDONED.steps;
    expect(first && commandsOf(first)).toBe("pulumi config set cutover:phase prepare; pulumi up");
  });
});

describe("what is played", () => {
  const chosen = (phases: string | undefined, keep = false, fault?: string) => chooseChapters({ phases, fault, keep });
  const phases = (names: string) => chosen(names)[0]?.steps.map((step) => step.phase);

  it("with FAULT a fault where the way up ends, its release, and the destroy", () => {
    const [chapter] = chosen("ramp-25", false, "routing");
    expect(chapter).toMatchObject({ title: "routing at ramp-25", ending: "destroy" });
    expect(chapter?.steps.slice(-3)).toMatchObject([
      { kind: "up", phase: "ramp-25" },
      { kind: "fault", fault: "routing", phase: "ramp-25", insist: true, ghlDown: true },
      { kind: "up", phase: "ramp-25", release: true },
    ]);
    expect(chosen(undefined, false, "booking")[0]?.steps.at(-1)?.phase).toBe("parallel");
    expect(() => chosen("ramp-25", false, "rain")).toThrow(/FAULT="rain" is none of the plan's faults: python-5xx, /);
    for (const phase of ["front-door", "decommission"]) {
      expect(() => chosen(phase, false, "booking")).toThrow(UsageError);
    }
  });

  it("both stories; with KEEP the way up to parallel, which stays", () => {
    expect(chosen(undefined)).toEqual([ABANDONED, WHOLE]);
    expect(chosen(undefined, true)).toMatchObject([{ ending: "none" }]);
    expect(chosen(undefined, true)[0]?.steps.map((step) => step.phase)).toEqual(["prepare", "front-door", "parallel"]);
  });

  it("with PHASES a way up, named by its phases or its last one, and the destroy that belongs to it", () => {
    expect(phases("prepare")).toEqual(["prepare"]);
    expect(phases("prepare, front-door")).toEqual(["prepare", "front-door"]);
    expect(phases("full")).toHaveLength(8);
    expect(chosen("full")[0]?.ending).toBe("destroy");
    expect(chosen("decommission")[0]?.ending).toBe("refused");
  });

  it.each(["", ",", "parallel,prepare", "front-door,parallel", "node-only", "prepare,parallel"])(
    "refuses %j",
    (names) => {
      expect(() => chosen(names)).toThrow(UsageError);
    },
  );
});

describe("Checks", () => {
  it("goes on after a failure and keeps an error's text", async () => {
    const checks = new Checks();
    await checks.attempt("first", () => {
      throw new Error("no answer");
    });
    await checks.attempt("second", () => same("a", "a"));
    await checks.attempt("third", () => same("a", "b"));
    expect(checks.all.map((c) => c.ok)).toEqual([false, true, false]);
    expect(checks.failures.map((c) => c.seen)).toEqual(["no answer", "a, expected b"]);
  });

  it("does not take an aborted world for a failed expectation", async () => {
    const checks = new Checks();
    const abort = new AbortController();
    abort.abort(new Error("moto died"));
    await expect(checks.attempt("any", () => same(1, 1), abort.signal)).rejects.toThrow("moto died");
    expect(checks.all).toEqual([]);
  });
});

describe("Memory", () => {
  const queue = { rows: 0, seedDigest: "", columns: [] };
  const at = (time: number) => new Date(time);

  it("notices a migration that ran again and one that came late", () => {
    const memory = new Memory([], "", queue);
    expect([memory.migrationsApplied, memory.rerunApplied]).toEqual([null, null]);
    const first = [
      { version: "1", finishedAt: at(1) },
      { version: "2", finishedAt: at(2) },
    ];
    expect(memory.rememberMigrations(first)).toBe(0);
    expect(memory.rememberMigrations(first)).toBe(0);
    expect(
      memory.rememberMigrations([
        { version: "1", finishedAt: at(9) },
        { version: "2", finishedAt: at(2) },
      ]),
    ).toBe(1);
    expect(memory.rememberMigrations([...first, { version: "3", finishedAt: at(3) }])).toBe(3);
    expect(memory.migrationsApplied).toBe(3);
  });
});

describe("inventory", () => {
  it("tells what is new and what is gone", () => {
    expect(added(["vpc 1", "vpc 2"], ["vpc 2", "vpc 3"])).toEqual(["vpc 3"]);
    expect(removed(["vpc 1", "vpc 2"], ["vpc 2", "vpc 3"])).toEqual(["vpc 1"]);
  });
});
