import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { SNSClient } from "@aws-sdk/client-sns";
import type { SSMClient } from "@aws-sdk/client-ssm";
import { type HeldRequest, judgeReplay, parseHeld, replayHeaders } from "@cutover/domain/inbox";
import type { ReplayConfig, ReplaySecrets } from "@cutover/domain/inbox-config";
import { refusedNotice } from "@cutover/domain/inbox-notice";
import { type Engine, metricNamespace } from "@cutover/domain/metrics";
import { inboxWaitsForNode, openRecord } from "@cutover/domain/rollback/record";
import { awsReason } from "../aws/persist";
import type { HttpClient } from "../http/client";
import { publishMetrics } from "../metrics/publish";
import { readRollbacks } from "../record/rollback-record";
import { probeEngine } from "../rollback/probe";
import { publishNotice, readReplaySecrets } from "./parts";
import type { HeldMessage, ReplayQueue } from "./queue";

/** What the replayer works with; tests give their own. */
export interface ReplayParts {
  readonly queue: ReplayQueue;
  readonly http: Pick<HttpClient, "send">;
  readonly secrets: Pick<SecretsManagerClient, "send">;
  /** Holds the rollback records, which say whether Python may have held messages. */
  readonly ssm: Pick<SSMClient, "send">;
  readonly sns: Pick<SNSClient, "send">;
  readonly cloudwatch: Pick<CloudWatchClient, "send">;
  /** The clock of the messages' stamps. */
  readonly now: () => number;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** What one run did. */
export interface ReplayReport {
  /** Where messages went; undefined: none waited, or no engine answered. */
  readonly engine?: Engine;
  readonly replayed: number;
  readonly refused: number;
  /** Looked at and left for the next run. */
  readonly left: number;
}

/** A run begins no new message after this (real time); the function may take 58 s. */
const RUN_MS = 40_000;
/** As long as a sender waits for an answer. */
const ANSWER_MS = 10_000;
/** So many conversations whose message the engine could not take end a run: it is the engine, not the message. */
const FAILURES_END_RUN = 3;
/** After so many tries a message that fails while others pass is refused: each try is a minute. */
const TRIES = 10;
/** Reading the rollback records; where that takes longer the messages wait another minute. */
const RECORDS = { deadlineMs: 5_000, attemptMs: 2_000 } as const;

/**
 * Empties the inbox into the first engine that answers. A conversation's messages go one after the other, conversations side
 * by side. A message that the engine takes is deleted; one that it refuses goes to the queue of refused ones and people are
 * told; anything else stays, with what comes after it in that conversation. Python gets none where a rollback took it out.
 * Never throws.
 */
export async function runReplay(config: ReplayConfig, parts: ReplayParts): Promise<ReplayReport> {
  try {
    return await new Replay(config, parts).run();
  } catch (error) {
    parts.log({ event: "replay_failed", reason: awsReason(error) });
    return { replayed: 0, refused: 0, left: 0 };
  }
}

class Replay {
  readonly #config: ReplayConfig;
  readonly #parts: ReplayParts;
  readonly #until = performance.now() + RUN_MS;
  readonly #left: HeldMessage[] = [];
  readonly #refused: string[] = [];
  #replayed = 0;
  #failures = 0;

  constructor(config: ReplayConfig, parts: ReplayParts) {
    this.#config = config;
    this.#parts = parts;
  }

