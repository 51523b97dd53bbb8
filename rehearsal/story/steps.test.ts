import { ladder } from "@cutover/domain/phases";
import { describe, expect, it } from "vitest";
import { UsageError } from "../errors";
import { Checks, same } from "./checks";
import { added, removed } from "./inventory";
import { Memory } from "./memory";
import {
  chooseSteps,
  commandsOf,
  declaredShare,
  LONG_STORY,
  MESSAGES_PER_PHASE,
  partOfStory,
  STORY,
  WAY_UP,
} from "./steps";

describe("the story", () => {
  it("takes every step up to the next rung only, and names the phase it leaves on every step down", () => {
    const rung = (name: string) => ladder.findIndex((phase) => phase.name === name);
    for (const [i, step] of LONG_STORY.entries()) {
      const before = LONG_STORY[i - 1];
      if (!before) {
        expect(step.phase).toBe("prepare");
        continue;
      }
      const up = rung(step.phase) > rung(before.phase);
      if (up) expect(rung(step.phase)).toBe(rung(before.phase) + 1);
      expect(step.from).toBe(up ? undefined : before.phase);
    }
  });

  it("measures enough messages wherever customers pass the load balancer", () => {
    for (const step of LONG_STORY) {
      const live = ladder.find((phase) => phase.name === step.phase)?.webhook === "front-door";
      expect(step.measure).toBe(live ? MESSAGES_PER_PHASE : 0);
    }
    expect(MESSAGES_PER_PHASE).toBeGreaterThanOrEqual(2000);
  });

  it("ends the way up at its highest rung", () => {
    expect(WAY_UP.map((step) => step.phase)).toEqual(["prepare", "front-door", "parallel"]);
    expect(WAY_UP.map(declaredShare)).toEqual([0, 0, 10]);
  });

  it("ends at the front door, so that the destroy has a webhook to restore", () => {
    expect(STORY.map((step) => step.phase)).toEqual(["prepare", "front-door", "parallel", "front-door"]);
  });

  it("says what a person would type", () => {
    const down = STORY.find((step) => step.from === "parallel");
    expect(down && commandsOf(down)).toBe(
      "pulumi config set cutover:from parallel; pulumi config set cutover:phase front-door; pulumi up",
    );
  });
});

describe("partOfStory", () => {
  const phases = (names: string) => partOfStory(STORY, names).map((step) => step.phase);

  it("plays a beginning, named by its steps or by its last phase", () => {
    expect(phases("prepare")).toEqual(["prepare"]);
    expect(phases("prepare, front-door")).toEqual(["prepare", "front-door"]);
    expect(phases("parallel")).toEqual(["prepare", "front-door", "parallel"]);
    expect(phases("prepare,front-door,parallel,front-door")).toHaveLength(4);
  });

  it.each(["", ",", "parallel,prepare", "front-door,parallel", "full", "prepare,parallel"])("refuses %j", (names) => {
    expect(() => phases(names)).toThrow(UsageError);
  });
});

describe("chooseSteps", () => {
  const chosen = (phases: string | undefined, keep = false) => chooseSteps({ phases, keep }).map((step) => step.phase);

  it("plays the story, its way up with KEEP, and the way back to prepare only where PHASES names it", () => {
    expect(chosen(undefined)).toEqual(STORY.map((step) => step.phase));
    expect(chosen(undefined, true)).toEqual(["prepare", "front-door", "parallel"]);
    expect(chosen("front-door", true)).toEqual(["prepare", "front-door"]);
    expect(chosen("prepare,front-door,parallel,front-door,prepare")).toHaveLength(5);
  });
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
