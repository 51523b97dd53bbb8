import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeCounts } from "../../../tests/support/front-door-counts";
import { type ByHandInputs, byHandProvider } from "./by-hand";

let counts: FakeCounts;
let said: string[];
beforeEach(() => {
  counts = new FakeCounts();
  said = [];
});
afterEach(() => {
  delete process.env.CUTOVER_DESTROY;
});

const inputs = (more: Partial<ByHandInputs> = {}): ByHandInputs & { __provider: string } => ({
  ...counts.groups,
  target: "front-door",
  url: "https://messages.example.com/webhooks/ghl?key=pl4nted",
  headerFrom: "the value WEBHOOK_SECRET of the secret cutover/test/python",
  accepted: [1],
  messages: 3,
  deadlineMinutes: 30,
  loseTraffic: false,
  __provider: "text",
  ...more,
});
const provider = (destroy?: string) =>
  byHandProvider({
    cloudwatch: counts.cloudwatch,
    clock: counts.clock,
    say: (line) => said.push(line),
    ...(destroy ? { destroy } : {}),
  });
const check = (olds: object, news: object) => provider().check({ ...olds }, { ...news });
const create = async (more: Partial<ByHandInputs> = {}) => (await provider().create({ ...inputs(more) })).outs;

describe("a workflow step that a person edits", () => {
  it("says in preview what to set, without a query string, and nothing where nothing changes", async () => {
    const { url: _, ...asFound } = inputs({ target: "as-found" });
    await check({}, asFound);
    expect(said).toEqual([]);
    await check(asFound, inputs());
    expect(said.join()).toMatch(
      /every Custom Webhook step .*URL to https:\/\/messages\.example\.com\/webhooks\/ghl\?…; header x-webhook-secret: the value WEBHOOK_SECRET of the secret cutover\/test\/python; header x-contact-id: \{\{contact\.id\}\}.*waits up to 30 minutes for 3 messages/,
    );
    expect(said.join()).not.toContain("pl4nted");
    said.length = 0;
    await check(inputs(), inputs());
    expect(said).toEqual([]);
  });

  it("is proved by customers' messages, also by those from shortly before the update", async () => {
    counts.add(5, { node: 3 });
    const state = await create();
    expect(state).toMatchObject({ target: "front-door", accepted: [1] });
    expect(Object.keys(state)).not.toContain("__provider");
    expect(await provider().diff("id", { ...state }, { ...inputs() })).toEqual({ changes: false });
  });

  it("waits while the person edits it", async () => {
    let looks = 0;
    counts.onSleep = () => {
      looks += 1;
      if (looks === 8) counts.add(0, { node: 2, python: 1 });
    };
    await create();
    expect(looks).toBe(8);
  });

  it("fails after the deadline with what is missing: no message, too few, or the header", async () => {
    await expect(create()).rejects.toThrow(
      /0 of 3 messages in a row .*within 30 minutes; no message of a customer reached the front door\. Set in GoHighLevel.*Publish the workflow/,
    );
    counts.add(1, { node: 2 });
    await expect(create({ deadlineMinutes: 1 })).rejects.toThrow(/2 of 3 .*only few messages came/);
    counts.add(0, { unmatched: 7 });
    await expect(create({ deadlineMinutes: 1 })).rejects.toThrow(
      /0 of 3 .*7 messages came without the right x-webhook-secret, the last at 12:31 UTC; they went to Node/,
    );
  });

  it("is not waited for where it stays as it was, nor on the way back, which is said", async () => {
    await create({ target: "as-found" });
    const old = inputs();
    const back = inputs({ target: "node", url: "https://node.example.com/hook?t=pl4nted" });
    await check(old, back);
    expect(said).toEqual([
      "By hand in GoHighLevel: set the URL of the workflow's Custom Webhook step to https://node.example.com/hook?….",
    ]);
    expect(await provider().diff("id", { ...old }, { ...back })).toEqual({ changes: true });
    await provider().update("id", { ...old }, { ...back });
    expect(counts.calls).toBe(0);
  });

  it("is not proved again for what is not in the step: Node's removal, an accepted loss", async () => {
    const after = inputs({
      loseTraffic: true,
      unmatchedArn: undefined,
      matchedArns: counts.groups.matchedArns.slice(1),
    });
    expect(await provider().diff("id", { ...inputs() }, { ...after })).toEqual({ changes: true });
    await provider().update("id", { ...inputs() }, { ...after });
    expect(counts.calls).toBe(0);
  });

  it("is changed with a new secret, and after the old one is retired proved by new messages only", async () => {
    const one = inputs();
    const both = inputs({ accepted: [2, 1] });
    await check(one, both);
    expect(said.join()).toContain("header x-webhook-secret");
    counts.add(1, { node: 50 });
    await provider().update("id", { ...one }, { ...both });
    said.length = 0;

    const two = inputs({ accepted: [2], deadlineMinutes: 5 });
    await check(both, two);
    expect(said).toEqual([]); // the step has the new one already
    counts.onSleep = () => {
      if (counts.minutes.length < 3) counts.add(0, { unmatched: 1 });
    };
    await expect(provider().update("id", { ...both }, { ...two })).rejects.toThrow(/came without the right/);
  });

  it("that a person changed later shows in preview: silence, and messages without the header", async () => {
    for (let hour = 5; hour < 24; hour++) counts.add(hour * 60, { node: 60 });
    await provider().diff("id", { ...inputs() }, { ...inputs() });
    expect(said.join()).toMatch(/No customer's message has reached the front door since 07:00 UTC/);
    said.length = 0;
    counts.add(1, { node: 5, unmatched: 2 });
    await provider().diff("id", { ...inputs() }, { ...inputs() });
    expect(said).toEqual([expect.stringContaining("2 messages of the last hour came without the right")]);
    counts.failure = new Error("throttled");
    await provider().diff("id", { ...inputs() }, { ...inputs() });
    expect(said.at(-1)).toContain("throttled");
  });
});

describe("destroying under such a step", () => {
  const destroy = (more: Partial<ByHandInputs> = {}, key?: string) => provider(key).delete("id", { ...inputs(more) });

  it("is refused while messages arrive, and while the silence is too short to believe", async () => {
    for (let ago = 30; ago < 90; ago++) counts.add(ago, { node: 1 });
    await expect(destroy()).rejects.toThrow(
      /still sends its messages here \(60 in the last day, the last at 11:30 UTC\).*none has come for 240 minutes/,
    );
    counts.nowMs += 4 * 3_600_000;
    await destroy();
  });

  it("counts messages without the header too", async () => {
    counts.add(1, { unmatched: 1 });
    await expect(destroy()).rejects.toThrow("1 in the last day");
  });

  it("goes on where none ever came, and where losing them is accepted, in each of three ways", async () => {
    await destroy();
    counts.add(1, { node: 100 });
    await destroy({ loseTraffic: true });
    await destroy({}, "lose-traffic");
    process.env.CUTOVER_DESTROY = "lose-traffic";
    await destroy();
  });

  it("is refused when nobody can be asked", async () => {
    counts.failure = new Error("no credentials");
    await expect(destroy()).rejects.toThrow(/Could not read how many messages reach the front door/);
  });
});