  async run(): Promise<ReplayReport> {
    const { queue } = this.#parts;
    if ((await queue.count()) === 0) return this.#report(undefined);
    const secrets = await readReplaySecrets(this.#config.secretArn, this.#parts.secrets);
    const engine = await this.#firstAnswering(secrets);
    try {
      for (let going = true; going; ) {
        const batch = await queue.receive();
        if (batch.length === 0) break;
        if (engine) await this.#replayAll(batch, engine, secrets);
        else this.#left.push(...batch);
        going = engine !== undefined && this.#failures < FAILURES_END_RUN && performance.now() < this.#until;
      }
    } finally {
      await this.#finish();
    }
    return this.#report(engine);
  }

  async #firstAnswering({ probeKey }: ReplaySecrets): Promise<Engine | undefined> {
    const { domain, engines } = this.#config;
    for (const { engine, healthPath } of engines) {
      if (engine === "python" && !(await this.#pythonMay())) continue;
      const health = await probeEngine({ domain, engine, path: healthPath, key: probeKey }, this.#parts.http);
      if (health === "answers") return engine;
    }
    return undefined;
  }

  /** A dead Node must not hand a rolled-back Python everything. Records that can't be read: the messages wait for Node. */
  async #pythonMay(): Promise<boolean> {
    const { stack, engines } = this.#config;
    if (!engines.some(({ engine }) => engine === "node")) return true;
    try {
      const { records } = await readRollbacks(stack, this.#parts.ssm, RECORDS);
      const open = openRecord(records);
      const waits = open !== undefined && inboxWaitsForNode(open);
      if (waits) this.#parts.log({ event: "replay_waits_for_node", id: open.id });
      return !waits;
    } catch (error) {
      this.#parts.log({ event: "replay_waits_for_node", reason: awsReason(error) });
      return false;
    }
  }

  async #replayAll(batch: readonly HeldMessage[], engine: Engine, secrets: ReplaySecrets): Promise<void> {
    const groups = new Map<string, HeldMessage[]>();
    for (const message of batch) groups.set(message.groupId, [...(groups.get(message.groupId) ?? []), message]);
    await Promise.all([...groups.values()].map((group) => this.#replayGroup(group, engine, secrets)));
  }

  async #replayGroup(group: readonly HeldMessage[], engine: Engine, secrets: ReplaySecrets): Promise<void> {
    for (const [at, message] of group.entries()) {
      if (performance.now() < this.#until && (await this.#replay(message, engine, secrets))) continue;
      this.#left.push(...group.slice(at));
      return;
    }
  }

  /** @returns whether the conversation may go on */
  async #replay(message: HeldMessage, engine: Engine, secrets: ReplaySecrets): Promise<boolean> {
    const held = parseHeld(message.body);
    if (!held) return this.#refuse(message, undefined, "it is not readable");
    // Python refuses what came without the right secret; while Node may come back such a message waits for it.
    if (engine === "python" && !held.authentic && this.#config.engines.some((e) => e.engine === "node")) return false;
    const answer = await this.#send(held, engine, secrets);
    const verdict = judgeReplay(answer.status);
    if (verdict === "accepted") {
      this.#replayed++;
      await this.#parts.queue.remove(message);
      return true;
    }
    if (verdict === "refused") return this.#refuse(message, held, `${engine} answered ${answer.status}`);
    this.#parts.log({ event: "replay_later", engine, reason: answer.why, tries: message.tries });
    if (message.tries >= TRIES && this.#replayed > 0) {
      return this.#refuse(message, held, `${engine}: ${answer.why}, ${message.tries} times, while it took others`);
    }
    this.#failures++;
    return false;
  }

  async #send(held: HeldRequest, engine: Engine, { probeKey, webhookSecret }: ReplaySecrets) {
    try {
      const { status } = await this.#parts.http.send({
        method: held.method === "POST" || held.method === "PUT" ? held.method : "POST",
        path: `https://${this.#config.domain}${held.path}`,
        headers: {
          ...replayHeaders(held, webhookSecret),
          "x-cutover-target": engine,
          "x-cutover-key": probeKey,
        },
        // As bytes: a text would be parsed and written anew.
        body: Buffer.from(held.body, held.base64 ? "base64" : "utf8"),
        retry: false,
        deadlineMs: ANSWER_MS,
      });
      return { status, why: `status ${status}` };
    } catch (error) {
      return { status: undefined, why: awsReason(error) };
    }
  }

  /** Kept in the second queue before it leaves the first: a kill between the two makes two copies, not none. */
  async #refuse(message: HeldMessage, held: HeldRequest | undefined, why: string): Promise<boolean> {
    await this.#parts.queue.refuse(message, why);
    this.#refused.push(`${held?.key ?? "no key"}: ${why}`);
    this.#parts.log({ event: "replay_refused", key: held?.key, why });
    return true;
  }

  /** What was looked at and not taken is there again for the next run, in order; then metric and notice. */
  async #finish(): Promise<void> {
    const { queue, log, now } = this.#parts;
    const quietly = async (what: string, act: () => Promise<void>) => {
      try {
        await act();
      } catch (error) {
        log({ event: `${what}_failed`, reason: awsReason(error) });
      }
    };
    await quietly("put_back", () => queue.putBack(this.#left));
    const ages = this.#left.flatMap(({ body }) => parseHeld(body)?.at ?? []).map((at) => now() - at);
    await quietly("publish", () => this.#publish(Math.max(0, ...ages) / 1000));
    if (this.#refused.length === 0) return;
    const { subject, text } = refusedNotice(this.#config.stack, this.#refused, this.#config.refusedQueueUrl);
    await quietly("notice", () => publishNotice(this.#config.peopleTopicArn, subject, text, this.#parts.sns));
  }

  async #publish(seconds: number): Promise<void> {
    const datum = { name: "InboxOldestSeconds", dimensions: {}, value: seconds, unit: "Seconds" } as const;
    await publishMetrics(this.#parts.cloudwatch, metricNamespace(this.#config.stack), [
      { ...datum, at: this.#parts.now(), highResolution: false },
    ]);
  }

  #report(engine: Engine | undefined): ReplayReport {
    return {
      ...(engine ? { engine } : {}),
      replayed: this.#replayed,
      refused: this.#refused.length,
      left: this.#left.length,
    };
  }
}
