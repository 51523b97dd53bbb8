import { describe, expect, it } from "vitest";
import type { AlarmDefinition } from "./cloudwatch/definition";
import { ladder } from "./phases";
import { OUTAGES, PLAN, type Trigger, type TriggerInput, triggers } from "./triggers";

const RATES = [0.2, 1, 6, 30, 60, 120, 600, 5000, 100_000];
const SHARES = [...new Set(ladder.map(({ pythonShare }) => pythonShare))];

const input = (more: Partial<TriggerInput> = {}): TriggerInput => ({
  stack: "dev",
  loadBalancer: "app/cutover-dev/1",
  targetGroups: {
    pythonCustomer: "targetgroup/python/1",
    nodeCustomer: "targetgroup/node/1",
    unmatched: "targetgroup/u/1",
  },
  pythonShare: 10,
  expectedMessagesPerHour: 600,
  nodeExists: true,
  ...more,
});

const everySet = RATES.flatMap((expectedMessagesPerHour) =>
  SHARES.map((pythonShare) => triggers(input({ expectedMessagesPerHour, pythonShare }))),
);

/** The count that an alarm waits for, from its guard. */
function countOf({ queries }: AlarmDefinition): number {
  const text = queries.map((query) => ("expression" in query ? query.expression : "")).join("");
  return Number(/>= (\d+)/.exec(text)?.[1]);
}

const minutesOf = ({ queries }: AlarmDefinition): number => {
  const [first] = queries;
  return first && "metric" in first ? first.metric.period / 60 : Number.NaN;
};

