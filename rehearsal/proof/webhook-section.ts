import { readStackRecord } from "@cutover/clients/record/stack-record";
import { AWS_REGION } from "../aws/emulators";
import { describeErrors } from "../engine/events";
import type { ConfigEntry, EngineResult } from "../engine/stack";
import { account, describeLost, drained } from "../story/ledger";
import { MESSAGE_PREFIX } from "../story/traffic";
import type { ProofScene } from "./world";

/** A part of the proof, and what customers' messages saw of it. */
export interface WebhookSection {
  readonly section: string;
  readonly sent: number;
  /** Not accepted, or accepted and never completed. */
  readonly lost: number;
  /** Reached the front door without a secret that it accepts. */
  readonly withoutSecret: number;
  /** What a person read, where it is to be refused. */
  readonly read?: string;
  readonly problems: readonly string[];
}

export interface Expected {
  /** Messages without an accepted secret: none (default), or some. */
  readonly withoutSecret?: "some" | "none";
}

const DRAIN_MS = 60_000;

/** Plays a part while messages flow, and counts what became of them. What `play` returns is what a person read. */
export async function section(
  scene: ProofScene,
  name: string,
  play: () => Promise<string | undefined>,
  { withoutSecret: expected = "none" }: Expected = {},
): Promise<WebhookSection> {
  const { stage, terminal, traffic } = scene;
  terminal.heading(name);
  const beganAt = Date.now();
  const before = await unmatched(scene);
  const problems: string[] = [];
  const read = await play().catch((error: unknown) => {
    if (stage.signal.aborted) throw error;
    problems.push(error instanceof Error ? error.message : String(error));
    return undefined;
  });
  const messages = traffic.messages.filter(({ sentAt }) => sentAt >= beganAt);
  const rows = await drained(stage.postgres, MESSAGE_PREFIX, messages, DRAIN_MS, stage.signal);
  const { lost, sent } = account(messages, rows);
  const withoutSecret = (await unmatched(scene)) - before;
  if (lost.length > 0) problems.push(`${lost.length} of ${sent} messages lost: ${describeLost(lost)}`);
  if (expected === "none" && withoutSecret > 0) problems.push(`${withoutSecret} messages without an accepted secret`);
  if (expected === "some" && withoutSecret === 0)
    problems.push("no message without an accepted secret, and some must be");
  terminal.line(`» ${sent} sent, ${lost.length} lost, ${withoutSecret} without an accepted secret`);
  for (const problem of problems) terminal.bad(problem);
  return { section: name, sent, lost: lost.length, withoutSecret, ...(read === undefined ? {} : { read }), problems };
}

/** Messages so far that the weighted rule did not take. */
async function unmatched({ stage }: ProofScene): Promise<number> {
  const { manifest } = await readStackRecord(stage.stack, { region: AWS_REGION }, stage.aws.ssm);
  const group = manifest?.targetGroups.nodeUnmatched;
  return group === undefined ? 0 : stage.balancer.metrics.targetGroup(group).RequestCount;
}

/** `pulumi up` that has to succeed. */
export async function up({ stage, terminal }: ProofScene, ...config: ConfigEntry[]): Promise<EngineResult> {
  const [first, ...more] = config;
  if (first) await stage.engine.configSet(first, ...more);
  const activity = terminal.activity(`pulumi up ${config.map(({ key, value }) => `${key} ${value}`)[0] ?? ""}`);
  const result = await stage.engine.up({ allowFailure: true });
  if (result.exitCode === 0) activity.done();
  else {
    activity.failed("failed");
    throw new Error(`pulumi up failed: ${describeErrors(result.diagnostics)}`);
  }
  return result;
}

/** `pulumi up` that has to be refused with these words. @returns what a person read of it */
export async function refused({ stage, terminal }: ProofScene, words: RegExp): Promise<string> {
  const activity = terminal.activity("pulumi up, to be refused");
  const { exitCode, text, diagnostics } = await stage.engine.up({ allowFailure: true });
  const flat = text.replaceAll(/\s+/g, " ");
  const [found] = words.exec(flat) ?? [];
  if (exitCode !== 0 && found !== undefined) {
    activity.done("refused");
    return found;
  }
  activity.failed(exitCode === 0 ? "was not refused" : "refused for another reason");
  throw new Error(`expected a refusal with ${words}, got exit code ${exitCode}: ${describeErrors(diagnostics)}`);
}
