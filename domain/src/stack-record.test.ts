import { expect, it } from "vitest";
import { manifestGate } from "./stack-record";

const business = [{ name: "qualification", sql: "SELECT engine, hits, n FROM qualification($1, $2)" }];

it.each([
  ["nothing where everything is as usual", {}, {}],
  ["bake time, 0 as well", { bakeHours: 0 }, { gate: { bakeHours: 0 } }],
  ["business metrics", { businessMetrics: business }, { gate: { business } }],
  ["both", { bakeHours: 4, businessMetrics: business }, { gate: { bakeHours: 4, business } }],
] as const)("the manifest tells the command line of the gate: %s", (_, config, gate) => {
  expect(manifestGate(config)).toEqual(gate);
});
