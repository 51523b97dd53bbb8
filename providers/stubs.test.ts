import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { secretProofStub } from "./secret-proof";
import { secretRotationStub } from "./secret-rotation";
import { webhookByHandStub } from "./webhook-by-hand";
import { webhookQuietStub } from "./webhook-quiet";

/** The stub, the module it loads, and the function in it that brings the methods. */
const STUBS = [
  ["SecretProof", secretProofStub, "@cutover/clients/frontdoor/secret-proof", "secretProofProvider"],
  ["SecretRotation", secretRotationStub, "@cutover/clients/rotation/provider", "secretRotationProvider"],
  ["WebhookByHand", webhookByHandStub, "@cutover/clients/frontdoor/by-hand", "byHandProvider"],
  ["WebhookQuiet", webhookQuietStub, "@cutover/clients/frontdoor/quiet", "quietProvider"],
] as const;

const serialise = (stub: unknown) => pulumi.runtime.serializeFunction(() => stub, { allowSecrets: true });

describe.each(STUBS)("the %s stub", (_name, stub, path, factory) => {
  it("is stored as a short text that loads today's code, without a secret", async () => {
    const { text, containsSecrets } = await serialise(stub);
    expect(containsSecrets).toBe(false);
    expect(text.length).toBeLessThan(700);
    expect([...text.matchAll(/require\(([^)]*)\)/g)].map((match) => match[1])).toEqual([`"${path}"`]);
  });

  it("works when loaded from its text: configure brings the methods before its promise settles", async () => {
    const { text } = await serialise(stub);
    const module = { exports: {} as { handler?: () => Record<string, unknown> } };
    const methods = { create: () => "created", delete: () => "deleted" };
    new Function("exports", "require", text)(module.exports, () => ({ [factory]: () => methods }));
    const provider = module.exports.handler?.() ?? {};
    const { configure } = provider;
    if (typeof configure !== "function") throw new Error("no configure");
    const done = configure.call(provider, { config: { get: () => undefined } });
    expect(provider).toMatchObject(methods);
    await done;
  });

  it("names a function that is there", () => {
    const required: Record<string, unknown> = require(path);
    expect(typeof required[factory]).toBe("function");
  });
});
