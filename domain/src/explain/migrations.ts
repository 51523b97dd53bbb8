import { LOCK_MODES, type LockMode } from "../migrations/locks";
import { textIn } from "./allowed";
import { list, type Preview } from "./preview";

/** One file that the update would run. */
export interface PendingMigration {
  readonly file: string;
  /** `contract` removes what Node needs. */
  readonly kind: "expand" | "contract" | "unknown";
  readonly statements: readonly MigrationStatement[];
}

export interface MigrationStatement {
  /** The statement in short, as the planner words it. */
  readonly what: string;
  readonly locks: readonly { readonly mode: LockMode; readonly table: string; readonly blocksWriters: boolean }[];
  readonly rewrite: "no" | "maybe" | "yes";
}

/** What the update does to the database. */
export interface MigrationChange {
  readonly pending: readonly PendingMigration[];
  /** `contract` files held back until `decommission`. */
  readonly waiting: readonly string[];
}

const RESOURCE = "pulumi-nodejs:dynamic/cutover:SupabaseMigrations";
const FILE_LINE = /^ {2}(\d+_\w+\.sql) \((expand|contract)\): /;
const STATEMENT_LINE =
  /^ {4}([A-Za-z0-9_ .,;()"*'=-]{1,400}): (.*); (no table rewrite|may rewrite the table|REWRITES THE TABLE)$/;
const LOCK = /^([A-Z ]+) on ([\w."]{1,120}) \((waits for and blocks writers|writers go on)/;

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
  return { pending, waiting };
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
  };
}

function statementIn(line: string): MigrationStatement[] {
  const [, what, locks, rewriting] = STATEMENT_LINE.exec(line) ?? [];
  if (what === undefined || locks === undefined) return [];
  const rewrite = rewriting === "no table rewrite" ? "no" : rewriting === "REWRITES THE TABLE" ? "yes" : "maybe";
  return [{ what, locks: locks.split("; ").flatMap(lockIn), rewrite }];
}

function lockIn(text: string): MigrationStatement["locks"][number][] {
  const [, mode, table, effect] = LOCK.exec(text) ?? [];
  const known = LOCK_MODES.find((one) => one === mode);
  return known && table !== undefined
    ? [{ mode: known, table, blocksWriters: effect === "waits for and blocks writers" }]
    : [];
}

/** The provider says in every preview what is held back, also where the resource does not change. */
function waitingInMessages({ messages }: Preview): string[] {
  return messages.flatMap(({ message }) => {
    const found = [...message.matchAll(/^ *(\d+_\w+\.sql) \(contract\) waits for phase decommission/gm)];
    return found.flatMap(([, file]) => textIn(file, "migration") ?? []);
  });
}
