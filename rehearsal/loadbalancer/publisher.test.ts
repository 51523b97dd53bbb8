import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { RehearsalClock } from "../clock";
import type { MetricValues } from "../metrics/store";
import { LoadBalancer } from "./balancer";
import { RehearsalCa } from "./certificates";
import type { TargetGroupConfig } from "./config";
import { dimensionOf, hostData, minuteData } from "./publisher";
import { configOf, forwardTo, groupOf, TestTarget } from "./testkit";

const LB = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/front/50dc6c495c0c9188";
const TG = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/python/73e2d6bc24d8a067";

let folder: string;
let balancer: LoadBalancer;
const clock = new RehearsalClock();
const now = vi.spyOn(clock, "now");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cutover-publisher-"));
  balancer = new LoadBalancer({ clock, ca: await RehearsalCa.create(join(folder, "ca.pem")) });
  const group: TargetGroupConfig = { ...groupOf("python", []), arn: TG };
  const unused: TargetGroupConfig = { ...groupOf("unused", []), arn: `${TG}0` };
  const config = configOf([group, unused], [{ action: forwardTo([TG, 1]) }]);
  await balancer.apply({ ...config, loadBalancers: config.loadBalancers.map((it) => ({ ...it, arn: LB })) });
});
afterAll(async () => {
  await balancer.stop();
  rmSync(folder, { recursive: true, force: true });
});

const minute = 1_800_000_000_000;
const at = (ms: number) => now.mockReturnValue(minute + ms);
const of = (data: MetricValues[], name: string, dimensions: number) =>
  data.find((it) => it.metricName === name && Object.keys(it.dimensions).length === dimensions);

it("names load balancers and target groups as CloudWatch does", () => {
  expect([dimensionOf(LB), dimensionOf(TG)]).toEqual([
    "app/front/50dc6c495c0c9188",
    "targetgroup/python/73e2d6bc24d8a067",
  ]);
});

it("reports exactly one minute's events: its first ms belongs to it, the next minute's does not", () => {
  for (const ms of [-1, 0, 59_999, 60_000]) {
    at(ms);
    balancer.metrics.record(TG, "RequestCount");
    balancer.metrics.record(TG, "TargetResponseTime", 0.1 + ms / 1e6);
    balancer.metrics.record(LB, "RequestCount");
    if (ms === 0) balancer.metrics.record(TG, "HTTPCode_Target_5XX_Count");
  }
  const data = minuteData(balancer, minute);
  expect(of(data, "RequestCount", 2)).toMatchObject({ at: minute, samples: [{ value: 1, count: 2 }] });
  expect(of(data, "RequestCount", 1)?.samples).toEqual([{ value: 1, count: 2 }]);
  expect(of(data, "HTTPCode_Target_5XX_Count", 2)?.samples).toEqual([{ value: 1, count: 1 }]);
  expect(of(data, "HTTPCode_Target_2XX_Count", 2)).toBeUndefined();
  expect(of(data, "TargetResponseTime", 2)?.samples).toEqual([
    { value: 0.1, count: 1 },
    { value: 0.159999, count: 1 },
  ]);
  expect(data.some(({ dimensions }) => dimensions.TargetGroup?.endsWith("0670"))).toBe(false);
});

it("reports a minute without requests as such, and no host counts of a group without targets", () => {
  expect(of(minuteData(balancer, minute + 600_000), "RequestCount", 2)?.samples).toEqual([{ value: 0, count: 1 }]);
  expect(hostData(balancer, minute)).toEqual([]);
});

it("reports the hosts of a group as they are", async () => {
  const target = await TestTarget.start("node");
  const group: TargetGroupConfig = { ...groupOf("node", [target]), arn: `${TG}1` };
  const config = configOf([group], [{ action: forwardTo([group.arn, 1]) }]);
  await balancer.apply({ ...config, loadBalancers: config.loadBalancers.map((it) => ({ ...it, arn: LB })) });
  const data = hostData(balancer, minute);
  expect(of(data, "HealthyHostCount", 2)).toMatchObject({ at: minute, samples: [{ value: 0, count: 1 }] });
  expect(of(data, "UnHealthyHostCount", 2)?.samples).toEqual([{ value: 1, count: 1 }]);
  await target.stop();
});
