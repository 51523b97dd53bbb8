import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TOKENS } from "../tokens";
import { ENGINE } from "./engine";
import { CATALOGUE } from "./index";
import { OURS, PLANTED, playScenario } from "./scenario";
import { SECRETS } from "./secret";
import { type Row, renderTable, TABLE_COMMAND, TABLE_FILE } from "./table";

const seen: Record<400 | 404, Row[]> = { 400: [], 404: [] };

for (const missing of [400, 404] as const) {
  for (const { topic, scenarios } of CATALOGUE) {
    describe(`${topic} (a missing id is answered with ${missing})`, () => {
      it.each(scenarios.map((scenario) => [scenario.mode, scenario] as const))("%s", async (_mode, scenario) => {
        const played = await playScenario(scenario, missing);
        seen[missing].push({ topic, scenario, played });
        expect(played.result.ok, played.result.read).toBe(scenario.ok);
        if (scenario.reads) expect(played.result.read).toMatch(scenario.reads);
        expect(played.holds).toBe(scenario.holds);
        expect(played.count).toBe(scenario.count ?? (scenario.holds === undefined ? 0 : 1));
        if (scenario.writes !== undefined) expect(played.writes).toBe(scenario.writes);
        if (scenario.remembers !== undefined) expect(played.remembers).toBe(scenario.remembers);
        expect(played.renames, "names are never changed").toBe(0);
        if (played.recovered) {
          expect(played.recovered.result.ok, `the next up: ${played.recovered.result.read}`).toBe(true);
          expect(played.recovered.holds).toBe(OURS);
        }
        for (const secret of [...PLANTED, ...SECRETS, ...Object.values(TOKENS)])
          expect(played.result.read).not.toContain(secret);
      });
    });
  }
}

it("no failure mode is listed twice", () => {
  const modes = CATALOGUE.flatMap(({ scenarios }) => scenarios.map((s) => s.mode));
  expect(new Set(modes).size).toBe(modes.length);
});

it("what is said to be played with the real engine is a step there", () => {
  const modes = new Set(CATALOGUE.flatMap(({ scenarios }) => scenarios.map(({ mode }) => mode)));
  for (const [mode, { file, step }] of Object.entries(ENGINE)) {
    expect(modes, mode).toContain(mode);
    const steps = readFileSync(join(__dirname, "../../../tests/engine", file), "utf8");
    expect(steps, `${file}: ${step}`).toContain(`("${step}"`);
  }
});

it("the table in docs/measured is what was seen, with both answers for a missing id", () => {
  const table = readFileSync(join(__dirname, "../../..", TABLE_FILE), "utf8");
  expect(renderTable(seen[400]), `run: ${TABLE_COMMAND}`).toBe(table);
  expect(renderTable(seen[404])).toBe(table);
});
