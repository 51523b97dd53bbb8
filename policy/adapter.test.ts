import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { declared, type Seen } from "./adapter";
import { UNKNOWN } from "./checks/model";

// The proxy that stands before every check in a real run.
const { unknownCheckingProxy, unknownStringValue } = createRequire(__filename)("@pulumi/policy/proxy.js") as {
  unknownCheckingProxy: (props: object) => Readonly<Record<string, unknown>>;
  unknownStringValue: string;
};

const URN =
  "urn:pulumi:prod::cutover::cutover:index:Cutover$cutover:index:Traffic$aws:lb/listener:Listener::traffic-https";
const opts = {
  protect: false,
  ignoreChanges: ["actions"],
  aliases: [],
  additionalSecretOutputs: [],
} as unknown as Seen["opts"];
const see = (props: object, over: Partial<Seen> = {}) =>
  declared({
    type: "aws:lb/listener:Listener",
    name: "traffic-https",
    urn: URN,
    opts,
    props: unknownCheckingProxy(props),
    ...over,
  });

describe("a resource as checks see it", () => {
  it("knows its stack and what is ignored", () => {
    expect(see({})).toMatchObject({
      stack: "prod",
      name: "traffic-https",
      ignoreChanges: ["actions"],
      defaultTags: [],
    });
  });

  it("has what is known beside what is not, at any depth", () => {
    const props = {
      port: 443,
      arn: unknownStringValue,
      actions: [{ group: unknownStringValue, weight: 10 }, unknownStringValue],
    };
    expect(see(props).props).toEqual({ port: 443, arn: UNKNOWN, actions: [{ group: UNKNOWN, weight: 10 }, UNKNOWN] });
  });

  it("leaves assets and archives alone", () => {
    const code = new pulumi.asset.AssetArchive({ "index.mjs": new pulumi.asset.StringAsset("x") });
    expect(see({ code, timeout: 60 }).props).toEqual({ code: undefined, timeout: 60 });
  });

  it("takes default tags from its provider, as text or object", () => {
    const provider = (defaultTags: unknown) => ({ type: "", urn: "", name: "", props: { defaultTags } });
    expect(see({}, { provider: provider('{"tags":{"team":"a"}}') }).defaultTags).toEqual(["team"]);
    expect(see({}, { provider: provider({ tags: { team: "a" } }) }).defaultTags).toEqual(["team"]);
    expect(see({}, { provider: provider(undefined) }).defaultTags).toEqual([]);
  });
});
