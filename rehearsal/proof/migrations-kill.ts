import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { runMigrations } from "@cutover/clients/postgres/run";
import { openMigrations } from "@cutover/clients/postgres/source";
import { RehearsalPostgres } from "../postgres/postgres";
import { proofFolder } from "./folder";

export interface KillResult {
  /** Messages an undisturbed run sends. */
  readonly messages: number;
  readonly kills: number;
  /** Kills after which another run reached exactly the undisturbed run's result. */
  readonly resumed: number;
  readonly failures: readonly string[];
}

/**
 * Ends the migration runner with SIGKILL at every single message it sends to the database, once before the message gets
 * there and once after, each time on a fresh database; then lets another run finish and compares with an undisturbed one.
 */
export async function killEverywhere(): Promise<KillResult> {
  const root = join(proofFolder(), "../..");
  execFileSync(process.execPath, [join(root, "tools/build-workspaces.mjs")]);
  const folder = join(root, ".rehearsal", `proof-kill-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const postgres = await RehearsalPostgres.start({ folder, seedRows: 2_000 });
  try {
    const reference = await play(postgres, "reference", Number.POSITIVE_INFINITY, "before");
    const failures: string[] = [];
    for (let message = 1; message <= reference.messages; message += 1) {
      for (const moment of ["before", "after"] as const) {
        const { state } = await play(postgres, `kill_${message}_${moment}`, message, moment);
        if (state !== reference.state) failures.push(`${moment} message ${message}: ${state}`);
      }
    }
    const kills = 2 * reference.messages;
    return { messages: reference.messages, kills, resumed: kills - failures.length, failures };
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One fresh database: a run that is killed, another that finishes, and what the database looks like then. */
async function play(postgres: RehearsalPostgres, name: string, killAt: number, moment: "before" | "after") {
  const admin = postgres.urlFor("supabase_admin", "template1");
  await postgres.query(admin, `CREATE DATABASE ${name} TEMPLATE postgres OWNER postgres`);
  const url = postgres.urlFor("postgres", name);
  try {
    const gate = await KillingProxy.start(postgres.port, killAt, moment);
    const child = spawn(process.execPath, [join(proofFolder(), "migration-peers/run-all.cjs")], {
      env: { PATH: process.env.PATH ?? "", RUNNER_URL: url.replace(`:${postgres.port}/`, `:${gate.port}/`) },
      cwd: proofFolder(),
      stdio: "ignore",
    });
    gate.aimAt(child);
    await new Promise((done) => child.once("exit", done));
    await gate.stop();
    await runMigrations({ database: { url }, files: openMigrations(), allowContract: false, runnerVersion: "proof" });
    const again = await runMigrations({
      database: { url },
      files: openMigrations(),
      allowContract: false,
      runnerVersion: "proof",
    });
    const state =
      again.applied.length === 0 ? await describeDatabase(postgres, name) : `${again.applied.length} applied again`;
    return { state, messages: gate.messages };
  } catch (error) {
    return { state: error instanceof Error ? error.message : String(error), messages: 0 };
  } finally {
    await postgres.query(admin, `DROP DATABASE ${name} WITH (FORCE)`);
  }
}

/** The tables and views that migrations make or change. */
const OURS =
  "SELECT oid FROM pg_class WHERE relkind IN ('r', 'v') AND (relnamespace = 'langgraph_ops'::regnamespace " +
  "OR oid IN ('public.message_queue'::regclass, 'public.webhook_receipts'::regclass))";

/** Everything migrations make, as one text. */
export async function describeDatabase(postgres: RehearsalPostgres, name: string): Promise<string> {
  const [row] = await postgres.query<{ state: string }>(
    postgres.urlFor("supabase_admin", name),
    `SELECT json_build_object(
       'columns', (SELECT json_agg(concat_ws(' ', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, attacl)
            ORDER BY attrelid::regclass::text, attnum)
          FROM pg_attribute WHERE attrelid IN (${OURS}) AND attnum > 0 AND NOT attisdropped),
       'constraints', (SELECT json_agg(pg_get_constraintdef(oid) ORDER BY conrelid::regclass::text, conname) FROM pg_constraint
          WHERE conrelid IN (${OURS})),
       'indexes', (SELECT json_agg(pg_get_indexdef(indexrelid) || indisvalid ORDER BY indexrelid::regclass::text) FROM pg_index
          WHERE indrelid IN (${OURS})),
       'policies', (SELECT json_agg(concat_ws(' ', polname, polrelid::regclass, polcmd, polpermissive,
            (SELECT string_agg(coalesce(rolname, 'PUBLIC'), ',' ORDER BY rolname) FROM unnest(polroles) r LEFT JOIN pg_roles ON oid = r),
            'using', pg_get_expr(polqual, polrelid), 'check', pg_get_expr(polwithcheck, polrelid)) ORDER BY polname) FROM pg_policy),
       'relations', (SELECT json_agg(concat_ws(' ', oid::regclass, relkind, relrowsecurity, relforcerowsecurity, reloptions, relacl,
            CASE WHEN relkind = 'v' THEN pg_get_viewdef(oid) END) ORDER BY relname) FROM pg_class WHERE oid IN (${OURS})),
       'functions', (SELECT json_agg(concat_ws(' ', pg_get_functiondef(oid), proacl) ORDER BY proname) FROM pg_proc
          WHERE pronamespace IN ('public'::regnamespace, 'langgraph_ops'::regnamespace) AND prokind = 'f'),
       'schemas', (SELECT json_agg(concat_ws(' ', nspname, nspacl) ORDER BY nspname) FROM pg_namespace
          WHERE nspname IN ('public', 'langgraph_ops')),
       'roles', (SELECT json_agg(concat_ws(' ', rolname, rolcanlogin, rolsuper, rolbypassrls, rolinherit) ORDER BY rolname)
          FROM pg_roles WHERE rolname LIKE 'langgraph%'),
       'members', (SELECT count(*) FROM pg_auth_members WHERE roleid IN (SELECT oid FROM pg_roles WHERE rolname LIKE 'langgraph%')),
       'history', (SELECT json_agg(name || ' ' || status || ' ' || checksum ORDER BY version) FROM langgraph_ops.schema_migrations),
       'rows', (SELECT count(*) FROM public.message_queue),
       'locks', (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
     )::text AS state`,
  );
  return row?.state ?? "nothing";
}

/** Passes everything on and counts what the client sends; at one message it ends the client's process. */
class KillingProxy {
  messages = 0;
  #target: ChildProcess | undefined;

  private constructor(private readonly server: Server) {}

  static async start(backendPort: number, killAt: number, moment: "before" | "after"): Promise<KillingProxy> {
    const server = createServer();
    const proxy = new KillingProxy(server);
    server.on("connection", (client) => {
      const backend = connect({ host: "127.0.0.1", port: backendPort });
      client.on("data", (chunk) => {
        proxy.messages += 1;
        if (proxy.messages > killAt) return;
        if (proxy.messages === killAt && moment === "before") return void proxy.#target?.kill("SIGKILL");
        backend.write(chunk);
        if (proxy.messages === killAt) proxy.#target?.kill("SIGKILL");
      });
      backend.on("data", (chunk) => client.write(chunk));
      for (const [one, other] of [
        [client, backend],
        [backend, client],
      ] as const) {
        one.on("close", () => other.destroy());
        one.on("error", () => other.destroy());
      }
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return proxy;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  aimAt(child: ChildProcess): void {
    this.#target = child;
  }

  async stop(): Promise<void> {
    await new Promise<void>((closed) => this.server.close(() => closed()));
  }
}
