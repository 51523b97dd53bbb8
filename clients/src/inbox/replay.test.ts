import { hold, secretDigest } from "@cutover/domain/inbox";
import type { ReplayConfig } from "@cutover/domain/inbox-config";
import { type RollbackRecord, recordPath } from "@cutover/domain/rollback/record";
import { describe, expect, it } from "vitest";
import { HttpError } from "../http/errors";
import type { HeldMessage } from "./queue";
import { type ReplayParts, runReplay } from "./replay";

const NOW = Date.parse("2026-11-22T10:00:00Z");
const SECRET = "opens-nothing";
const config: ReplayConfig = {
  function: "replay",
  stack: "prod",
  region: "eu-central-1",
  domain: "messages.example.com",
  queueUrl: "https://sqs/inbox.fifo",
  refusedQueueUrl: "https://sqs/refused",
  engines: [
    { engine: "node", healthPath: "/healthz" },
    { engine: "python", healthPath: "/healthz" },
  ],
  peopleTopicArn: "arn:people",
  secretArn: "arn:secret",
};

type Health = Readonly<Record<string, number>>;

/** A queue in memory that behaves as a FIFO queue does, and engines that answer as a test says. */
class World {
  readonly waiting: HeldMessage[] = [];
  readonly refused: string[] = [];
  readonly sent: { to: string; path: string; headers: Record<string, string>; body: string }[] = [];
  readonly published: number[] = [];
  readonly notices: string[] = [];
  readonly lines: Record<string, unknown>[] = [];
  readonly removed: string[] = [];
  #out = new Set<string>();
  health: Health = { node: 200, python: 200 };
  /** Status of an engine's answer to a message; an error is thrown. */
  answer: (id: string) => number | Error = () => 200;
  failing: Partial<Record<"count" | "receive" | "secret" | "putBack" | "records", Error>> = {};
  /** What Parameter Store holds below the rollback path: names after `rb-0001`, and values. */
  parameters: Readonly<Record<string, string>> = {};

  add(id: string, contact: string, more: { secret?: string; tries?: number; body?: string } = {}): void {
    const headers = { "content-type": "application/json", "x-webhook-secret": more.secret ?? SECRET };
    const body = JSON.stringify({ contactId: contact, messageId: id, body: id });
    const entry = hold({ httpMethod: "POST", path: "/webhooks/ghl", headers, body }, [secretDigest(SECRET)], NOW);
    this.waiting.push({ ...entry, body: more.body ?? entry.body, tries: more.tries ?? 1, receipt: id });
  }

  run(more: Partial<ReplayConfig> = {}) {
    return runReplay({ ...config, ...more }, this.#parts());
  }

  #fail(what: keyof World["failing"]): void {
    const error = this.failing[what];
    if (error) throw error;
  }

