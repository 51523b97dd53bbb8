import { parseHeld, secretDigest } from "@cutover/domain/inbox";
import { parseInboxConfig, parseReplayConfig } from "@cutover/domain/inbox-config";
import { describe, expect, it } from "vitest";
import { receive } from "./store";

const config = {
  function: "inbox" as const,
  region: "eu-central-1",
  queueUrl: "https://sqs/inbox.fifo",
  acceptedDigests: [secretDigest("opens-nothing")],
};
const event = {
  httpMethod: "POST",
  path: "/webhooks/ghl",
  headers: { "x-webhook-secret": "opens-nothing" },
  body: JSON.stringify({ contactId: "c-1", messageId: "m-1", body: "pl4nted text" }),
};

function world(fail?: Error) {
  const calls: { name: string; input: Record<string, string> }[] = [];
  const lines: unknown[] = [];
  const send = async (command: { input: Record<string, string> }) => {
    calls.push({ name: command.constructor.name, input: command.input });
    if (fail) throw fail;
    return {};
  };
  return {
    calls,
    lines,
    parts: { sqs: { send } as never, now: () => 0, log: (line: unknown) => void lines.push(line) },
  };
}

describe("receive", () => {
  it("stores a message and answers 200 in the inbox's name", async () => {
    const { calls, lines, parts } = world();
    expect(await receive(event, config, parts)).toMatchObject({ statusCode: 200, headers: { "x-served-by": "inbox" } });
    expect(calls).toMatchObject([{ name: "SendMessageCommand", input: { QueueUrl: config.queueUrl } }]);
    expect(parseHeld(calls[0]?.input.MessageBody ?? "")).toMatchObject({ key: "m-1", authentic: true });
    expect(JSON.stringify(lines)).not.toMatch(/pl4nted|c-1/);
  });

  it("stores nothing of a probe, but asks the queue", async () => {
    const { calls, parts } = world();
    const probe = { ...event, headers: { "x-cutover-synthetic": "p-1" } };
    expect(await receive(probe, config, parts)).toMatchObject({ statusCode: 200 });
    expect(calls.map(({ name }) => name)).toEqual(["GetQueueAttributesCommand"]);
  });

  it.each([event, { ...event, headers: { "x-cutover-synthetic": "p-1" } }])(
    "answers 429 where the queue refuses, so that a probe sees it, too",
    async (request) => {
      const { lines, parts } = world(Object.assign(new Error("no"), { name: "AccessDenied" }));
      expect(await receive(request, config, parts)).toMatchObject({ statusCode: 429 });
      expect(JSON.stringify(lines)).toMatch(/AccessDenied/);
      expect(JSON.stringify(lines)).not.toMatch(/pl4nted/);
    },
  );

  it("tries again while SQS throttles", async () => {
    const { calls, parts } = world();
    let throttled = 2;
    const sqs = {
      send: async (command: never) => {
        if (throttled-- > 0) throw Object.assign(new Error("slow down"), { name: "RequestThrottled" });
        return (parts.sqs as { send: (c: never) => Promise<object> }).send(command);
      },
    };
    expect(await receive(event, config, { ...parts, sqs: sqs as never })).toMatchObject({ statusCode: 200 });
    expect(calls).toHaveLength(1);
  });
});

describe("configurations", () => {
  it.each([
    ["", /no JSON/],
    ["{}", /is for "undefined"; expected "inbox"/],
    [JSON.stringify({ function: "inbox" }), /lacks region, queueUrl, acceptedDigests/],
  ])("of the inbox: %s", (text, message) => {
    expect(() => parseInboxConfig(text)).toThrow(message);
  });

  it("of the replayer names what is missing", () => {
    expect(() => parseReplayConfig(JSON.stringify({ function: "replay", stack: "prod" }))).toThrow(
      /lacks region, domain, queueUrl, refusedQueueUrl, peopleTopicArn, secretArn, engines/,
    );
    expect(parseInboxConfig(JSON.stringify(config))).toEqual(config);
  });
});
