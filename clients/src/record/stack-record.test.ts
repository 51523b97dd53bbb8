import { GetParametersByPathCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { describe, expect, it } from "vitest";
import { readStackRecord } from "./stack-record";

const AWS = { region: "eu-central-1" };
const applied = { phase: "parallel", pythonShare: 10, pythonDigest: "sha256:1" };

/** Pages of parameters, as SSM hands them out. */
function ssm(...pages: Record<string, string>[]): SSMClient {
  const send = async (command: unknown) => {
    if (!(command instanceof GetParametersByPathCommand)) throw new Error("unexpected call");
    expect(command.input).toMatchObject({ Path: "/cutover/prod/", Recursive: true });
    const page = Number(command.input.NextToken ?? 0);
    return {
      Parameters: Object.entries(pages[page] ?? {}).map(([Name, Value]) => ({ Name, Value })),
      NextToken: page + 1 < pages.length ? String(page + 1) : undefined,
    };
  };
  return { send } as unknown as SSMClient;
}

describe("the stack's record", () => {
  it("is empty before the first update", async () => {
    expect(await readStackRecord("prod", AWS, ssm({}))).toEqual({});
  });

  it("is read from all pages", async () => {
    const record = await readStackRecord(
      "prod",
      AWS,
      ssm({ "/cutover/prod/manifest": '{"version":1}' }, { "/cutover/prod/applied": JSON.stringify(applied) }),
    );
    expect(record).toEqual({ manifest: { version: 1 }, applied });
  });

  it.each([
    ["no JSON", "parallel"],
    ["a list", "[]x"],
    ["an unknown phase", JSON.stringify({ ...applied, phase: "ramp-30" })],
    ["no share", JSON.stringify({ phase: "parallel" })],
  ])("with %s is an error and not 'nothing applied'", async (_, text) => {
    await expect(readStackRecord("prod", AWS, ssm({ "/cutover/prod/applied": text }))).rejects.toThrow(
      /SSM parameter \/cutover\/prod\/applied/,
    );
  });

  it("that can't be read is an error", async () => {
    const denied = { send: () => Promise.reject(new Error("AccessDeniedException")) } as unknown as SSMClient;
    await expect(readStackRecord("prod", AWS, denied)).rejects.toThrow(/AccessDenied/);
  });
});
