import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fitting, LineReader } from "./log-shipper";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cutover-lines-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("gives each whole line once, also when it was written in pieces", () => {
  const file = join(folder, "a.log");
  const reader = new LineReader(file);
  expect(reader.next()).toEqual([]);
  appendFileSync(file, '{"event":1}\n{"ev');
  expect(reader.next()).toEqual(['{"event":1}']);
  expect(reader.next()).toEqual([]);
  appendFileSync(file, 'ent":"ü"}\n\n');
  expect(reader.next()).toEqual(['{"event":"ü"}']);
  expect(reader.next()).toEqual([]);
});

it("gets through much output and a line without end", () => {
  const file = join(folder, "b.log");
  const reader = new LineReader(file);
  appendFileSync(file, `${"x".repeat(500_000)}\n${"short\n".repeat(100_000)}`);
  let shorts = 0;
  for (let lines = reader.next(); lines.length > 0; lines = reader.next())
    shorts += lines.filter((it) => it === "short").length;
  expect(shorts).toBe(100_000);
});

it("makes calls as large as CloudWatch Logs takes them", () => {
  const of = (count: number, length: number) => Array.from({ length: count }, () => ({ message: "x".repeat(length) }));
  expect(fitting(of(3, 10))).toBe(3);
  expect(fitting(of(10_001, 1))).toBe(10_000);
  expect(fitting(of(10, 200_000))).toBe(4);
  expect(fitting(of(2, 2_000_000))).toBe(1);
  expect(fitting([{ message: "ü".repeat(600_000) }, { message: "x" }])).toBe(1);
});
