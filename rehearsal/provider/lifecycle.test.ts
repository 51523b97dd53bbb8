import { describe, expect, it } from "vitest";
import { AwsClients } from "./aws-clients";
import { makeContext } from "./context";
import { InitializationFailed } from "./errors";
import { type Live, type Props, UNKNOWN } from "./json";
import * as lifecycle from "./lifecycle";
import type { Change, ResourceType } from "./resource-type";
import { num, REPLACE, REQUIRED, str, tags } from "./schema";

const error = (name: string, message = "no") => Object.assign(new Error(message), { name });

/** One thing of an imaginary AWS. */
class Cloud {
  thing: Live | undefined;
  failAfterCreate: Error | undefined;
  deletes: (Error | undefined)[] = [];
  changes: Change[] = [];

  readonly type: ResourceType = {
    inputs: {
      name: str({ autoname: 20, replace: true }),
      size: num(REQUIRED),
      zone: str({ ...REPLACE, computed: true }),
      tags: tags(),
    },
    outputs: ["arn", "status", "version"],
    volatile: ["version"],
    momentary: ["status"],
    create: async (ctx, a) => {
      if (a.num("size") === 13) throw error("LimitExceeded", "too many");
      this.thing = { ...a.props, zone: "z1", arn: "arn:1", status: "new", version: 1, tags: a.map("tags") };
      ctx.created("id-1");
      if (this.failAfterCreate) throw this.failAfterCreate;
      return "id-1";
    },
    read: async () => this.thing,
    update: async (_ctx, _id, change) => {
      this.changes.push(change);
      this.thing = { ...this.thing, size: change.news.num("size"), tags: change.news.map("tags") };
    },
    delete: async () => {
      const problem = this.deletes.shift();
      if (problem) throw problem;
      this.thing = undefined;
    },
  };

  served(defaultTags: Record<string, string> = {}): lifecycle.Served {
    return { token: "aws:x/thing:Thing", type: this.type, where: "types/x.ts", defaultTags };
  }
}

const context = (created?: (id: string) => void) =>
  makeContext({
    aws: new AwsClients({ endpoint: "http://127.0.0.1:9", region: "us-east-1" }),
    region: "us-east-1",
    name: "mine",
    programDir: ".",
    accountId: async () => "123456789012",
    deadlineMs: 2000,
    signal: new AbortController().signal,
    ...(created ? { created } : {}),
  });

describe("check", () => {
  const served = new Cloud().served();
  it("names what has no name, and keeps that name", () => {
    const first = lifecycle.check(served, "mine", {}, { size: 1 }, () => 10);
    expect(first).toEqual({ inputs: { size: 1, name: "mine-aaaaaaa", __defaults: ["name"] }, problems: [] });
    const again = lifecycle.check(served, "mine", first.inputs, { size: 2 }, () => 11);
    expect(again.inputs.name).toBe("mine-aaaaaaa");
  });

  it("refuses a generated name that is too long for AWS", () => {
    const { problems } = lifecycle.check(served, "a-name-that-is-long", {}, { size: 1 }, () => 10);
    expect(problems[0]?.reason).toContain("at most 20");
  });
});

describe("diff", () => {
  const served = new Cloud().served();
  it("deletes first where the same chosen name would collide, not with a generated one", () => {
    const olds = { name: "a", size: 1, zone: "z1" };
    const chosen = lifecycle.diff(served, olds, olds, { name: "a", size: 1, zone: "z2" });
    expect(chosen.deleteBeforeReplace).toBe(true);
    const made = { name: "a", size: 1, zone: "z2", __defaults: ["name"] };
    expect(lifecycle.diff(served, olds, olds, made).deleteBeforeReplace).toBe(false);
    expect(lifecycle.diff(served, olds, olds, { name: "a", size: 2 }).deleteBeforeReplace).toBe(false);
  });

  it("sees changed default tags", () => {
    const tagged = new Cloud().served({ owner: "us" });
    const state = { name: "a", size: 1, tagsAll: { owner: "us" } };
    expect(lifecycle.diff(tagged, state, { name: "a", size: 1 }, { name: "a", size: 1 }).differences).toEqual([]);
    const others = new Cloud().served({ owner: "them" });
    const { differences } = lifecycle.diff(others, state, { name: "a", size: 1 }, { name: "a", size: 1 });
    expect(differences).toEqual([{ path: "tagsAll", kind: "update", replace: false }]);
  });
});

describe("preview", () => {
  const served = new Cloud().served();
  it("of a create knows inputs and no output", () => {
    const outputs = lifecycle.previewOutputs(served, { name: "a", size: UNKNOWN });
    expect(outputs).toEqual({
      name: "a",
      size: UNKNOWN,
      zone: UNKNOWN,
      arn: UNKNOWN,
      status: UNKNOWN,
      version: UNKNOWN,
      tagsAll: {},
    });
  });

  it("of an update keeps outputs, but those it changes", () => {
    const state = { name: "a", size: 1, zone: "z1", arn: "arn:1", status: "ok", version: 1 };
    expect(lifecycle.previewOutputs(served, { name: "a", size: 2 }, state)).toMatchObject({
      size: 2,
      zone: "z1",
      arn: "arn:1",
      version: UNKNOWN,
    });
  });
});

