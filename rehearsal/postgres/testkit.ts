import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll } from "vitest";
import { RehearsalPostgres } from "./postgres";

/** One database of a test's own, with the rehearsal's schema and a few hundred seeded rows. */
export interface TestDatabase {
  readonly name: string;
  /** As the migrations' role. */
  readonly url: string;
  readonly appUrl: string;
  readonly adminUrl: string;
  /** Connection string for any role that can log in. */
  readonly urlFor: (role: string) => string;
  /** A session that is ended after the test. */
  readonly session: (url?: string, applicationName?: string) => Promise<Client>;
  /** One statement in a session of its own, as the migrations' role unless said otherwise. */
  readonly query: <Row extends object>(sql: string, url?: string) => Promise<Row[]>;
}

export interface TestPostgres {
  /** The server, once `beforeAll` has run. */
  readonly server: () => RehearsalPostgres;
  /** A new database, a copy of the seeded one: about 50 ms. Dropped with the server. */
  readonly database: () => Promise<TestDatabase>;
}

/**
 * One PostgreSQL for a test file (about 2 s), a database of its own for each test. Call at the top of the file.
 * Roles belong to the server: what one test makes, the next one finds.
 */
export function usePostgres(
  options: { seedRows?: number; settings?: Readonly<Record<string, string>> } = {},
): TestPostgres {
  const folder = mkdtempSync(join(tmpdir(), "cutover-test-"));
  chmodSync(folder, 0o755); // as root the server runs under another account and must get in
  const sessions: Client[] = [];
  let server: RehearsalPostgres | undefined;
  let count = 0;
  const started = (): RehearsalPostgres => {
    if (!server) throw new Error("the test server is started in beforeAll; use it inside a test");
    return server;
  };
  beforeAll(async () => {
    server = await RehearsalPostgres.start({ folder, seedRows: 300, ...options });
  });
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((client) => client.end().catch(() => {})));
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    server: started,
    database: async () => {
      count += 1;
      const name = `test_${count}`;
      const admin = started().urlFor("supabase_admin", "template1");
      await started().query(admin, `CREATE DATABASE ${name} TEMPLATE postgres OWNER postgres`);
      const urlFor = (role: string) => started().urlFor(role, name);
      const url = urlFor("postgres");
      return {
        name,
        url,
        appUrl: urlFor("rehearsal_app"),
        adminUrl: urlFor("supabase_admin"),
        urlFor,
        query: (sql, as = url) => started().query(as, sql),
        session: async (as = url, applicationName = "test") => {
          const client = new Client({ connectionString: as, application_name: applicationName });
          client.on("error", () => {});
          await client.connect();
          sessions.push(client);
          return client;
        },
      };
    },
  };
}
