import { expect, it } from "vitest";
import { killGoals } from "./goals";
import { KILL_SECTIONS, type KillsResult } from "./kills";
import { runProof } from "./run-proof";

it("pulumi up that is killed at every kind of operation, and five times by a fixed seed, is finished by the next one", {
  timeout: 3_600_000,
}, async () => {
  const result = await runProof<KillsResult>("kills-main.ts");
  expect(result.sections.map(({ section }) => section)).toEqual(KILL_SECTIONS);
  expect(result.sections.map(({ kills }) => kills.length)).not.toContain(0);
  expect(killGoals(result).filter(({ reached }) => !reached)).toEqual([]);
});
