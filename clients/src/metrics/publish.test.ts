import type { Datum } from "@cutover/domain/metrics";
import { describe, expect, it } from "vitest";
import { MetricBatch } from "./publish";

const datum = (name: string) => ({ name }) as Datum;

describe("values that come at nearly the same moment", () => {
  it("go together in one call, later ones in a call of their own, and all are sent in the end", async () => {
    const calls: string[][] = [];
    const batch = new MetricBatch(async (data) => void calls.push(data.map(({ name }) => name)));
    batch.add([datum("a"), datum("b")]);
    batch.add([]);
    batch.add([datum("c")]);
    await batch.sent();
    batch.add([datum("d")]);
    await batch.sent();
    expect(calls).toEqual([["a", "b", "c"], ["d"]]);
  });

  it("do not wait for a call that hangs", async () => {
    const calls: string[] = [];
    let answer: () => void = () => {};
    const hangs = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const batch = new MetricBatch(async ([first]) => {
      calls.push(first?.name ?? "");
      if (first?.name === "slow") await hangs;
      else answer();
    });
    batch.add([datum("slow")]);
    await expect.poll(() => calls).toEqual(["slow"]);
    batch.add([datum("next")]);
    await batch.sent();
    expect(calls).toEqual(["slow", "next"]);
  });

  it("are nothing to wait for where there are none", async () => {
    const calls: unknown[] = [];
    const batch = new MetricBatch(async (data) => void calls.push(data));
    batch.add([]);
    await batch.sent();
    expect(calls).toEqual([]);
  });
});
