import { describe, expect, it } from "vitest";
import { archiveProtected, frontDoor, logRetention, messagesKept, requiredTags, safeDeployment } from "./keeping";
import { UNKNOWN } from "./model";
import { resource } from "./testkit";
import { TYPES } from "./types";

describe("logRetention", () => {
  it.each([
    ["prod", 30, 0],
    ["prod", 14, 1],
    ["dev", 14, 0],
    ["dev", 7, 1],
    ["prod", 0, 1],
    ["prod", undefined, 1],
    ["prod", UNKNOWN, 0],
  ])("%s with %s days: %i violations", (stack, retentionInDays, violations) => {
    expect(logRetention(resource(TYPES.logGroup, { retentionInDays }, { stack }))).toHaveLength(violations);
  });

  it("says how long, and what to set", () => {
    expect(logRetention(resource(TYPES.logGroup, {}))).toEqual([
      "it: the log is kept for ever; set retentionInDays to 30 or more.",
    ]);
  });
});

describe("messagesKept", () => {
  const right = { messageRetentionSeconds: 1_209_600, sqsManagedSseEnabled: true };

  it.each([
    [right, 0],
    [{ ...right, sqsManagedSseEnabled: undefined, kmsMasterKeyId: "alias/ours" }, 0],
    [{ messageRetentionSeconds: UNKNOWN, sqsManagedSseEnabled: UNKNOWN }, 0],
    [{ ...right, messageRetentionSeconds: 345_600 }, 1],
    [{ ...right, messageRetentionSeconds: undefined }, 1],
    [{ ...right, sqsManagedSseEnabled: false }, 1],
    [{}, 2],
  ])("%j: %i violations", (props, violations) => {
    expect(messagesKept(resource(TYPES.queue, props))).toHaveLength(violations);
  });
});

describe("archiveProtected", () => {
  const all = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };

  it.each([
    [TYPES.bucket, { objectLockEnabled: true }],
    [TYPES.bucketVersioning, { versioningConfiguration: { status: "Enabled" } }],
    [TYPES.bucketLock, { rule: { defaultRetention: { mode: "GOVERNANCE", days: 90 } } }],
    [TYPES.bucketLock, { rule: { defaultRetention: { mode: "COMPLIANCE", years: 1 } } }],
    [TYPES.bucketPublicAccess, all],
  ])("%s %j passes", (type, props) => {
    expect(archiveProtected(resource(type, props))).toEqual([]);
  });

  it.each([
    [TYPES.bucket, { objectLockEnabled: true, forceDestroy: true }, /remove forceDestroy/],
    [TYPES.bucket, {}, /set objectLockEnabled/],
    [TYPES.bucketVersioning, { versioningConfiguration: { status: "Suspended" } }, /"Enabled"/],
    [TYPES.bucketVersioning, {}, /"Enabled"/],
    [TYPES.bucketLock, { rule: { defaultRetention: { days: 1 } } }, /locked for 1 days/],
    [TYPES.bucketLock, {}, /locked for 0 days/],
    [TYPES.bucketPublicAccess, { ...all, blockPublicAcls: false }, /set blockPublicAcls to true/],
    [TYPES.bucketPublicAccess, {}, /blockPublicAcls, blockPublicPolicy/],
  ])("%s %j fails", (type, props, expected) => {
    expect(archiveProtected(resource(type, props))).toEqual([expect.stringMatching(expected)]);
  });
});

describe("safeDeployment", () => {
  const good = { deploymentCircuitBreaker: { enable: true, rollback: true }, waitForSteadyState: true };

  it("passes, and fails for each thing that is missing", () => {
    expect(safeDeployment(resource(TYPES.service, good))).toEqual([]);
    expect(safeDeployment(resource(TYPES.service, {}))).toHaveLength(2);
    const half = { enable: true, rollback: false };
    expect(safeDeployment(resource(TYPES.service, { ...good, deploymentCircuitBreaker: half }))).toHaveLength(1);
    expect(safeDeployment(resource(TYPES.service, { ...good, deploymentMinimumHealthyPercent: 50 }))).toHaveLength(1);
    expect(safeDeployment(resource(TYPES.service, { ...good, forceDelete: true }))).toHaveLength(1);
  });
});

describe("frontDoor", () => {
  it("passes, and fails with AWS's defaults", () => {
    expect(frontDoor(resource(TYPES.loadBalancer, { dropInvalidHeaderFields: true, idleTimeout: 15 }))).toEqual([]);
    expect(frontDoor(resource(TYPES.loadBalancer, {}))).toEqual([
      expect.stringContaining("dropInvalidHeaderFields"),
      expect.stringContaining("waits 60 s"),
    ]);
  });
});

describe("requiredTags", () => {
  const bucket = (tags: unknown, defaultTags?: string[]) =>
    resource(TYPES.bucket, { tags }, defaultTags ? { defaultTags } : {});

  it("asks for nothing by default", () => {
    expect(requiredTags(bucket(undefined))).toEqual([]);
    expect(requiredTags(bucket(undefined), { required: [] })).toEqual([]);
  });

  it("takes a tag of the resource or of aws:defaultTags", () => {
    const settings = { required: ["team", "cost-centre"] };
    expect(requiredTags(bucket({ team: "a", "cost-centre": "b" }), settings)).toEqual([]);
    expect(requiredTags(bucket({ team: "a" }, ["cost-centre"]), settings)).toEqual([]);
    expect(requiredTags(bucket(UNKNOWN), settings)).toEqual([]);
    expect(requiredTags(resource(TYPES.rolePolicy, {}), settings)).toEqual([]);
    expect(requiredTags(bucket({ team: "a" }), settings)).toEqual([
      "it: no tag cost-centre; set it for the whole stack: pulumi config set --path aws:defaultTags.tags.cost-centre VALUE",
    ]);
    expect(requiredTags(bucket(undefined), settings)).toEqual([expect.stringContaining("team, cost-centre")]);
    expect(requiredTags(bucket({ team: "a" }), { required: ["cutover:stack"] })).toEqual([
      "it: no tag cutover:stack; declare it below the Cutover component, which tags what stands in components/tags.ts",
    ]);
  });
});
