import { DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { DescribeRulesCommand, ModifyRuleCommand, type Rule } from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  DeleteParametersCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  type Parameter,
  PutParameterCommand,
} from "@aws-sdk/client-ssm";
import type { ReleaseClients } from "./release";
import { awsError } from "./testkit";

const NODE = "arn:node";
const PYTHON = "arn:python";
const PATH = { Field: "path-pattern", PathPatternConfig: { Values: ["/webhooks/*"] } };
const header = (name: string, value: string) => ({
  Field: "http-header",
  HttpHeaderConfig: { HttpHeaderName: name, Values: [value] },
});
const forward = (node: number, python: number) => ({
  Type: "forward" as const,
  ForwardConfig: {
    TargetGroups: [
      { TargetGroupArn: NODE, Weight: node },
      { TargetGroupArn: PYTHON, Weight: python },
    ],
  },
});

/** What the functions of this folder need of AWS, in memory: one listener, Parameter Store, alarms. */
export class TestAws {
  readonly rules: Rule[] = [
    {
      RuleArn: "arn:probe-python",
      Conditions: [header("x-cutover-target", "python")],
      Actions: [{ Type: "forward", TargetGroupArn: "arn:python-probe" }],
    },
    {
      RuleArn: "arn:kill-switch",
      Conditions: [PATH, header("x-cutover-kill-switch", "never")],
      Actions: [{ Type: "forward", TargetGroupArn: NODE }],
    },
    { RuleArn: "arn:traffic", Conditions: [PATH, header("x-webhook-secret", "s")], Actions: [forward(50, 50)] },
    { RuleArn: "arn:unmatched", Conditions: [PATH], Actions: [{ Type: "forward", TargetGroupArn: NODE }] },
    { RuleArn: "arn:anchor", Conditions: [header("x-cutover-anchor", "never")], Actions: [forward(0, 100)] },
  ];
  readonly parameters = new Map<string, { value: string; modified: Date }>();
  /** Every value a parameter had, the first version first. */
  readonly history = new Map<string, string[]>();
  readonly ringing = new Set<string>();
  /** Operations in order, such as `ModifyRule`. */
  readonly calls: string[] = [];
  /** Errors for the next calls of an operation, used up one by one. */
  readonly failures = new Map<string, Error[]>();
  /** Called before an operation takes effect. */
  before: (operation: string) => void = () => {};
  /** How many turns of the event loop a call takes on its way there. */
  turns: () => number = () => 1;
  time = Date.parse("2026-11-22T10:00:00Z");

  /** Hands out the clients; every command goes through {@link TestAws.#answer}. */
  readonly clients = {
    elb: this.#client(),
    ssm: this.#client(),
    cloudwatch: this.#client(),
  } as unknown as ReleaseClients;

  put(name: string, value: unknown): void {
    this.time += 1_000;
    this.parameters.set(name, { value: JSON.stringify(value), modified: new Date(this.time) });
  }

  /** `off`, or where the kill switch leads. */
  get killSwitch(): string {
    const rule = this.rules.find(({ RuleArn }) => RuleArn === "arn:kill-switch");
    return (rule?.Conditions?.length ?? 0) > 1 ? "off" : (rule?.Actions?.[0]?.TargetGroupArn ?? "none");
  }

  #client() {
    return {
      send: async (command: unknown, options?: { readonly abortSignal?: AbortSignal }) => {
        for (let left = this.turns(); left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
        options?.abortSignal?.throwIfAborted();
        const operation = (command as object).constructor.name.replace("Command", "");
        this.calls.push(operation);
        this.before(operation);
        const failure = this.failures.get(operation)?.shift();
        if (failure) throw failure;
        const answer = this.#answer(command);
        // The answer travels, too: what it says may be over when it arrives.
        for (let left = this.turns(); left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
        return answer;
      },
    };
  }

  #answer(command: unknown): unknown {
    this.time += 1;
    if (command instanceof DescribeRulesCommand) {
      const wanted = command.input.RuleArns;
      return { Rules: structuredClone(this.rules.filter((r) => !wanted || wanted.includes(r.RuleArn ?? ""))) };
    }
    if (command instanceof ModifyRuleCommand) {
      const rule = this.rules.find(({ RuleArn }) => RuleArn === command.input.RuleArn);
      if (!rule) throw awsError("RuleNotFoundException", "no such rule");
      if (command.input.Conditions) rule.Conditions = structuredClone(command.input.Conditions);
      if (command.input.Actions) rule.Actions = structuredClone(command.input.Actions);
      return {};
    }
    if (command instanceof DescribeAlarmsCommand) {
      return { CompositeAlarms: [...this.ringing].map((AlarmName) => ({ AlarmName, StateValue: "ALARM" })) };
    }
    return this.#parameterStore(command);
  }

  #parameterStore(command: unknown): unknown {
    if (command instanceof GetParametersByPathCommand) {
      const { Path = "", NextToken } = command.input;
      const below = [...this.parameters.keys()].filter((name) => name.startsWith(`${Path}/`)).sort();
      // Pages of two: a reader that stops after the first page misses records.
      const at = Number(NextToken ?? 0);
      const Parameters: Parameter[] = below.slice(at, at + 2).map((Name) => ({
        Name,
        Value: this.parameters.get(Name)?.value ?? "",
        LastModifiedDate: this.parameters.get(Name)?.modified ?? new Date(0),
        Version: this.history.get(Name)?.length ?? 1,
      }));
      return { Parameters, ...(at + 2 < below.length ? { NextToken: String(at + 2) } : {}) };
    }
    if (command instanceof PutParameterCommand) {
      const { Name = "", Value = "", Overwrite } = command.input;
      if (!Overwrite && this.parameters.has(Name)) throw awsError("ParameterAlreadyExists", Name);
      this.parameters.set(Name, { value: Value, modified: new Date(this.time) });
      const values = [...(this.history.get(Name) ?? []), Value];
      this.history.set(Name, values);
      return { Version: values.length };
    }
    if (command instanceof GetParameterCommand) {
      const [name = "", version] = (command.input.Name ?? "").split(":");
      return { Parameter: { Name: name, Value: this.history.get(name)?.[Number(version) - 1] } };
    }
    if (command instanceof DeleteParametersCommand) {
      for (const name of command.input.Names ?? []) this.parameters.delete(name);
      return {};
    }
    throw new Error(`TestAws does not know ${(command as object).constructor.name}`);
  }
}

/** A number from 0 to `below` - 1, the same sequence for the same seed (mulberry32). */
export function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) % 1_000_003) % below;
  };
}
