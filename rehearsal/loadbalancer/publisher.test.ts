import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MetricDatum } from "@aws-sdk/client-cloudwatch";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { RehearsalClock } from "../clock";
import { LoadBalancer } from "./balancer";
import { RehearsalCa } from "./certificates";
import type { TargetGroupConfig } from "./config";
import { dimensionOf, minuteData } from "./publisher";
import { configOf, forwardTo, groupOf } from "./testkit";

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
const of = (data: MetricDatum[], name: string, dimensions: number) =>
  data.find(({ MetricName, Dimensions }) => MetricName === name && Dimensions?.length === dimensions);

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
  expect(of(data, "RequestCount", 2)).toMatchObject({ Value: 2, Timestamp: new Date(minute) });
  expect(of(data, "RequestCount", 1)?.Value).toBe(2);
  expect(of(data, "HTTPCode_Target_5XX_Count", 2)?.Value).toBe(1);
  expect(of(data, "HTTPCode_Target_2XX_Count", 2)).toBeUndefined();
  expect(of(data, "HealthyHostCount", 2)?.Value).toBe(0);
  expect(of(data, "TargetResponseTime", 2)).toMatchObject({ Values: [0.1, 0.16], Counts: [1, 1] });
  expect(data.some(({ Dimensions }) => Dimensions?.some(({ Value }) => Value?.endsWith("0670")))).toBe(false);
});

it("puts more than 150 response times together without losing one or making a slow one faster", () => {
  at(600_000);
  for (let i = 1; i <= 400; i++) balancer.metrics.record(TG, "TargetResponseTime", i / 1000);
  const datum = of(minuteData(balancer, minute + 600_000), "TargetResponseTime", 2);
  expect(datum?.Values?.length).toBeLessThanOrEqual(150);
  expect(datum?.Counts?.reduce((a, b) => a + b, 0)).toBe(400);
  expect(datum?.Values?.at(-1)).toBe(0.4);
});
