import { describe, expect, it } from "vitest";
import { breakerThreshold, nextStep, type RolloutState, startDelayMs, type TaskView } from "./rollout";

/** "2h 1u | 2s": healthy, unhealthy (running), starting, ending tasks of the old | new deployment. */
function tasks(text: string): TaskView[] {
  return text.split("|").flatMap((part, side) =>
    [...part.matchAll(/(\d+)([huse])/g)].flatMap(([, count, kind = ""]) =>
      Array.from({ length: Number(count) }, (_, at) => ({
        id: `${side === 0 ? "old" : "new"}-${kind}${at}`,
        deploymentId: side === 0 ? "old" : "new",
        phase: kind === "s" ? ("starting" as const) : kind === "e" ? ("stopping" as const) : ("running" as const),
        healthy: kind === "h",
      })),
    ),
  );
}

const step = (desired: number, text: string, limits: Partial<RolloutState> = {}) =>
  nextStep({ desired, primary: "new", tasks: tasks(text), minimumHealthyPercent: 100, maximumPercent: 200, ...limits });

describe("the next step of a rollout", () => {
  it.each<[string, number, string, { start: number; stop: string[] }]>([
    ["a new service starts all", 2, "|", { start: 2, stop: [] }],
    ["nothing to do", 2, "|2h", { start: 0, stop: [] }],
    ["starting tasks count", 2, "|1h1s", { start: 0, stop: [] }],
    ["a dead task is replaced", 2, "|1h1e", { start: 1, stop: [] }],
    ["scaling out", 4, "|2h", { start: 2, stop: [] }],
    ["scaling in", 1, "|2h", { start: 0, stop: ["new-h0"] }],
    ["scaling in takes the unhealthy first", 1, "|1h1u", { start: 0, stop: ["new-u0"] }],
    ["scaling to none", 0, "|2h1s", { start: 0, stop: ["new-s0", "new-h0", "new-h1"] }],
    ["new tasks beside all old ones", 2, "2h|", { start: 2, stop: [] }],
    ["old ones stay until new ones are healthy", 2, "2h|2s", { start: 0, stop: [] }],
    ["a running task that no balancer calls healthy replaces nothing", 2, "2h|2u", { start: 0, stop: [] }],
    ["one for one", 2, "2h|1h1s", { start: 0, stop: ["old-h0"] }],
    ["all old ones in the end", 2, "2h|2h", { start: 0, stop: ["old-h0", "old-h1"] }],
    ["unhealthy old ones go at once", 2, "1h1u|", { start: 2, stop: ["old-u0"] }],
  ])("%s", (_name, desired, text, expected) => {
    expect(step(desired, text)).toEqual(expected);
  });

  it("keeps to the maximum and makes room only as far as the minimum allows", () => {
    expect(step(4, "4h|", { maximumPercent: 100, minimumHealthyPercent: 50 })).toEqual({
      start: 2,
      stop: ["old-h0", "old-h1"],
    });
    expect(step(4, "4h|", { maximumPercent: 150 })).toEqual({ start: 2, stop: [] });
  });

  it("never stops a healthy task below the minimum, whatever the state", () => {
    for (let old = 0; old <= 3; old++) {
      for (let fresh = 0; fresh <= 3; fresh++) {
        for (let starting = 0; starting <= 3; starting++) {
          const text = `${old}h|${fresh}h${starting}s`;
          const { start, stop } = step(2, text);
          const stopped = stop.filter((id) => id.includes("-h")).length;
          if (stopped > 0) expect(old + fresh - stopped, text).toBeGreaterThanOrEqual(2);
          expect(start === 0 || old + fresh + starting - stop.length + start <= 4, text).toBe(true);
        }
      }
    }
  });
});

describe("failing starts", () => {
  it.each([
    [1, 3],
    [6, 3],
    [10, 5],
    [1000, 200],
  ])("of a service with %i tasks end a deployment after %i", (desired, failures) => {
    expect(breakerThreshold(desired)).toBe(failures);
  });

  it("are repeated ever more slowly", () => {
    expect([0, 1, 2, 3, 4, 5, 50].map(startDelayMs)).toEqual([0, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });
});
