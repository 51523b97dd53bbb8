import { readFileSync } from "node:fs";
import { join } from "node:path";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../../tools/toolchain";
import { zip } from "./assets";
import { type Props, UNKNOWN } from "./json";
import { findType, servedTokens } from "./registry";
import { ProviderServer } from "./server";
import { fromStruct, toStruct } from "./wire";

// Nothing listens at this endpoint: whatever succeeds here made no AWS call.
const server = new ProviderServer({ endpoint: "http://127.0.0.1:9", region: "us-east-1", waitDeadlineMs: 1000 });
const clients = new Map<string, ResourceProviderClient>();
const RULE = "urn:pulumi:test::p::aws:lb/listenerRule:ListenerRule::split";

beforeAll(async () => {
  const { debugProviders } = await server.start();
  for (const entry of debugProviders.split(",")) {
    const [name = "", port] = entry.split(":");
    clients.set(name, new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure()));
  }
});

afterAll(async () => {
  for (const client of clients.values()) client.close();
  await server.stop();
});

type Callback<A> = (error: ServiceError | null, answer: A) => void;

function ask<A>(call: (client: ResourceProviderClient, done: Callback<A>) => void, name = "aws"): Promise<A> {
  const client = clients.get(name);
  if (!client) throw new Error(`no client for ${name}`);
  return new Promise((resolve, reject) => call(client, (error, answer) => (error ? reject(error) : resolve(answer))));
}

function check(urn: string, news: Props): Promise<proto.CheckResponse> {
  const request = new proto.CheckRequest().setUrn(urn).setNews(toStruct(news));
  return ask((client, done) => client.check(request, done));
}

describe("the server", () => {
  it.each([
    ["aws", "7.48.0"],
    ["random", "4.21.2"],
    ["command", "1.2.1"],
  ])("stands for %s %s", async (name, version) => {
    const info = await ask<{ getVersion(): string }>((client, done) => client.getPluginInfo(new Empty(), done), name);
    expect(info.getVersion()).toBe(version);
  });

  it("takes secrets as they are and supports previews", async () => {
    const request = new proto.ConfigureRequest().setArgs(toStruct({ region: "us-east-1" }));
    const answer = await ask<proto.ConfigureResponse>((client, done) => client.configure(request, done));
    expect([answer.getAcceptsecrets(), answer.getSupportspreview()]).toEqual([false, true]);
  });

  it("refuses another region than its own", async () => {
    const request = new proto.ConfigureRequest().setArgs(toStruct({ region: "eu-central-1" }));
    const asking = ask((client, done: Callback<proto.ConfigureResponse>) => client.configure(request, done));
    await expect(asking).rejects.toThrow("configured for eu-central-1, but it serves us-east-1");
  });

  it("names a type and a function that it does not serve", async () => {
    await expect(check("urn:pulumi:test::p::aws:ec2/volume:Volume::v", {})).rejects.toThrow(
      "rehearsal provider: aws:ec2/volume:Volume is not served; add it in rehearsal/provider/types/",
    );
    const request = new proto.InvokeRequest().setTok("aws:ec2/getAmi:getAmi");
    const asking = ask((client, done: Callback<proto.InvokeResponse>) => client.invoke(request, done));
    await expect(asking).rejects.toThrow("function aws:ec2/getAmi:getAmi is not served");
  });

  it("reports every wrong input of a resource together", async () => {
    const answer = await check(RULE, { listenerArn: "arn", priority: "high", wieght: 3, conditions: [] });
    const failures = answer.getFailuresList().map((one) => `${one.getProperty()}: ${one.getReason()}`);
    expect(failures).toEqual([
      "priority: expected a number, found a string",
      expect.stringContaining("wieght of aws:lb/listenerRule:ListenerRule (rehearsal/provider/types/elb-listeners.ts)"),
      "actions: actions is required",
    ]);
  });

  it("previews a create without a call to AWS", async () => {
    const properties = { listenerArn: UNKNOWN, conditions: [], actions: [], tags: { a: "b" } };
    const request = new proto.CreateRequest().setUrn(RULE).setProperties(toStruct(properties)).setPreview(true);
    const answer = await ask<proto.CreateResponse>((client, done) => client.create(request, done));
    expect(answer.getId()).toBe("");
    expect(fromStruct(answer.getProperties())).toMatchObject({ arn: UNKNOWN, priority: UNKNOWN, tagsAll: { a: "b" } });
  });

  it("diffs property by property, with what replaces", async () => {
    const olds = {
      listenerArn: "one",
      priority: 10,
      actions: [{ type: "forward", targetGroupArn: "a" }],
      conditions: [],
    };
    const news = { ...olds, listenerArn: "two", actions: [{ type: "forward", targetGroupArn: "b" }] };
    const request = new proto.DiffRequest().setUrn(RULE).setOlds(toStruct(olds));
    request.setOldInputs(toStruct(olds)).setNews(toStruct(news));
    const answer = await ask<proto.DiffResponse>((client, done) => client.diff(request, done));
    const kinds: [string, proto.PropertyDiff.Kind][] = [];
    answer.getDetaileddiffMap().forEach((entry, path) => {
      kinds.push([path, entry.getKind()]);
    });
    expect(Object.fromEntries(kinds)).toEqual({
      listenerArn: proto.PropertyDiff.Kind.UPDATE_REPLACE,
      "actions[0].targetGroupArn": proto.PropertyDiff.Kind.UPDATE,
    });
    expect(answer.getReplacesList()).toEqual(["listenerArn"]);
  });

  it("says which resource it was about when AWS can't be reached", async () => {
    const state = toStruct({ listenerArn: "one" });
    const request = new proto.ReadRequest().setUrn(RULE).setId("arn:x").setProperties(state).setInputs(state);
    const asking = ask((client, done: Callback<proto.ReadResponse>) => client.read(request, done));
    await expect(asking).rejects.toThrow("reading aws:lb/listenerRule:ListenerRule split: ");
  });
});

