import { runMigrations } from "@cutover/clients/postgres/run";
import { openMigrations } from "@cutover/clients/postgres/source";
import { describe, expect, it } from "vitest";
import { usePostgres } from "../rehearsal/postgres/testkit";
import { migrationsCommand } from "./migrations";

const postgres = usePostgres();

const call = async (url: string | undefined, ...args: string[]) => {
  const said: string[] = [];
  const code = await migrationsCommand(args, { CUTOVER_DATABASE_URL: url }, (line) => said.push(line));
  return { code, text: said.join("\n") };
};

describe("the migrations command", () => {
  it("shows what is pending, and corrects the history one version at a time", async () => {
    const { url, query } = await postgres.database();
    expect(await call(url, "plan")).toMatchObject({
      code: 0,
      text: expect.stringContaining("6 of 6 database migrations to apply"),
    });
    await runMigrations({ database: { url }, files: openMigrations(), allowContract: false, runnerVersion: "test" });
    expect(await call(url, "plan")).toEqual({ code: 0, text: "All 6 database migrations are applied." });

    await query("UPDATE langgraph_ops.schema_migrations SET checksum = 'edited' WHERE version = '20261122090000'");
    expect(await call(url, "plan")).toMatchObject({
      code: 1,
      text: expect.stringContaining("repair accept 20261122090000"),
    });
    expect(await call(url, "repair", "accept", "20261122090000")).toMatchObject({ code: 0 });
    expect(await call(url, "plan")).toMatchObject({ code: 0 });

    expect(await call(url, "repair", "forget", "20261122090000")).toMatchObject({
      code: 1,
      text: expect.stringContaining("exists; use rerun"),
    });
    expect(await call(url, "repair", "accept", "1")).toMatchObject({
      code: 1,
      text: expect.stringContaining("no such file"),
    });
    await query("DELETE FROM langgraph_ops.schema_migrations WHERE version = '20261122090500'");
    expect(await call(url, "repair", "mark", "20261122090500")).toMatchObject({
      code: 0,
      text: expect.stringContaining("was not run"),
    });
    expect(await call(url, "plan")).toMatchObject({ code: 0 });
  });

  it("plans as the update will: with the late file that is allowed, and with contracts once decommission is applied", async () => {
    const { url, query } = await postgres.database();
    await runMigrations({ database: { url }, files: openMigrations(), allowContract: false, runnerVersion: "test" });
    await query("DELETE FROM langgraph_ops.schema_migrations WHERE version = '20261122090400'");
    const late = await call(url, "plan");
    expect(late).toMatchObject({ code: 1, text: expect.stringContaining("monitoring_views.sql is older than") });
    expect(await call(url, "plan", "--allow-out-of-order", "20261122090400")).toMatchObject({ code: 0 });
    expect(await call(url, "plan", "--allow-out-of-order", "20261122090300")).toMatchObject({ code: 1 });

    // There is no contract in migrations/ yet: what the planner is asked shows it.
    const asked: boolean[] = [];
    const plan = (...args: string[]) =>
      migrationsCommand(
        ["plan", ...args],
        { CUTOVER_DATABASE_URL: url },
        () => {},
        async ({ allowContract }) => {
          asked.push(allowContract);
          return { lines: [], problems: [], pending: [], waiting: [] };
        },
      );
    for (const args of [[], ["--phase", "full"], ["--phase", "decommission"]]) await plan(...args);
    expect(asked).toEqual([false, false, true]);
  });

  it.each([
    [[]],
    [["plan", "more"]],
    [["plan", "--phase", "nowhere"]],
    [["plan", "--allow-out-of-order", "all"]],
    [["plan", "--what"]],
    [["repair", "accept"]],
    [["repair", "drop", "1"]],
    [["repair", "accept", "1", "--phase", "full"]],
  ])("explains itself for %s", async (args) => {
    expect(await call("postgresql://u:p@127.0.0.1:1/x", ...args)).toMatchObject({
      code: 2,
      text: expect.stringContaining("usage:"),
    });
  });

  it("wants the URL by environment, and never shows it", async () => {
    expect(await call(undefined, "plan")).toMatchObject({ code: 2 });
    const failed = await call("postgresql://u:pl4nted-secret@127.0.0.1:1/x", "plan");
    expect(failed).toMatchObject({ code: 1, text: expect.stringContaining("127.0.0.1:1 can't be reached") });
    expect(failed.text).not.toContain("pl4nted");
  });
});
