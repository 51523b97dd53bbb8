import type { VariationRow } from "./assumptions";
import { type BacktestRow, type FaultRow, horizonMinutes, LEVELS } from "./backtest";
import { ANY } from "./detection";
import type { Interval } from "./intervals";
import { LOOK_BACKS, type PromiseRow } from "./promise-rows";
import { FALSE_ROLLBACKS_GOAL, GOALS, type MeasuredBacktest, markdownTable, TOTAL_OUTAGE_GOAL_MINUTES } from "./table";

/** A goal and what was measured against it. */
export interface GoalResult {
  readonly messagesPerHour: number;
  readonly what: string;
  readonly goal: number;
  readonly measured: number | null;
  readonly met: boolean;
}

/** Every goal against the rows of all triggers together. */
export function goalResults(rows: readonly BacktestRow[]): GoalResult[] {
  return GOALS.flatMap(({ messagesPerHour, detect20P95Min }) => {
    const row = rows.find((one) => one.trigger === ANY && one.messagesPerHour === messagesPerHour);
    const result = (what: string, goal: number, measured: number | null | undefined): GoalResult => ({
      messagesPerHour,
      what,
      goal,
      measured: measured ?? null,
      met: measured !== null && measured !== undefined && measured <= goal,
    });
    return [
      result("false rollbacks a day", FALSE_ROLLBACKS_GOAL, row?.falseRollbacksPerDay),
      result("total outage, p95 minutes", TOTAL_OUTAGE_GOAL_MINUTES, row?.detect100P95Min),
      result("20 % fault, p95 minutes", detect20P95Min, row?.detect20P95Min),
    ];
  });
}

/** The page docs/measured/backtest.md; `rows` are those of every trigger. */
export function backtestPage(
  measured: MeasuredBacktest,
  rows: readonly BacktestRow[],
  promises: readonly PromiseRow[],
  command: string,
): string {
  const { options, faults } = measured;
  return `<!-- Made by \`${command}\`. Don't edit. -->
# What the triggers do on healthy and on broken traffic

Measured on the deployed definitions (\`domain/src/triggers.ts\`, fingerprint \`${measured.definitions}\`), evaluated as CloudWatch does (\`domain/src/cloudwatch\`), seed ${options.seed}: ${options.days} healthy days and ${options.trials} faults of each size at each level, ${measured.seconds} s of processor time for all of them. The same numbers as data: [backtest.json](backtest.json). By hand: \`node tools/run.mjs cli/backtest.ts --help\`.

![Time from fault to ALARM](backtest.svg)

## The model
- Messages come to Python as a Poisson stream. In health ${percent(options.healthy.errors)} of them fail, ${percent(options.healthy.slow)} are answered later than 3 s, ${percent(options.healthy.routing)} can't be routed, ${percent(options.healthy.bookings)} of the bookings fail and ${percent(options.healthy.probes)} of the probes, each independently. One message in ${Math.round(1 / options.healthy.bookingsPerMessage)} tries a booking (an assumption).
- A fault begins at a random second: from then on that share of the messages fails (5xx), all else stays healthy. (A message that is refused with 4xx, or accepted and then given up on, counts in the same triggers; the share of health stands for all three together.) Probes, every 15 s, fail only when every message does. That is hard on the triggers: a real fault of 20 % would hit probes, too.
- A minute of a load balancer's or log filter's metric is published when it is over and up to ${options.delaySeconds} s later; probes 10 s after they were made. Alarms are evaluated once a minute (probes: every 10 s) at a moment that we don't choose.
- A false rollback is a change of any hard or soft trigger into ALARM while none is. Times are from the fault to ALARM; p95 is over the faults; – means not within the time that a fault was waited for: ${waited("total")} for a total outage, ${waited("partial")} for a smaller one.
- Answer times: only the share slower than 3 s is simulated, because the triggers count nothing else; which distribution it comes from makes no difference to them (\`--latency-p50\` and \`--latency-p99\` compute it from a log-normal one). Percentiles can't be evaluated at this speed, and no trigger has one.
- Traffic is steady, at the rate that the alarms were made for, in all tables but that of "Other traffic".
- Not modelled: bursts of healthy errors (a vendor's bad minute is a fault here), metrics that are published at different times, the composite alarm's own moment (seconds).

## Goals

| messages/h on Python | all triggers together | goal | measured | met |
|---|---|---|---|---|
${goalLines(rows).join("\n")}

At 6 messages an hour the goals leave no room. A 20 % fault spoils about 1.2 messages an hour, health 1.4 a day, so within 6 hours four bad messages have to do; the window that takes four of them (10 hours) costs most of the false rollbacks. Taking five instead would cost a third of that, and find the fault in about 7 hours. A smaller fault than one message in five takes longer, and with fewer messages so does everything but a total outage, which the probes see.

Chance in these numbers, at 95 %:

${intervalTable(measured.intervals)}

## All triggers

${markdownTable(rows)}

## Other faults, all triggers together

${faultTable(faults)}

\`connections\`: the load balancer can't connect for that share of the messages. \`hosts\`: no task is healthy, whatever the share. \`bookings\`: that share of the bookings, so one message in five is looked at. \`slow\` and \`routing\`: of the messages. \`refused\`: answered with 4xx; \`failed\`: accepted and then given up on; probes see neither.

## Other traffic

The alarms are made for \`cutover:expectedMessagesPerHour\` times the share, the first column here. What if the traffic is another one? More of it than expected costs false rollbacks, less costs time: so the busy hour's rate is the one to set. Working day: a fifth of the mean at night, twice the mean in seven busy hours (an assumption). Fewer days and faults than above: the second digit is chance.

${variationTable(measured.variations)}

## What is promised before a step

Preview, \`cutover next\` and the pull request's comment take their numbers from these rows; between two rates the worse one counts. After a rollback the alarms look no further back than to it, so that its faults don't roll back its release; a \`pulumi up\` makes the windows longer again, by whole hours. The last columns: the p95 of a 20 % fault until then.

${promiseTable(promises)}
`;
}

