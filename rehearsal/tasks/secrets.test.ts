import { describe, expect, it } from "vitest";
import { parseSecretReference } from "./secrets";
import { repositoryOf } from "./task";

const ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:cutover-dev-AbCdEf";

describe("a container's secret reference", () => {
  const whole = { kind: "secret", secretId: ARN, jsonKey: undefined, versionStage: undefined, versionId: undefined };
  it.each([
    [ARN, whole],
    [`${ARN}:KEY::`, { ...whole, jsonKey: "KEY" }],
    [`${ARN}:::v-1`, { ...whole, versionId: "v-1" }],
    [`${ARN}:KEY::v-1`, { ...whole, jsonKey: "KEY", versionId: "v-1" }],
    [`${ARN}::AWSPREVIOUS:`, { ...whole, versionStage: "AWSPREVIOUS" }],
    ["arn:aws:ssm:us-east-1:123456789012:parameter/a/b", { kind: "parameter", name: "/a/b" }],
    ["/a/b", { kind: "parameter", name: "/a/b" }],
  ])("%s", (valueFrom, expected) => {
    expect(parseSecretReference(valueFrom)).toEqual(expected);
  });
});

describe("the repository of an image", () => {
  it.each([
    ["cutover/node-standin@sha256:11", "cutover/node-standin"],
    ["cutover/node-standin:1.2@sha256:11", "cutover/node-standin"],
    ["cutover/node-standin:1.2", "cutover/node-standin"],
    ["registry.example:5000/cutover/node:1", "registry.example:5000/cutover/node"],
    ["plain", "plain"],
  ])("%s", (image, repository) => {
    expect(repositoryOf(image)).toBe(repository);
  });
});
