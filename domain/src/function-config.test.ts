import { describe, expect, it } from "vitest";
import { parseRollbackConfig, type RollbackConfig } from "./function-config";

const config: RollbackConfig = {
  function: "rollback",
  stack: "prod",
  region: "eu-central-1",
  domain: "hooks.example.com",
  listenerArn: "arn:listener",
  pythonTargetGroupArn: "arn:python",
  healthPaths: { python: "/healthz" },
  alarms: { hard: "h", soft: "s" },
  suspicionAlarms: [],
  nodeAlarms: [],
  outageAlarms: [],
  frontDoor: true,
  peopleTopicArn: "arn:people",
  probeKeySecretArn: "arn:key",
  rollbackSecretArn: "arn:secret",
  pythonLogGroup: "/cutover/prod/python",
};

describe("parseRollbackConfig", () => {
  it("reads what the component writes", () => {
    expect(parseRollbackConfig(JSON.stringify(config))).toEqual(config);
  });

  it.each(Object.keys(config).filter((key) => key !== "function"))("misses %s by name", (key) => {
    expect(() => parseRollbackConfig(JSON.stringify({ ...config, [key]: undefined }))).toThrow(`lacks ${key}`);
  });

  it.each([
    ["nothing", undefined, /is not set/],
    ["an empty text", "", /is not set/],
    ["no JSON", "{", /is no JSON object/],
    ["another function's", JSON.stringify({ ...config, function: "prober" }), /for "prober"/],
  ])("refuses %s", (_what, text, message) => {
    expect(() => parseRollbackConfig(text)).toThrow(message);
  });
});