function goalLines(rows: readonly BacktestRow[]): string[] {
  return goalResults(rows).map(
    ({ messagesPerHour, what, goal, measured: found, met }) =>
      `| ${messagesPerHour} | ${what} | ${goal} | ${found ?? "–"} | ${met ? "yes" : "**no**"} |`,
  );
}

function waited(size: "total" | "partial"): string {
  return LEVELS.map((level) => `${inHours(horizonMinutes(level, size))} at ${level}/h`).join(", ");
}

const inHours = (minutes: number): string => `${Math.round(minutes / 6) / 10} h`;

function intervalTable(intervals: readonly Interval[]): string {
  const span = ([low, high]: readonly [number, number | null]) => `${low} to ${high ?? "–"}`;
  return [
    "| messages/h on Python | false rollbacks a day | 20 % fault, p95 minutes |",
    "|---|---|---|",
    ...intervals.map(
      ({ messagesPerHour, falseRollbacksPerDay, detect20P95Min }) =>
        `| ${messagesPerHour} | ${span(falseRollbacksPerDay)} | ${span(detect20P95Min)} |`,
    ),
  ].join("\n");
}

function variationTable(rows: readonly VariationRow[]): string {
  const show = ([p50, p95]: VariationRow["total"]) => `${p50 ?? "–"} / ${p95 ?? "–"}`;
  return [
    "| made for, messages/h | traffic | false rollbacks a day | every message, min p50 / p95 | 20 %, min p50 / p95 |",
    "|---|---|---|---|---|",
    ...rows.map(
      ({ messagesPerHour, what, falseRollbacksPerDay, total, partial }) =>
        `| ${messagesPerHour} | ${what} | ${falseRollbacksPerDay} | ${show(total)} | ${show(partial)} |`,
    ),
  ].join("\n");
}

function promiseTable(rows: readonly PromiseRow[]): string {
  const rates = [...new Set(rows.map(({ messagesPerHour }) => messagesPerHour))];
  const backs = [null, ...LOOK_BACKS];
  const cell = (rate: number, back: number | null) =>
    rows.find((row) => row.messagesPerHour === rate && row.lookBackMinutes === back)?.detect20P95Min ?? "over a day";
  return [
    `| messages/h on Python | false rollbacks a day | total outage, p95 min | 20 % fault, p95 min | ${LOOK_BACKS.map((back) => `looking back ${back} min`).join(" | ")} |`,
    `|---|---|---|${backs.map(() => "---").join("|")}|`,
    ...rates.map((rate) => {
      const plain = rows.find((row) => row.messagesPerHour === rate && row.lookBackMinutes === null);
      const cells = [rate, plain?.falseRollbacksPerDay ?? "–", plain?.detect100P95Min ?? "–"];
      return `| ${[...cells, ...backs.map((back) => cell(rate, back))].join(" | ")} |`;
    }),
  ].join("\n");
}

function faultTable(faults: readonly FaultRow[]): string {
  const show = ([p50, p95]: FaultRow["total"]) => `${p50 ?? "–"} / ${p95 ?? "–"}`;
  return [
    "| messages/h on Python | fault | every message, min p50 / p95 | 20 %, min p50 / p95 |",
    "|---|---|---|---|",
    ...faults.map(
      ({ messagesPerHour, fault, total, partial }) =>
        `| ${messagesPerHour} | ${fault} | ${show(total)} | ${show(partial)} |`,
    ),
  ].join("\n");
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