  #parts(): ReplayParts {
    return {
      queue: {
        count: async () => {
          this.#fail("count");
          return this.waiting.length;
        },
        receive: async () => {
          this.#fail("receive");
          const locked = new Set(this.waiting.filter((m) => this.#out.has(m.receipt)).map((m) => m.groupId));
          const batch = this.waiting.filter((m) => !locked.has(m.groupId)).slice(0, 10);
          for (const { receipt } of batch) this.#out.add(receipt);
          return batch;
        },
        remove: async ({ receipt }) => {
          this.removed.push(receipt);
          this.waiting.splice(
            this.waiting.findIndex((m) => m.receipt === receipt),
            1,
          );
        },
        refuse: async ({ receipt }, why) => {
          this.refused.push(`${receipt}: ${why}`);
          this.waiting.splice(
            this.waiting.findIndex((m) => m.receipt === receipt),
            1,
          );
        },
        putBack: async (messages) => {
          this.#fail("putBack");
          for (const { receipt } of messages) this.#out.delete(receipt);
        },
      },
      http: { send: (request) => this.#http(request as never) as never },
      secrets: {
        send: async () => {
          this.#fail("secret");
          return { SecretString: JSON.stringify({ probeKey: "pl4nted-key", webhookSecret: "today" }) };
        },
      } as never,
      ssm: {
        send: async ({ input }: { input: { Path: string } }) => {
          this.#fail("records");
          if (input.Path !== "/cutover/prod/rollback") throw new Error(`read ${input.Path}`);
          const path = recordPath("prod", "rb-0001");
          return {
            Parameters: Object.entries(this.parameters).map(([name, Value]) => ({ Name: `${path}${name}`, Value })),
          };
        },
      } as never,
      sns: {
        send: async ({ input }: { input: { Message: string } }) => void this.notices.push(input.Message),
      } as never,
      cloudwatch: {
        send: async ({ input }: { input: { MetricData: { Value: number }[] } }) =>
          void this.published.push(...input.MetricData.map(({ Value }) => Value)),
      } as never,
      now: () => NOW + 90_000,
      log: (line) => void this.lines.push(line),
    };
  }

  async #http(request: { method: string; path: string; headers: Record<string, string>; body?: Buffer }) {
    const engine = request.headers["x-cutover-target"] ?? "";
    if (request.method === "GET") {
      return { status: this.health[engine], headers: { "x-served-by": engine }, text: "", json: undefined };
    }
    const { pathname } = new URL(request.path);
    const body = request.body?.toString("utf8") ?? "";
    this.sent.push({ to: engine, path: pathname, headers: request.headers, body });
    const answer = this.answer((JSON.parse(body) as { messageId: string }).messageId);
    if (answer instanceof Error) throw answer;
    return { status: answer, headers: {}, text: "", json: undefined };
  }
}

const silent = new HttpError("deadline", "POST", "https://x", "", 1, "no answer");
const ids = (world: World) => world.sent.map(({ body }) => (JSON.parse(body) as { messageId: string }).messageId);

describe("runReplay", () => {
  it("asks nobody and publishes nothing while the inbox is empty", async () => {
    const world = new World();
    expect(await world.run()).toEqual({ replayed: 0, refused: 0, left: 0 });
    expect([world.sent, world.published, world.lines]).toEqual([[], [], []]);
  });

  it("sends every message to Node through its probe rule, in order, and deletes what it takes", async () => {
    const world = new World();
    for (let n = 1; n <= 25; n++) world.add(`m${n}`, `c${n % 3}`);
    expect(await world.run()).toEqual({ engine: "node", replayed: 25, refused: 0, left: 0 });
    for (const contact of [0, 1, 2]) {
      const mine = ids(world).filter((id) => Number(id.slice(1)) % 3 === contact);
      expect(mine).toEqual([...mine].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))));
    }
    expect(world.sent[0]).toMatchObject({
      to: "node",
      path: "/webhooks/ghl",
      headers: { "x-cutover-key": "pl4nted-key", "x-webhook-secret": "today", "content-type": "application/json" },
    });
    expect(world.waiting).toEqual([]);
    expect(world.published).toEqual([0]);
  });

  it("goes to Python where Node is dead, and nowhere where both are", async () => {
    const world = new World();
    world.add("m1", "c1");
    world.health = { node: 503, python: 503 };
    expect(await world.run()).toEqual({ replayed: 0, refused: 0, left: 1 });
    expect(world.published).toEqual([90]);
    world.health = { node: 503, python: 200 };
    expect(await world.run()).toMatchObject({ engine: "python", replayed: 1 });
  });

  const rollback = (more: Partial<RollbackRecord>) =>
    JSON.stringify({
      version: 1,
      id: "rb-0001",
      at: "2026-11-22T09:00:00.000Z",
      trigger: { kind: "soft", text: "Python misroutes" },
      to: "hold",
      steps: {},
      ...more,
    });

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ["waits for Node where the rollback was to Node first", { "": rollback({ first: "node" }) }, 0],
    ["waits for Node while the record does not say yet that messages are held", { "": rollback({ to: "node" }) }, 0],
    ["goes to Python where Node's own death began it", { "": rollback({}) }, 1],
    ["goes to Python once a person has released it", { "": rollback({ first: "node" }), "/released": "x" }, 1],
    ["goes to Python where a person said so", { "": rollback({ first: "node" }), "/inbox-to-python": "yes" }, 1],
  ])("with a dead Node and a Python that answers %s", async (_what, parameters, replayed) => {
    const world = new World();
    world.add("m1", "c1");
    world.health = { node: 503, python: 200 };
    world.parameters = parameters;
    expect(await world.run()).toMatchObject({ replayed, left: 1 - replayed });
    expect(world.sent.map(({ to }) => to)).toEqual(replayed === 1 ? ["python"] : []);
    // What waited goes to Node as soon as that answers.
    world.health = { node: 200, python: 200 };
    expect(await world.run()).toMatchObject(replayed === 1 ? { replayed: 0 } : { engine: "node", replayed: 1 });
  });

  it("waits for Node where the records can't be read, but for nobody once Node is removed", async () => {
    const world = new World();
    world.add("m1", "c1");
    world.health = { node: 503, python: 200 };
    world.failing = { records: Object.assign(new Error("no"), { name: "AccessDeniedException" }) };
    expect(await world.run()).toMatchObject({ replayed: 0, left: 1 });
    expect(world.lines).toContainEqual({
      event: "replay_waits_for_node",
      reason: expect.stringMatching(/AccessDenied/),
    });
    const alone = config.engines.filter(({ engine }) => engine === "python");
    expect(await world.run({ engines: alone })).toMatchObject({ engine: "python", replayed: 1 });
  });

  it("leaves to Node what came without the right secret, for Python would refuse it", async () => {
    const world = new World();
    world.add("m1", "c1", { secret: "wrong" });
    world.add("m2", "c2");
    world.health = { node: 503, python: 200 };
    expect(await world.run()).toMatchObject({ replayed: 1, refused: 0, left: 1 });
    expect(ids(world)).toEqual(["m2"]);
    world.health = { node: 200, python: 200 };
    expect(await world.run()).toMatchObject({ replayed: 1 });
    expect(world.sent[1]?.headers).not.toHaveProperty("x-webhook-secret");
  });

  it.each([500, 503, 429, silent])(
    "keeps a message at %s, with what comes after it in its conversation",
    async (bad) => {
      const world = new World();
      for (const [id, contact] of [
        ["a1", "a"],
        ["b1", "b"],
        ["b2", "b"],
        ["a2", "a"],
      ] as const)
        world.add(id, contact);
      world.answer = (id) => (id === "b1" ? bad : 200);
      expect(await world.run()).toMatchObject({ replayed: 2, refused: 0, left: 2 });
      expect(ids(world)).not.toContain("b2");
      world.answer = () => 200;
      expect(await world.run()).toMatchObject({ replayed: 2, left: 0 });
      expect(world.removed.filter((id) => id.startsWith("b"))).toEqual(["b1", "b2"]);
    },
  );

  it("ends its run where the engine takes nothing, instead of trying everything", async () => {
    const world = new World();
    for (let n = 0; n < 60; n++) world.add(`m${n}`, `c${n}`);
    world.answer = () => 500;
    await world.run();
    expect(world.sent.length).toBeLessThanOrEqual(10);
    expect(world.waiting).toHaveLength(60);
  });

  it("puts aside what an engine refuses, tells people once, and goes on with the conversation", async () => {
    const world = new World();
    for (const id of ["m1", "m2", "m3"]) world.add(id, "c1");
    world.add("x", "c2", { body: "not ours" });
    world.answer = (id) => (id === "m1" ? 400 : 200);
    expect(await world.run()).toEqual({ engine: "node", replayed: 2, refused: 2, left: 0 });
    expect(world.refused.sort()).toEqual(["m1: node answered 400", "x: it is not readable"]);
    expect(world.notices).toHaveLength(1);
    expect(world.notices[0]).toMatch(/m1: node answered 400/);
  });

  it("puts aside a message that failed ten times while others pass, never where none does", async () => {
    const world = new World();
    world.add("ok", "c1");
    world.add("poison", "c1", { tries: 10 });
    world.answer = (id) => (id === "poison" ? 500 : 200);
    expect(await world.run()).toMatchObject({ replayed: 1, refused: 1 });
    const down = new World();
    down.add("poison", "c1", { tries: 500 });
    down.answer = () => 500;
    expect(await down.run()).toMatchObject({ refused: 0, left: 1 });
  });

  it.each(["count", "receive", "secret", "putBack"] as const)(
    "does not throw where %s fails, and shows no secret",
    async (what) => {
      const world = new World();
      world.add("m1", "c1");
      world.health = { node: 503, python: 503 };
      world.failing = { [what]: new Error("no") };
      await world.run();
      expect(world.lines.map(({ event }) => event).join()).toMatch(/failed/);
      expect(JSON.stringify(world.lines)).not.toMatch(/pl4nted|today/);
      expect(world.waiting).toHaveLength(1);
    },
  );
});
