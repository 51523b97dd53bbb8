import { expect, it } from "vitest";
import { benchMigrations } from "./migrations-bench";
import { killEverywhere } from "./migrations-kill";
import { checkOldest } from "./migrations-oldest";
import { goalsOf } from "./migrations-page";
import { addToProof } from "./report";

it("migrations resume after kill -9 at every message to the database", { timeout: 600_000 }, async () => {
  const result = await killEverywhere();
  addToProof("migrationsKill", result);
  expect(result.failures).toEqual([]);
  expect(result.messages).toBeGreaterThan(30);
  expect(result.resumed).toBe(result.kills);
});

it("migrations and their traps hold on PostgreSQL 15 as well, the oldest Supabase runs", {
  timeout: 900_000,
}, async () => {
  const result = await checkOldest();
  addToProof("migrationsOnPostgres15", result);
  if ("notFound" in result) console.warn(`Not shown on this machine: ${result.notFound}`);
  else {
    expect(result).toMatchObject({ version: expect.stringMatching(/ 15\./), failed: 0 });
    expect(result.passed).toBeGreaterThan(50);
  }
});

it("no writer on a million rows waits for more than a second, and no other runner does better", {
  timeout: 900_000,
}, async () => {
  const { measured } = await benchMigrations(() => {});
  addToProof("migrations", measured);
  expect(measured).toHaveLength(4);
  expect(goalsOf(measured).filter(({ reached }) => !reached)).toEqual([]);
});
