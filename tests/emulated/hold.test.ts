import { FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench, commandOf } from "../../rehearsal/apps/testkit";
import { waitFor } from "../../rehearsal/support/wait";
import { INBOX, REPLAY } from "./inbox-place";
import { FRONT_DOOR, NODE_IMAGE, NODE_URL, RollbackWorld, WEBHOOK_SECRET } from "./rollback-world";

const CONTACTS = ["c-1", "c-2", "c-3"];
const EACH = 6;

let bench: Bench;
let world: RollbackWorld;
/** Lets Node's tasks start again. */
let mendNode: () => void;
beforeAll(async () => {
  bench = await Bench.start();
  const program = { ...commandOf("node"), cwd: process.cwd() };
  world = await RollbackWorld.start({ program, environment: bench.environment() });
});
afterAll(async () => {
  await world?.stop();
  await bench?.stop();
});

const onlyDead = (states: string[]) => states.every((state) => state !== "healthy");
const value = () => world.ghl.named("Cutover Webhook URL")?.value;
const queued = async (QueueUrl: string) => {
  const AttributeNames = ["ApproximateNumberOfMessages" as const, "ApproximateNumberOfMessagesNotVisible" as const];
  const { Attributes = {} } = await world.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  return Object.values(Attributes).reduce((sum, number) => sum + Number(number), 0);
};

describe("both engines dead, on the emulated AWS, with the rights that the stack gives", () => {
  it("AWS registers the inbox's function only once it lets the load balancer call it", () => {
    expect(world.inbox.refusedWithoutPermission).toMatch(/AccessDenied.*does not have permission to invoke/);
  });

  it("a message is answered by an engine at first", async () => {
    expect(await world.send({ contactId: "c-0", messageId: "before-1", body: "hello" })).toMatchObject({ status: 200 });
  });

  it("a person's rollback holds: the switch, the proof, and GoHighLevel at the front door", async () => {
    world.ghl.editByHand("Cutover Webhook URL", NODE_URL);
    mendNode = world.aws.aws.breakImage(NODE_IMAGE);
    world.aws.aws.breakImage("cutover/answering");
    await waitFor(
      async () =>
        onlyDead(await world.aws.healthStates(world.groups.node)) &&
        onlyDead(await world.aws.healthStates(world.groups.python)),
      { what: "both engines to be dead", deadlineMs: 20_000 },
    );
    expect(await world.manual()).toMatchObject({
      report: {
        outcome: "rolled-back",
        steps: {
          switch: { state: "done", detail: expect.stringMatching(/"hold"/) },
          verify: { state: "done", detail: expect.stringMatching(/inbox takes them/) },
          webhook: { state: "done" },
        },
      },
    });
    expect(value()).toBe(FRONT_DOOR);
    expect((await world.notices()).join()).toMatch(/Rolled back to the inbox/);
  });

  it("every message is answered 200 by the inbox and stored once, in no engine", async () => {
    for (let turn = 1; turn <= EACH; turn++) {
      const sent = CONTACTS.map((contactId) =>
        world.send({ contactId, messageId: `held-${contactId}-${turn}`, body: `message ${turn}` }),
      );
      for (const reply of await Promise.all(sent)) {
        expect([reply.status, reply.headers["x-served-by"]]).toEqual([200, "inbox"]);
      }
    }
    // The sender's own repetition, one without an id, and something that no engine takes.
    await world.send({ contactId: "c-1", messageId: "held-c-1-1", body: "message 1" });
    await world.send({ contactId: "c-4", body: "without an id" });
    await world.send([1], { "x-contact-id": "c-2" });
    expect(await queued(world.inbox.queueUrl)).toBe(CONTACTS.length * EACH + 2);
    expect(await bench.rows("held-")).toEqual([]);
  });

  it("while no engine answers the replayer leaves everything where it is, in order", async () => {
    expect(await world.replay()).toMatchObject({ replayed: 0, refused: 0 });
    expect(await world.replay()).toMatchObject({ replayed: 0, refused: 0 });
    expect(await queued(world.inbox.queueUrl)).toBe(CONTACTS.length * EACH + 2);
    expect(await world.reconcile()).toMatchObject({ report: { outcome: "nothing" } });
  });

  it("once Node answers every held message is its row, in order, and one that it refuses blocks nobody", async () => {
    mendNode();
    await waitFor(async () => (await world.aws.healthStates(world.groups.node)).includes("healthy"), {
      what: "Node to be healthy again",
      deadlineMs: 60_000,
    });
    expect(await world.reconcile()).toMatchObject({
      report: { sentence: expect.stringMatching(/inbox is being emptied/) },
    });
    expect(await world.replay()).toEqual({ engine: "node", replayed: CONTACTS.length * EACH + 1, refused: 1, left: 0 });
    const rows = await bench.completed("held-", CONTACTS.length * EACH);
    for (const contact of CONTACTS) {
      const keys = rows.flatMap(({ key }) => (key?.startsWith(`held-${contact}-`) ? [key] : []));
      expect(keys).toEqual(Array.from({ length: EACH }, (_, n) => `held-${contact}-${n + 1}`));
    }
    expect(await bench.rows("h:")).toHaveLength(1);
    expect(await queued(world.inbox.queueUrl)).toBe(0);
    const { Messages = [] } = await world.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: world.inbox.refusedUrl, MessageAttributeNames: ["All"] }),
    );
    expect(Messages.map(({ MessageAttributes }) => MessageAttributes?.why?.StringValue)).toEqual(["node answered 400"]);
    expect((await world.notices()).join()).toMatch(/a held message was refused/);
  });

  it("then everything goes to Node again, GoHighLevel too: to the pinned front door, as nothing answers at Node's own URL", async () => {
    expect(await world.reconcile()).toMatchObject({ report: { outcome: "completed", id: "rb-0001" } });
    expect(await world.send({ contactId: "c-1", messageId: "after-1", body: "hello" })).toMatchObject({
      status: 200,
      headers: { "x-served-by": "node" },
    });
    expect(value()).toBe("https://messages.example.com/webhooks/ghl?backend=node");
    expect((await world.notices()).join()).toMatch(/now to Node/);
  });

  it("a replayer killed between the answer and the deletion makes no second row", async () => {
    const held = {
      version: 1,
      at: Date.now(),
      method: "POST",
      path: "/webhooks/ghl",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ contactId: "c-1", messageId: "held-c-1-1", body: "message 1" }),
      base64: false,
      authentic: true,
      key: "held-c-1-1",
      hasId: true,
    };
    await world.sqs.send(
      new SendMessageCommand({
        QueueUrl: world.inbox.queueUrl,
        MessageBody: JSON.stringify(held),
        MessageGroupId: "again",
        MessageDeduplicationId: "again",
      }),
    );
    expect(await world.replay()).toMatchObject({ replayed: 1 });
    expect(await bench.rows("held-")).toHaveLength(CONTACTS.length * EACH);
  });
});

it.each([INBOX, REPLAY])("no secret and no text of a message is in the log of %s", async (name) => {
  const { events = [] } = await world.aws.logs.send(
    new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}` }),
  );
  const text = events.map(({ message }) => message).join("\n");
  expect(text).toMatch(/held|replayed/);
  for (const secret of [WEBHOOK_SECRET, "probe-key", "message 1"]) expect(text).not.toContain(secret);
});
