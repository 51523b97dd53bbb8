import { describe, expect, it } from "vitest";
import { archiveWhole } from "./archive";
import { type Declared, UNKNOWN } from "./model";
import { resource } from "./testkit";
import { TYPES } from "./types";

const record = resource(TYPES.parameter, {}, { name: "applied" });
const command = resource("command:local:Command", {}, { name: "archive-bundle" });
const bucket = resource(TYPES.bucket, { bucket: "cutover-prod-archive-1", arn: "arn" }, { name: "archive-bucket" });
const beside = (type: string, of: unknown = "cutover-prod-archive-1", over: Partial<Declared> = {}) =>
  resource(type, { bucket: of }, { name: type.split(":").pop() ?? "", ...over });
const THREE = [
  ["BucketVersioning", TYPES.bucketVersioning, /could be overwritten/],
  ["BucketObjectLockConfiguration", TYPES.bucketLock, /could be deleted/],
  ["BucketPublicAccessBlock", TYPES.bucketPublicAccess, /could become public/],
] as const;
const whole = [command, bucket, ...THREE.map(([, type]) => beside(type))];
const found = (all: readonly Declared[]) => archiveWhole(all, record);

it("passes with the three beside the bucket", () => {
  expect(found(whole)).toEqual([]);
});

describe.each(THREE)("%s", (kind, type, risk) => {
  const rest = whole.filter((one) => one.type !== type);

  it("is missed, with what could happen", () => {
    const [first, ...more] = found(rest);
    expect(first?.message).toMatch(new RegExp(`^archive-bucket has no ${kind}: `));
    expect(first?.message).toMatch(risk);
    expect(first?.about).toBe(bucket);
    expect(more).toEqual([]);
  });

  it("of another bucket does not count", () => {
    expect(found([...rest, beside(type, "another")])).toHaveLength(1);
  });

  it("is known by where its bucket comes from while no name is known", () => {
    const unmade = { ...bucket, props: { bucket: UNKNOWN } };
    const all = rest.map((one) => (one === bucket ? unmade : one));
    const from = (name: string) => beside(type, UNKNOWN, { comesFrom: { bucket: [{ type: TYPES.bucket, name }] } });
    const about = (added: Declared) => found([...all, added]).filter(({ message }) => message.includes(kind));
    expect(about(from("archive-bucket"))).toEqual([]);
    expect(about(from("another"))).toHaveLength(1);
  });
});

it("is nothing without the command or the bucket, whatever else there is", () => {
  expect(found([])).toEqual([{ about: record, message: expect.stringContaining("nothing archives its code") }]);
  expect(found(whole.filter((one) => one !== command))).toHaveLength(1);
  expect(found(whole.filter((one) => one !== bucket))).toEqual([
    { about: record, message: expect.stringContaining("no bucket keeps its code") },
  ]);
});
