import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import {
  type EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  type Rule,
  type Target,
} from "@aws-sdk/client-eventbridge";
import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { AWS_ACCOUNT_ID, AWS_REGION } from "../aws/account";
import { Patience } from "./patience";
import { allowsService } from "./resource-policy";
import { policyOf } from "./wiring";

const MINUTE_MS = 60_000;

/** One target of an enabled rule `rate(n minutes)`. */
export interface ScheduledTarget {
  readonly rule: string;
  readonly ruleArn: string;
  readonly everyMinutes: number;
  readonly functionArn: string;
  readonly functionName: string;
  /** The event it gets; default: EventBridge's own. */
  readonly input: string | undefined;
}

/** One call of a function by its schedule. */
export interface Invocation {
  readonly rule: string;
  readonly functionName: string;
  /** Rehearsal minute (ms since the epoch) for which it was called. */
  readonly minute: number;
  /** Real ms it took. */
  readonly ms: number;
  /** What the function failed with. */
  readonly error: string | undefined;
}

export interface ScheduleEvents {
  invoked: [invocation: Invocation];
  /** A minute in which a function was not called: its last run went on all the time. */
  skipped: [functionName: string, minute: number];
  problem: [error: Error];
}

export interface ScheduleOptions {
  /** Both at the gateway. */
  readonly events: EventBridgeClient;
  readonly lambda: LambdaClient;
  /** Real ms that a permission may be missing before it is told: updates make it after the rule. */
  readonly patienceMs: number;
}

interface Run {
  readonly minute: number;
  readonly startedMs: number;
  readonly ended: Promise<void>;
  /** The minute that waits for this run's end. */
  next: number | undefined;
}

/**
 * Calls the functions that the deployed rules name, when the rehearsal's clock says so. None overlaps itself: a run that
 * is due while the last one goes on begins at its end, and only the latest of those that are due.
 */
export class Schedule extends EventEmitter<ScheduleEvents> {
  readonly #options: ScheduleOptions;
  readonly #running = new Map<string, Run>();
  readonly #anchors = new Map<string, number>();
  readonly #patience: Patience;
  /** Why functions are not called though rules name them. */
  #missing: string[] = [];
  #targets: readonly ScheduledTarget[] = [];
  #stale = true;
  #stopped = false;

  constructor(options: ScheduleOptions) {
    super();
    this.#options = options;
    this.#patience = new Patience(options.patienceMs, (line) => this.emit("problem", new Error(line)));
  }

  /** Rules, targets or permissions may have changed: they are read again before the next minute. */
  invalidate(): void {
    this.#stale = true;
  }

