import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RehearsalClock } from "../../rehearsal/clock";
import { projectRoot } from "../../tools/toolchain";
import { EngineWorld } from "./support/world";

const PLANTED = "pl4nted-query";
const MINUTE_MS = 60_000;

/** One story on the real engine, at 10 times the speed; each step begins where the one before it ended. */
describe("proofs by customers' messages on the real Pulumi engine", { timeout: 300_000 }, () => {
  const clock = new RehearsalClock({ originMs: Date.now(), factor: 10 });
  let world: EngineWorld;
  let cloudwatch: CloudWatch;
  const read: string[] = [];

  beforeAll(async () => {
    execFileSync(process.execPath, [join(projectRoot(), "tools/build-workspaces.mjs")]);
    world = await EngineWorld.start(
      { fixture: "webhook-proofs", clock: clock.toEnv() },
      { key: "share", value: "0" },
      { key: "target", value: "as-found" },
      { key: "url", value: `https://messages.example.com/webhooks/ghl?key=${PLANTED}`, secret: true },
    );
    cloudwatch = new CloudWatch(world.clientConfig);
  }, 120_000);
  afterAll(async () => {
    cloudwatch?.destroy();
    await world?.stop();
  }, 60_000);

  type Group = "node" | "python" | "unmatched";
  /** The load balancer counted `count` messages of this group in this minute. */
  const arrived = (group: Group, count: number) =>
    cloudwatch.putMetricData({
      Namespace: "AWS/ApplicationELB",
      MetricData: [
        {
          MetricName: "RequestCount",
          Timestamp: new Date(Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS),
          Value: count,
          Dimensions: [
            { Name: "TargetGroup", Value: `targetgroup/${group}/1` },
            { Name: "LoadBalancer", Value: "app/cutover-test/1" },
          ],
        },
      ],
    });
  /** Customers write all the time while `work` goes on, however slow this machine is. */
  const whileArriving = async <T>(group: Group, work: () => Promise<T>): Promise<T> => {
    const failures: unknown[] = [];
    await arrived(group, 2);
    const stream = setInterval(() => void arrived(group, 2).catch((error) => failures.push(error)), 500);
    try {
      return await work();
    } finally {
      clearInterval(stream);
      expect(failures).toEqual([]);
    }
  };
  const set = (key: string, value: string) => world.stack.configSet({ key: `cutover:${key}`, value });
  const refused = async () => {
    const up = await world.stack.up({ allowFailure: true });
    read.push(up.text);
    expect(up.exitCode).not.toBe(0);
    return up.text.replaceAll(/\s+/g, " ");
  };

  it("asks for nothing before the front door, and shows no change after that", async () => {
    await world.stack.up();
    await world.stack.up({ expectNoChanges: true });
    await world.stack.refresh({ expectNoChanges: true });
  });

  it("says in preview what a person has to set, and fails in up when no message comes", async () => {
    await set("target", "front-door");
    const preview = await world.stack.preview();
    read.push(preview.text);
    expect(preview.text).toMatch(/By hand in GoHighLevel, .*URL to https:\/\/messages\.example\.com\/webhooks\/ghl\?…/);
    expect(await refused()).toMatch(/0 of 3 messages in a row .*no message of a customer reached the front door/);
  });

  it("holds the step for proved after three messages with the secret", async () => {
    await whileArriving("node", () => world.stack.up());
    await world.stack.up({ expectNoChanges: true });
  });

  it("lets no share rise while a message comes without the secret, and says so in preview", async () => {
    await set("share", "10");
    const missing = /\d+ of 20 messages of customers in a row .*came without it, the last at .*lacks the header/;
    await whileArriving("unmatched", async () => {
      expect((await world.stack.preview()).text).toMatch(missing);
      expect(await refused()).toMatch(missing);
    });
    await whileArriving("node", () => world.stack.up());
    await world.stack.up({ expectNoChanges: true });
  });

  it("rotates the secret in two steps, and refuses both at once and the second too early", async () => {
    await set("generation", "2");
    await set("retired", "1");
    expect(await refused()).toMatch(/GoHighLevel sends generation 1 .*accept 2 only/);
    await set("retired", "0");
    await whileArriving("node", () => world.stack.up());
    await set("retired", "1");
    expect(await refused()).toMatch(
      /has generation 2 .*may still send the one before. Retire generation 1 in \d+ minutes/,
    );
  });

  it("destroys only when messages no longer come or the loss is accepted", async () => {
    await set("retired", "0");
    const destroy = await whileArriving("node", () => world.stack.destroy({ allowFailure: true }));
    read.push(destroy.text);
    expect(destroy.exitCode).not.toBe(0);
    expect(destroy.text.replaceAll(/\s+/g, " ")).toMatch(
      /still sends its messages here .*then run pulumi destroy again/,
    );
    await set("destroy", "lose-traffic");
    await world.stack.up();
    await world.stack.destroy();
    expect((await world.stack.exportState()).deployment?.resources ?? []).toEqual([]);
  });

  it("showed no query string", () => {
    expect(read.join()).not.toContain(PLANTED);
  });
});
