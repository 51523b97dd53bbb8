import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/toolchain";
import { broken, MUTATIONS, UNJUDGED } from "./mutations";

const root = projectRoot(__dirname);

describe("the deliberate breaks of `make proof`", () => {
  it.each([...MUTATIONS, UNJUDGED])("$name: still what it says it breaks", (mutation) => {
    const text = readFileSync(join(root, mutation.file), "utf8");
    expect(broken(text, mutation)).not.toBe(text);
  });

  it("refuses a text that is not there, or there twice", () => {
    const mutation = { name: "n", file: "f", breaks: [{ from: "a", to: "b" }] };
    expect(() => broken("x", mutation)).toThrow(/stands not exactly once in f/);
    expect(() => broken("a a", mutation)).toThrow(/stands not exactly once in f/);
    expect(broken("xay", mutation)).toBe("xby");
  });
});
