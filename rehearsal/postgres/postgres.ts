import { randomBytes } from "node:crypto";
import { Client } from "pg";
import type { RehearsalClock } from "../clock";
import { PostgresServer } from "./server";
import { readSql } from "./sql-files";

export interface RehearsalPostgresOptions {
  /** Folder for log and data, such as the run's folder. */
  readonly folder: string;
  /** Makes unqualified now() in the database the rehearsal's time (see clock.sql); default: real time. */
  readonly clock?: RehearsalClock;
  /** Rows of Node's last 14 days; default 20 000, 0 for an empty table. */
  readonly seedRows?: number;
  /** Server settings beyond ours, as `name: value`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether commits are flushed to disk; default false. */
  readonly durable?: boolean;
  /** Called when the server ends although `stop` was not called. */
  readonly onUnexpectedExit?: (message: string) => void;
}

/** What `message_queue` holds at one moment; two of them prove that data was kept (`dataKept`). */
export interface QueueSnapshot {
  readonly rows: number;
  /** Hash over all columns of the seeded rows that exist since before the cutover. */
  readonly seedDigest: string;
  /** Column names in alphabetical order. */
  readonly columns: readonly string[];
}

/** Whether nothing of `before` is missing in `after`; `why` names the first thing that is. */
export function dataKept(before: QueueSnapshot, after: QueueSnapshot): { kept: boolean; why?: string } {
  if (after.rows < before.rows) return { kept: false, why: `${before.rows - after.rows} rows are gone` };
  if (after.seedDigest !== before.seedDigest) return { kept: false, why: "rows from before the cutover have changed" };
  const gone = before.columns.filter((column) => !after.columns.includes(column));
  if (gone.length > 0) return { kept: false, why: `columns are gone: ${gone.join(", ")}` };
  return { kept: true };
}

/** The database all rehearsed databases live in, as on Supabase. */
const DATABASE = "postgres";

/** Columns of `message_queue` before the cutover; the digest covers these, so that new columns don't change it. */
const ORIGINAL_COLUMNS =
  "id, location_id, contact_id, ghl_message_id, message_body, message_type, status, processed_by_agent, appointment_booked, lead_qualified, response_text, error_message, retry_count, metadata, created_at, updated_at";

/**
 * A PostgreSQL of the rehearsal's own with a Supabase project's roles and a `message_queue` with two weeks of history.
 * Loopback only, a free port, random passwords; `stop` leaves nothing.
 */
export class RehearsalPostgres {
  private constructor(
    private readonly server: PostgresServer,
    private readonly password: string,
  ) {}