describe("the table", () => {
  /** Names that the real SDK declares in one interface or class of a type. */
  function declared(token: string, block: RegExp, member: RegExp): string[] {
    const [pkg, module = "", name] = token.split(/[:/]/);
    const file = join(
      projectRoot(),
      "node_modules/@pulumi",
      pkg ?? "",
      module === "index" ? "" : module,
      `${name}.d.ts`,
    );
    const text = readFileSync(pkg === "command" ? file.replace(/local.*$/, "local/command.d.ts") : file, "utf8");
    const body = block.exec(text.replace(/\/\*[\s\S]*?\*\//g, ""))?.[0] ?? "";
    return [...body.matchAll(member)].map((match) => match[1] ?? "");
  }

  it.each(servedTokens())("%s has only properties that the real SDK has", (token) => {
    const { type } = findType(token);
    const inputs = declared(token, /export interface \w+Args \{[\s\S]*?\n\}/, /^ {4}(\w+)\??:/gm);
    const outputs = declared(token, /export declare class [\s\S]*?\n\}/, /readonly (\w+): pulumi\.Output/g);
    expect(inputs.length).toBeGreaterThan(1);
    expect(Object.keys(type.inputs).filter((name) => !inputs.includes(name))).toEqual([]);
    expect((type.outputs ?? []).filter((name) => !outputs.includes(name))).toEqual([]);
    const known = [...(type.outputs ?? []), ...Object.keys(type.inputs)];
    expect([...(type.volatile ?? []), ...(type.momentary ?? [])].filter((name) => !known.includes(name))).toEqual([]);
  });
});

it("equal files give equal zip bytes, in whatever order they come", () => {
  const one = zip(
    new Map([
      ["a", Buffer.from("1")],
      ["b", Buffer.from("2")],
    ]),
  );
  const other = zip(
    new Map([
      ["b", Buffer.from("2")],
      ["a", Buffer.from("1")],
    ]),
  );
  expect(one.equals(other)).toBe(true);
  expect(
    one.equals(
      zip(
        new Map([
          ["a", Buffer.from("1")],
          ["b", Buffer.from("3")],
        ]),
      ),
    ),
  ).toBe(false);
});
