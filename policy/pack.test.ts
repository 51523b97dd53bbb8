import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { afterEach, expect, it } from "vitest";
import { resourceRules, stackRules } from "./catalog";

const root = join(__dirname, "..");
const load = createRequire(__filename);
let pack: ChildProcess | undefined;

afterEach(() => {
  pack?.kill();
});

/** Starts the pack by the entry that Pulumi's own language host uses, from the project's folder, and returns its port. */
async function start(): Promise<string> {
  const entry = join(root, "node_modules/@pulumi/pulumi/cmd/run-plugin");
  const child = spawn(process.execPath, [entry, join(root, "policy"), "127.0.0.1:1"], { cwd: root });
  pack = child;
  let said = "";
  return new Promise((resolve, reject) => {
    child.stderr.on("data", (text) => {
      said += String(text);
    });
    child.stdout.on("data", (text) => resolve(String(text).trim()));
    child.once("exit", (code) => reject(new Error(`the pack ended with ${code}: ${said}`)));
  });
}

/** What the engine asks a pack first. */
async function info(
  port: string,
): Promise<{ name: string; policies: { name: string; level: number; wants: string }[] }> {
  const { Empty } = load("google-protobuf/google/protobuf/empty_pb.js");
  const { AnalyzerInfo } = load("@pulumi/pulumi/proto/analyzer_pb.js");
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  try {
    const answer = await new Promise<unknown>((resolve, reject) => {
      client.makeUnaryRequest(
        "/pulumirpc.Analyzer/GetAnalyzerInfo",
        (empty: { serializeBinary(): Uint8Array }) => Buffer.from(empty.serializeBinary()),
        (bytes: Buffer): unknown => AnalyzerInfo.deserializeBinary(bytes).toObject(),
        new Empty(),
        (error, value) => (error ? reject(error) : resolve(value)),
      );
    });
    const { name, policiesList } = answer as {
      name: string;
      policiesList: { name: string; enforcementlevel: number; description: string }[];
    };
    return {
      name,
      policies: policiesList.map((one) => ({ name: one.name, level: one.enforcementlevel, wants: one.description })),
    };
  } finally {
    client.close();
  }
}

it("starts as Pulumi's language host starts it, with every policy of the catalogue, all mandatory", async () => {
  const { name, policies } = await info(await start());
  expect(name).toBe("cutover");
  const MANDATORY = 1;
  const all = [...resourceRules, ...stackRules].map((rule) => ({
    name: rule.name,
    level: MANDATORY,
    wants: rule.wants,
  }));
  expect(policies).toEqual(all);
  expect(new Set(all.map((one) => one.name)).size).toBe(all.length);
}, 60_000);

it("loads nothing but the policy SDK: @pulumi/aws would take longer than all checks", async () => {
  await start();
  const bundle = readFileSync(join(root, "node_modules/.cache/cutover/policy/pack.cjs"), "utf8");
  const required = [...bundle.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
  expect([...new Set(required)].sort()).toEqual(["@pulumi/policy"]);
}, 60_000);
