import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { HealthCheckConfig } from "./config";
import { type CheckResult, checkOnce, codeMatches, HealthState } from "./health";

const config: HealthCheckConfig = {
  enabled: true,
  path: "/healthz",
  intervalSeconds: 10,
  timeoutSeconds: 0.2,
  healthyThreshold: 3,
  unhealthyThreshold: 2,
  matcher: "200-299",
};
const bad: CheckResult = { reason: "Target.Timeout", description: "Request timed out" };

function stateAfter(...results: CheckResult[]) {
  const state = new HealthState();
  for (const result of results) state.take(result, config);
  return state.health;
}

describe("the state of a target", () => {
  it("is healthy after the first pass, but needs the threshold to come back", () => {
    expect(stateAfter(undefined).state).toBe("healthy");
    expect(stateAfter(undefined, bad, bad, undefined, undefined).state).toBe("unhealthy");
    expect(stateAfter(undefined, bad, bad, undefined, undefined, undefined).state).toBe("healthy");
  });

  it("stays as it is until the failures in a row reach the threshold", () => {
    expect(stateAfter().state).toBe("initial");
    expect(stateAfter(bad).state).toBe("initial");
    expect(stateAfter(undefined, bad).state).toBe("healthy");
    expect(stateAfter(undefined, bad, undefined, bad).state).toBe("healthy");
    expect(stateAfter(undefined, bad, bad)).toEqual({ state: "unhealthy", ...bad });
  });
});

describe("one check", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function serve(status: number | "never"): Promise<{ host: string; port: number }> {
    const server = createServer((_request, response) => {
      if (status !== "never") response.writeHead(status).end();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
  }

  it("passes on a status that the matcher names", async () => {
    expect(await checkOnce(await serve(204), config)).toBeUndefined();
  });

  it("tells a wrong status, silence and a closed port apart, in AWS's words", async () => {
    expect(await checkOnce(await serve(503), config)).toEqual({
      reason: "Target.ResponseCodeMismatch",
      description: "Health checks failed with these codes: [503]",
    });
    expect(await checkOnce(await serve("never"), config)).toEqual(bad);
    const closed = await serve(200);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect((await checkOnce(closed, config))?.reason).toBe("Target.FailedHealthChecks");
    expect((await checkOnce(undefined, config))?.reason).toBe("Target.FailedHealthChecks");
  });

  it.each([
    ["200", 200, true],
    ["200", 201, false],
    ["200-299", 299, true],
    ["200,204", 204, true],
    ["200,300-301", 301, true],
    ["200-299", 302, false],
  ])("matcher %s and %i: %s", (matcher, code, expected) => {
    expect(codeMatches(matcher, code)).toBe(expected);
  });
});
