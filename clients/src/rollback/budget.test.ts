import { parseRollbackConfig } from "@cutover/domain/function-config";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HttpError } from "../http/errors";
import { awsPorts, type RollbackClients } from "./aws-ports";
import { runRollback } from "./run";

/** Lambda's limit (components/rollback.ts), less what a cold start takes. */
const LIMIT_MS = 58_000;

const config = parseRollbackConfig(
  JSON.stringify({
    function: "rollback",
    stack: "prod",
    region: "eu-central-1",
    domain: "messages.example.com",
    listenerArn: "arn:listener",
    killSwitch: { ruleArn: "arn:kill-switch", nodeTargetGroupArn: "arn:node" },
    inboxTargetGroupArn: "arn:inbox",
    inboxQueueUrl: "https://sqs/inbox.fifo",
    frontDoor: true,
    pythonTargetGroupArn: "arn:python",
    healthPaths: { python: "/healthz", node: "/healthz" },
    alarms: { hard: "cutover-prod-rollback-hard", soft: "cutover-prod-rollback-soft" },
    suspicionAlarms: [],
    nodeAlarms: [],
    outageAlarms: [],
    peopleTopicArn: "arn:people",
    probeKeySecretArn: "arn:key",
    rollbackSecretArn: "arn:secret",
    ghl: { locationId: "l", match: { name: "x" }, baseUrl: "http://127.0.0.1:9" },
    pythonLogGroup: "/cutover/prod/python",
  }),
);
const alarm = (at: number) => ({
  Records: [
    {
      Sns: {
        Message: JSON.stringify({
          AlarmName: config.alarms.hard,
          NewStateValue: "ALARM",
          NewStateReason: "x",
          StateChangeTime: new Date(at).toISOString(),
        }),
      },
    },
  ],
});

/** Answers after `slowMs`; what has no answer is never answered. `answers` by service. */
function clients(
  answers: Partial<Record<keyof RollbackClients, (command: object) => unknown>>,
  slowMs = 0,
  /** Every third probe is answered. */
  probesAnswered = false,
): RollbackClients {
  let probes = 0;
  const client = (name: keyof RollbackClients) => ({
    send: (command: object, { abortSignal }: { abortSignal: AbortSignal }) => {
      const answer = answers[name]?.(command);
      if (answer !== undefined) return new Promise((resolve) => setTimeout(() => resolve(answer), slowMs));
      return new Promise((_resolve, reject) => {
        abortSignal.addEventListener("abort", () => reject(Object.assign(new Error("gone"), { name: "AbortError" })));
      });
    },
  });
  const http = {
    send: ({ deadlineMs = 0 }: { deadlineMs?: number }) =>
      new Promise((resolve, reject) => {
        if (probesAnswered && ++probes % 3 === 0)
          setTimeout(() => resolve({ status: 200, headers: {} }), deadlineMs - 1);
        else setTimeout(() => reject(new HttpError("deadline", "GET", "https://x", "", 1, "no answer")), deadlineMs);
      }),
  };
  const names = ["elb", "ssm", "sns", "secrets", "sqs", "cloudwatch", "logs"] as const;
  return { ...Object.fromEntries(names.map((name) => [name, client(name)])), http } as unknown as RollbackClients;
}

describe("one invocation, whatever hangs, ends before Lambda ends it", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    // The real one runs by a clock that no test can move.
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), ms);
      return controller.signal;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  async function duration(given: RollbackClients, payload: unknown) {
    const started = Date.now();
    const lines: string[] = [];
    let ended: number | undefined;
    const run = runRollback(
      payload,
      config,
      awsPorts(config, given, (line) => void lines.push(JSON.stringify(line))),
    )
      .catch(() => undefined)
      .then(() => {
        ended = Date.now() - started;
      });
    for (let at = 0; at < 120_000 && ended === undefined; at += 250) await vi.advanceTimersByTimeAsync(250);
    await run;
    return { ms: ended ?? Number.POSITIVE_INFINITY, lines };
  }

  const key = (command: object) =>
    JSON.stringify(command).includes("arn:key") ? { SecretString: '{"key":"k"}' } : undefined;

  it.each<[string, Parameters<typeof clients>[0]]>([
    ["everything hangs", {}],
    ["all but Secrets Manager hangs, so every probe runs into its time", { secrets: key }],
    [
      "all but ELB's reading hangs, so the switch is tried to the end, twice",
      { secrets: key, elb: (c) => (c.constructor.name === "DescribeRulesCommand" ? { Rules: [] } : undefined) },
    ],
  ])("%s", async (_what, answers) => {
    for (const payload of [alarm(Date.now()), { source: "manual", reason: "a test" }, { source: "reconcile" }]) {
      const { ms } = await duration(clients(answers), payload);
      expect(ms).toBeLessThan(LIMIT_MS);
    }
  });

  it("also where every call is answered at the last moment, and the switch never reads as moved", async () => {
    const off = {
      Rules: [
        {
          RuleArn: "arn:kill-switch",
          Conditions: [
            { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "x-cutover-kill-switch", Values: ["never"] } },
          ],
          Actions: [{ Type: "forward", TargetGroupArn: "arn:node" }],
        },
        { RuleArn: "arn:split", Conditions: [], Actions: [{ Type: "forward", TargetGroupArn: "arn:python" }] },
      ],
    };
    let page = 0;
    const given = clients(
      {
        elb: () => off,
        secrets: key,
        ssm: () => ({ Parameters: [] }),
        cloudwatch: () => ({}),
        logs: () => ({ events: [], nextToken: String(page++) }),
        sns: () => undefined,
      },
      1_490,
      true,
    );
    const { ms, lines } = await duration(given, alarm(Date.now()));
    expect(ms).toBeLessThan(LIMIT_MS);
    expect(lines.join()).toMatch(/"step":"notice"/);
  });

  it.each(["readListener", "setSwitch", "probe", "moveWebhook", "lostMessages", "tellPeople", "readShelf"] as const)(
    "late in the invocation %s gets no more than what is left",
    async (port) => {
      const started = Date.now();
      const ports = awsPorts(config, clients({ secrets: key }), () => undefined);
      await vi.advanceTimersByTimeAsync(50_000);
      let ended = Number.POSITIVE_INFINITY;
      const act = ports[port] as (first: never) => Promise<unknown>;
      void act((port === "tellPeople" ? { subject: "s", text: "t" } : "node") as never)
        .catch(() => undefined)
        .then(() => {
          ended = Date.now() - started;
        });
      await vi.advanceTimersByTimeAsync(20_000);
      expect(ended).toBeLessThan(53_000);
    },
  );

  it("and people are told, however much time the steps before took", async () => {
    let told = 0;
    const given = clients({
      sns: () => {
        told++;
        return {};
      },
    });
    const { ms, lines } = await duration(given, alarm(Date.now()));
    expect(ms).toBeLessThan(LIMIT_MS);
    expect(told).toBe(1);
    expect(lines.join()).toMatch(/"step":"notice","state":"done"/);
  });
});
