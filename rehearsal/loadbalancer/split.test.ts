import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binomialBand, splitAgrees } from "@cutover/domain/evidence/split";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RehearsalClock } from "../clock";
import { LoadBalancer } from "./balancer";
import { RehearsalCa } from "./certificates";
import { chooseWeighted, seededRng } from "./choose";
import { configOf, forwardTo, groupOf, TestTarget } from "./testkit";

const N = 5000;
const SHARE = 0.1;

let folder: string;
let node: TestTarget;
let python: TestTarget;
let balancer: LoadBalancer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cutover-split-"));
  const ca = await RehearsalCa.create(join(folder, "ca.pem"));
  [node, python] = [await TestTarget.start("node"), await TestTarget.start("python")];
  balancer = new LoadBalancer({ clock: new RehearsalClock(), ca, rng: seededRng(20_261_122) });
});
afterAll(async () => {
  await balancer.stop();
  await Promise.all([node.stop(), python.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

/** Sends n requests through the balancer with these weights; returns how many Python answered. */
async function pythonOf(n: number, weights: { node: number; python: number }): Promise<number> {
  await balancer.apply(
    configOf(
      [groupOf("node", [node]), groupOf("python", [python])],
      [{ action: forwardTo(["arn:node", weights.node], ["arn:python", weights.python]) }],
    ),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const port = balancer.boundPort(80) ?? 0;
  let left = n;
  let hits = 0;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      request({ host: "127.0.0.1", port, path: "/", agent }, (response) => {
        response.setEncoding("utf8").on("data", (body: string) => {
          if (body === "python") hits++;
        });
        response.on("end", resolve);
      })
        .on("error", reject)
        .end();
    });
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (left-- > 0) await one();
    }),
  );
  agent.destroy();
  return hits;
}

describe("the split of real requests", () => {
  it(`lies within the 99.99 % band of the declared share at n = ${N}`, async () => {
    const hits = await pythonOf(N, { node: 90, python: 10 });
    expect(splitAgrees(hits, N, SHARE)).toBe(true);
    expect(hits).not.toBe(N * SHARE); // drawn, not dealt out
    expect(balancer.requestCounts().python?.RequestCount).toBe(hits);
  });

  it("is caught by the same check when the balancer is 5 points off", async () => {
    const hits = await pythonOf(N, { node: 85, python: 15 });
    expect(splitAgrees(hits, N, SHARE)).toBe(false);
  });

  it("gives nothing to weight 0", async () => {
    expect(await pythonOf(500, { node: 100, python: 0 })).toBe(0);
    expect(await pythonOf(500, { node: 0, python: 100 })).toBe(500);
  });
});

describe("drawing by weight", () => {
  it("is honest over many seeds: no more than a few of 2,000 draws fall outside the 99 % band", () => {
    const groups = [
      { name: "node", weight: 75 },
      { name: "python", weight: 25 },
    ];
    const band = binomialBand(1000, 0.25, 0.99);
    let outside = 0;
    for (let seed = 0; seed < 2000; seed++) {
      const rng = seededRng(seed);
      let hits = 0;
      for (let i = 0; i < 1000; i++) if (chooseWeighted(groups, rng)?.name === "python") hits++;
      if (hits < band.low || hits > band.high) outside++;
    }
    // A dealt-out split would never be outside; a biased one nearly always.
    expect(outside).toBeGreaterThan(3);
    expect(outside).toBeLessThan(40);
  });

  it("has no choice when all weights are 0", () => {
    expect(chooseWeighted([{ weight: 0 }, { weight: 0 }], () => 0)).toBeUndefined();
    expect(chooseWeighted([], () => 0)).toBeUndefined();
  });
});
