import type { AlarmChange } from "./alarms";
import type { PlannedChange } from "./change";
import type { KnownMessages } from "./messages";
import type { MigrationChange } from "./migrations";
import type { Preview } from "./preview";

/** Something a person must have read before saying yes. */
export interface Headline {
  /** `danger`: can lose messages, the way back, or a secret. `notice`: meant, but weighs something. */
  readonly level: "danger" | "notice";
  /** Fixed, for machines. */
  readonly code: HeadlineCode;
  readonly text: string;
  /** Lines in the program's own words, commands mostly. */
  readonly quoted?: readonly string[];
}

export type HeadlineCode =
  | "refused"
  | "failed"
  | "destroy"
  | "skipped-rung"
  | "node-removed"
  | "node-early"
  | "node-capacity"
  | "replaced"
  | "deleted"
  | "looser-trigger"
  | "unclear-trigger"
  | "kill-switch"
  | "rule"
  | "plain-secret"
  | "disarmed"
  | "contract-migration"
  | "locks-unknown"
  | "migration-warning"
  | "migrations-left"
  | "rewrite"
  | "rolled-back"
  | "released"
  | "waits"
  | "webhook"
  | "alternates"
  | "gate"
  | "overridden"
  | "front-door"
  | "image";

/** What the headlines are made from. */
export interface DangerInput {
  readonly preview: Preview;
  readonly change: PlannedChange;
  readonly messages: KnownMessages;
  readonly alarms: readonly AlarmChange[];
  readonly migrations: MigrationChange;
}

export function danger(code: HeadlineCode, text: string, quoted?: readonly string[]): Headline {
  return { level: "danger", code, text, ...(quoted ? { quoted } : {}) };
}

export function notice(code: HeadlineCode, text: string, quoted?: readonly string[]): Headline {
  return { level: "notice", code, text, ...(quoted ? { quoted } : {}) };
}
