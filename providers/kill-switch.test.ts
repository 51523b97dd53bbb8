import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { KillSwitch } from "./kill-switch";

type Loaded = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;

describe("the KillSwitch stub", () => {
  const seen: { type: string; inputs: Readonly<Record<string, unknown>> }[] = [];
  const aws = { region: "eu-central-1" };

  beforeAll(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, inputs }) => {
          seen.push({ type, inputs });
          return { id: "id-1", state: inputs };
        },
        call: () => ({}),
      },
      "cutover",
      "test",
    );
    new KillSwitch("kill-switch", {
      stack: "prod",
      aws,
      ruleArn: "arn:rule",
      nodeTargetGroupArn: "arn:node",
      alarmNames: ["a"],
      release: "rb-0001",
    });
    await pulumi.runtime.disconnect();
  });

  const text = (): string => {
    const provider = seen[0]?.inputs.__provider;
    if (typeof provider !== "string") throw new Error("no provider text was registered");
    return provider;
  };

  /** The provider as the engine loads it from the state, with its one package replaced. */
  const load = (client: Readonly<Record<string, unknown>>): Loaded => {
    const module = { exports: {} as { handler?: () => Loaded } };
    new Function("exports", "require", text())(module.exports, () => client);
    return module.exports.handler?.() ?? {};
  };

  it("has a type token of its own", () => {
    expect(seen[0]?.type).toBe("pulumi-nodejs:dynamic/cutover:KillSwitch");
  });

  it("is stored as a short text that loads today's code and holds nothing else", () => {
    expect(text().length).toBeLessThan(3_000);
    const required = [...text().matchAll(/require\(([^)]*)\)/g)].map((m) => m[1]);
    expect([...new Set(required)]).toEqual(['"@cutover/clients/rollback/release"']);
    expect(text()).not.toMatch(/rb-0001|arn:rule|prod/);
  });

  it("releases in create and update, and writes nothing in delete", async () => {
    const calls: unknown[] = [];
    const note = (name: string) => async (inputs: unknown) => void calls.push([name, inputs]);
    const provider = load({ releaseKillSwitch: note("release") });
    const inputs = { stack: "prod", alarmNames: [] };
    expect(await provider.create?.(inputs)).toEqual({ id: "prod", outs: inputs });
    expect(await provider.update?.("prod", {}, inputs)).toEqual({ outs: inputs });
    expect(provider.delete).toBeUndefined();
    expect(calls).toEqual([
      ["release", inputs],
      ["release", inputs],
    ]);
  });

  it.each([
    ["nothing", {}, false],
    ["another profile", { aws: { region: "eu-central-1", profile: "x" } }, false],
    ["a release", { release: "rb-0002" }, true],
    ["no release any more", { release: undefined }, true],
    ["another rule", { ruleArn: "arn:other" }, true],
    ["other alarms", { alarmNames: ["b"] }, true],
  ])("sees %s as the difference it is, without asking AWS", async (_what, change, changes) => {
    const olds = { stack: "prod", aws, ruleArn: "arn:rule", alarmNames: ["a"], release: "rb-0001" };
    expect(await load({}).diff?.("prod", olds, { ...olds, ...change })).toEqual({ changes });
  });
});