describe("triggers", () => {
  it("keep their keys, names and tiers at every share and rate", () => {
    const shape = (set: (typeof everySet)[number]) =>
      JSON.stringify([
        set.alarms.map(({ key, tier, action, definition }) => [key, tier, action, definition.name]),
        set.composites.map(({ definition }) => definition),
        set.filters,
      ]);
    expect(new Set(everySet.map(shape)).size).toBe(1);
    expect(everySet[0]?.alarms.map(({ tier, key }) => `${tier} ${key}`)).toMatchInlineSnapshot(`
      [
        "hard python-probes",
        "hard python-hosts",
        "hard python-connections",
        "hard python-error-burst",
        "hard python-bookings-down",
        "soft python-errors-short",
        "soft python-errors-medium",
        "soft python-errors-long",
        "soft python-errors-longest",
        "soft python-slow-short",
        "soft python-slow-long",
        "soft python-routing-short",
        "soft python-routing-long",
        "soft python-bookings-short",
        "soft python-bookings-long",
        "watch node-probes",
        "watch node-errors",
        "watch elb-5xx",
        "watch unmatched",
        "watch prober-silent",
        "watch rollback-silent",
        "watch unfinished",
        "watch inbox",
        "watch python-slow-end-to-end",
      ]
    `);
  });

  it("differ in nothing but dimension values when the dimensions are not known yet", () => {
    const unknown = { pythonCustomer: "unknown", nodeCustomer: "unknown", unmatched: "unknown" };
    const placeholder = triggers(input({ loadBalancer: "unknown", targetGroups: unknown }));
    const text = JSON.stringify(triggers(input())).replaceAll(/"(app|targetgroup)\/[^"]*"/g, '"unknown"');
    expect(JSON.parse(text)).toEqual(placeholder);
  });

  it("compare with the plan's numbers and nothing looser", () => {
    expect([PLAN.errors.percent, PLAN.slow.percent, PLAN.routing.percent]).toEqual([5, 5, 10]);
    for (const { alarms } of everySet) {
      for (const concern of ["errors", "slow", "routing", "bookings"] as const) {
        const soft = alarms.filter(({ key, tier }) => tier === "soft" && key.startsWith(`python-${concern}-`));
        expect(soft.length).toBeGreaterThanOrEqual(2);
        for (const { definition } of soft) {
          expect(definition.threshold).toBeLessThanOrEqual(PLAN[concern].percent);
          expect(definition.comparison).toBe("GreaterThanThreshold");
        }
      }
    }
  });

  it("see a fault just above the plan's 5 % within a day: the longest window needs hardly more of its messages", () => {
    for (const perHour of [6, 30, 120, 600, 5000]) {
      const { alarms } = triggers(input({ expectedMessagesPerHour: perHour, pythonShare: 100 }));
      const longest = alarms.find(({ key }) => key === "python-errors-longest")?.definition as AlarmDefinition;
      const messages = (perHour * minutesOf(longest)) / 60;
      expect((100 * countOf(longest)) / messages).toBeLessThan(6);
    }
  });

  it.each(["errors", "slow", "routing", "bookings"] as const)(
    "see a fault of %s a fifth above the plan's share, where a day holds enough of its events",
    (concern) => {
      let seen = 0;
      for (const perHour of [6, 30, 120, 600, 5000]) {
        const { alarms } = triggers(input({ expectedMessagesPerHour: perHour, pythonShare: 100 }));
        const end = concern === "errors" ? "longest" : "long";
        const longest = alarms.find(({ key }) => key === `python-${concern}-${end}`)?.definition as AlarmDefinition;
        const events = (perHour * minutesOf(longest) * (concern === "bookings" ? 0.2 : 1)) / 60;
        const needed = (100 * countOf(longest)) / events;
        // A window that ends at a day holds fewer events than the rule wants, and noise then asks for a larger share.
        if (minutesOf(longest) === 24 * 60 && events < (concern === "bookings" ? 100 : 400)) continue;
        expect([perHour, needed < PLAN[concern].percent * 1.2]).toEqual([perHour, true]);
        seen++;
      }
      expect(seen).toBeGreaterThanOrEqual(3);
    },
  );

  it("count what Python refuses, answers with 5xx and gives up on; of Node only the last two", () => {
    const { alarms } = triggers(input());
    const counted = (key: string) =>
      alarms
        .find((one) => one.key === key)
        ?.definition.queries.flatMap((query) => ("metric" in query ? [query.metric.metricName] : []));
    const python = ["RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_Target_4XX_Count", "PythonMessagesFailed"];
    for (const key of ["short", "medium", "long", "longest"]) expect(counted(`python-errors-${key}`)).toEqual(python);
    expect(counted("python-error-burst")).toEqual(python);
    expect(counted("node-errors")).toEqual(["RequestCount", "HTTPCode_Target_5XX_Count", "NodeMessagesFailed"]);
  });

  it("wait for more bad messages, in shorter windows, the more traffic there is", () => {
    const short = (perHour: number) => {
      const { alarms } = triggers(input({ expectedMessagesPerHour: perHour, pythonShare: 100 }));
      const { definition } = alarms.find(({ key }) => key === "python-errors-short") as { definition: AlarmDefinition };
      return { minutes: minutesOf(definition), count: countOf(definition) };
    };
    const rates = [6, 30, 120, 600, 5000].map(short);
    for (const [i, { minutes, count }] of rates.entries()) {
      const before = rates[i - 1];
      expect(count).toBeGreaterThanOrEqual(before?.count ?? 3);
      expect(minutes).toBeGreaterThanOrEqual(3);
      if (before && before.count === count) expect(minutes).toBeLessThanOrEqual(before.minutes);
    }
  });

  it("take vanished host counts as no hosts only once customers reach Python", () => {
    const missing = (pythonShare: number) =>
      triggers(input({ pythonShare })).alarms.find(({ key }) => key === "python-hosts")?.definition.treatMissingData;
    expect([missing(0), missing(10), missing(100)]).toEqual(["notBreaching", "breaching", "breaching"]);
  });

  it("roll back by one composite alarm a tier; children have no action, suspicions go to the function", () => {
    const { alarms, composites } = triggers(input());
    for (const tier of ["hard", "soft"] as const) {
      const rule = composites.find((one) => one.tier === tier)?.definition.rule;
      const children = alarms.filter((one) => one.tier === tier);
      expect(rule).toBe(children.map(({ definition }) => `ALARM("${definition.name}")`).join(" OR "));
      expect(new Set(children.map(({ action }) => action))).toEqual(new Set(["none"]));
    }
    const watch = alarms.filter(({ tier }) => tier === "watch");
    expect(watch.filter(({ action }) => action === "rollback").map(({ key }) => key)).toEqual(["elb-5xx"]);
    expect(watch.filter(({ action }) => action === "none")).toEqual([]);
  });

  it("compare Node's own failures with the plan's share, sized for what Node gets: both bad is a shared outage", () => {
    const nodeErrors = (pythonShare: number) => {
      const trigger = triggers(input({ pythonShare })).alarms.find(({ key }) => OUTAGES.includes(key));
      return trigger as Trigger;
    };
    const { tier, action, definition } = nodeErrors(10);
    expect([tier, action, definition.name, definition.threshold]).toEqual([
      "watch",
      "people",
      "cutover-dev-node-errors",
      PLAN.errors.percent,
    ]);
    const metrics = definition.queries.flatMap((query) => ("metric" in query ? [query.metric] : []));
    expect(metrics.map(({ metricName, dimensions }) => [metricName, dimensions.TargetGroup])).toEqual([
      ["RequestCount", "targetgroup/node/1"],
      ["HTTPCode_Target_5XX_Count", "targetgroup/node/1"],
      ["NodeMessagesFailed", undefined],
    ]);
    expect(definition.description).not.toContain("Python");
    const python = triggers(input({ pythonShare: 90 })).alarms.find(({ key }) => key === "python-errors-short");
    expect(minutesOf(definition)).toBe(minutesOf(python?.definition as AlarmDefinition));
    expect(minutesOf(nodeErrors(99).definition)).toBeGreaterThan(minutesOf(definition));
  });

  it("leave out Node when it is removed", () => {
    const { alarms, filters } = triggers(input({ nodeExists: false, targetGroups: { pythonCustomer: "x" } }));
    expect(alarms.filter(({ key }) => /^node|unmatched/.test(key))).toEqual([]);
    expect(filters.map(({ metricName }) => metricName)).toEqual([
      "PythonMessages",
      "PythonMessagesFailed",
      "PythonSlowMessages",
      "PythonRoutings",
      "PythonRoutingFailures",
      "PythonBookings",
      "PythonBookingFailures",
    ]);
  });

  it("count no probes and no declined bookings", () => {
    const { filters } = triggers(input());
    for (const { pattern } of filters) expect(pattern).toContain("$.synthetic IS FALSE");
    const bookings = filters.find(({ metricName }) => metricName === "PythonBookingFailures");
    expect(bookings?.pattern).toBe(
      '{ ($.event = "appointment_booking") && ($.outcome = "failed") && ($.synthetic IS FALSE) }',
    );
  });

  it.each([
    [{ pythonShare: 101 }, "pythonShare is 101"],
    [{ pythonShare: Number.NaN }, "pythonShare is NaN"],
    [{ expectedMessagesPerHour: 0 }, "expectedMessagesPerHour is 0"],
    [{ expectedMessagesPerHour: Number.POSITIVE_INFINITY }, "expectedMessagesPerHour is Infinity"],
  ])("refuse %o", (more, message) => {
    expect(() => triggers(input(more))).toThrow(message);
  });
});

describe("after a rollback", () => {
  const longest = (lookBackMinutes?: number) => {
    const alarms = triggers(input({ lookBackMinutes })).alarms.filter(({ tier }) => tier !== "watch");
    const queries = alarms.flatMap(({ definition }) => definition.queries);
    return Math.max(...queries.map((q) => ("metric" in q ? q.metric.period : 0)));
  };

  it("no window that moves traffic reaches back further than allowed, and none is shorter than late data allow", () => {
    expect(longest()).toBeGreaterThan(30 * 60);
    expect(longest(30)).toBe(30 * 60);
    expect(longest(0)).toBe(3 * 60);
  });

  it("keys, names and counts stay", () => {
    const shape = (lookBackMinutes?: number) =>
      triggers(input({ lookBackMinutes })).alarms.map(({ key, definition }) => [
        key,
        definition.name,
        definition.threshold,
        definition.queries.map((q) => ("expression" in q ? q.expression : q.id)),
      ]);
    expect(shape(5)).toEqual(shape());
  });
});
