import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { GhlValue, ghlValueStub } from "./ghl-value";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

describe("the GhlValue stub", () => {
  const seen: Registered[] = [];

  beforeAll(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: (args) => {
          seen.push({ type: args.type, name: args.name, inputs: args.inputs });
          return { id: "id-1", state: args.inputs };
        },
        call: () => ({}),
      },
      "cutover",
      "test",
    );
    new GhlValue("webhook-url", {
      locationId: "loc",
      match: { name: "Cutover Webhook URL" },
      mode: "set",
      value: "https://hooks.example.com/webhooks/ghl?key=pl4nted",
      frontDoor: "https://hooks.example.com/webhooks/ghl?key=pl4nted",
      onDestroy: "restore",
    });
    await pulumi.runtime.disconnect();
  });

  const text = (): string => {
    const provider = seen[0]?.inputs.__provider;
    if (typeof provider !== "string") throw new Error("no provider text was registered");
    return provider;
  };

  it("has a type token of its own", () => {
    expect(seen.map(({ type, name }) => ({ type, name }))).toEqual([
      { type: "pulumi-nodejs:dynamic/cutover:GhlValue", name: "webhook-url" },
    ]);
  });

  it("is stored as a short text that loads today's code and holds nothing else", () => {
    expect(text().length).toBeLessThan(700);
    expect([...text().matchAll(/require\(([^)]*)\)/g)].map((m) => m[1])).toEqual(['"@cutover/clients/ghl/provider"']);
    expect(text()).not.toMatch(/pl4nted|pit-|token/i);
  });

  it("captures no secret", async () => {
    const stub = ghlValueStub;
    const serialised = await pulumi.runtime.serializeFunction(() => stub, { allowSecrets: true });
    expect(serialised.containsSecrets).toBe(false);
    const token = pulumi.secret("pl4nted");
    const leaky = await pulumi.runtime.serializeFunction(() => token, { allowSecrets: true });
    expect(leaky.containsSecrets).toBe(true); // what the first line would look like if it did
  });

  it("works when loaded from its text: configure brings the methods", async () => {
    const module = { exports: {} as { handler?: () => Record<string, unknown> } };
    new Function("exports", "require", text())(module.exports, () => ({
      ghlValueProvider: (config: unknown) => ({ create: () => config, delete: () => config }),
    }));
    const provider = module.exports.handler?.() ?? {};
    const { configure } = provider;
    if (typeof configure !== "function") throw new Error("no configure");
    const done = configure.call(provider, { config: "the stack's configuration" });
    // Before the promise settles: the engine's plugin does not wait for it in every case.
    expect(typeof provider.create).toBe("function");
    await done;
    if (typeof provider.delete !== "function") throw new Error("no delete");
    expect(provider.delete()).toBe("the stack's configuration");
  });
});
