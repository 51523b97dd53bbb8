import type { GetMetricDataCommand } from "@aws-sdk/client-cloudwatch";

/** Counts of one minute that CloudWatch would report. */
export interface FakeMinute {
  readonly atMs: number;
  readonly node?: number;
  readonly python?: number;
  readonly unmatched?: number;
}

/** A load balancer's groups and the CloudWatch that counts for them, for tests. */
export class FakeCounts {
  readonly minutes: FakeMinute[] = [];
  /** Set: every call fails with it. */
  failure: Error | undefined;
  calls = 0;
  /** The clock of the test: moved by `sleep` alone. */
  nowMs = Date.UTC(2026, 10, 22, 12, 0, 30);

  readonly groups = {
    loadBalancerArn: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/cutover-test/1a",
    matchedArns: ["node", "python"].map((name) => `arn:aws:elasticloadbalancing:eu:1:targetgroup/${name}/2b`),
    unmatchedArn: "arn:aws:elasticloadbalancing:eu:1:targetgroup/unmatched/3c",
    aws: { region: "eu-central-1" },
  };

  readonly clock = {
    now: () => this.nowMs,
    sleep: async (ms: number) => {
      this.nowMs += ms;
      this.onSleep();
    },
  };

  /** What happens while somebody waits. */
  onSleep: () => void = () => {};

  /** Adds a minute that lies `ago` minutes back. */
  add(ago: number, counts: Omit<FakeMinute, "atMs">): void {
    const minute = Math.floor(this.nowMs / 60_000) * 60_000 - ago * 60_000;
    this.minutes.push({ atMs: minute, ...counts });
  }

  /** Answers GetMetricData, one datapoint a page and metric, so that paging is walked through. */
  readonly cloudwatch = {
    send: async ({ input }: GetMetricDataCommand) => {
      this.calls += 1;
      if (this.failure) throw this.failure;
      const [from, to] = [input.StartTime?.getTime() ?? 0, input.EndTime?.getTime() ?? 0];
      const inside = this.minutes.filter(({ atMs }) => atMs >= from && atMs < to);
      const page = Number(input.NextToken ?? 0);
      const shown = inside.slice(page, page + 1);
      const MetricDataResults = (input.MetricDataQueries ?? []).map(({ Id, MetricStat }) => {
        const names = (MetricStat?.Metric?.Dimensions ?? []).map(({ Value }) => Value ?? "");
        if (names[0] !== "app/cutover-test/1a") throw new Error(`unknown load balancer ${names[0]}`);
        const key = /^targetgroup\/(node|python|unmatched)\/\w+$/.exec(names[1] ?? "")?.[1] as keyof FakeMinute;
        const known = shown.filter((minute) => minute[key] !== undefined);
        return { Id, Timestamps: known.map((m) => new Date(m.atMs)), Values: known.map((m) => m[key] ?? 0) };
      });
      return { MetricDataResults, ...(page + 1 < inside.length ? { NextToken: String(page + 1) } : {}) };
    },
  } as { send: never };
}
