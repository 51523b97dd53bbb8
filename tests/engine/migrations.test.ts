import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataKept, type QueueSnapshot } from "../../rehearsal/postgres/postgres";
import { MigrationsEngineWorld } from "./support/migrations-world";

/** One story on the real engine; each step begins where the one before it ended. */
describe("database migrations on the real Pulumi engine", { timeout: 300_000 }, () => {
  let world: MigrationsEngineWorld;
  let before: QueueSnapshot;

  beforeAll(async () => {
    world = new MigrationsEngineWorld();
    await world.start();
    before = await world.postgres.snapshot();
  }, 120_000);
  afterAll(() => world?.stop(), 30_000);

  const statuses = () => world.postgres.appliedMigrations().then((rows) => rows.map((row) => row.status));

  /** Without ciphertext: secrets are encrypted anew at every write of the state. */
  const resourcesIn = (state: unknown) =>
    (
      JSON.parse(JSON.stringify(state).replace(/"ciphertext":"[^"]+"/g, '"ciphertext":""')) as {
        deployment: { resources: { urn: string; outputs: unknown }[] };
      }
    ).deployment.resources.map(({ urn, outputs }) => [urn, outputs]);

  it("shows in preview what would run, with locks, and touches nothing", async () => {
    const preview = await world.stack.preview();
    expect(preview.text).toContain("6 of 6 database migrations to apply:");
    expect(preview.text).toMatch(
      /ADD COLUMN workflow_state: ACCESS EXCLUSIVE on public\.message_queue .*no table rewrite/,
    );
    expect(await world.postgres.snapshot()).toEqual(before);
    expect(await world.postgres.appliedMigrations()).toEqual([]);
  });

  it("goes on after kill -9 in the middle of the index build", async () => {
    const holder = world.postgres.query(
      world.postgres.url,
      "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class; SELECT pg_sleep(600)",
    );
    const ended = holder.catch(() => {});
    const building =
      "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'";
    await world.killUpWhen("the index build to wait", async () => (await world.query(building)).length > 0);
    expect(await statuses()).toEqual(["applied", "pending"]);
    await world.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()",
    );
    await ended;

    const up = await world.stack.up();
    expect(up.changes).toMatchObject({ create: expect.any(Number) });
    expect(await statuses()).toEqual(Array(6).fill("applied"));
    expect((await world.stack.outputs()).appliedNow).toBe(5);
    expect(dataKept(before, await world.postgres.snapshot())).toEqual({ kept: true });
  });

  it("shows no change in a second up and in refresh, and applies nothing again", async () => {
    const applied = await world.postgres.appliedMigrations();
    await world.stack.up({ expectNoChanges: true });
    await world.stack.refresh({ expectNoChanges: true });
    expect(await world.postgres.appliedMigrations()).toEqual(applied);
  });

  it("shows in preview that the database is behind, and brings it forward", async () => {
    await world.query("DELETE FROM langgraph_ops.schema_migrations WHERE name = 'webhook_receipts'");
    const preview = await world.stack.preview();
    expect(preview.changes.update).toBe(1);
    expect(preview.text).toContain("1 of 6 database migrations to apply:");
    await world.stack.up();
    expect(await statuses()).toEqual(Array(6).fill("applied"));
  });

  it("refuses in preview and up what was changed after it was applied, and does nothing", async () => {
    const change = (sha: string) =>
      world.query(`UPDATE langgraph_ops.schema_migrations SET checksum = ${sha} WHERE name = 'langgraph_columns'`);
    const [row] = await world.query<{ c: string }>(
      "SELECT checksum AS c FROM langgraph_ops.schema_migrations WHERE name = 'langgraph_columns'",
    );
    await change("repeat('0', 64)");
    for (const command of ["preview", "up"] as const) {
      const result = await world.stack[command]({ allowFailure: true });
      expect(result.exitCode).not.toBe(0);
      expect(result.text).toMatch(
        /langgraph_columns\.sql was changed after it was applied .*repair accept 20261122090000/,
      );
    }
    // Asked before the first resource as the real program does: a preview warns and shows the rest, an up changes nothing.
    await world.stack.configSet({ key: "cutover:ask", value: "true" });
    const state = await world.stack.exportState();
    const preview = await world.stack.preview({ allowFailure: true });
    expect(preview.exitCode).toBe(0);
    expect(preview.text).toMatch(
      /pulumi up will refuse this[\s\S]*langgraph_columns\.sql was changed after it was applied/,
    );
    const up = await world.stack.up({ allowFailure: true });
    expect(up.exitCode).not.toBe(0);
    expect(up.text).toMatch(/Refused, nothing was changed\.[\s\S]*repair accept 20261122090000/);
    expect(resourcesIn(await world.stack.exportState())).toEqual(resourcesIn(state));
    await change(`'${row?.c}'`);
    await world.stack.up({ expectNoChanges: true });
  });

  it("previews with the read-only role of a pull request", async () => {
    const previewUrl = await world.postgres.createPreviewUser();
    await world.stack.configSet({ key: "cutover:database.previewUrl", value: previewUrl, secret: true });
    expect((await world.stack.preview()).changed).toBe(0);
  });

  it("leaves all data at destroy, and no password anywhere", async () => {
    await world.stack.destroy();
    expect(dataKept(before, await world.postgres.snapshot())).toEqual({ kept: true });
    expect(await statuses()).toEqual(Array(6).fill("applied"));
    const written = await world.everythingWritten();
    expect(written).toContain("SupabaseMigrations");
    expect(written.includes(new URL(world.postgres.url).password)).toBe(false);
  });
});
