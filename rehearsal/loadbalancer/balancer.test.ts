import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get as httpsGet } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { RehearsalClock } from "../clock";
import { waitFor } from "../support/wait";
import { LoadBalancer, type LoadBalancerOptions } from "./balancer";
import { RehearsalCa } from "./certificates";
import { seededRng } from "./choose";
import type { BalancerConfig, TargetGroupConfig } from "./config";
import { configOf, forwardTo, groupOf, send, type TestAnswer, TestTarget } from "./testkit";

let folder: string;
let ca: RehearsalCa;
const clock = new RehearsalClock();
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cutover-lb-"));
  ca = await RehearsalCa.create(join(folder, "ca.pem"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function target(...args: Parameters<typeof TestTarget.start>): Promise<TestTarget> {
  const made = await TestTarget.start(...args);
  stops.push(() => made.stop());
  return made;
}

async function balancerOf(config: BalancerConfig, options: Partial<LoadBalancerOptions> = {}): Promise<LoadBalancer> {
  const balancer = new LoadBalancer({ clock, ca, minCheckMs: 20, rng: seededRng(1), ...options });
  stops.push(() => balancer.stop());
  await balancer.apply(config);
  return balancer;
}

const portOf = (balancer: LoadBalancer, port = 80) => balancer.boundPort(port) ?? 0;

async function allHealthy(balancer: LoadBalancer, arn: string): Promise<void> {
  await waitFor(() => balancer.describeTargetHealth(arn)?.every(({ health }) => health.state === "healthy"), {
    what: `${arn} to be healthy`,
    deadlineMs: 3000,
    everyMs: 10,
  });
}

const states = (balancer: LoadBalancer, arn: string) =>
  balancer.describeTargetHealth(arn)?.map(({ health }) => health.state);

describe("forwarding", () => {
  it("passes method, path, headers and body on and adds where the request came from", async () => {
    const echo = await target("echo", (request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        response.writeHead(201, { "x-served-by": "node", "set-cookie": ["a=1", "b=2"] });
        response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }));
      });
    });
    const balancer = await balancerOf(configOf([groupOf("g", [echo])], [{ action: forwardTo(["arn:g", 1]) }]));
    const answer = await send(portOf(balancer), "/webhooks/ghl?x=1", {
      method: "POST",
      body: "hello",
      headers: {
        host: "hooks.example.com",
        "x-forwarded-for": "198.51.100.1",
        "x-forwarded-proto": "https",
        te: "trailers",
      },
    });
    const seen = JSON.parse(answer.body);
    expect(answer.status).toBe(201);
    expect(answer.headers["x-served-by"]).toBe("node");
    expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(seen).toMatchObject({ method: "POST", url: "/webhooks/ghl?x=1", body: "hello" });
    expect(seen.headers).toMatchObject({
      host: "hooks.example.com",
      "x-forwarded-for": "198.51.100.1, 127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-port": "80",
      "x-amzn-trace-id": expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
    });
    expect(seen.headers.te).toBeUndefined();
  });

  it("keeps connections to a target and counts under AWS's names", async () => {
    let connections = 0;
    const node = await target("node", (request, response) => {
      response.statusCode = Number(request.url?.slice(1));
      response.end();
    });
    node.server.on("connection", () => connections++);
    const balancer = await balancerOf(
      configOf(
        [groupOf("g", [node], { healthCheck: { ...groupOf("g", []).healthCheck, enabled: false } })],
        [{ action: forwardTo(["arn:g", 1]) }],
      ),
    );
    const since = clock.now();
    for (const status of [200, 204, 302, 404, 500]) await send(portOf(balancer), `/${status}`);
    expect(connections).toBe(1);
    expect(balancer.requestCounts({ since }).g).toEqual({
      arn: "arn:g",
      RequestCount: 5,
      HTTPCode_Target_2XX_Count: 2,
      HTTPCode_Target_3XX_Count: 1,
      HTTPCode_Target_4XX_Count: 1,
      HTTPCode_Target_5XX_Count: 1,
      TargetConnectionErrorCount: 0,
    });
    expect(balancer.requestCounts({ since: clock.now() }).g?.RequestCount).toBe(0);
    expect(balancer.metrics.responseTimes("arn:g", { since })).toHaveLength(5);
  });

  it("gives the next request to the target with the fewest in progress", async () => {
    const held = await target("held", () => undefined);
    const free = await target("free");
    const balancer = await balancerOf(configOf([groupOf("g", [held, free])], [{ action: forwardTo(["arn:g", 1]) }]));
    await allHealthy(balancer, "arn:g");
    // Two at once: the second goes where the first is not, and one of them is held.
    const open = [send(portOf(balancer), "/a"), send(portOf(balancer), "/a")].map((it) => it.catch(() => undefined));
    await waitFor(() => held.seen.length === 1, { what: "the held request", deadlineMs: 2000, everyMs: 5 });
    for (let i = 0; i < 20; i++) expect((await send(portOf(balancer), "/b")).body).toBe("free");
    await held.stop();
    await Promise.all(open);
  });

  it("takes turns with round robin", async () => {
    const targets = [await target("one"), await target("two"), await target("three")];
    const group = groupOf("g", targets, { algorithm: "round_robin" });
    const balancer = await balancerOf(configOf([group], [{ action: forwardTo(["arn:g", 1]) }]));
    await allHealthy(balancer, "arn:g");
    const bodies: string[] = [];
    for (let i = 0; i < 6; i++) bodies.push((await send(portOf(balancer), "/")).body);
    expect(new Set(bodies.slice(0, 3)).size).toBe(3);
    expect(bodies.slice(3)).toEqual(bodies.slice(0, 3));
  });
});

