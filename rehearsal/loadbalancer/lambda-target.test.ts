import { afterEach, describe, expect, it } from "vitest";
import { RehearsalClock } from "../clock";
import { LoadBalancer } from "./balancer";
import type { RehearsalCa } from "./certificates";
import type { AlbEvent, AlbResult } from "./lambda-target";
import { configOf, forwardTo, groupOf, send } from "./testkit";

const FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:inbox";
const running: LoadBalancer[] = [];
afterEach(async () => {
  for (const balancer of running.splice(0)) await balancer.stop();
});

/** A load balancer whose only target is a function without health checks, as AWS makes them. */
async function behind(answer?: (event: AlbEvent) => AlbResult | Promise<AlbResult>) {
  const events: { arn: string; event: AlbEvent }[] = [];
  const invokeLambda = async (arn: string, event: AlbEvent) => {
    events.push({ arn, event });
    return answer ? answer(event) : { statusCode: 200, headers: { "x-served-by": "inbox" }, body: "kept" };
  };
  const balancer = new LoadBalancer({
    clock: new RehearsalClock(),
    ca: undefined as unknown as RehearsalCa,
    invokeLambda,
  });
  running.push(balancer);
  const group = groupOf("inbox", [], {
    targetType: "lambda",
    healthCheck: { ...groupOf("x", []).healthCheck, enabled: false },
    targets: [{ id: FUNCTION, port: 0 }],
  });
  await balancer.apply(configOf([group], [{ action: forwardTo(["arn:inbox", 1]) }]));
  return { balancer, events, port: balancer.boundPort(80) ?? 0 };
}

describe("a Lambda target", () => {
  it("gets the request in AWS's words, and its answer goes back", async () => {
    const { port, events, balancer } = await behind();
    const body = JSON.stringify({ messageId: "m-1" });
    const headers = { "content-type": "application/json", "x-contact-id": "c-1" };
    const answer = await send(port, "/webhooks/ghl?a=1%202&b", { method: "POST", headers, body });
    expect(answer).toMatchObject({ status: 200, body: "kept", headers: { "x-served-by": "inbox" } });
    expect(events).toMatchObject([
      {
        arn: FUNCTION,
        event: {
          requestContext: { elb: { targetGroupArn: "arn:inbox" } },
          httpMethod: "POST",
          path: "/webhooks/ghl",
          queryStringParameters: { a: "1%202", b: "" },
          headers: { "x-contact-id": "c-1", "x-forwarded-proto": "http", "x-forwarded-port": "80" },
          body,
          isBase64Encoded: false,
        },
      },
    ]);
    expect(balancer.metrics.targetGroup("arn:inbox")).toMatchObject({ RequestCount: 1 });
  });

  it("gets what is no text in base64", async () => {
    const { port, events } = await behind();
    await send(port, "/", { method: "POST", headers: { "content-type": "application/octet-stream" }, body: "\u0001" });
    expect(events[0]?.event).toMatchObject({ body: "AQ==", isBase64Encoded: true });
  });

  it("may answer in base64", async () => {
    const { port } = await behind(() => ({ statusCode: 201, body: "AQ==", isBase64Encoded: true }));
    expect(await send(port, "/")).toMatchObject({ status: 201, body: "\u0001" });
  });

  it.each<[string, () => AlbResult]>([
    [
      "throws",
      () => {
        throw new Error("it broke");
      },
    ],
    ["answers without a status", () => ({}) as AlbResult],
  ])("that %s is a 502", async (_what, answer) => {
    const { port } = await behind(answer);
    expect((await send(port, "/")).status).toBe(502);
  });

  it("is not called with more than 1 MB: 413", async () => {
    const { port, events } = await behind();
    expect((await send(port, "/", { method: "POST", body: "x".repeat(1_048_577) })).status).toBe(413);
    expect(events).toEqual([]);
  });

  it("without health checks counts as unavailable and gets requests all the same", async () => {
    const { balancer } = await behind();
    expect(balancer.describeTargetHealth("arn:inbox")).toMatchObject([
      { health: { state: "unavailable", reason: "Target.HealthCheckDisabled" } },
    ]);
  });
});
