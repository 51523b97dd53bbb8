import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type TestDatabase, usePostgres } from "../../../rehearsal/postgres/testkit";
import { listMigrations, migrationsFolder } from "./folder";
import { migrationsProvider } from "./provider";

const postgres = usePostgres();
const folder = mkdtempSync(join(tmpdir(), "cutover-provider-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
cpSync(migrationsFolder(), folder, { recursive: true });

const config = (database: Record<string, unknown> | string | undefined) => ({
  get: (key: string) =>
    key === "database" ? (typeof database === "object" ? JSON.stringify(database) : database) : undefined,
});
const said: string[] = [];
const say = (line: string) => said.push(line);
const provider = (database: TestDatabase, more = {}) =>
  migrationsProvider(config({ url: database.url, ...more }), { folder, say });
const inputs = (more = {}) => ({
  files: listMigrations(folder),
  providerVersion: "1",
  phaseAllowsContract: false,
  __provider: "text",
  ...more,
});

describe("the SupabaseMigrations provider", () => {
  it("shows the plan in check, applies in create with full outputs, and sees no change after that", async () => {
    const database = await postgres.database();
    const checked = await provider(database).check({}, inputs());
    expect(checked.failures).toEqual([]);
    expect(checked.inputs).toMatchObject({
      pending: listMigrations(folder).map((ref) => ref.file),
      plan: expect.arrayContaining(["6 of 6 database migrations to apply:"]),
    });

    expect(said.join("\n")).toContain("ADD COLUMN workflow_state: ACCESS EXCLUSIVE on public.message_queue");
    const created = await provider(database).create({ ...checked.inputs });
    expect(said).toContain("20261122090100_langgraph_thread_index.sql: run");
    expect(created.outs).toMatchObject({
      appliedNow: 6,
      alreadyApplied: 0,
      skipped: 0,
      applied: listMigrations(folder).map((ref) => ref.file),
    });
    expect(Object.keys(created.outs)).not.toContain("__provider");
    expect(JSON.stringify(created)).not.toContain(new URL(database.url).password);

    // A refresh asks about the state's own inputs, whose plan has been carried out.
    expect(await provider(database).diff("id", { ...created.outs }, { ...checked.inputs })).toEqual({ changes: false });
    const again = await provider(database).check({ ...checked.inputs }, inputs());
    expect(again.inputs).toMatchObject({ pending: [] });
    expect(await provider(database).diff("id", { ...created.outs }, { ...again.inputs })).toEqual({ changes: false });
    // Keys in another order are no change; another file, or another version of the provider, is one.
    const turned = { ...again.inputs, files: listMigrations(folder).map(({ file, sha256 }) => ({ sha256, file })) };
    expect(await provider(database).diff("id", { ...created.outs }, turned)).toEqual({ changes: false });
    expect(await provider(database).diff("id", { ...created.outs }, { ...again.inputs, providerVersion: "2" })).toEqual(
      { changes: true },
    );
    expect(
      await provider(database).diff("id", { ...created.outs }, { ...again.inputs, phaseAllowsContract: true }),
    ).toEqual({ changes: false });
  });

  it("sees a database that is behind although the files are the same, and updates it", async () => {
    const database = await postgres.database();
    const created = await provider(database).create(inputs());
    await database.query("DELETE FROM langgraph_ops.schema_migrations WHERE name = 'webhook_receipts'");
    const checked = await provider(database).check({}, inputs());
    expect(await provider(database).diff("id", { ...created.outs }, { ...checked.inputs })).toEqual({ changes: true });
    const updated = await provider(database).update("id", { ...created.outs }, { ...checked.inputs });
    expect(updated.outs).toMatchObject({ appliedNow: 1, alreadyApplied: 5, applied: created.outs.applied });
  });

  it("finds everything there already: nothing is run", async () => {
    const database = await postgres.database();
    await provider(database).create(inputs());
    const again = await provider(database).create(inputs());
    expect(again.outs).toMatchObject({ appliedNow: 0, alreadyApplied: 6, skipped: 0 });
  });

  it("reports problems as failures of the input, and does nothing in create either", async () => {
    const database = await postgres.database();
    await database.query("DROP TABLE public.message_queue", database.adminUrl);
    const { failures } = await provider(database).check({}, inputs());
    expect(failures.map((failure) => failure.reason).join()).toContain("table public.message_queue is missing");
    await expect(provider(database).create(inputs())).rejects.toThrow("table public.message_queue is missing");
  });

  it("on the way back to Node a database that can't be asked holds nothing up and changes nothing", async () => {
    const gone = migrationsProvider(config({ url: "postgresql://postgres:x@127.0.0.1:1/postgres" }), { folder, say });
    const olds = { ...inputs(), files: listMigrations(folder).slice(0, 2) };
    const up = await gone.check(olds, inputs());
    expect(up.failures.map((failure) => failure.reason).join()).toContain("127.0.0.1:1 can't be reached");

    const down = await gone.check(olds, inputs({ mayWait: true }));
    expect(down.failures).toEqual([]);
    expect(down.inputs).toMatchObject({ files: olds.files, pending: [] });
    expect(await gone.diff("id", olds, { ...down.inputs })).toEqual({ changes: false });
    expect(said.at(-1)).toContain("left for the next update that raises the share");

    const first = await gone.check({}, inputs({ mayWait: true }));
    expect(first.failures).toHaveLength(1);
  });

  it("where the program has refused already, a preview shows the plan instead of failing", async () => {
    const database = await postgres.database();
    await database.query("DROP TABLE public.message_queue", database.adminUrl);
    const refused = await provider(database).check({}, inputs({ refused: true }));
    expect(refused.failures).toEqual([]);
    expect(refused.inputs).toMatchObject({ pending: [] });
    expect(JSON.stringify(refused.inputs)).toContain("refused: 20261122090000_langgraph_columns.sql needs");
    const gone = migrationsProvider(config({ url: "postgresql://postgres:x@127.0.0.1:1/postgres" }), { folder, say });
    expect((await gone.check({}, inputs({ refused: true }))).failures).toEqual([]);
    await expect(gone.create(inputs({ refused: true }))).rejects.toThrow("can't be reached"); // never a way around
  });

  it("prefers the read-only role for the plan, never for an update", async () => {
    const database = await postgres.database();
    const previewUrl = database.appUrl;
    const split = migrationsProvider(config({ url: "postgresql://postgres:x@127.0.0.1:1/postgres", previewUrl }), {
      folder,
      say,
    });
    expect((await split.check({}, inputs())).failures).toEqual([]);
    await expect(split.create(inputs())).rejects.toThrow("127.0.0.1:1 can't be reached");
  });

  it("asks with no role that may write where CUTOVER_READ_ONLY says so", async () => {
    const database = await postgres.database();
    vi.stubEnv("CUTOVER_READ_ONLY", "1");
    try {
      const writing = migrationsProvider(config({ url: database.url }), { folder, say });
      expect((await writing.check({}, inputs())).failures.map(({ reason }) => reason)).toEqual([
        expect.stringMatching(/no role that only reads[\s\S]*cutover:database\.previewUrl/),
      ]);
      const reading = migrationsProvider(config({ url: "postgresql://x@127.0.0.1:1/x", previewUrl: database.appUrl }), {
        folder,
        say,
      });
      expect((await reading.check({}, inputs())).failures).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("refuses a file that changed between plan and update", async () => {
    const database = await postgres.database();
    const planned = inputs();
    const name = join(folder, "20270101000000_more.sql");
    writeFileSync(name, "SELECT 1;");
    const withMore = inputs();
    writeFileSync(name, "SELECT 2;");
    await expect(provider(database).create(withMore)).rejects.toThrow(
      "20270101000000_more.sql has changed since this update was planned",
    );
    expect((await provider(database).create(planned)).outs.appliedNow).toBe(6); // not in the plan, so not touched
    rmSync(name);
  });

  it("is no change while only contract files wait; the phase that lets them run is one", async () => {
    const database = await postgres.database();
    const created = await provider(database).create(inputs());
    const name = join(folder, "20270101000000_drop.sql");
    writeFileSync(name, "-- kind: contract\nALTER TABLE public.message_queue DROP COLUMN error_message;");
    const checked = await provider(database).check({ ...created.outs }, inputs());
    expect(checked).toMatchObject({ failures: [], inputs: { pending: [], waiting: ["20270101000000_drop.sql"] } });
    expect(said.at(-1)).toContain("20270101000000_drop.sql (contract) waits for phase decommission");
    expect(await provider(database).diff("id", { ...created.outs }, { ...checked.inputs })).toEqual({ changes: false });

    const allowed = await provider(database).check({ ...created.outs }, inputs({ phaseAllowsContract: true }));
    expect(allowed.inputs).toMatchObject({ pending: ["20270101000000_drop.sql"], waiting: [] });
    expect(await provider(database).diff("id", { ...created.outs }, { ...allowed.inputs })).toEqual({ changes: true });
    const updated = await provider(database).update("id", { ...created.outs }, { ...allowed.inputs });
    expect(updated.outs).toMatchObject({ appliedNow: 1, waiting: [] });
    rmSync(name);
  });

  it("touches no data at delete", async () => {
    const database = await postgres.database();
    await provider(database).create(inputs());
    const count =
      "SELECT (SELECT count(*) FROM public.message_queue)::int AS rows, (SELECT count(*) FROM langgraph_ops.schema_migrations)::int AS history";
    const before = await database.query(count);
    await provider(database).delete();
    expect(await database.query(count)).toEqual(before);
  });

  it.each([
    [undefined, /has no cutover:database/],
    ["not json with pl4nted", /is no object with "url"/],
    [{ previewUrl: "postgresql://a:pl4nted@127.0.0.1:1/x" }, /has no url/],
    [{ url: "https://a:pl4nted@host/x" }, /is a https: URL/],
    [{ url: "postgresql://a:pl4nted@127.0.0.1:6543/x" }, /is a transaction pooler/],
  ])("says what is wrong with the config %s, without showing it", async (database, expected) => {
    const failed = migrationsProvider(config(database), { folder, say }).create(inputs());
    await expect(failed).rejects.toThrow(expected);
    await expect(failed).rejects.not.toThrow(/pl4nted/);
  });
});
