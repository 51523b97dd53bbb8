import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { RehearsalPostgres } from "../postgres/postgres";
import { type WriterReport, Writers } from "../postgres/writers";
import { waitFor } from "../support/wait";
import { proofFolder } from "./folder";
import type { BenchResult, BenchSettings, BenchVersions, Measured } from "./migrations-page";

/** Default scene: a table of a million messages, eight writers, and one console that forgot its transaction. */
const SETTINGS: BenchSettings = { rows: 1_000_000, writers: 8, idleSeconds: 10, noopRuns: 7 };
const DEADLINE_MS = 180_000;

const PEERS = join(proofFolder(), "migration-peers");
const NODE = process.execPath;

interface Runner {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Runs the same two migrations with each runner, on a copy of the same database, while writers write.
 * @param say Progress, a line at a time.
 */
export async function benchMigrations(say: (line: string) => void, rows = SETTINGS.rows): Promise<BenchResult> {
  const settings = { ...SETTINGS, rows };
  const root = join(proofFolder(), "../..");
  execFileSync(NODE, [join(root, "tools/build-workspaces.mjs")]);
  installPeers(say);
  const folder = join(root, ".rehearsal", `bench-migrations-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  say(`filling a table with ${rows.toLocaleString("en")} messages`);
  const server = { shared_buffers: "512MB", max_wal_size: "8GB" };
  const postgres = await RehearsalPostgres.start({ folder, seedRows: rows, settings: server });
  try {
    const measured: Measured[] = [];
    const baselineMs = await quiet(postgres, settings);
    for (const runner of runners()) {
      const one = await measure(postgres, runner, settings);
      say(JSON.stringify(one));
      measured.push(one);
    }
    return { measured, baselineMs, settings, versions: await versionsOf(postgres) };
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each as its documentation recommends; none of the others' mentions lock_timeout. Ours comes last and first is no help. */
function runners(): Runner[] {
  return [
    { name: "node-pg-migrate", command: NODE, args: [join(PEERS, "run-node-pg-migrate.mjs")] },
    { name: "graphile-migrate", command: NODE, args: [join(PEERS, "run-graphile-migrate.mjs")] },
    {
      name: "dbmate",
      command: join(PEERS, "node_modules/.bin/dbmate"),
      args: ["--migrations-dir", join(PEERS, "dbmate"), "--no-dump-schema", "up"],
    },
    { name: "cutover", command: NODE, args: [join(PEERS, "run-ours.cjs")] },
  ];
}

async function measure(postgres: RehearsalPostgres, runner: Runner, settings: BenchSettings): Promise<Measured> {
  const database = await copy(postgres, runner.name);
  const idle = new Client({ connectionString: database.url, application_name: "forgotten console" });
  idle.on("error", () => {});
  await idle.connect();
  const writers = await Writers.start(database.appUrl, settings.writers, { patient: true });
  await waitFor(() => writers.writes > 500, { what: "the writers to be at work", deadlineMs: 30_000 });
  await idle.query("BEGIN; SELECT count(*) FROM (SELECT 1 FROM message_queue LIMIT 1) AS one");
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  writers.reset();
  const timer = setTimeout(() => void idle.query("COMMIT").catch(() => {}), settings.idleSeconds * 1000);
  const run = await runOnce(runner, database);
  clearTimeout(timer);
  await idle.end();
  const report = await writers.stop();
  const outcome = await outcomeOf(postgres, database.url, run.failure, report);
  const noops: number[] = [];
  for (let i = 0; i < settings.noopRuns; i += 1) noops.push((await runOnce(runner, database)).ms);
  await postgres.query(postgres.urlFor("supabase_admin", "template1"), `DROP DATABASE ${database.name} WITH (FORCE)`);
  return {
    runner: runner.name,
    longestWriterStallMs: Math.round(report.longestStallMs),
    totalMs: Math.round(run.ms),
    noopMs: Math.round(median(noops)),
    outcome,
  };
}

interface BenchDatabase {
  readonly name: string;
  readonly url: string;
  readonly appUrl: string;
  readonly rootUrl: string;
}

async function copy(postgres: RehearsalPostgres, runner: string): Promise<BenchDatabase> {
  const name = `bench_${runner.replaceAll("-", "_")}`;
  const admin = postgres.urlFor("supabase_admin", "template1");
  await postgres.query(admin, `CREATE DATABASE ${name} TEMPLATE postgres OWNER postgres STRATEGY FILE_COPY`);
  return {
    name,
    url: postgres.urlFor("postgres", name),
    appUrl: postgres.urlFor("rehearsal_app", name),
    rootUrl: admin,
  };
}

/** One process from start to end. A runner that hangs is ended and says so. */
function runOnce(runner: Runner, database: BenchDatabase): Promise<{ ms: number; failure?: string }> {
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: process.env.HOME ?? "",
    RUNNER_URL: database.url,
    ROOT_URL: database.rootUrl,
    DATABASE_URL: `${database.url}?sslmode=disable`,
  };
  const started = performance.now();
  const child = spawn(runner.command, [...runner.args], { env, cwd: PEERS, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      const ms = performance.now() - started;
      if (code === 0) resolve({ ms });
      else
        resolve({
          ms,
          failure: signal ? `hung for ${DEADLINE_MS / 1000} s` : (stderr.trim().split("\n").at(-1) ?? "failed"),
        });
    });
  });
}

async function outcomeOf(
  postgres: RehearsalPostgres,
  url: string,
  failure: string | undefined,
  report: WriterReport,
): Promise<string> {
  const [seen] = await postgres.query<{ columns: number; valid: boolean | null }>(
    url,
    `SELECT (SELECT count(*)::int FROM pg_attribute WHERE attrelid = 'public.message_queue'::regclass
               AND attname IN ('langgraph_thread_id', 'langgraph_run_id', 'workflow_state')) AS columns,
            (SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('public.idx_langgraph_thread')) AS valid`,
  );
  const state = `${seen?.columns} of 3 columns, index ${seen?.valid === null ? "missing" : seen?.valid ? "valid" : "INVALID"}`;
  const done = failure ? `failed (${failure}); ${state}` : seen?.columns === 3 && seen.valid ? "applied" : state;
  const over = report.overAnonLimit > 0 ? `; ${report.overAnonLimit} writes took over 3 s, Supabase cancels them` : "";
  return `${done}${over}${report.errors.length > 0 ? `; ${report.errors.length} writes failed: ${report.errors[0]}` : ""}`;
}

/** The writers alone, with the same idle transaction: what this machine's own jitter is. */
async function quiet(postgres: RehearsalPostgres, settings: BenchSettings): Promise<number> {
  const database = await copy(postgres, "baseline");
  const writers = await Writers.start(database.appUrl, settings.writers, { patient: true });
  await waitFor(() => writers.writes > 500, { what: "the writers to be at work", deadlineMs: 30_000 });
  writers.reset();
  await new Promise((resolve) => setTimeout(resolve, settings.idleSeconds * 1000));
  const report = await writers.stop();
  await postgres.query(postgres.urlFor("supabase_admin", "template1"), `DROP DATABASE ${database.name} WITH (FORCE)`);
  return Math.round(report.longestStallMs);
}

/**
 * The other runners have a lock file of their own, so that nobody who uses this project has to install them. Not `npm ci`:
 * dbmate's programs for other systems are optional and not everywhere to be had, which `ci` takes for a broken lock file.
 */
function installPeers(say: (line: string) => void): void {
  if (existsSync(join(PEERS, "node_modules/.package-lock.json"))) return;
  say("installing the other runners (about 50 MB, once)");
  execFileSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"], {
    cwd: PEERS,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function versionsOf(postgres: RehearsalPostgres): Promise<BenchVersions> {
  const [row] = await postgres.query<{ version: string }>(
    postgres.urlFor("supabase_admin", "template1"),
    "SELECT split_part(current_setting('server_version'), ' ', 1) AS version",
  );
  const version = (name: string) =>
    (JSON.parse(readFileSync(join(PEERS, "node_modules", name, "package.json"), "utf8")) as { version: string })
      .version;
  const peers = ["node-pg-migrate", "graphile-migrate", "dbmate"].map((name) => [name, version(name)] as const);
  return {
    postgres: row?.version ?? "?",
    node: process.versions.node,
    cores: availableParallelism(),
    peers: Object.fromEntries(peers),
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