describe("what the load balancer answers itself", () => {
  it("503 without a registered target, 502 when nothing listens, 504 when the target is silent", async () => {
    const silent = await target("silent", () => undefined);
    const gone = await target("gone");
    const goneGroup = groupOf("gone", [gone]);
    await gone.stop();
    const under = (path: string, arn: string) => ({
      conditions: [{ field: "path-pattern" as const, values: [path], regexValues: [] }],
      action: forwardTo([arn, 1]),
    });
    const balancer = await balancerOf(
      configOf(
        [groupOf("empty", []), groupOf("silent", [silent]), goneGroup],
        [
          under("/empty", "arn:empty"),
          under("/silent", "arn:silent"),
          under("/gone", "arn:gone"),
          { action: forwardTo(["arn:empty", 0]) },
        ],
        { idleTimeoutSeconds: 0.3 },
      ),
    );
    const statuses = await Promise.all(
      ["/empty", "/gone", "/silent", "/weightless"].map(async (path) => (await send(portOf(balancer), path)).status),
    );
    expect(statuses).toEqual([503, 502, 504, 503]);
    expect(balancer.metrics.loadBalancer("arn:lb")).toMatchObject({
      HTTPCode_ELB_5XX_Count: 4,
      HTTPCode_ELB_502_Count: 1,
      HTTPCode_ELB_503_Count: 2,
      HTTPCode_ELB_504_Count: 1,
    });
    expect(balancer.requestCounts().gone).toMatchObject({ RequestCount: 1, TargetConnectionErrorCount: 1 });
    expect(balancer.requestCounts().silent).toMatchObject({ RequestCount: 1, HTTPCode_Target_5XX_Count: 0 });
    expect(silent.seen).toHaveLength(1);
  });

  it("502 when the target breaks the connection, without a second try and without a connection error", async () => {
    const breaking = await target("breaking", (request) => request.socket.destroy());
    const balancer = await balancerOf(configOf([groupOf("g", [breaking])], [{ action: forwardTo(["arn:g", 1]) }]));
    expect((await send(portOf(balancer), "/", { method: "POST", body: "x" })).status).toBe(502);
    expect(breaking.seen).toHaveLength(1);
    expect(balancer.requestCounts().g?.TargetConnectionErrorCount).toBe(0);
  });

  it("fixed responses and redirects as configured", async () => {
    const balancer = await balancerOf(
      configOf(
        [],
        [
          {
            conditions: [{ field: "path-pattern", values: ["/teapot"], regexValues: [] }],
            action: { type: "fixed-response", statusCode: 418, contentType: "application/json", body: "{}" },
          },
          {
            action: {
              type: "redirect",
              protocol: "HTTPS",
              host: "#{host}",
              port: "443",
              path: "/#{path}",
              query: "#{query}",
              statusCode: 301,
            },
          },
        ],
      ),
    );
    const teapot = await send(portOf(balancer), "/teapot");
    expect([teapot.status, teapot.headers["content-type"], teapot.body]).toEqual([418, "application/json", "{}"]);
    const moved = await send(portOf(balancer), "/a/b?c=d", { headers: { host: "hooks.example.com:80" } });
    expect([moved.status, moved.headers.location]).toEqual([301, "https://hooks.example.com:443/a/b?c=d"]);
  });

  it("gives up a request whose client went away", async () => {
    let closed = false;
    const slow = await target("slow", (request) => request.on("close", () => (closed = true)));
    const balancer = await balancerOf(configOf([groupOf("g", [slow])], [{ action: forwardTo(["arn:g", 1]) }]));
    const abort = new AbortController();
    const request = send(portOf(balancer), "/", { signal: abort.signal });
    await waitFor(() => slow.seen.length === 1, { what: "the request", deadlineMs: 2000, everyMs: 5 });
    abort.abort();
    await expect(request).rejects.toThrow(/abort/);
    await waitFor(() => closed, { what: "the target to lose the request", deadlineMs: 2000, everyMs: 5 });
    expect(balancer.describeTargetHealth("arn:g")?.[0]?.inFlight).toBe(0);
  });
});

