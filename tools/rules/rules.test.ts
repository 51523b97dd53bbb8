import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { structureProblems } from "./structure";

const root = join(__dirname, "../..");
const messages = (path: string, text: string) =>
  structureProblems({ path, text }).map(({ line, message }) => `${line}: ${message}`);

// Real runs of the checker, which starts slowly on a busy machine.
describe("import rules", { timeout: 90_000 }, () => {
  /** A small project that keeps all rules, and one file for each way to break one. */
  const KEPT: Record<string, string> = {
    "index.ts": 'import { c } from "./components/c"; import { w } from "./world/w"; export default [c, w];',
    "config.ts": "export const config = 1;",
    "domain/src/d.ts": 'import { createHash } from "node:crypto"; export const d = createHash;',
    "domain/src/d.test.ts": 'import { it } from "vitest"; import { d } from "./d"; it("d", () => d);',
    "clients/src/c.ts": 'import { d } from "@cutover/domain/d"; import fs from "node:fs"; export const c = [d, fs];',
    "world/w.ts": 'import { c } from "@cutover/clients/c"; export const w = c;',
    "providers/p.ts": 'import type { c } from "@cutover/clients/c"; export type P = typeof c;',
    "components/c.ts":
      'import * as aws from "@pulumi/aws/lb"; import { d } from "@cutover/domain/d"; import type { P } from "../providers/p"; export const c = [d, aws]; export type { P };',
    "functions/f.ts": 'import { c } from "@cutover/clients/c"; export const f = c;',
    "rehearsal/r.ts": 'import { c } from "@cutover/clients/c"; export const r = c;',
    "policy/p.ts": 'import { readFileSync } from "node:fs"; export const p = readFileSync;',
    "tests/t.test.ts":
      'import { r } from "../rehearsal/r"; import { c } from "../components/c"; export const t = [r, c];',
  };
  const BROKEN: readonly (readonly [rule: string, path: string, text: string])[] = [
    ["domain-is-pure", "domain/src/b1.ts", 'import fs from "node:fs"; export default fs;'],
    ["domain-is-pure", "domain/src/b2.ts", 'import { Client } from "pg"; export default Client;'],
    [
      "domain-is-pure",
      "domain/src/b3.ts",
      'import type { Input } from "@pulumi/pulumi"; export type I = Input<string>;',
    ],
    ["domain-is-pure", "domain/src/b4.ts", 'import { c } from "@cutover/clients/c"; export default c;'],
    ["domain-tests-stay-inside", "domain/src/b5.test.ts", 'import { c } from "@cutover/clients/c"; export default c;'],
    [
      "clients-know-domain-only",
      "clients/src/b1.ts",
      'import * as pulumi from "@pulumi/pulumi"; export default pulumi;',
    ],
    ["clients-know-domain-only", "clients/src/b2.ts", 'import { config } from "../../config"; export default config;'],
    ["world-observes-by-clients", "world/b.ts", 'import { c } from "../components/c"; export default c;'],
    ["providers-are-glue", "providers/b.ts", 'import type { c } from "../components/c"; export type C = typeof c;'],
    [
      "components-use-domain-and-providers",
      "components/b1.ts",
      'import { c } from "@cutover/clients/c"; export default c;',
    ],
    ["components-use-domain-and-providers", "components/b2.ts", 'import axios from "axios"; export default axios;'],
    [
      "functions-and-cli-work-without-pulumi",
      "functions/b.ts",
      'import * as pulumi from "@pulumi/pulumi"; export default pulumi;',
    ],
    ["policy-judges-from-outside", "policy/b.ts", 'import { c } from "../components/c"; export default c;'],
    ["rehearsal-stays-outside", "rehearsal/b1.ts", 'import { c } from "../components/c"; export default c;'],
    ["rehearsal-stays-outside", "rehearsal/b2.test.ts", 'import { config } from "../config"; export default config;'],
    ["nothing-uses-the-rehearsal", "clients/src/b3.ts", 'import { r } from "../../rehearsal/r"; export default r;'],
    ["no-development-package-in-the-product", "clients/src/b4.ts", 'import ts from "typescript"; export default ts;'],
    ["no-cycle", "world/b2.ts", 'import { b3 } from "./b3"; export const b2 = () => b3;'],
    ["everything-resolves", "world/b4.ts", 'import { nothing } from "./nowhere"; export default nothing;'],
  ];
  let folder = "";
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "cutover-rules-"));
    for (const file of [".dependency-cruiser.cjs", "tsconfig.json", "package.json"])
      cpSync(join(root, file), join(folder, file));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    for (const [path, text] of Object.entries(KEPT)) write(path, text);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function broken(): { rule: string; from: string }[] {
    const command = join(root, "node_modules/.bin/depcruise");
    const paths = [
      "index.ts",
      "domain",
      "clients",
      "world",
      "providers",
      "components",
      "functions",
      "rehearsal",
      "policy",
      "tests",
    ];
    const { stdout, stderr } = spawnSync(
      command,
      ["--config", ".dependency-cruiser.cjs", "--preserve-symlinks", "-T", "json", ...paths],
      {
        cwd: folder,
        encoding: "utf8",
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    expect(stderr).toBe("");
    const report = JSON.parse(stdout) as { summary: { violations: { rule: { name: string }; from: string }[] } };
    return report.summary.violations.map(({ rule, from }) => ({ rule: rule.name, from }));
  }

  it("accept the project's own shape", () => {
    expect(broken()).toEqual([]);
  });

  it("catch every way to break them", () => {
    for (const [, path, text] of BROKEN) write(path, text);
    write("world/b3.ts", 'import { b2 } from "./b2"; export const b3 = () => b2;');
    const found = broken();
    for (const [rule, path] of BROKEN) expect(found).toContainEqual({ rule, from: path });
  });
});