  static async start(options: RehearsalPostgresOptions): Promise<RehearsalPostgres> {
    const password = randomBytes(18).toString("base64url");
    const server = await PostgresServer.start({ ...options, superuser: { name: "supabase_admin", password } });
    const postgres = new RehearsalPostgres(server, password);
    try {
      await postgres.query(postgres.adminUrl, rolesSql(password));
      await prepareDatabase(postgres, options);
      return postgres;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Connection string of the migrations' role: owns the tables, no superuser, as on Supabase. Holds a password. */
  get url(): string {
    return this.urlFor("postgres");
  }

  /** Connection string of the applications: a member of `anon`, under row level security. Holds a password. */
  get appUrl(): string {
    return this.urlFor("rehearsal_app");
  }

  /** Connection string of the cluster's superuser, for tests and fault injection only. Holds a password. */
  get adminUrl(): string {
    return this.urlFor("supabase_admin");
  }

  get port(): number {
    return this.server.port;
  }

  /** The postmaster's process id. */
  get pid(): number {
    return this.server.pid;
  }

  get logFile(): string {
    return this.server.logFile;
  }

  get running(): boolean {
    return this.server.running;
  }

  /** Connection string for a role of this cluster (all have the same random password) and a database. */
  urlFor(role: string, database = DATABASE): string {
    return `postgresql://${role}:${this.password}@127.0.0.1:${this.server.port}/${database}`;
  }

  /**
   * A login role for previews: reads the catalog and what `langgraph_ops_reader` may. A person can make both roles before
   * the first update, which then finds the group and gives it its rights.
   */
  async createPreviewUser(): Promise<string> {
    await this.query(
      this.url,
      "DO $$ BEGIN CREATE ROLE langgraph_ops_reader NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    );
    const sql = `CREATE ROLE cutover_preview LOGIN PASSWORD '${this.password}' IN ROLE langgraph_ops_reader`;
    await this.query(this.url, sql);
    return this.urlFor("cutover_preview");
  }

  /** What the table holds now. */
  async snapshot(): Promise<QueueSnapshot> {
    const [row] = await this.query<{ rows: number; digest: string | null; columns: string[] }>(
      this.adminUrl,
      `SELECT (SELECT count(*)::int FROM public.message_queue) AS rows,
              (SELECT md5(string_agg(md5(ROW(${ORIGINAL_COLUMNS})::text), '' ORDER BY id))
                 FROM public.message_queue WHERE ghl_message_id LIKE 'seed\\_msg\\_%') AS digest,
              (SELECT array_agg(attname::text ORDER BY attname) FROM pg_attribute
                WHERE attrelid = 'public.message_queue'::regclass AND attnum > 0 AND NOT attisdropped) AS columns`,
    );
    if (!row) throw new Error("public.message_queue could not be read");
    return { rows: row.rows, seedDigest: row.digest ?? "", columns: row.columns };
  }

  /** Migrations the database says are applied, oldest first; empty when none ever ran. */
  async appliedMigrations(): Promise<{ version: string; status: string; finishedAt: Date | null }[]> {
    const [exists] = await this.query<{ yes: boolean }>(
      this.adminUrl,
      "SELECT to_regclass('langgraph_ops.schema_migrations') IS NOT NULL AS yes",
    );
    if (!exists?.yes) return [];
    return this.query(
      this.adminUrl,
      `SELECT version, status, finished_at AS "finishedAt" FROM langgraph_ops.schema_migrations ORDER BY version`,
    );
  }

  /** Runs SQL in a session of its own and returns the (last) statement's rows. */
  async query<Row extends object>(url: string, sql: string, values?: unknown[]): Promise<Row[]> {
    const client = new Client({ connectionString: url, application_name: "rehearsal" });
    client.on("error", () => {}); // a server that is being stopped ends the session; the query's own error is thrown below
    await client.connect();
    try {
      const result = values ? await client.query(sql, values) : await client.query(sql);
      const last = Array.isArray(result) ? result[result.length - 1] : result;
      return (last?.rows ?? []) as Row[];
    } finally {
      await client.end();
    }
  }

  /** Ends the server as a crash would. */
  kill(): void {
    this.server.kill();
  }

  /** Ends the server and removes its data. Safe to call twice. */
  stop(): Promise<void> {
    return this.server.stop();
  }
}

function rolesSql(password: string): string {
  const set = ["postgres", "rehearsal_app"].map((role) => `ALTER ROLE ${role} PASSWORD '${password}';`).join("\n");
  return `${readSql("roles.sql")}\n${set}\nALTER DATABASE ${DATABASE} OWNER TO postgres;\nALTER SCHEMA public OWNER TO postgres;`;
}

async function prepareDatabase(postgres: RehearsalPostgres, options: RehearsalPostgresOptions): Promise<void> {
  const { clock } = options;
  if (clock) {
    const text = readSql("clock.sql")
      .replaceAll("$ORIGIN", (clock.originMs / 1000).toFixed(3))
      .replaceAll("$FACTOR", String(clock.factor));
    const path = `ALTER DATABASE ${DATABASE} SET search_path = rehearsal_clock, pg_catalog, "$user", public`;
    await postgres.query(postgres.adminUrl, `${text}\n${path}`);
  }
  await postgres.query(postgres.url, readSql("schema.sql"));
  const rows = options.seedRows ?? 20_000;
  if (rows > 0) {
    // A million rows on a busy machine take longer than the two minutes of the role.
    const patient = `${postgres.url}?options=${encodeURIComponent("-c statement_timeout=0")}`;
    await postgres.query(patient, readSql("seed.sql"), [rows, new Date(clock?.now() ?? Date.now())]);
    await postgres.query(postgres.url, "ANALYZE public.message_queue");
  }
  if (clock) {
    await postgres.query(
      postgres.adminUrl,
      `CREATE TRIGGER keep_durations_real BEFORE UPDATE ON public.message_queue
         FOR EACH ROW EXECUTE FUNCTION rehearsal_clock.keep_durations_real()`,
    );
  }
}
