import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { filesHolding } from "./planted";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cutover-planted-"));
  for (const below of ["logs/tasks", "engine/backend/.pulumi", "cutover-postgres-1/data"]) {
    mkdirSync(join(folder, below), { recursive: true });
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("finds each text in any file, binary ones too, and follows no link", () => {
  writeFileSync(join(folder, "logs/tasks/node.log"), "all is well\n");
  writeFileSync(join(folder, "logs/pulumi.log"), "GET https://node.example.com/hook?key=pl4nted\n");
  writeFileSync(
    join(folder, "engine/backend/.pulumi/stack.json.bak"),
    Buffer.from([0, 255, ...Buffer.from("pit-t0ken"), 0]),
  );
  symlinkSync(join(folder, "logs"), join(folder, "engine/link"));
  expect(filesHolding(folder, ["pl4nted", "pit-t0ken"])).toEqual([
    "engine/backend/.pulumi/stack.json.bak",
    "logs/pulumi.log",
  ]);
  expect(filesHolding(folder, ["all is well"])).toEqual(["logs/tasks/node.log"]);
  expect(filesHolding(folder, ["another", ""])).toEqual([]);
});

it("leaves out the database, as an account's own is encrypted", () => {
  writeFileSync(join(folder, "cutover-postgres-1/data/base"), "pl4nted");
  expect(filesHolding(folder, ["pl4nted"])).toEqual([]);
});