describe("target health", () => {
  it("shows a dead target as unhealthy and sends it nothing", async () => {
    const one = await target("one");
    const two = await target("two");
    const balancer = await balancerOf(configOf([groupOf("g", [one, two])], [{ action: forwardTo(["arn:g", 1]) }]));
    expect(states(balancer, "arn:g")).toEqual(["initial", "initial"]);
    await allHealthy(balancer, "arn:g");
    await one.stop();
    await waitFor(() => states(balancer, "arn:g")?.includes("unhealthy"), {
      what: "unhealthy",
      deadlineMs: 2000,
      everyMs: 5,
    });
    expect(balancer.hostCounts("arn:g")).toEqual({ HealthyHostCount: 1, UnHealthyHostCount: 1 });
    for (let i = 0; i < 10; i++) expect((await send(portOf(balancer), "/")).body).toBe("two");
  });

  it("lets requests through to all targets when every one is unhealthy", async () => {
    const failing = groupOf("g", [await target("one"), await target("two")]);
    const group: TargetGroupConfig = { ...failing, healthCheck: { ...failing.healthCheck, matcher: "599" } };
    const balancer = await balancerOf(configOf([group], [{ action: forwardTo(["arn:g", 1]) }]));
    await waitFor(() => states(balancer, "arn:g")?.every((state) => state === "unhealthy"), {
      what: "unhealthy targets",
      deadlineMs: 2000,
      everyMs: 5,
    });
    const bodies = new Set<string>();
    for (let i = 0; i < 30; i++) bodies.add((await send(portOf(balancer), "/")).body);
    expect([...bodies].sort()).toEqual(["one", "two"]);
  });

  it("leaves a group alone that nothing forwards to", async () => {
    const idle = await target("idle");
    let checks = 0;
    idle.server.on("request", () => checks++);
    const balancer = await balancerOf(configOf([groupOf("g", [idle])], []));
    expect(balancer.describeTargetHealth("arn:g")?.[0]?.health).toMatchObject({
      state: "unused",
      reason: "Target.NotInUse",
    });
    expect(balancer.loadBalancersOf("arn:g")).toEqual([]);
    await balancer.apply(configOf([groupOf("g", [idle])], [{ action: forwardTo(["arn:g", 0]) }]));
    expect(balancer.loadBalancersOf("arn:g")).toEqual(["arn:lb"]);
    expect(checks).toBeLessThanOrEqual(1);
    await allHealthy(balancer, "arn:g");
    expect(balancer.describeTargetHealth("unknown")).toBeUndefined();
  });
});

