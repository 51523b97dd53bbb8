import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { EvidenceRecord } from "./evidence-record";

type Loaded = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;
const inputs = {
  stack: "prod",
  aws: { region: "eu-central-1" },
  phase: "ramp-50",
  share: 50,
  digest: "sha256:planted",
};

describe("the EvidenceRecord stub", () => {
  const seen: { type: string; inputs: Readonly<Record<string, unknown>> }[] = [];

  beforeAll(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: (resource) => {
          seen.push(resource);
          return { id: "id-1", state: resource.inputs };
        },
        call: () => ({}),
      },
      "cutover",
      "test",
    );
    new EvidenceRecord("evidence", inputs);
    await pulumi.runtime.disconnect();
  });

  const text = () => String(seen[0]?.inputs.__provider);
  const load = (client: Readonly<Record<string, unknown>>): Loaded => {
    const module = { exports: {} as { handler?: () => Loaded } };
    new Function("exports", "require", text())(module.exports, () => client);
    return module.exports.handler?.() ?? {};
  };

  it("is stored as a short text that loads today's code and holds nothing else", () => {
    expect(seen[0]?.type).toBe("pulumi-nodejs:dynamic/cutover:EvidenceRecord");
    expect(text().length).toBeLessThan(4_000);
    const required = [...text().matchAll(/require\(([^)]*)\)/g)].map((match) => match[1]);
    expect([...new Set(required)]).toEqual(['"@cutover/clients/evidence/record"']);
    expect(text()).not.toMatch(/planted|prod/);
  });

  it("hands each operation to the client, update with what was before", async () => {
    const calls: unknown[] = [];
    const provider = load({
      writeRecord: async (...args: unknown[]) => {
        calls.push(["write", ...args]);
        return { written: true };
      },
      removeRecord: async (state: unknown) => void calls.push(["remove", state]),
      recordDiffers: (olds: unknown, news: unknown) => olds !== news,
    });
    const olds = { ...inputs, share: 25 };
    expect(await provider.create?.(inputs)).toEqual({ id: "prod", outs: { written: true } });
    expect(await provider.update?.("prod", olds, inputs)).toEqual({ outs: { written: true } });
    await provider.delete?.("prod", olds);
    expect(await provider.diff?.("prod", olds, olds)).toEqual({ changes: false });
    expect(await provider.diff?.("prod", olds, inputs)).toEqual({ changes: true });
    expect(calls).toEqual([
      ["write", inputs],
      ["write", inputs, olds],
      ["remove", olds],
    ]);
  });
});
