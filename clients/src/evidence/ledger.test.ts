import {
  DeleteParametersCommand,
  GetParametersByPathCommand,
  PutParameterCommand,
  type SSMClient,
} from "@aws-sdk/client-ssm";
import type { LedgerEntry } from "@cutover/domain/evidence/ledger";
import { describe, expect, it } from "vitest";
import { appendLedger, removeLedger } from "./ledger";
import { type EvidenceRecordInputs, recordDiffers, writeRecord } from "./record";

const AWS = { region: "eu-central-1" };
const entry: LedgerEntry = {
  version: 1,
  at: "2026-11-25T12:00:00.000Z",
  from: "ramp-25",
  to: "ramp-50",
  shareBefore: 25,
  shareAfter: 50,
  digest: "sha256:a",
};

/** SSM with one page a parameter; `rival` takes a name just before we do. */
function parameters(stored: Map<string, string>, rival?: string) {
  let taken = false;
  const send = async (command: unknown) => {
    if (command instanceof GetParametersByPathCommand) {
      const names = [...stored.keys()].filter((name) => name.startsWith(`${command.input.Path}/`));
      const page = Number(command.input.NextToken ?? 0);
      const more = page + 1 < names.length ? { NextToken: String(page + 1) } : {};
      return { Parameters: names.slice(page, page + 1).map((Name) => ({ Name })), ...more };
    }
    if (command instanceof DeleteParametersCommand) {
      for (const name of command.input.Names ?? []) stored.delete(name);
      return {};
    }
    if (!(command instanceof PutParameterCommand)) throw new Error("unexpected call");
    const { Name = "", Value = "", Overwrite } = command.input;
    if (rival && !taken) stored.set(rival, "the rival's");
    taken = true;
    if (stored.has(Name) && !Overwrite) throw Object.assign(new Error("x"), { name: "ParameterAlreadyExists" });
    stored.set(Name, Value);
    return {};
  };
  return { send } as unknown as SSMClient;
}

describe("the ledger in SSM", () => {
  it("grows by one entry a step and never writes over one", async () => {
    const stored = new Map<string, string>();
    expect(await appendLedger("prod", entry, AWS, parameters(stored))).toBe("/cutover/prod/ledger/0001");
    const next = { ...entry, to: "ramp-75" as const };
    expect(await appendLedger("prod", next, AWS, parameters(stored, "/cutover/prod/ledger/0002"))).toBe(
      "/cutover/prod/ledger/0003",
    );
    expect(stored.get("/cutover/prod/ledger/0002")).toBe("the rival's");
    expect(JSON.parse(stored.get("/cutover/prod/ledger/0001") ?? "")).toEqual(entry);
  });

  it("is removed with the stack, and nothing else is", async () => {
    const numbers = Array.from({ length: 12 }, (_, i) => `/cutover/prod/ledger/${String(i + 1).padStart(4, "0")}`);
    const stored = new Map(
      [...numbers, "/cutover/prod/applied", "/cutover/prod2/ledger/0001"].map((name) => [name, "x"]),
    );
    await removeLedger("prod", AWS, parameters(stored));
    expect([...stored.keys()]).toEqual(["/cutover/prod/applied", "/cutover/prod2/ledger/0001"]);
  });
});

describe("the record in the state", () => {
  const inputs: EvidenceRecordInputs = { stack: "prod", aws: AWS, phase: "ramp-50", share: 50, digest: "sha256:a" };

  it("differs by phase, share and image, not by the evidence of the minute", () => {
    expect(recordDiffers(inputs, { ...inputs, entry })).toBe(false);
    expect(recordDiffers({ ...inputs, entry }, inputs)).toBe(false);
    for (const change of [{ phase: "ramp-75" }, { share: 75 }, { digest: "sha256:b" }]) {
      expect(recordDiffers(inputs, { ...inputs, ...change })).toBe(true);
    }
  });

  it("appends for a gated step and keeps the last one otherwise", async () => {
    const appended: string[] = [];
    const append = async (stack: string) => `/cutover/${stack}/ledger/000${appended.push(stack)}`;
    const first = await writeRecord({ ...inputs, entry }, undefined, append);
    expect(first).toEqual({ ...inputs, entry, rested: entry, parameter: "/cutover/prod/ledger/0001" });
    const down = await writeRecord({ ...inputs, phase: "ramp-25", share: 25 }, first, append);
    expect(down).toEqual({
      ...inputs,
      phase: "ramp-25",
      share: 25,
      rested: entry,
      parameter: "/cutover/prod/ledger/0001",
    });
    expect(appended).toEqual(["prod"]);
  });
});
