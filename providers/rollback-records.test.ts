import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { RollbackRecords } from "./rollback-records";

type Loaded = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;

describe("the RollbackRecords stub", () => {
  let text = "";
  const aws = { region: "eu-central-1" };

  beforeAll(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ inputs }) => {
          text = String(inputs.__provider);
          return { id: "id-1", state: inputs };
        },
        call: () => ({}),
      },
      "cutover",
      "test",
    );
    new RollbackRecords("records", { stack: "prod", aws });
    await pulumi.runtime.disconnect();
  });

  it("is a short text that loads today's code, and only at destroy", async () => {
    expect(text.length).toBeLessThan(2_500);
    expect([...text.matchAll(/require\(([^)]*)\)/g)].map((m) => m[1])).toEqual(['"@cutover/clients/rollback/release"']);
    const forgotten: unknown[] = [];
    const module = { exports: {} as { handler?: () => Loaded } };
    new Function("exports", "require", text)(module.exports, () => ({
      forgetRollbacks: async (...args: unknown[]) => void forgotten.push(args),
    }));
    const provider = module.exports.handler?.() ?? {};
    const inputs = { stack: "prod", aws };
    expect(await provider.create?.(inputs)).toEqual({ id: "prod", outs: inputs });
    expect(await provider.diff?.("prod", inputs, inputs)).toEqual({ changes: false });
    expect(await provider.diff?.("prod", inputs, { ...inputs, aws: { region: "eu-west-1" } })).toEqual({
      changes: true,
    });
    await provider.update?.("prod", inputs, inputs);
    expect(forgotten).toEqual([]);
    await provider.delete?.("prod", inputs);
    expect(forgotten).toEqual([["prod", aws]]);
  });
});
