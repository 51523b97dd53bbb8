import { describe, expect, it } from "vitest";
import { orAborted } from "../interrupts";
import { Stoppers } from "./stoppers";

describe("Stoppers", () => {
  it("ends the last first, each once, and goes on when one throws or hangs", async () => {
    const ended: string[] = [];
    const stoppers = new Stoppers();
    stoppers.add("first", () => void ended.push("first"));
    stoppers.add("hanging", () => new Promise<void>(() => {}));
    stoppers.add("broken", () => {
      throw new Error("no such process");
    });
    stoppers.add("last", async () => void ended.push("last"));
    const [problems, again] = await Promise.all([stoppers.stop(50), stoppers.stop(50)]);
    expect(ended).toEqual(["last", "first"]);
    expect(problems).toEqual(["broken: no such process", "hanging: did not end within 0.05 s"]);
    expect(again).toBe(problems);
  });
});

describe("orAborted", () => {
  it("gives up on work that can't be interrupted", async () => {
    const abort = new AbortController();
    const waiting = orAborted(new Promise(() => {}), abort.signal);
    abort.abort(new Error("PostgreSQL died"));
    await expect(waiting).rejects.toThrow("PostgreSQL died");
    await expect(orAborted(Promise.reject(new Error("late")), abort.signal)).rejects.toThrow("PostgreSQL died");
  });

  it("passes the result on", async () => {
    await expect(orAborted(Promise.resolve(7), new AbortController().signal)).resolves.toBe(7);
  });
});
