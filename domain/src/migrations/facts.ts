import type { CatalogCheck } from "./catalog";
import type { LockMode } from "./locks";

/** Whether all rows of a table are written again: `maybe` depends on the function or type, which the text can't tell. */
export type Rewrite = "no" | "maybe" | "yes";

/** What running one statement means for a live database. */
export interface StatementFacts {
  /** A few words, such as "ALTER TABLE public.message_queue ADD COLUMN workflow_state". */
  readonly summary: string;
  /** Locks on tables that exist before; new relations don't count. */
  readonly locks: readonly { readonly table: string; readonly mode: LockMode }[];
  readonly rewrite: Rewrite;
  /** Whether all rows are read while the lock is held. */
  readonly scan: boolean;
  /** Can't run inside a transaction. */
  readonly needsNoTx: boolean;
  /** Takes away something an application may still use, or rows. */
  readonly destructive: boolean;
  /**
   * Things, as `subjectOf` writes them, of which fewer rights, rows or values are let through afterwards, or that are gone.
   * Nothing is taken away where the same file makes the thing, before or again.
   */
  readonly narrows: readonly string[];
  /** Changes a time limit of the session, which are the runner's: the attempt's limit would no longer hold. */
  readonly ownLimits: boolean;
  /** A DO block, whose text tells us little, or a statement we don't know: locks and effects are not known. */
  readonly opaque: boolean;
  /** An UPDATE or DELETE whose WHERE, if any, leaves no row out. */
  readonly everyRow: boolean;
  /** Must be true before. */
  readonly requires: readonly CatalogCheck[];
  /** Is true afterwards. */
  readonly ensures: readonly CatalogCheck[];
  /** Names, as `subjectOf` writes them, of what is gone afterwards. */
  readonly drops: readonly string[];
  /** Says IF NOT EXISTS and does nothing but what it ensures: needn't run where that already holds. */
  readonly skippable: boolean;
}

export interface Statement extends StatementFacts {
  readonly sql: string;
  readonly line: number;
}

const NOTHING: StatementFacts = {
  summary: "",
  locks: [],
  rewrite: "no",
  scan: false,
  needsNoTx: false,
  destructive: false,
  narrows: [],
  ownLimits: false,
  opaque: false,
  everyRow: false,
  requires: [],
  ensures: [],
  drops: [],
  skippable: false,
};

/** Facts with defaults for what is left out. */
export function facts(summary: string, known: Partial<StatementFacts> = {}): StatementFacts {
  return { ...NOTHING, ...known, summary };
}
