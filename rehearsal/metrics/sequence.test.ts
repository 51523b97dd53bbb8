import { afterEach, describe, expect, it } from "vitest";
import { RehearsalClock } from "../clock";
import { waitFor } from "../support/wait";
import { MinuteSequence, type MinuteSteps } from "./sequence";

const MINUTE = 60_000;
let sequence: MinuteSequence | undefined;
afterEach(() => sequence?.stop());

/** Notes every step with its rehearsal minute, counted from the first. */
async function run(steps: Partial<MinuteSteps> = {}) {
  const clock = new RehearsalClock({ factor: 600 });
  await waitFor(() => clock.now() % MINUTE < 15_000, { what: "a minute's beginning", deadlineMs: 2000, everyMs: 2 });
  const first = Math.floor(clock.now() / MINUTE) * MINUTE;
  const noted: string[] = [];
  const problems: string[] = [];
  const note =
    (name: keyof MinuteSteps): MinuteSteps[keyof MinuteSteps] =>
    async (time = 0) => {
      noted.push(`${name} ${(time - first) / MINUTE}`);
      await steps[name]?.(time);
    };
  sequence = new MinuteSequence({
    clock,
    steps: {
      tick: async (time) => steps.tick?.(time),
      runsEnded: note("runsEnded"),
      beginFirst: note("beginFirst"),
      publish: note("publish"),
      evaluate: note("evaluate"),
      beginOthers: note("beginOthers"),
    },
    onProblem: (error) => problems.push(error.message),
  });
  sequence.start();
  const seen = (step: string) => waitFor(() => noted.includes(step), { what: step, deadlineMs: 5000, everyMs: 5 });
  return { clock, first, noted, problems, seen };
}

describe("the rehearsal's minutes", () => {
  it("go prober, metrics, alarms, others", async () => {
    const { noted, seen } = await run();
    await seen("beginOthers 2");
    expect(noted.slice(0, 10)).toEqual([
      "runsEnded 1",
      "beginFirst 1",
      "publish 0",
      "evaluate 1",
      "beginOthers 1",
      "runsEnded 2",
      "beginFirst 2",
      "publish 1",
      "evaluate 2",
      "beginOthers 2",
    ]);
  });

  it("after a stall are made up for in order, but functions are called once", async () => {
    let stall: Promise<unknown> | undefined;
    const { noted, seen } = await run({
      runsEnded: async (now) => {
        const over = () => Date.now() >= until;
        const until = Date.now() + 250;
        stall ??= waitFor(over, { what: `a stall at ${now} to end`, deadlineMs: 2000 });
        await stall;
      },
    });
    await seen("evaluate 3");
    await waitFor(() => noted.some((step) => step.startsWith("beginOthers")), { what: "others", deadlineMs: 1000 });
    const metrics = noted.filter((step) => /publish|evaluate/.test(step)).slice(0, 6);
    expect(metrics).toEqual(["publish 0", "evaluate 1", "publish 1", "evaluate 2", "publish 2", "evaluate 3"]);
    const calls = noted.filter((step) => /begin/.test(step)).slice(0, 2);
    expect(calls[0]?.startsWith("beginFirst")).toBe(true);
    expect(Number(calls[0]?.split(" ")[1])).toBeGreaterThanOrEqual(3);
    expect(calls[1]).toBe(calls[0]?.replace("First", "Others"));
    expect(sequence?.punctuality.late).toBeGreaterThanOrEqual(2);
  });

  it("go on when a step fails, and tell of it", async () => {
    const { problems, seen } = await run({
      publish: async () => {
        throw new Error("no CloudWatch");
      },
    });
    await seen("beginOthers 2");
    expect(problems.slice(0, 2)).toEqual(["no CloudWatch", "no CloudWatch"]);
  });

  it("have six looks at what is short, also while a minute waits for its prober", async () => {
    const ticks: number[] = [];
    let release = () => undefined as unknown;
    const { noted, seen, first } = await run({
      tick: async (time) => void ticks.push(time),
      runsEnded: () => new Promise<void>((resolve) => (release = () => resolve())),
    });
    await seen("runsEnded 1");
    await waitFor(() => ticks.some((time) => time >= first + 2 * MINUTE), { what: "ticks go on", deadlineMs: 5000 });
    expect(noted).toEqual(["runsEnded 1"]);
    expect(ticks.every((time) => time % 10_000 === 0)).toBe(true);
    expect(new Set(ticks).size).toBe(ticks.length);
    release();
    await seen("evaluate 2");
    const stopping = sequence?.stop();
    release();
    await stopping;
  });
});
