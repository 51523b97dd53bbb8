import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateRuleCommand, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AwsGateway } from "./gateway";

const gateway = new AwsGateway();
/** Stands for the emulators; counts what it has done. */
let service: Server;
let done = 0;

const config = () => ({
  endpoint: gateway.url,
  region: "us-east-1",
  credentials: { accessKeyId: "TESTER", secretAccessKey: "x" },
  maxAttempts: 1,
});
const put = () => new SSMClient(config()).send(new PutParameterCommand({ Name: "/a", Value: "1", Type: "String" }));
const rule = () =>
  new ElasticLoadBalancingV2Client(config()).send(
    new CreateRuleCommand({ ListenerArn: "l", Priority: 1, Conditions: [], Actions: [] }),
  );

beforeAll(async () => {
  service = createServer((request, response) => {
    request.resume().on("end", () => {
      done += 1;
      response.end("{}");
    });
  });
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  await gateway.start();
  gateway.connect({ moto: url, ministack: url });
});
afterAll(async () => {
  await gateway.stop();
  service.close();
});
beforeEach(() => {
  gateway.clearFaults();
  done = 0;
});

describe("a fault of the gateway", () => {
  it("loses the answer of a service that has done what it was asked, and tells before the caller knows", async () => {
    const told: number[] = [];
    const lose = { respond: "lose-answer", onMet: () => told.push(done) } as const;
    gateway.inject({ service: "ssm", ...lose });
    gateway.inject({ service: "elasticloadbalancing", action: "CreateRule", ...lose });
    await expect(put()).rejects.toThrow(/hang up|ECONNRESET/);
    await expect(rule()).rejects.toThrow(/hang up|ECONNRESET/);
    expect(done).toBe(2);
    expect(told).toEqual([1, 2]);
  });

  it("drops a call before the service hears of it", async () => {
    const told: number[] = [];
    gateway.inject({ service: "ssm", respond: "drop", onMet: () => told.push(done) });
    await expect(put()).rejects.toThrow(/hang up|ECONNRESET/);
    expect({ done, told }).toEqual({ done: 0, told: [0] });
  });

  it("delays as long as it says, and passes the service's own answer on", async () => {
    gateway.inject({ service: "ssm", respond: "pass", delayMs: 300, times: 1 });
    const began = performance.now();
    await put();
    expect(performance.now() - began).toBeGreaterThanOrEqual(295);
    expect(done).toBe(1);
  });
});
