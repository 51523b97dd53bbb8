import { PublishCommand, type SNSClient } from "@aws-sdk/client-sns";
import { GetParametersByPathCommand, PutParameterCommand, type SSMClient } from "@aws-sdk/client-ssm";
import type { LedgerEntry } from "@cutover/domain/evidence/ledger";
import { describe, expect, it } from "vitest";
import { announceStep } from "./announce";
import { appendLedger, readLedger } from "./ledger";
import { type EvidenceRecordInputs, recordDiffers, removeRecord, writeRecord } from "./record";

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
      return { Parameters: names.slice(page, page + 1).map((Name) => ({ Name, Value: stored.get(Name) })), ...more };
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

  it("is read in order over all pages, without what is none of ours", async () => {
    const stored = new Map<string, string>();
    const numbers = [10, 2, 1, 11];
    for (const n of numbers) {
      stored.set(`/cutover/prod/ledger/${String(n).padStart(4, "0")}`, JSON.stringify({ ...entry, shareAfter: n }));
    }
    stored.set("/cutover/prod/ledger/note", "by hand");
    stored.set("/cutover/prod2/ledger/0003", JSON.stringify(entry));
    const read = await readLedger("prod", parameters(stored));
    expect(read.map(({ shareAfter }) => shareAfter)).toEqual([1, 2, 10, 11]);
  });
});

describe("the record in the state", () => {
  const inputs: EvidenceRecordInputs = { stack: "prod", aws: AWS, phase: "ramp-50", share: 50, digest: "sha256:a" };

  it("differs by phase, share and image, not by the evidence of the minute", () => {
    expect(recordDiffers(inputs, { ...inputs, entry })).toBe(false);
    expect(recordDiffers({ ...inputs, entry }, inputs)).toBe(false);
    expect(recordDiffers({ ...inputs, release: "rb-0001" }, { ...inputs, release: "rb-0001" })).toBe(false);
    expect(recordDiffers({ ...inputs, release: "rb-0001" }, inputs)).toBe(false);
    expect(recordDiffers(inputs, { ...inputs, peopleTopicArn: "arn:people" })).toBe(false);
    for (const change of [{ phase: "ramp-75" }, { share: 75 }, { digest: "sha256:b" }, { release: "rb-0001" }]) {
      expect(recordDiffers(inputs, { ...inputs, ...change })).toBe(true);
    }
  });

  it("appends for a gated step and keeps the last one otherwise", async () => {
    const appended: string[] = [];
    const append = async (stack: string) => `/cutover/${stack}/ledger/000${appended.push(stack)}`;
    const announce = async () => void appended.push("told");
    const first = await writeRecord({ ...inputs, entry }, undefined, { append, announce });
    expect(first).toEqual({ ...inputs, entry, rested: entry, parameter: "/cutover/prod/ledger/0002" });
    const down = await writeRecord({ ...inputs, phase: "ramp-25", share: 25 }, first, { append, announce });
    expect(down).toEqual({
      ...inputs,
      phase: "ramp-25",
      share: 25,
      rested: entry,
      parameter: "/cutover/prod/ledger/0002",
    });
    expect(appended).toEqual(["told", "prod"]);
  });

  it("is not written where the override could not be announced, and the next update tries both again", async () => {
    const appended: string[] = [];
    const append = async () => String(appended.push("x"));
    const announce = () => Promise.reject(new Error("no topic"));
    await expect(writeRecord({ ...inputs, entry }, undefined, { append, announce })).rejects.toThrow("no topic");
    expect(appended).toEqual([]);
  });

  it("stays when the stack is destroyed", async () => {
    // Calls nothing: there is no AWS here that it could call.
    await expect(removeRecord({ ...inputs, aws: { region: "" } })).resolves.toBeUndefined();
  });
});

describe("the announcement of an override", () => {
  const overridden: LedgerEntry = {
    ...entry,
    override: { name: "Mara", reason: "quiet week", expires: "2026-11-25T16:00:00.000Z", aside: ["41 messages"] },
  };
  const target = {
    stack: "prod",
    aws: AWS,
    peopleTopicArn: "arn:aws:sns:eu-central-1:123456789012:cutover-prod-people",
  };
  const topic = (send: (command: unknown) => Promise<unknown>) => ({ send }) as unknown as SNSClient;

  it("goes to the people's topic, with what was put aside", async () => {
    const sent: unknown[] = [];
    await announceStep(
      target,
      overridden,
      topic(async (command) => void sent.push(command)),
    );
    expect(sent).toHaveLength(1);
    const [command] = sent;
    if (!(command instanceof PublishCommand)) throw new Error("no notice");
    expect(command.input).toMatchObject({
      TopicArn: target.peopleTopicArn,
      Subject: "[cutover prod] gate overridden: ramp-25 to ramp-50",
      Message: expect.stringMatching(/Mara .*quiet week[\s\S]*41 messages/),
    });
  });

  it("is joined by that of the start, for everybody, where Python gets its first messages", async () => {
    const sent: unknown[] = [];
    const send = topic(async (command) => void sent.push((command as PublishCommand).input));
    await announceStep(target, { ...entry, from: "front-door", to: "parallel", shareBefore: 0, shareAfter: 10 }, send);
    expect(sent).toEqual([
      {
        TopicArn: target.peopleTopicArn,
        Subject: "[cutover prod] Started: the new service answers 10 % of the messages",
        Message: expect.stringContaining("Since 2026-11-25T12:00:00.000Z"),
        MessageAttributes: { audience: { DataType: "String", StringValue: "everyone" } },
      },
    ]);
  });

  it("says nothing where nothing was put aside and nothing begins, as with a release", async () => {
    const send = topic(() => Promise.reject(new Error("called")));
    await announceStep(target, { ...entry, shareBefore: 0, shareAfter: 10, released: "rb-0001" }, send);

    await announceStep(
      target,
      entry,
      topic(() => Promise.reject(new Error("called"))),
    );
  });

  it("fails the update where nobody could be told", async () => {
    const denied = topic(() => Promise.reject(Object.assign(new Error("not allowed"), { name: "AuthorizationError" })));
    await expect(announceStep(target, overridden, denied)).rejects.toThrow(
      /could not be announced on arn:.*people \(AuthorizationError: not allowed\).*sns:Publish.*run pulumi up again/,
    );
  });
});
