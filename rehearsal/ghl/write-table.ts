import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CATALOGUE } from "./catalogue/index";
import { playScenario } from "./catalogue/scenario";
import { type Row, renderTable, TABLE_FILE } from "./catalogue/table";

/** Plays every scenario and writes the table. The working directory is the project's folder. */
async function main(): Promise<void> {
  const rows: Row[] = [];
  for (const { topic, scenarios } of CATALOGUE) {
    for (const scenario of scenarios) rows.push({ topic, scenario, played: await playScenario(scenario, 400) });
  }
  mkdirSync(dirname(TABLE_FILE), { recursive: true });
  writeFileSync(TABLE_FILE, renderTable(rows));
  console.log(`${TABLE_FILE}: ${rows.length} failure modes`);
}

void main();