describe("providers", () => {
  const IMPORT = 'imports a value from "@cutover/clients/ghl/provider" at the top';
  it.each([
    ['import { x } from "@cutover/clients/ghl/provider";'],
    ['import x from "@cutover/clients/ghl/provider";'],
    ['import * as x from "@cutover/clients/ghl/provider";'],
    ['import "@cutover/clients/ghl/provider";'],
    ['export { x } from "@cutover/clients/ghl/provider";'],
    ['const { x } = require("@cutover/clients/ghl/provider");'],
    ['const x = (require("@cutover/clients/ghl/provider") as unknown).x;'],
  ])("may not take a value at the top: %s", (statement) => {
    expect(messages("providers/x.ts", statement)[0]).toContain(IMPORT);
    expect(messages("components/x.ts", statement)).toEqual([]);
  });

  it("may take types, @pulumi/pulumi, and requires inside methods", () => {
    const text = `import type * as X from "@cutover/clients/ghl/provider";
import { type Y } from "@cutover/domain/y";
import * as pulumi from "@pulumi/pulumi";
const provider = { async create() { return require("@cutover/clients/ghl/provider").create(); } };
export default [provider, pulumi] as (X | Y)[];`;
    expect(messages("providers/x.ts", text)).toEqual([]);
  });
});

describe("domain", () => {
  it.each([
    ["const now = Date.now();", "domain calls Date.now"],
    ["const now = new Date();", "domain reads the clock"],
    ["const r = Math.random();", "domain calls Math.random"],
    ["const stage = process.env.STAGE;", "domain uses process.env"],
    ["setTimeout(() => 1, 2);", "domain calls setTimeout"],
    ['import { randomUUID } from "node:crypto";', "only createHash"],
  ])("may not reach outside: %s", (text, message) => {
    expect(messages("domain/src/x.ts", text)[0]).toContain(message);
    expect(messages("clients/src/x.ts", text)).toEqual([]);
    expect(messages("domain/src/x.test.ts", text)).toEqual([]);
  });

  it("may compute with times it was given, and hash", () => {
    const text =
      'import { createHash } from "node:crypto"; export const f = (ms: number) => [new Date(ms), createHash("sha256")];';
    expect(messages("domain/src/x.ts", text)).toEqual([]);
  });
});

describe("sizes", () => {
  const lines = (count: number) => "//\n".repeat(count);
  it.each([
    ["index.ts", 80],
    ["functions/rollback.ts", 60],
    ["clients/src/x.ts", 400],
    ["tools/x.sh", 400],
  ])("%s has at most %i lines", (path, limit) => {
    expect(messages(path, lines(limit))).toEqual([]);
    expect(messages(path, lines(limit + 1))).toEqual([expect.stringContaining(`${limit + 1} lines, at most ${limit}`)]);
  });

  it("a function has at most 60 lines, outside tests", () => {
    const text = (body: number) => `function long() {\n${lines(body)}}\n`;
    expect(messages("clients/src/x.ts", text(58))).toEqual([]);
    expect(messages("clients/src/x.ts", text(59))).toEqual([
      expect.stringContaining("1: function long has 61 lines, at most 60"),
    ]);
    expect(messages("clients/src/x.test.ts", text(59))).toEqual([]);
  });
});
