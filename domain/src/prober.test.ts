import { describe, expect, it } from "vitest";
import {
  databaseData,
  freshnessData,
  type ProbeAnswer,
  type ProbedBackend,
  parseProberConfig,
  probeData,
  probeFailure,
  probeRequest,
  sourceData,
  taskData,
} from "./prober";

const AT = Date.UTC(2026, 10, 22, 12);
const secrets = { probeKey: "key-1", webhookSecret: "secret-1" };
const python: ProbedBackend = {
  engine: "python",
  probe: "webhook",
  path: "/webhooks/ghl",
  customerGroupArn: "arn:py",
  requiredTasks: 4,
};
const node: ProbedBackend = {
  ...python,
  engine: "node",
  probe: "health",
  path: "/healthz",
  customerGroupArn: "arn:no",
};

describe("a probe's request", () => {
  it("to Python is a synthetic message that opens the probe rule and carries the webhook's secret", () => {
    expect(probeRequest(python, secrets, "prober-1")).toEqual({
      method: "POST",
      path: "/webhooks/ghl",
      headers: {
        "x-cutover-target": "python",
        "x-cutover-key": "key-1",
        "x-cutover-synthetic": "prober-1",
        "x-webhook-secret": "secret-1",
        "x-contact-id": "cutover-probe",
      },
      body: { contactId: "cutover-probe", messageId: "prober-1", body: "probe" },
    });
  });

  it("to a service that does not know the mark asks its health path and hands it no message and no secret", () => {
    const request = probeRequest(node, secrets, "prober-2");
    expect(request).toMatchObject({ method: "GET", path: "/healthz" });
    expect(request.body).toBeUndefined();
    expect(JSON.stringify(request)).not.toContain("secret-1");
  });
});

describe("a probe's answer", () => {
  const table: [string, ProbeAnswer, string | undefined][] = [
    ["200 of the engine asked for", { status: 200, servedBy: "python", seconds: 0.2 }, undefined],
    ["204", { status: 204, servedBy: "python", seconds: 0.2 }, undefined],
    ["200 without x-served-by (level 0)", { status: 200, seconds: 0.2 }, undefined],
    ["200 of the other engine", { status: 200, servedBy: "node", seconds: 0.2 }, "answered by node"],
    ["500", { status: 500, servedBy: "python", seconds: 0.2 }, "status 500"],
    ["a redirect", { status: 301, seconds: 0.2 }, "status 301"],
    ["wrong secret", { status: 401, seconds: 0.2 }, "status 401"],
    ["200 that came too late", { status: 200, servedBy: "python", seconds: 3.4 }, "answered after 3.4 s"],
    ["no answer", { seconds: 3, timedOut: true, error: "no answer within 3000 ms" }, "no answer within 3000 ms"],
    ["no answer and no reason", { seconds: 0.1 }, "no answer"],
  ];
  it.each(table)("%s", (_, answer, failure) => {
    expect(probeFailure("python", answer)).toBe(failure);
    const [failed] = probeData("python", answer, AT);
    expect(failed).toEqual({
      name: "ProbeFailed",
      dimensions: { Engine: "python" },
      value: failure === undefined ? 0 : 1,
      unit: "Count",
      at: AT,
      highResolution: true,
    });
  });

  it("says how long it took where it came or was waited for, and nothing where a connection was refused", () => {
    const seconds = (answer: ProbeAnswer) =>
      probeData("node", answer, AT)
        .filter((datum) => datum.name === "ProbeSeconds")
        .map((datum) => datum.value);
    expect(seconds({ status: 500, seconds: 0.4 })).toEqual([0.4]);
    expect(seconds({ seconds: 3, timedOut: true })).toEqual([3]);
    expect(seconds({ seconds: 0.001, timedOut: false, error: "refused" })).toEqual([]);
  });
});

describe("gauges", () => {
  it.each([
    [4, 0],
    [5, 0],
    [1, 3],
    [0, 4],
  ])("%i healthy tasks of 4 are %i missing", (healthy, missing) => {
    const values = Object.fromEntries(taskData(python, healthy, AT).map((datum) => [datum.name, datum.value]));
    expect(values).toEqual({ HealthyTasks: healthy, RequiredTasks: 4, MissingTasks: missing });
  });

  it("of the database keep zero, which is not the same as nothing", () => {
    const hour = { messages: 12, completed: 10, failed: 1, booked: 3 };
    const data = databaseData({ engine: "node", unfinished: 0, oldestUnfinishedSeconds: 0, hour }, AT);
    expect(data.map((datum) => [datum.name, datum.value, datum.unit])).toEqual([
      ["UnfinishedMessages", 0, "Count"],
      ["OldestUnfinishedSeconds", 0, "Seconds"],
      ["HourMessages", 12, "Count"],
      ["HourCompleted", 10, "Count"],
      ["HourFailed", 1, "Count"],
      ["HourBooked", 3, "Count"],
    ]);
    expect(data.every((datum) => datum.dimensions.Engine === "node" && !datum.highResolution)).toBe(true);
  });

  it("of freshness say nothing where no probe was seen to succeed", () => {
    expect(freshnessData("node", undefined, AT)).toEqual([]);
    expect(freshnessData("node", AT - 22_000, AT)[0]).toMatchObject({ name: "SecondsSinceProbeOk", value: 22 });
  });

  it("of sources are 0 while a source can be read, so that their alarm has data", () => {
    expect(sourceData("database", false, AT)).toMatchObject({ value: 0, dimensions: { Source: "database" } });
    expect(sourceData("database", true, AT)).toMatchObject({ name: "SourceFailed", value: 1 });
  });
});

describe("the prober's configuration", () => {
  const good = {
    stack: "prod",
    region: "eu-central-1",
    domain: "m.example.com",
    secretArn: "arn:s",
    backends: [python],
  };

  it("is read from JSON", () => {
    expect(parseProberConfig(JSON.stringify({ ...good, database: true }))).toEqual({ ...good, database: true });
  });

  it.each([
    ["is missing", undefined],
    ["is no JSON", "stack"],
    ["is null", "null"],
    ["names no domain", JSON.stringify({ ...good, domain: "" })],
    ["names no backends", JSON.stringify({ ...good, backends: undefined })],
  ])("that %s is an error", (_, text) => {
    expect(() => parseProberConfig(text)).toThrow(/CUTOVER_FUNCTION/);
  });
});
