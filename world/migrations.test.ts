import { runMigrations } from "@cutover/clients/postgres/run";
import { openMigrations } from "@cutover/clients/postgres/source";
import { decide, type World } from "@cutover/domain/decide";
import type { PhaseName } from "@cutover/domain/phases";
import { describe, expect, it } from "vitest";
import { usePostgres } from "../rehearsal/postgres/testkit";
import { askMigrations } from "./migrations";

const DIGEST = `sha256:${"a".repeat(64)}`;
const desired = (phase: PhaseName, world: World = {}, from?: PhaseName) =>
  decide({ phase, pythonDigest: DIGEST, ...(from ? { from } : {}) }, world).desired;
const at = (phase: PhaseName, pythonShare: number): World => ({
  applied: { phase, pythonShare, pythonDigest: DIGEST },
});
const NOWHERE = { url: "postgresql://postgres:pl4nted-secret@127.0.0.1:1/postgres" };

describe("what the migrations' planner has against an update", () => {
  const postgres = usePostgres();

  it("is nothing on a database that is ready, before and after", async () => {
    const { url } = await postgres.database();
    expect(await askMigrations(desired("prepare"), { database: { url } })).toEqual([]);
    await runMigrations({ database: { url }, files: openMigrations(), allowContract: false, runnerVersion: "test" });
    expect(await askMigrations(desired("prepare"), { database: { url } })).toEqual([]);
  });

  it("is every problem, each with a way out, and touches nothing", async () => {
    const { url, query, adminUrl } = await postgres.database();
    await query(
      "ALTER TABLE public.message_queue RENAME status TO state; ALTER TABLE public.message_queue ADD workflow_state text",
      adminUrl,
    );
    const refusals = await askMigrations(desired("prepare"), { database: { url } });
    expect(refusals.map(({ reason }) => reason).join("\n")).toMatch(
      /Database migrations: .*column public\.message_queue\.status is missing[\s\S]*workflow_state is text, expected jsonb/,
    );
    for (const { remedy } of refusals) expect(remedy).toContain("docs/migrations.md");
    expect(await query("SELECT to_regclass('langgraph_ops.schema_migrations') AS made")).toEqual([{ made: null }]);
  });

  it("is nothing that the reading role can tell before the migration that gives it its rights: the update has to go on", async () => {
    const { url, query, adminUrl } = await postgres.database();
    await runMigrations({ database: { url }, files: openMigrations(), allowContract: false, runnerVersion: "test" });
    await query("CREATE ROLE without_rights LOGIN PASSWORD 'reads-nothing'", adminUrl);
    const reader = new URL(url);
    [reader.username, reader.password] = ["without_rights", "reads-nothing"];
    try {
      // Something is pending, so that the history has to be read.
      await query("DELETE FROM langgraph_ops.schema_migrations WHERE version = '20261122090500'");
      expect(await askMigrations(desired("prepare"), { database: { url: reader.href } })).toEqual([]);
    } finally {
      await query("DROP ROLE without_rights", adminUrl);
    }
  });

  it("knows the one file that may run late", async () => {
    const { url, query } = await postgres.database();
    await runMigrations({ database: { url }, files: openMigrations(), allowContract: false, runnerVersion: "test" });
    await query("DELETE FROM langgraph_ops.schema_migrations WHERE version = '20261122090400'");
    const ask = (allowOutOfOrder?: string) => askMigrations(desired("prepare"), { database: { url }, allowOutOfOrder });
    expect(await ask()).toMatchObject([{ reason: expect.stringContaining("is older than") }]);
    expect(await ask("20261122090400")).toEqual([]);
  });

  it("is that it can't be asked, without its password, on the way up and where nothing moves", async () => {
    for (const step of [
      desired("prepare"),
      desired("ramp-25", at("parallel", 10)),
      desired("parallel", at("parallel", 10)),
    ]) {
      const [refusal, ...more] = await askMigrations(step, { database: NOWHERE });
      expect(refusal?.reason).toMatch(/^The database can't be asked what is pending: 127\.0\.0\.1:1 can't be reached/);
      expect(JSON.stringify([refusal, more])).not.toContain("pl4nted");
      expect(more).toEqual([]);
    }
  });

  it("is nothing, and nobody is asked, on the way down", async () => {
    const down = desired("parallel", at("ramp-25", 25), "ramp-25");
    for (const step of [down, desired("node-only", at("ramp-50", 50))]) {
      expect(step.databaseMayWait).toBe(true);
      expect(await askMigrations(step, { database: NOWHERE })).toEqual([]);
    }
  });
});