describe("deregistration", () => {
  async function draining(deregistrationDelaySeconds: number) {
    let finish = () => {};
    const old = await target("old", (_request, response) => {
      finish = () => response.end("finished");
    });
    const fresh = await target("fresh");
    const rules = [{ action: forwardTo(["arn:g", 1]) }];
    const more = { deregistrationDelaySeconds };
    const balancer = await balancerOf(configOf([groupOf("g", [old], more)], rules));
    await allHealthy(balancer, "arn:g");
    const answer = send(portOf(balancer), "/").catch((error: Error) => error);
    await waitFor(() => old.seen.length === 1, { what: "the request", deadlineMs: 2000, everyMs: 5 });
    await balancer.apply(configOf([groupOf("g", [fresh], more)], rules));
    return { balancer, old, answer, finish: () => finish() };
  }

  it("lets the request in progress finish, sends no new one, and is over then", async () => {
    const { balancer, old, answer, finish } = await draining(5);
    expect(balancer.targetHealth("arn:g", { id: "127.0.0.1", port: old.port }).state).toBe("draining");
    for (let i = 0; i < 5; i++) expect((await send(portOf(balancer), "/")).body).toBe("fresh");
    finish();
    expect(((await answer) as TestAnswer).body).toBe("finished");
    await waitFor(() => balancer.describeTargetHealth("arn:g")?.length === 1, {
      what: "the end of draining",
      deadlineMs: 1000,
      everyMs: 5,
    });
    expect(balancer.targetHealth("arn:g", { id: "127.0.0.1", port: old.port }).reason).toBe("Target.NotRegistered");
  });

  it("cuts a request that outlives the delay", async () => {
    const { answer } = await draining(0.1);
    expect(((await answer) as TestAnswer).status).toBe(502);
  });
});

describe("listeners", () => {
  it("terminates TLS with a certificate of the rehearsal's authority for the listener's names", async () => {
    const balancer = await balancerOf(
      configOf([], [{ action: { type: "fixed-response", statusCode: 200, contentType: "text/plain", body: "" } }], {
        listener: { port: 443, protocol: "HTTPS", certificateNames: ["hooks.example.com", "*.other.example"] },
      }),
    );
    const names = await new Promise<string | undefined>((resolve, reject) => {
      httpsGet(
        {
          host: "127.0.0.1",
          port: portOf(balancer, 443),
          servername: "a.other.example",
          ca: readFileSync(ca.certFile),
          agent: false,
        },
        (response) => {
          const { subjectaltname } = (response.socket as import("node:tls").TLSSocket).getPeerCertificate();
          response.resume();
          resolve(subjectaltname);
        },
      ).on("error", reject);
    });
    expect(names).toBe("DNS:hooks.example.com, DNS:*.other.example");
  });

  it("closes the port of a listener that is gone and names a taken port", async () => {
    const first = await balancerOf(configOf([], []));
    const port = portOf(first);
    const second = new LoadBalancer({ clock, ca, ports: { 80: port } });
    await expect(second.apply(configOf([], []))).rejects.toThrow(`127.0.0.1:${port}: the port is taken`);
    await first.apply({ loadBalancers: [], targetGroups: [] });
    await expect(send(port, "/")).rejects.toThrow("ECONNREFUSED");
    await second.apply(configOf([], []));
    expect(portOf(second)).toBe(port);
    await second.stop();
  });
});