describe("create, read, update", () => {
  it("a refresh right after a create shows the same inputs and outputs", async () => {
    const cloud = new Cloud();
    const inputs = { name: "a", size: "5", tags: { x: "1" } };
    const made = await lifecycle.create(cloud.served({ owner: "us" }), context, inputs);
    expect(made.outputs).toMatchObject({ zone: "z1", tags: { x: "1" }, tagsAll: { owner: "us", x: "1" } });
    const seen = await lifecycle.read(cloud.served({ owner: "us" }), context(), made.id, made.outputs, inputs);
    expect(seen).toEqual({ id: made.id, inputs, outputs: made.outputs });
  });

  it("drift is seen in inputs and outputs; a status that moves by itself is not", async () => {
    const cloud = new Cloud();
    const inputs = { name: "a", size: 5 };
    const made = await lifecycle.create(cloud.served(), context, inputs);
    cloud.thing = { ...cloud.thing, size: 6, status: "old", tags: { by: "hand" } };
    const seen = await lifecycle.read(cloud.served(), context(), made.id, made.outputs, inputs);
    expect(seen?.inputs).toEqual({ name: "a", size: 6, tags: { by: "hand" } });
    expect(seen?.outputs).toMatchObject({ size: 6, status: "new" });
  });

  it("what is gone reads as nothing", async () => {
    expect(await lifecycle.read(new Cloud().served(), context(), "id-1", {}, { size: 1 })).toBeUndefined();
  });

  it("what is imported under another name gets the id that a creation would have given it", async () => {
    const cloud = new Cloud();
    const made = await lifecycle.create(cloud.served(), context, { name: "a", size: 1 });
    const importedId: ResourceType["importedId"] = async (_ctx, id) => (id === "zone/a" ? made.id : undefined);
    const served = { ...cloud.served(), type: { ...cloud.type, importedId } };
    const read = (id: string, state: Props) => lifecycle.read(served, context(), id, state, { name: "a", size: 1 });
    expect(await read("zone/a", {})).toMatchObject({ id: made.id, outputs: { arn: "arn:1" } });
    expect(await read("zone/b", {})).toBeUndefined();
    // A refresh of what the state knows asks for nothing but the id that is in it.
    expect(await read("id-0", made.outputs)).toMatchObject({ id: "id-0" });
  });

  it("a refusal names operation, type, resource, AWS's code and message", async () => {
    const creating = lifecycle.create(new Cloud().served(), context, { name: "a", size: 13 });
    await expect(creating).rejects.toThrow("creating aws:x/thing:Thing mine: LimitExceeded: too many");
    await expect(creating).rejects.not.toBeInstanceOf(InitializationFailed);
  });

  it("a create that fails half way keeps the id and what is there", async () => {
    const cloud = new Cloud();
    cloud.failAfterCreate = error("Throttled");
    const creating = lifecycle.create(cloud.served(), context, { name: "a", size: 1 });
    const failed = await creating.catch((problem: unknown) => problem);
    expect(failed).toBeInstanceOf(InitializationFailed);
    expect(failed).toMatchObject({ id: "id-1", outputs: { arn: "arn:1" }, inputs: { name: "a", size: 1 } });
  });

  it("an update is told what changed; after a half-made create everything has", async () => {
    const cloud = new Cloud();
    const olds = { name: "a", size: 1, tags: { x: "1", y: "2" } };
    const made = await lifecycle.create(cloud.served(), context, olds);
    await lifecycle.update(cloud.served(), context(), made.id, made.outputs, olds, {
      name: "a",
      size: 2,
      tags: { x: "3" },
    });
    const [change] = cloud.changes;
    expect([change?.changed("size"), change?.changed("zone")]).toEqual([true, false]);
    expect(change?.tags).toEqual({ set: { x: "3" }, remove: ["y"] });
    await lifecycle.update(cloud.served(), context(), made.id, made.outputs, olds, olds);
    expect(cloud.changes[1]?.changed("zone")).toBe(true);
  });
});

describe("delete", () => {
  it("counts what is gone as done and waits for what is in use", async () => {
    const cloud = new Cloud();
    cloud.deletes = [error("ResourceInUse"), error("DependencyViolation"), error("ThingNotFoundException")];
    await lifecycle.remove(cloud.served(), context(), "id-1", {});
    expect(cloud.deletes).toEqual([]);
  });

  it("gives every other refusal on", async () => {
    const cloud = new Cloud();
    cloud.deletes = [error("AccessDenied", "not yours")];
    const removing = lifecycle.remove(cloud.served(), context(), "id-1", {});
    await expect(removing).rejects.toThrow("deleting aws:x/thing:Thing mine: AccessDenied: not yours");
  });
});

describe("waiting", () => {
  it("ends at the deadline with what was last seen", async () => {
    const waiting = context().wait("the moon", async () => ({ pending: "state full" }), 100);
    await expect(waiting).rejects.toThrow("waited 2 s for the moon, in vain; last seen: state full");
  });
});
