import { describe, expect, it } from "vitest";
import { Terminal, table } from "./terminal";

function output(isTTY: boolean) {
  let text = "";
  return { write: (part: string) => (text += part), isTTY, columns: 40, text: () => text };
}

describe("Terminal", () => {
  it("writes one plain line a step where nobody looks at a terminal", () => {
    const out = output(false);
    const step = new Terminal(out, {}).activity("start the database");
    step.progress("init");
    step.done("PostgreSQL 18");
    expect(out.text()).toMatch(/^ +0\.0 s ✓ start the database: PostgreSQL 18 \(0\.0 s\)\n$/);
  });

  it("changes its line in place on a terminal, never wider than it", () => {
    const out = output(true);
    const step = new Terminal(out, { TERM: "xterm" }).activity("up");
    step.progress("x".repeat(200));
    const drawn = out
      .text()
      .split("\r")
      .map((line) => line.replace("\x1b[K", ""));
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(40);
    step.failed("no");
    expect(out.text()).toContain("\x1b[31m✗");
  });

  it("honours NO_COLOR", () => {
    expect(new Terminal(output(true), { NO_COLOR: "1" }).paint("x", "bad")).toBe("x");
    expect(new Terminal(output(true), {}).paint("x", "bad")).not.toBe("x");
    expect(new Terminal(output(false), {}).paint("x", "bad")).toBe("x");
  });
});

describe("table", () => {
  it("sets numbers right and words left", () => {
    expect(
      table(
        ["phase", "share"],
        [
          ["parallel", "9.8 %"],
          ["x", "10 %"],
        ],
      ),
    ).toEqual(["phase     share", "────────  ─────", "parallel  9.8 %", "x          10 %"]);
  });
});
