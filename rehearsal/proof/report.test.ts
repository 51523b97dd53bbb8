import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { transformSync } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addToProof } from "./report";

describe("the proofs' report", () => {
  let folder: string;
  let file: string;
  const read = () => JSON.parse(readFileSync(file, "utf8")) as unknown;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cutover-proof-"));
    file = join(folder, "made-on-demand/proof.json");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("keeps what other proofs put there, and replaces what the same one did", () => {
    addToProof("one", [1], file);
    addToProof("two", { a: 2 }, file);
    addToProof("one", [3], file);
    expect(read()).toEqual({ one: [3], two: { a: 2 } });
    expect(readdirSync(join(file, ".."))).toEqual(["proof.json"]);
  });

  it("loses nothing when proofs end at the same time", async () => {
    const program = join(folder, "add.cjs");
    const source = ["folder", "report"].map((name) => [name, readFileSync(join(__dirname, `${name}.ts`), "utf8")]);
    for (const [name, text] of source as [string, string][]) {
      writeFileSync(join(folder, `${name}.js`), transformSync(text, { loader: "ts", format: "cjs" }).code);
    }
    writeFileSync(
      program,
      `const { addToProof } = require("./report.js"); const [key, file] = process.argv.slice(2);
       for (let i = 0; i < 20; i += 1) addToProof(key + i, i, file);`,
    );
    const keys = ["a", "b", "c", "d"];
    await Promise.all(keys.map((key) => promisify(execFile)(process.execPath, [program, key, file])));
    expect(Object.keys(read() as object)).toHaveLength(80);
  });

  it("is not held up by the lock of a process that was ended", () => {
    mkdirSync(`${file}.lock`, { recursive: true });
    utimesSync(`${file}.lock`, new Date(0), new Date(0));
    addToProof("one", 1, file);
    expect(read()).toEqual({ one: 1 });
  });

  it.each(["[]", "{", "null"])("does not throw away a file that holds %s", (text) => {
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
    expect(() => addToProof("one", 1, file)).toThrow(/no JSON object.*Move it away/);
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(readdirSync(join(file, ".."))).toEqual(["proof.json"]);
  });
});
