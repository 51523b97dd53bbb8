import type { AlarmDefinition, AlarmState } from "@cutover/domain/cloudwatch/definition";
import { evaluateAlarm } from "@cutover/domain/cloudwatch/evaluate";
import { triggers } from "@cutover/domain/triggers";
import { describe, expect, it } from "vitest";
import { functionData } from "./function-metrics";
import { MetricStore } from "./store";

const T = 1_800_000_000_000;
const MINUTE = 60_000;

const { definition } = triggers({
  stack: "dev",
  pythonShare: 0,
  expectedMessagesPerHour: 600,
  nodeExists: false,
  loadBalancer: "app/a/1",
  targetGroups: { pythonCustomer: "targetgroup/p/1" },
}).alarms.find(({ key }) => key === "rollback-silent") as { definition: AlarmDefinition };

/** State after eight minutes of the function's runs; "-": it was not called. */
function stateAfter(runs: string, functionName = "cutover-dev-rollback"): AlarmState {
  const store = new MetricStore();
  for (const [i, run] of [...runs].entries()) {
    if (run === "-") continue;
    const error = run === "x" ? "Unhandled: no" : undefined;
    const invocation = { rule: "each", functionName, minute: T + i * MINUTE, ms: 20, error };
    for (const values of functionData(invocation)) store.put(values);
  }
  // A minute after the last one's end it is published.
  const now = T + (runs.length + 1) * MINUTE;
  return evaluateAlarm(definition, (metric, starts) => store.series(metric, starts, now), now, "OK").state;
}

describe("the alarm on the rollback function itself", () => {
  it.each([
    ["is called each minute", "oooooooo"],
    ["ends well each third minute", "xxoxxoxx"],
    ["was left out twice", "oooooo--"],
  ])("keeps still while it %s", (_what, runs) => {
    expect(stateAfter(runs)).toBe("OK");
  });

  it.each([
    ["fails three times in a row", "oooooxxx"],
    ["is called no more", "ooo-----"],
    ["was never called", "--------"],
  ])("rings when it %s", (_what, runs) => {
    expect(stateAfter(runs)).toBe("ALARM");
  });

  it("looks at no other function", () => {
    expect(stateAfter("oooooooo", "cutover-dev-prober")).toBe("ALARM");
  });
});
