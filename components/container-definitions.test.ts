import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ContainerInput, containerDefinitions } from "./container-definitions";

const input: ContainerInput = {
  name: "python",
  image: "app@sha256:0",
  port: 8080,
  environment: { B: "2", A: "1" },
  secrets: [
    { name: "Z", valueFrom: "arn:z" },
    { name: "C", valueFrom: "arn:c" },
  ],
  logGroup: "/cutover/test/python",
  region: "eu-central-1",
  hardened: true,
  stopTimeout: 120,
};
const parse = (changes: Partial<ContainerInput> = {}) => JSON.parse(containerDefinitions({ ...input, ...changes }))[0];

describe("container definitions", () => {
  it("are the same text in whatever order variables are given, or every update would be a deployment", () => {
    const pairs = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[A-Z_]{1,8}$/), fc.string()), { selector: ([k]) => k });
    fc.assert(
      fc.property(pairs, (entries) => {
        const text = (list: [string, string][]) =>
          containerDefinitions({
            ...input,
            environment: Object.fromEntries(list),
            secrets: list.map(([name, valueFrom]) => ({ name, valueFrom })),
          });
        expect(text(entries.toReversed())).toBe(text(entries));
      }),
      { seed: 3 },
    );
  });

  it("hardened: non-root on a read-only root, with a /tmp that can be written", () => {
    expect(parse()).toMatchObject({
      readonlyRootFilesystem: true,
      user: "10001:10001",
      mountPoints: [{ sourceVolume: "tmp", containerPath: "/tmp", readOnly: false }],
    });
  });

  it("not hardened: as it ran yesterday", () => {
    for (const key of ["readonlyRootFilesystem", "user", "mountPoints"]) {
      expect(parse({ hardened: false })).not.toHaveProperty(key);
    }
  });

  it("gives the slowest message two minutes", () => {
    expect(parse().stopTimeout).toBe(120);
  });
});
