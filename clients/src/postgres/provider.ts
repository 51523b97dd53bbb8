import { randomUUID } from "node:crypto";
import type { FileRef } from "@cutover/domain/migrations/identity";
import { previewMigrations } from "./preview";
import { type RunResult, runMigrations } from "./run";
import { openMigrations } from "./source";
import { DatabaseError, type DatabaseSettings, parseTarget } from "./target";

/** The stack's configuration as the engine hands it to `configure`. */
export interface StackConfig {
  get(key: string): string | undefined;
}

/** What the resource is given; see providers/migrations.ts. */
export interface MigrationInputs {
  readonly files: readonly FileRef[];
  readonly providerVersion: string;
  readonly phaseAllowsContract: boolean;
  readonly allowOutOfOrder?: string | undefined;
  /** On the way down, or where nothing rises: a database that can't be asked holds nothing up; it is asked the next time. */
  readonly mayWait?: boolean;
  /** The program has asked the planner itself, and refuses: what is left to do is to show the plan in its preview. */
  readonly refused?: boolean;
}

/** Added by `check`, so that a preview shows them. */
export interface CheckedInputs extends MigrationInputs {
  /** Files that an up would apply now. */
  readonly pending: readonly string[];
  /** `contract` files that are held back until `decommission`: for the engine they are not there yet. */
  readonly waiting: readonly string[];
  /** The plan in plain words. */
  readonly plan: readonly string[];
  /** Marks a plan with something to do: a `refresh` compares the state with itself, and what ran once is not pending again. */
  readonly planned?: string;
}

export interface MigrationOutputs extends MigrationInputs {
  /** All applied files, in order. */
  readonly applied: readonly string[];
  /** Files applied by the last up that had something to do. */
  readonly appliedNow: number;
  readonly alreadyApplied: number;
  /** Of `appliedNow`: files whose effect was there already, so that no statement ran. */
  readonly skipped: number;
  /** `contract` files that were held back. */
  readonly waiting: readonly string[];
  /** The plan that this run carried out. */
  readonly planned?: string;
}

export interface ProviderOverrides {
  /** Folder of the migrations; default: migrations/ of this repository. */
  readonly folder?: string;
  /** Where lines for people go; default: standard error, which the engine shows as diagnostics. */
  readonly say?: (line: string) => void;
}

type Bag = Readonly<Record<string, unknown>>;

/** One resource per stack; the id says nothing about the database, so that a new password is no new resource. */
const RESOURCE_ID = "supabase-migrations";

/**
 * The methods of the `SupabaseMigrations` dynamic provider, for `Object.assign` on the stub in providers/migrations.ts.
 * There is no `read` (state is what was applied, the plan of the next preview finds drift) and `delete` touches no data.
 */
export function migrationsProvider(config: StackConfig | undefined, overrides: ProviderOverrides = {}) {
  const say = overrides.say ?? ((line: string) => console.error(line));
  const open = (inputs: MigrationInputs) => openMigrations(overrides.folder, inputs.files);
  const run = async (bag: Bag): Promise<MigrationOutputs> => {
    const inputs = inputsOf(bag);
    const files = open(inputs);
    const { phaseAllowsContract: allowContract, allowOutOfOrder, providerVersion: runnerVersion } = inputs;
    const database = databaseFor("up", config);
    const ran = await runMigrations({ database, files, allowContract, allowOutOfOrder, runnerVersion, log: say });
    return { ...outputs(inputs, ran), ...(typeof bag.planned === "string" ? { planned: bag.planned } : {}) };
  };
  return {
    async check(olds: Bag, news: Bag) {
      const inputs = inputsOf(news);
      const refuse = (reasons: readonly string[], plan: readonly string[] = []) => {
        if (inputs.refused) return { inputs: { ...inputs, pending: [], waiting: waitingIn(olds), plan }, failures: [] };
        if (!inputs.mayWait || !Array.isArray(olds.files)) {
          return { inputs, failures: reasons.map((reason) => ({ property: "files", reason })) };
        }
        say(`Migrations are left for the next update that raises the share: ${reasons.join("; ")}`);
        const waiting = waitingIn(olds);
        return { inputs: { ...inputsOf(olds), mayWait: true, pending: [], waiting, plan: [] }, failures: [] };
      };
      try {
        const files = open(inputs);
        const { phaseAllowsContract: allowContract, allowOutOfOrder } = inputs;
        const { pending, waiting, problems, lines } = await previewMigrations({
          database: databaseFor("preview", config),
          files,
          allowContract,
          allowOutOfOrder,
        });
        if (problems.length > 0) {
          return refuse(
            problems.map((problem) => problem.message),
            lines,
          );
        }
        if (pending.length + waiting.length > 0) say(lines.join("\n"));
        const planned = pending.length > 0 ? { planned: randomUUID() } : {};
        return {
          inputs: { ...inputs, pending, waiting, plan: lines, ...planned } satisfies CheckedInputs,
          failures: [],
        };
      } catch (error) {
        return refuse([error instanceof Error ? error.message : String(error)]);
      }
    },
    async diff(_id: string, olds: Bag, news: Bag) {
      const pending = Array.isArray(news.pending) && news.pending.length > 0 && news.planned !== olds.planned;
      return { changes: pending || identity(olds) !== identity(news) };
    },
    create: async (news: Bag) => ({ id: RESOURCE_ID, outs: await run(news) }),
    update: async (_id: string, _olds: Bag, news: Bag) => ({ outs: await run(news) }),
    delete: async () => {},
  };
}