  /** Begins the runs that are due in the minute at `minute` (rehearsal ms), of those functions that `chosen` takes. */
  async begin(minute: number, chosen: (functionName: string) => boolean): Promise<void> {
    await this.#refresh();
    this.#patience.look(this.#missing);
    for (const target of this.#targets) {
      if (!chosen(target.functionName) || !this.#isDue(target, minute)) continue;
      const key = keyOf(target);
      const running = this.#running.get(key);
      if (!running) this.#run(key, target, minute);
      else {
        if (running.next !== undefined) this.emit("skipped", target.functionName, running.next);
        running.next = minute;
      }
    }
  }

  /**
   * Resolves when the runs for minutes up to `minute` (rehearsal ms) have ended, or `deadlineMs` (real) have passed
   * since each began.
   */
  async ended(minute: number, deadlineMs: number, chosen: (functionName: string) => boolean): Promise<void> {
    const taken = new Set(this.#targets.filter((target) => chosen(target.functionName)).map(keyOf));
    const waits = [...this.#running]
      .filter(([key, run]) => taken.has(key) && run.minute <= minute)
      .map(([, { startedMs, ended }]) => atMost(ended, startedMs + deadlineMs - performance.now()));
    await Promise.all(waits);
  }

  /** Begins nothing more; runs that are going on end by themselves, unheard. */
  stop(): void {
    this.#stopped = true;
  }

  /** A rule's countdown begins when the rule is first seen. */
  #isDue({ ruleArn, everyMinutes }: ScheduledTarget, minute: number): boolean {
    const anchor = this.#anchors.get(ruleArn) ?? minute;
    this.#anchors.set(ruleArn, anchor);
    return ((minute - anchor) / MINUTE_MS) % everyMinutes === 0;
  }

  #run(key: string, target: ScheduledTarget, minute: number): void {
    const startedMs = performance.now();
    const over = () => {
      const next = this.#running.get(key)?.next;
      this.#running.delete(key);
      if (next !== undefined && !this.#stopped) this.#run(key, target, next);
    };
    const ended = this.#invoke(target, minute).then(
      (error) => {
        const { rule, functionName } = target;
        const ms = performance.now() - startedMs;
        if (!this.#stopped) this.emit("invoked", { rule, functionName, minute, ms, error });
        over();
      },
      (error: Error) => {
        if (!this.#stopped) this.emit("problem", new Error(`rule ${target.rule}: ${error.message}`));
        over();
      },
    );
    this.#running.set(key, { minute, startedMs, ended, next: undefined });
  }

  async #invoke(target: ScheduledTarget, minute: number): Promise<string | undefined> {
    const answer = await this.#options.lambda.send(
      new InvokeCommand({
        FunctionName: target.functionArn,
        Payload: Buffer.from(target.input ?? scheduledEvent(target.ruleArn, minute)),
      }),
    );
    if (!answer.FunctionError) return undefined;
    return `${answer.FunctionError}: ${Buffer.from(answer.Payload ?? [])
      .toString("utf8")
      .slice(0, 500)}`;
  }

  async #refresh(): Promise<void> {
    if (!this.#stale) return;
    this.#stale = false;
    this.#missing = [];
    try {
      const targets: ScheduledTarget[] = [];
      for (const rule of await listRules(this.#options.events)) {
        for (const scheduled of this.#scheduled(rule)) targets.push(...(await this.#targetsOf(scheduled)));
      }
      this.#targets = targets;
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }

  /** An enabled rule with a rate in minutes; other schedules are told of by name and never fire. */
  #scheduled({ Name: name = "", Arn: arn = "", ScheduleExpression, State }: Rule): DeployedRule[] {
    if (!ScheduleExpression || State !== "ENABLED") return [];
    try {
      return [{ name, arn, everyMinutes: minutesOf(ScheduleExpression, name) }];
    } catch (error) {
      this.emit("problem", error instanceof Error ? error : new Error(String(error)));
      return [];
    }
  }

  async #targetsOf({ name, arn, everyMinutes }: DeployedRule): Promise<ScheduledTarget[]> {
    const found: ScheduledTarget[] = [];
    for (const { Arn = "", Input, InputPath, InputTransformer } of await listTargets(this.#options.events, name)) {
      const functionName = /^arn:aws:lambda:[^:]+:\d+:function:([^:]+)/.exec(Arn)?.[1];
      if (!functionName || InputPath || InputTransformer) {
        this.emit("problem", new Error(`rule ${name}: the rehearsal calls functions with plain input, not ${Arn}`));
      } else if (allowsService(await policyOf(functionName, this.#options.lambda), "events.amazonaws.com", arn)) {
        found.push({ rule: name, ruleArn: arn, everyMinutes, functionArn: Arn, functionName, input: Input });
      } else {
        const advice = "on AWS it would never be called; declare an aws:lambda:Permission";
        this.#missing.push(`rule ${name} has no permission to call function ${functionName}: ${advice}`);
      }
    }
    return found;
  }
}

const keyOf = ({ rule, functionArn }: ScheduledTarget): string => `${rule} ${functionArn}`;

interface DeployedRule {
  readonly name: string;
  readonly arn: string;
  readonly everyMinutes: number;
}

async function listRules(client: EventBridgeClient): Promise<Rule[]> {
  const rules: Rule[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListRulesCommand({ NextToken }));
    rules.push(...(page.Rules ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return rules;
}

async function listTargets(client: EventBridgeClient, name: string): Promise<Target[]> {
  const targets: Target[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListTargetsByRuleCommand({ Rule: name, NextToken }));
    targets.push(...(page.Targets ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  return targets;
}

/**
 * Minutes of `rate(n minutes)`.
 * @throws Error for every other schedule, and for a plural that EventBridge would refuse
 */
export function minutesOf(expression: string, rule: string): number {
  const [, count = "", unit] = /^rate\((\d+) (minutes?)\)$/.exec(expression) ?? [];
  const minutes = Number(count);
  if (minutes < 1 || unit !== (minutes === 1 ? "minute" : "minutes")) {
    throw new Error(`rule ${rule}: the rehearsal keeps rate(1 minute) and rate(n minutes), not ${expression}`);
  }
  return minutes;
}

/** What EventBridge gives a scheduled target without input of its own. */
function scheduledEvent(ruleArn: string, minute: number): string {
  return JSON.stringify({
    version: "0",
    id: randomUUID(),
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: AWS_ACCOUNT_ID,
    time: new Date(minute).toISOString().replace(/\.\d{3}Z$/, "Z"),
    region: AWS_REGION,
    resources: [ruleArn],
    detail: {},
  });
}

async function atMost(work: Promise<void>, ms: number): Promise<void> {
  if (ms <= 0) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
