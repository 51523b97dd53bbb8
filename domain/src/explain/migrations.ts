import { LOCK_MODES, type LockMode } from "../migrations/locks";
import { textIn } from "./allowed";
import { list, type Preview } from "./preview";

/** One file that the update would run. */
export interface PendingMigration {
  readonly file: string;
  /** `contract` removes what Node needs. */
  readonly kind: "expand" | "contract" | "unknown";
  readonly statements: readonly MigrationStatement[];
  /** Lines of the plan that this reader does not understand: their statements are not told. */
  readonly notUnderstood: number;
}

export interface MigrationStatement {
  /** The statement in short, as the planner words it; undefined where it could hold a value. */
  readonly what: string | undefined;
  /** It may take locks that the planner can't know: a DO block, a function that it calls. */
  readonly locksUnknown: boolean;
  readonly locks: readonly { readonly mode: LockMode; readonly table: string; readonly blocksWriters: boolean }[];
  readonly rewrite: "no" | "maybe" | "yes";
}

/** What the update does to the database. */
export interface MigrationChange {
  readonly pending: readonly PendingMigration[];
  /** `contract` files held back until `decommission`. */
  readonly waiting: readonly string[];
  /** What the planner warns of, in its own words. */
  readonly warnings: readonly string[];
  /** The database could not be asked, or has a reason against: nobody knows what is pending, and nothing is applied. */
  readonly left: boolean;
}

const RESOURCE = "pulumi-nodejs:dynamic/cutover:SupabaseMigrations";
const FILE_LINE = /^ {2}(\d+_\w+\.sql) \((expand|contract)\): /;
const STATEMENT_LINE = /^ {4}(.*): (.*); (no table rewrite|may rewrite the table|REWRITES THE TABLE)$/;
/**
 * A statement's words that may be shown: others could be values. The SQL itself is in the same pull request, so this is no
 * fence against a secret that stands in it as a plain word.
 */
const WORDS = /^[A-Za-z0-9_ .,;()"*'=-]{1,400}$/;
const UNLOCKED_LINE = /^ {4}(1 statement|\d+ statements) without a lock on an existing table$/;
const LOCK = /^([A-Z ]+) on ([\w."]{1,120}) \((waits for and blocks writers|writers go on)/;
const WARNING_WORDS = /^[A-Za-z0-9_ .,:;()"'=-]{1,600}$/;
const WARNING_LINE = /^ {2}warning: (.{1,600})$/;
/** clients/src/postgres/provider.ts says this where the way down must not wait for the database. */
export const LEFT = /^Migrations are left for the next update that raises the share: /;

/**
 * The plan of the SupabaseMigrations resource (domain/src/migrations/describe.ts words it). Where the resource does not
 * change, nothing is pending.
 */
export function migrationChange(preview: Preview): MigrationChange {
  const inputs = preview.steps.find(({ type, op }) => type === RESOURCE && op !== "delete")?.new?.inputs;
  const files = (value: unknown) => list(value).flatMap((file) => textIn(file, "migration") ?? []);
  const lines = list(inputs?.plan).filter((line): line is string => typeof line === "string");
  const pending = files(inputs?.pending).map((file) => describe(file, lines));
  const waiting = inputs ? files(inputs.waiting) : waitingInMessages(preview);
  const warnings = lines.flatMap((line) => {
    const words = WARNING_LINE.exec(line)?.[1];
    if (words === undefined) return [];
    return WARNING_WORDS.test(words) ? [words] : ["a warning whose words are not shown: see the job's log"];
  });
  return { pending, waiting, warnings, left: preview.messages.some(({ message }) => LEFT.test(message)) };
}

function describe(file: string, lines: readonly string[]): PendingMigration {
  const start = lines.findIndex((line) => FILE_LINE.exec(line)?.[1] === file);
  const kind = FILE_LINE.exec(lines[start] ?? "")?.[2];
  const rest = start < 0 ? [] : lines.slice(start + 1);
  const end = rest.findIndex((line) => !line.startsWith("    "));
  const own = end < 0 ? rest : rest.slice(0, end);
  return {
    file,
    kind: kind === "expand" || kind === "contract" ? kind : "unknown",
    statements: own.flatMap(statementIn),
    notUnderstood: own.filter((line) => !STATEMENT_LINE.test(line) && !UNLOCKED_LINE.test(line)).length,
  };
}

function statementIn(line: string): MigrationStatement[] {
  const [, words = "", locks, rewriting] = STATEMENT_LINE.exec(line) ?? [];
  if (locks === undefined) return [];
  const rewrite = rewriting === "no table rewrite" ? "no" : rewriting === "REWRITES THE TABLE" ? "yes" : "maybe";
  const parts = locks.split("; ").map(lockIn);
  return [
    {
      what: WORDS.test(words) ? words : undefined,
      locks: parts.filter((lock) => lock !== undefined),
      // "locks not known", and whatever else this reader does not know.
      locksUnknown: parts.includes(undefined),
      rewrite,
    },
  ];
}

function lockIn(text: string): MigrationStatement["locks"][number] | undefined {
  const [, mode, table, effect] = LOCK.exec(text) ?? [];
  const known = LOCK_MODES.find((one) => one === mode);
  return known && table !== undefined
    ? { mode: known, table, blocksWriters: effect === "waits for and blocks writers" }
    : undefined;
}

/** Whether of some statement nobody knows what it locks. */
export function locksUnknown({ statements, notUnderstood }: PendingMigration): boolean {
  return notUnderstood > 0 || statements.some((one) => one.locksUnknown);
}

/** The provider says in every preview what is held back, also where the resource does not change. */
function waitingInMessages({ messages }: Preview): string[] {
  return messages.flatMap(({ message }) => {
    const found = [...message.matchAll(/^ *(\d+_\w+\.sql) \(contract\) waits for phase decommission/gm)];
    return found.flatMap(([, file]) => textIn(file, "migration") ?? []);
  });
}
