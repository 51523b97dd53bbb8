import type { Applied } from "@cutover/domain/decide";
import type { KillSwitchState } from "@cutover/domain/kill-switch";
import type { EngineHealth } from "@cutover/domain/rollback";
import type { LostMessages, Notice } from "@cutover/domain/rollback/notice";
import type { AlarmNow } from "@cutover/domain/rollback/reconcile";
import type { RollbackRecord, StepResult } from "@cutover/domain/rollback/record";
import type { LiveListener } from "../loadbalancer/kill-switch";
import type { RollbackDraft, RollbackShelf } from "../record/rollback-record";

/** What a step came to; a thrown error is a failure, too. */
export type Outcome = Omit<StepResult, "at">;

/** A line of the function's log. Holds no secret. */
export type LogLine = { readonly event: string } & Readonly<Record<string, unknown>>;

/** Everything the rollback does to the world. Each method has a deadline of its own and throws when it passes. */
export interface RollbackPorts {
  readonly readListener: () => Promise<LiveListener>;
  /** Moves the kill switch and returns once its rule reads so. */
  readonly setSwitch: (to: Exclude<KillSwitchState, "off">) => Promise<void>;
  readonly readShelf: () => Promise<RollbackShelf>;
  /** `after`: an open record whose release has begun, which a new rollback must not join. */
  readonly createRecord: (
    draft: RollbackDraft,
    after?: string,
  ) => Promise<{ readonly record: RollbackRecord; readonly joined: boolean }>;
  readonly updateRecord: (record: RollbackRecord) => Promise<RollbackRecord>;
  readonly markReleased: (id: string) => Promise<void>;
  readonly rememberPaged: (what: string) => Promise<void>;
  readonly readApplied: () => Promise<Applied | undefined>;
  /** Composite alarms that roll back and alarms of suspicion. */
  readonly readAlarms: () => Promise<{ readonly alarms: readonly AlarmNow[]; readonly sharedOutage: boolean }>;
  readonly probe: (engine: "node" | "python") => Promise<EngineHealth>;
  /** Whether the inbox takes a message, asked through its probe rule. */
  readonly probeInbox: () => Promise<EngineHealth>;
  /** Messages in the inbox, about. */
  readonly countInbox: () => Promise<number>;
  /** Points GoHighLevel at Node, or at the front door, where `hold` keeps what comes. */
  readonly moveWebhook: (to: "node" | "front-door") => Promise<Outcome>;
  /** Where GoHighLevel points; undefined where it is not ours to know. */
  readonly readWebhook: () => Promise<WebhookPlace | undefined>;
  readonly lostMessages: () => Promise<LostMessages>;
  readonly tellPeople: (notice: Notice) => Promise<void>;
  /** Milliseconds since the epoch, real ones also in a rehearsal: compared with AWS's stamps. */
  readonly now: () => number;
  /** Real milliseconds that a span of the applications' time takes: the same but in a rehearsal. */
  readonly realSpan: (ms: number) => number;
  readonly log: (line: LogLine) => void;
}

/** Where GoHighLevel points. `theirs`: a person put something of their own there. */
export interface WebhookPlace {
  readonly place: "node" | "front-door" | "theirs";
  /** The URL without its query string. */
  readonly shown: string;
}

/** What the function answers; the CLI shows it. */
export interface RollbackReport {
  /**
   * `rolled-back`: the switch is proved moved. `joined`: a rollback was under way already. `completed`: the reconciler
   * finished something. `left`: traffic stays, people were told. `ignored`, `nothing`: no reason to act.
   * `failed`: traffic should have moved and has not, or nothing could be seen.
   */
  readonly outcome: "rolled-back" | "joined" | "completed" | "left" | "ignored" | "nothing" | "failed";
  readonly id?: string;
  /** Where the kill switch sends every message now; absent where it was not moved or could not be seen. */
  readonly to?: "node" | "hold";
  /** One sentence for people. */
  readonly sentence: string;
  readonly steps?: RollbackRecord["steps"];
}
