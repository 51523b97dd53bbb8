import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RehearsalClock } from "../clock";
import { dataKept, RehearsalPostgres } from "./postgres";

const folder = mkdtempSync(join(tmpdir(), "cutover-pg-test-"));
chmodSync(folder, 0o755); // as root the server runs under another account and must get in
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("RehearsalPostgres on real time", () => {
  let postgres: RehearsalPostgres;
  beforeAll(async () => {
    postgres = await RehearsalPostgres.start({ folder });
  });
  afterAll(() => postgres?.stop());

  it("listens on loopback only and asks for a password", async () => {
    const [row] = await postgres.query<{ listen: string; auth: string }>(
      postgres.adminUrl,
      "SELECT current_setting('listen_addresses') AS listen, (SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules) AS auth",
    );
    expect(row).toEqual({ listen: "127.0.0.1", auth: "scram-sha-256" });
    await expect(postgres.query(postgres.url.replace(/:[^:@]+@/, ":wrong@"), "SELECT 1")).rejects.toThrow(/password/);
  });

  it("gives migrations a role that is no superuser and applications one under row level security", async () => {
    const [owner] = await postgres.query(
      postgres.url,
      "SELECT usesuper, current_user AS me FROM pg_user WHERE usename = current_user",
    );
    expect(owner).toEqual({ usesuper: false, me: "postgres" });
    await expect(postgres.query(postgres.appUrl, "DELETE FROM public.message_queue")).rejects.toThrow(
      /permission denied/,
    );
    const sql =
      "INSERT INTO message_queue (location_id, contact_id, message_body) VALUES ('l', 'c', 'b') RETURNING status";
    expect(await postgres.query(postgres.appUrl, sql)).toEqual([{ status: "pending" }]);
  });

  it("seeds the same 20 000 finished messages of the last 14 days each time, with a daily curve", async () => {
    const [row] = await postgres.query<Record<string, number>>(
      postgres.adminUrl,
      `SELECT count(*)::int AS rows, count(*) FILTER (WHERE status = 'failed')::int AS failed,
              count(*) FILTER (WHERE status IN ('pending', 'processing'))::int AS unfinished,
              count(*) FILTER (WHERE created_at > now() OR created_at < now() - interval '14 days 1 minute')::int AS outside,
              count(*) FILTER (WHERE extract(hour FROM created_at) BETWEEN 13 AND 16)::int AS busy,
              count(*) FILTER (WHERE extract(hour FROM created_at) BETWEEN 1 AND 4)::int AS quiet
         FROM public.message_queue WHERE ghl_message_id LIKE 'seed%'`,
    );
    expect(row).toMatchObject({ rows: 20_000, failed: 203, unfinished: 0, outside: 0 });
    expect(row?.busy).toBeGreaterThan(3 * (row?.quiet ?? 0));
  });

  it("proves that data was kept, and that it was not", async () => {
    const before = await postgres.snapshot();
    await postgres.query(postgres.url, "ALTER TABLE public.message_queue ADD COLUMN extra int");
    expect(dataKept(before, await postgres.snapshot())).toEqual({ kept: true });
    const id = "SELECT id FROM public.message_queue WHERE ghl_message_id = 'seed_msg_7'";
    await postgres.query(postgres.url, `UPDATE public.message_queue SET message_body = 'other' WHERE id = (${id})`);
    expect(dataKept(before, await postgres.snapshot()).why).toContain("have changed");
    await postgres.query(postgres.url, `DELETE FROM public.message_queue WHERE id = (${id})`);
    expect(dataKept(before, await postgres.snapshot()).why).toContain("1 rows are gone");
  });

  it("has no applied migrations before any ran", async () => {
    expect(await postgres.appliedMigrations()).toEqual([]);
  });
});

describe("RehearsalPostgres on the rehearsal's clock", () => {
  const clock = new RehearsalClock({ factor: 60 });
  let postgres: RehearsalPostgres;
  beforeAll(async () => {
    postgres = await RehearsalPostgres.start({ folder, clock, seedRows: 100 });
  });
  afterAll(() => postgres?.stop());

  it("places rows at rehearsal moments by unqualified now(), also as a column's default and inside views", async () => {
    const before = clock.now();
    const sql =
      "INSERT INTO message_queue (location_id, contact_id, message_body) VALUES ('l', 'c', 'b') RETURNING created_at";
    const [row] = await postgres.query<{ created_at: Date }>(postgres.appUrl, sql);
    await postgres.query(postgres.url, "CREATE VIEW public.at AS SELECT NOW() AS t");
    const [view] = await postgres.query<{ t: Date }>(postgres.url, "SET search_path = ''; SELECT t FROM public.at");
    for (const moment of [row?.created_at, view?.t]) {
      expect(moment?.getTime()).toBeGreaterThanOrEqual(before);
      expect(moment?.getTime()).toBeLessThanOrEqual(clock.now());
    }
  });

  it("keeps durations real, whatever the application writes into updated_at", async () => {
    const insert =
      "INSERT INTO message_queue (location_id, contact_id, message_body) VALUES ('l', 'c', 'b') RETURNING id";
    const started = Date.now();
    const [row] = await postgres.query<{ id: string }>(postgres.appUrl, insert);
    const update = `UPDATE message_queue SET status = 'completed', updated_at = now() WHERE id = '${row?.id}'
                    RETURNING extract(epoch FROM updated_at - created_at)::float8 * 1000 AS ms`;
    const [took] = await postgres.query<{ ms: number }>(postgres.appUrl, update);
    expect(took?.ms).toBeGreaterThan(0);
    expect(took?.ms).toBeLessThanOrEqual(Date.now() - started + 5);
  });
});

describe("RehearsalPostgres at its end", () => {
  it("removes what a killed process left half made, and nothing of one that lives", async () => {
    const own = mkdtempSync(join(folder, "sweep-"));
    chmodSync(own, 0o755);
    const dead = spawnSync("true").pid;
    for (const pid of [dead, process.pid]) mkdirSync(join(own, `cutover-postgres-${pid}-abc`));
    const postgres = await RehearsalPostgres.start({ folder: own, seedRows: 0 });
    await postgres.stop();
    expect(readdirSync(own).sort()).toEqual([`cutover-postgres-${process.pid}-abc`, "postgres.log"]);
  });

  it("reports a server that ended on its own, and leaves neither process nor data", async () => {
    const own = mkdtempSync(join(folder, "crash-"));
    chmodSync(own, 0o755);
    let message = "";
    const ended = new Promise<void>((resolve) => {
      void RehearsalPostgres.start({
        folder: own,
        seedRows: 0,
        onUnexpectedExit: (text) => {
          message = text;
          resolve();
        },
      }).then((postgres) => postgres.kill());
    });
    await ended;
    expect(message).toContain("ended on its own");
    expect(readdirSync(own)).toEqual(["postgres.log"]);
  });
});
