import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { DescribeTargetHealthCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import type { ProberConfig } from "@cutover/domain/prober";
import { afterEach, describe, expect, it } from "vitest";
import { waitFor } from "../../../rehearsal/support/wait";
import { type Clock, clockFrom } from "../clock";
import { HttpClient } from "../http/client";
import { type ProberMemory, type ProberParts, runProber } from "./run";

const SECRETS = { probeKey: "planted-probe-key", webhookSecret: "planted-webhook-secret" };
const URL_OF_DATABASE = "postgresql://reader:planted-password@127.0.0.1:5432/postgres";
const DOMAIN = "messages.example.com";

interface Published {
  readonly name: string;
  readonly by: string;
  readonly value: number;
  readonly at: number;
  readonly resolution: number;
}

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A front door on loopback; a request's answer is up to the test. */
async function frontDoor(answer: (request: IncomingMessage, body: string, response: ServerResponse) => void) {
  const requests: { engine: string; method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] =
    [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      const engine = String(request.headers["x-cutover-target"]);
      requests.push({ engine, method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
      answer(request, body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const client = new HttpClient({ connectTo: "" });
  ends.push(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  // The public name over plain HTTP: TLS and names have their own tests in clients/src/http.
  const http: ProberParts["http"] = {
    send: (request) =>
      client.send({ ...request, path: request.path.replace(`https://${DOMAIN}`, `http://127.0.0.1:${port}`) }),
  };
  return { requests, http };
}

const fine = (request: IncomingMessage, _body: string, response: ServerResponse) =>
  void response.writeHead(200, { "x-served-by": String(request.headers["x-cutover-target"]) }).end("{}");

/** What AWS and the database are in a test; each part may be replaced. */
function world(http: ProberParts["http"], more: Partial<ProberParts> = {}) {
  const published: Published[] = [];
  const namespaces = new Set<string | undefined>();
  const lines: Record<string, unknown>[] = [];
  const memory: ProberMemory = { lastOk: new Map() };
  // A rehearsal's clock at its fastest: a minute of probing takes 75 ms.
  const clock: Clock = clockFrom({ CUTOVER_CLOCK: `${Date.now()},600` });
  const parts: ProberParts = {
    clock,
    http,
    memory,
    cloudwatch: {
      send: async (command: unknown) => {
        if (!(command instanceof PutMetricDataCommand)) throw new Error("unexpected call");
        namespaces.add(command.input.Namespace);
        for (const datum of command.input.MetricData ?? []) {
          published.push({
            name: datum.MetricName ?? "",
            by: datum.Dimensions?.map((d) => d.Value).join() ?? "",
            value: datum.Value ?? Number.NaN,
            at: datum.Timestamp?.getTime() ?? Number.NaN,
            resolution: datum.StorageResolution ?? Number.NaN,
          });
        }
      },
    } as ProberParts["cloudwatch"],
    elb: {
      send: async (command: unknown) => {
        if (!(command instanceof DescribeTargetHealthCommand)) throw new Error("unexpected call");
        const states = command.input.TargetGroupArn === "arn:node" ? ["healthy", "draining"] : ["healthy", "healthy"];
        return { TargetHealthDescriptions: states.map((State) => ({ TargetHealth: { State } })) };
      },
    } as unknown as ProberParts["elb"],
    secretsManager: {
      send: async (command: unknown) => {
        expect(command).toBeInstanceOf(GetSecretValueCommand);
        return { SecretString: JSON.stringify({ ...SECRETS, databaseUrl: URL_OF_DATABASE }) };
      },
    } as unknown as ProberParts["secretsManager"],
    readNumbers: async (url) => {
      expect(url).toBe(URL_OF_DATABASE);
      const hour = { messages: 10, completed: 8, failed: 1, booked: 2 };
      return (["node", "python"] as const).map((engine) => ({
        engine,
        unfinished: 1,
        oldestUnfinishedSeconds: 7,
        hour,
      }));
    },
    log: (line) => void lines.push(line),
    ...more,
  };
  const values = (name: string, by: string) =>
    published.filter((one) => one.name === name && one.by === by).map((one) => one.value);
  return { parts, published, namespaces, lines, values };
}

const config: ProberConfig = {
  stack: "test",
  region: "eu-central-1",
  domain: DOMAIN,
  secretArn: "arn:secret",
  database: true,
  backends: [
    { engine: "python", probe: "webhook", path: "/webhooks/ghl", customerGroupArn: "arn:python", requiredTasks: 2 },
    { engine: "node", probe: "health", path: "/healthz", customerGroupArn: "arn:node", requiredTasks: 2 },
  ],
};

const denied = { send: () => Promise.reject(new Error("AccessDenied")) } as never;

describe("a minute of the prober", () => {
  it("probes each backend four times, 15 s apart, and publishes everything in the stack's namespace", async () => {
    const door = await frontDoor(fine);
    const { parts, published, namespaces, values, lines } = world(door.http);
    const startedAt = parts.clock.now();
    const report = await runProber(config, parts);
    expect(report).toEqual({ probes: 8, failedProbes: 0, failedSources: [], unpublished: 0 });
    expect([...namespaces]).toEqual(["Cutover/test"]);
    for (const engine of ["python", "node"]) {
      expect(values("ProbeFailed", engine)).toEqual([0, 0, 0, 0]);
      expect(values("ProbeSeconds", engine)).toHaveLength(4);
      const times = published.filter((one) => one.name === "ProbeFailed" && one.by === engine).map((one) => one.at);
      for (const [turn, at] of times.entries()) expect(at - startedAt).toBeGreaterThanOrEqual(turn * 15_000 - 1);
    }
    expect(published.filter((one) => one.name.startsWith("Probe")).every((one) => one.resolution === 1)).toBe(true);
    expect(values("HealthyTasks", "node")).toEqual([1]);
    expect(values("MissingTasks", "node")).toEqual([1]);
    expect(values("MissingTasks", "python")).toEqual([0]);
    expect(values("UnfinishedMessages", "python")).toEqual([1]);
    expect(values("OldestUnfinishedSeconds", "python")).toEqual([7]);
    expect(values("HourBooked", "node")).toEqual([2]);
    for (const source of ["secrets", "database", "target-health"]) expect(values("SourceFailed", source)).toEqual([0]);
    expect(values("SecondsSinceProbeOk", "node")[0]).toBeLessThan(15);
    expect(lines).toEqual([]);
  });

  it("marks every request as synthetic, each with an id of its own, and gives Node's health path no secret", async () => {
    const door = await frontDoor(fine);
    await runProber(config, world(door.http).parts);
    expect(new Set(door.requests.map((r) => r.headers["x-cutover-synthetic"])).size).toBe(8);
    expect(door.requests.every((r) => r.headers["x-cutover-key"] === SECRETS.probeKey)).toBe(true);
    const [python, node] = ["python", "node"].map((engine) => door.requests.find((r) => r.engine === engine));
    expect(python).toMatchObject({ method: "POST", url: "/webhooks/ghl" });
    expect(python?.headers["x-webhook-secret"]).toBe(SECRETS.webhookSecret);
    expect(JSON.parse(python?.body ?? "")).toMatchObject({ messageId: python?.headers["x-cutover-synthetic"] });
    expect(node).toMatchObject({ method: "GET", url: "/healthz", body: "" });
    expect(node?.headers["x-webhook-secret"]).toBeUndefined();
  });

  it("tells a failing backend from one that works, and why it failed", async () => {
    const door = await frontDoor((request, body, response) =>
      request.headers["x-cutover-target"] === "python"
        ? void response.writeHead(500, { "x-served-by": "python" }).end()
        : fine(request, body, response),
    );
    const { parts, values, lines } = world(door.http);
    expect(await runProber(config, parts)).toMatchObject({ probes: 8, failedProbes: 4 });
    expect(values("ProbeFailed", "python")).toEqual([1, 1, 1, 1]);
    expect(values("ProbeFailed", "node")).toEqual([0, 0, 0, 0]);
    expect(values("SecondsSinceProbeOk", "python")).toEqual([]);
    expect(lines.filter((l) => l.event === "probe_failed" && l.reason === "status 500")).toHaveLength(4);
  });

  it("does not wait for a backend that hangs: the other's values and the next probes come on time", async () => {
    const held: ServerResponse[] = [];
    const door = await frontDoor((request, body, response) =>
      request.headers["x-cutover-target"] === "python" ? void held.push(response) : fine(request, body, response),
    );
    const { parts, values } = world(door.http);
    const running = runProber(config, parts);
    await waitFor(() => values("ProbeFailed", "node").length === 4 && held.length === 4, {
      what: "four values of Node and four probes of Python under way",
      deadlineMs: 2_500,
      everyMs: 10,
    });
    expect(values("ProbeFailed", "python")).toEqual([]);
    for (const response of held) response.destroy();
    await running;
    expect(values("ProbeFailed", "python")).toEqual([1, 1, 1, 1]);
    expect(values("ProbeSeconds", "python")).toEqual([]);
  });
});

describe("a source that fails", () => {
  it.each([
    [
      "database",
      { readNumbers: () => Promise.reject(new Error(`no way to ${URL_OF_DATABASE}`)) },
      "UnfinishedMessages",
    ],
    ["target-health", { elb: denied }, "HealthyTasks"],
  ] as const)("%s: its own values are missing, everything else comes", async (source, broken, missing) => {
    const door = await frontDoor(fine);
    const { parts, values, published, lines } = world(door.http, broken);
    expect(await runProber(config, parts)).toMatchObject({ probes: 8, failedSources: [source] });
    expect(values("SourceFailed", source)).toEqual([1]);
    expect(published.map((one) => one.name)).not.toContain(missing);
    expect(values("ProbeFailed", "python")).toEqual([0, 0, 0, 0]);
    const others = ["database", "target-health"].filter((one) => one !== source);
    for (const other of others) expect(values("SourceFailed", other)).toEqual([0]);
    expect(lines).toContainEqual(expect.objectContaining({ event: "source_failed", source }));
    expect(JSON.stringify(lines)).not.toContain("planted");
  });

  it("secrets: what was read before still serves; without it nothing is said of the backends", async () => {
    const door = await frontDoor(fine);
    const cold = world(door.http, { secretsManager: denied });
    expect(await runProber(config, cold.parts)).toMatchObject({ probes: 0, failedSources: ["database", "secrets"] });
    expect(cold.published.map((one) => one.name)).not.toContain("ProbeFailed");
    expect(cold.values("HealthyTasks", "python")).toEqual([2]);

    const warm = world(door.http, {
      secretsManager: denied,
      memory: { lastOk: new Map(), secrets: { ...SECRETS, databaseUrl: URL_OF_DATABASE } },
    });
    expect(await runProber(config, warm.parts)).toMatchObject({
      probes: 8,
      failedProbes: 0,
      failedSources: ["secrets"],
    });
  });

  it.each(["{}", "planted-not-json", JSON.stringify({ probeKey: 1 })])(
    "secrets: %s is not used",
    async (SecretString) => {
      const door = await frontDoor(fine);
      const secretsManager = { send: async () => ({ SecretString }) } as unknown as ProberParts["secretsManager"];
      const { parts, lines } = world(door.http, { secretsManager });
      expect(await runProber(config, parts)).toMatchObject({ probes: 0, failedSources: ["database", "secrets"] });
      expect(JSON.stringify(lines)).not.toContain("planted");
    },
  );

  it("CloudWatch: counted and logged, and the probes go on", async () => {
    const door = await frontDoor(fine);
    const { parts, lines } = world(door.http, { cloudwatch: denied });
    const report = await runProber(config, parts);
    expect(report).toMatchObject({ probes: 8, failedProbes: 0, failedSources: [] });
    const failed = lines.filter(({ event }) => event === "publish_failed");
    expect(failed).toHaveLength(report.unpublished);
    expect(failed).toContainEqual(expect.objectContaining({ reason: "Error: AccessDenied" }));
    expect(failed.flatMap(({ metrics }) => metrics)).toEqual(
      expect.arrayContaining(["ProbeFailed", "SecondsSinceProbeOk", "HourBooked"]),
    );
  });
});