function inputsOf(bag: Bag): MigrationInputs {
  return {
    files: (bag.files ?? []) as readonly FileRef[],
    providerVersion: String(bag.providerVersion),
    phaseAllowsContract: bag.phaseAllowsContract === true,
    ...(typeof bag.allowOutOfOrder === "string" ? { allowOutOfOrder: bag.allowOutOfOrder } : {}),
    ...(bag.mayWait === true ? { mayWait: true } : {}),
    ...(bag.refused === true ? { refused: true } : {}),
  };
}

/** What an update is for: other files that may run, or another version of this code. Keys may come back in any order. */
function identity(bag: Bag): string {
  const { files, providerVersion } = inputsOf(bag);
  const counted = files.filter(({ file }) => !waitingIn(bag).includes(file));
  return JSON.stringify([providerVersion, counted.map(({ file, sha256 }) => [file, sha256])]);
}

function waitingIn(bag: Bag): readonly string[] {
  return Array.isArray(bag.waiting) ? bag.waiting.map(String) : [];
}

function outputs(inputs: MigrationInputs, run: RunResult): MigrationOutputs {
  return {
    ...inputs,
    applied: [...run.before, ...run.applied.map((one) => one.file)].sort(),
    appliedNow: run.applied.length,
    alreadyApplied: run.before.length,
    skipped: run.applied.filter((one) => one.adopted).length,
    waiting: run.waiting,
  };
}

/**
 * A preview prefers the read-only role, so that a pull request needs no right to change anything. `CUTOVER_READ_ONLY=1`, as
 * the workflows set it, takes no other.
 */
function databaseFor(purpose: "preview" | "up", config: StackConfig | undefined): DatabaseSettings {
  const text = config?.get("database");
  const missing = 'Set it: pulumi config set --secret --path cutover:database.url "postgresql://…:5432/postgres"';
  if (text === undefined) throw new DatabaseError(`The stack's config has no cutover:database. ${missing}`);
  let parsed: { url?: unknown; previewUrl?: unknown; region?: unknown };
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch {
    throw new DatabaseError(`cutover:database is no object with "url". ${missing}`);
  }
  if (purpose === "preview" && process.env.CUTOVER_READ_ONLY === "1" && parsed.previewUrl === undefined) {
    throw new DatabaseError(
      "CUTOVER_READ_ONLY is set, and there is no role that only reads, so the database is not asked. Set it: pulumi config set --secret --path cutover:database.previewUrl URL (docs/migrations.md)",
    );
  }
  const url = purpose === "preview" ? (parsed.previewUrl ?? parsed.url) : parsed.url;
  if (typeof url !== "string") throw new DatabaseError(`cutover:database has no url. ${missing}`);
  const settings = { url, ...(typeof parsed.region === "string" ? { region: parsed.region } : {}) };
  parseTarget(settings); // a wrong URL is said here, in words of our own
  return settings;
}
