import { expect, it } from "vitest";
import { brokenPolicies } from "./policy-pack";

it("reads from an update's output which policies it broke", () => {
  const text = [
    "Policies:",
    "    ❌ cutover@v0.1.0 (local: policy)",
    "        - [mandatory] [severity: critical]  alarms-armed  (aws:cloudwatch:CompositeAlarm: alarms-rollback-hard)",
    "          Alarms act, say what missing data means, and are not looser than the plan.",
    "        - [advisory]  log-retention  (aws:cloudwatch/logGroup:LogGroup: python-logs)",
  ].join("\n");
  expect(brokenPolicies(text)).toEqual([
    "[mandatory] [severity: critical]  alarms-armed  (aws:cloudwatch:CompositeAlarm: alarms-rollback-hard)",
    "[advisory]  log-retention  (aws:cloudwatch/logGroup:LogGroup: python-logs)",
  ]);
  expect(brokenPolicies("Policies:\n    ✅ cutover@v0.1.0 (local: policy)")).toEqual([]);
});
