import type { MigrationFile } from "@cutover/domain/migrations/files";
import { promisesOf } from "@cutover/domain/migrations/settled";
import type { Client } from "pg";
import { HISTORY_TABLE, OPS_SCHEMA } from "./catalog";

/**
 * Makes our schema and the history in it. Called under the runner's lock, before the first migration. Nothing is granted
 * to the roles of the Data API, whatever the project's default privileges say.
 */
export async function createHistory(client: Client): Promise<void> {
  const roles = await client.query<{ name: string }>(
    "SELECT quote_ident(rolname) AS name FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role')",
  );
  const others = ["PUBLIC", ...roles.rows.map((row) => row.name)].join(", ");
  await client.query(`
    BEGIN;
    CREATE SCHEMA IF NOT EXISTS ${OPS_SCHEMA};
    CREATE TABLE IF NOT EXISTS ${HISTORY_TABLE} (
      version text PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      mode text NOT NULL CHECK (mode IN ('tx', 'no-tx')),
      status text NOT NULL CHECK (status IN ('pending', 'applied', 'failed')),
      statements integer NOT NULL,
      adopted boolean NOT NULL DEFAULT false,
      started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      finished_at timestamptz,
      error text,
      promises jsonb,
      runner_version text NOT NULL,
      run_by text NOT NULL DEFAULT current_user
    );
    COMMENT ON TABLE ${HISTORY_TABLE} IS 'Written by the migration runner of the cutover stack. checksum: SHA-256 of the file with LF line ends';
    REVOKE ALL ON SCHEMA ${OPS_SCHEMA} FROM ${others};
    REVOKE ALL ON TABLE ${HISTORY_TABLE} FROM ${others};
    COMMIT`);
}

export interface HistoryEntry {
  readonly file: MigrationFile;
  readonly status: "pending" | "applied" | "failed";
  /** Statements that were sent. */
  readonly statements: number;
  readonly adopted?: boolean;
  readonly error?: string;
  readonly runnerVersion: string;
}

/** SQL that notes how a file stands; a text, so that it can travel in the same message as the file's own statements. */
export function historySql(client: Client, entry: HistoryEntry): string {
  const text = (value: string) => client.escapeLiteral(value);
  const { file } = entry;
  const values = [
    text(file.version),
    text(file.name),
    text(file.sha256),
    text(file.mode),
    text(entry.status),
    String(entry.statements),
    String(entry.adopted ?? false),
    entry.status === "pending" ? "NULL" : "clock_timestamp()",
    entry.error === undefined ? "NULL" : text(entry.error.slice(0, 2000)),
    text(JSON.stringify(promisesOf(file))),
    text(entry.runnerVersion),
  ];
  return `INSERT INTO ${HISTORY_TABLE} AS h
      (version, name, checksum, mode, status, statements, adopted, finished_at, error, promises, runner_version)
    VALUES (${values.join(", ")})
    ON CONFLICT (version) DO UPDATE SET name = excluded.name, checksum = excluded.checksum, mode = excluded.mode,
      status = excluded.status, statements = excluded.statements, adopted = excluded.adopted,
      started_at = CASE WHEN h.status = 'pending' THEN h.started_at ELSE clock_timestamp() END,
      finished_at = excluded.finished_at, error = excluded.error,
      promises = excluded.promises, runner_version = excluded.runner_version`;
}
