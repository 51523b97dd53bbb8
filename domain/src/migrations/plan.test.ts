import fc from "fast-check";
import { loadModule, parseSync } from "libpg-query";
import { beforeAll, describe, expect, it } from "vitest";
import type { Catalog } from "./catalog";
import { describePlan } from "./describe";
import { type MigrationFile, parseMigration } from "./files";
import { checksum, compareVersions, parseFileName } from "./identity";
import { type HistoryRow, planMigrations } from "./plan";
import { isSettled, type SettledRow } from "./settled";

beforeAll(() => loadModule());

const EMPTY: Catalog = {
  schemas: ["public"],
  tables: {},
  columns: {},
  indexes: {},
  views: {},
  functions: {},
  policies: {},
  rights: {},
  roles: [],
};
const WITH_T: Catalog = {
  ...EMPTY,
  tables: { "public.t": { rowSecurity: true, rows: 1, bytes: 1 } },
  columns: { "public.t": { id: "integer" } },
};
const file = (version: number, sql: string) => parseMigration(`${version}_f${version}.sql`, sql, parseSync);
const row = (of: MigrationFile, status: HistoryRow["status"] = "applied", sha256 = of.sha256): HistoryRow => ({
  version: of.version,
  name: of.name,
  checksum: sha256,
  mode: of.mode,
  status,
});
const plan = (files: MigrationFile[], history: HistoryRow[] = [], catalog = WITH_T, more = {}) =>
  planMigrations({ files, history, catalog, allowContract: false, ...more });
const codes = (of: ReturnType<typeof plan>) => of.problems.map((problem) => problem.code);

describe("the planner", () => {
  it("runs pending files in the order of their versions, as numbers", () => {
    const files = [file(10, "SELECT 10"), file(9, "SELECT 9"), file(100, "SELECT 100")];
    expect(plan(files).steps.map((step) => step.file.version)).toEqual(["9", "10", "100"]);
  });

  it("takes what an earlier pending file makes as there, and what nobody makes as missing", () => {
    const add = file(1, "ALTER TABLE t ADD COLUMN a int");
    const index = file(2, "-- mode: no-tx\nCREATE INDEX CONCURRENTLY i ON t (a)");
    expect(codes(plan([add, index]))).toEqual([]);
    expect(codes(plan([index]))).toEqual(["missing"]);
    expect(plan([add], [], EMPTY).problems[0]?.message).toContain("table public.t is missing");
  });

  it("adopts what is there, resumes what was cut off, leaves out single statements whose effect is there", () => {
    const add = file(1, "ALTER TABLE t ADD COLUMN IF NOT EXISTS id int");
    expect(plan([add]).steps).toMatchObject([{ action: "adopt", statements: [] }]);
    const mixed = file(1, "ALTER TABLE t ADD COLUMN IF NOT EXISTS id int; SELECT 1");
    expect(plan([mixed]).steps[0]?.statements.map((s) => s.sql)).toEqual(["SELECT 1"]);
    const index = file(2, "-- mode: no-tx\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (id)");
    expect(plan([index], [row(index, "pending")]).steps).toMatchObject([{ action: "resume" }]);
  });

  it("does not take an invalid index, or one with another predicate, for the right one", () => {
    const index = file(2, "-- mode: no-tx\nCREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (id) WHERE id IS NOT NULL");
    const shape = index.statements.flatMap((s) => s.ensures.flatMap((c) => (c.kind === "index" ? [c.shape] : [])))[0];
    if (!shape) throw new Error("no index");
    const at = (valid: boolean, found = shape) => ({
      ...WITH_T,
      indexes: { "public.i": { table: "public.t", valid, shape: found } },
    });
    expect(plan([index], [], at(true)).steps[0]?.action).toBe("adopt");
    expect(plan([index], [], at(false)).steps[0]?.action).toBe("run");
    const all = { unique: shape.unique, method: shape.method, keys: shape.keys };
    expect(codes(plan([index], [], at(true, all)))).toEqual(["conflict"]);
    expect(plan([index], [], at(true, { ...all, predicate: "other" })).problems[0]?.message).toContain(
      "another WHERE clause",
    );
  });

  it("tries a failed file again, also when it was edited meanwhile", () => {
    const failed = file(1, "SELECT 1");
    expect(plan([failed], [row(failed, "failed", "other")])).toMatchObject({
      problems: [],
      steps: [{ action: "run" }],
    });
  });

  it("lets only the named version run late, and says how to name it", () => {
    const files = [file(1, "SELECT 1"), file(2, "SELECT 2"), file(3, "SELECT 3")];
    const history = files.slice(2).map((f) => row(f));
    const late = (allowOutOfOrder?: string) =>
      plan(files, history, WITH_T, { allowOutOfOrder }).problems.map((problem) => problem.message);
    expect(late()).toEqual([expect.stringMatching(/^1_f1/), expect.stringMatching(/^2_f2/)]);
    expect(late("2")).toEqual([expect.stringContaining("--path cutover:database.allowOutOfOrder 1")]);
    expect(late("9")).toHaveLength(2);
  });

  it("collects all problems at once", () => {
    const applied = file(2, "SELECT 2");
    const files = [
      file(1, "SELECT 1"),
      applied,
      file(3, "-- kind: contract\nALTER TABLE t DROP COLUMN id"),
      file(4, "CREATE INDEX j ON t (id)"),
    ];
    const history = [row(applied, "applied", "edited"), { ...row(applied), version: "99" }];
    expect(codes(plan(files, history)).sort()).toEqual(["changed", "lint", "out-of-order", "unknown"]);
    expect(codes(plan(files, history, WITH_T, { allowContract: true, allowOutOfOrder: "1" })).sort()).toEqual([
      "changed",
      "lint",
      "unknown",
    ]);
    expect(codes(plan([applied, parseMigration("02_again.sql", "SELECT 1", parseSync)]))).toEqual(["duplicate"]);
  });

  it("holds contract files back until decommission, and only them", () => {
    const files = [
      file(1, "ALTER TABLE t ADD COLUMN a int"),
      file(2, "-- kind: contract\nALTER TABLE t DROP COLUMN id"),
      file(3, "ALTER TABLE t ADD COLUMN b int"),
    ];
    const before = plan(files);
    expect([before.steps, before.waiting].map((some) => some.length)).toEqual([2, 1]);
    expect(codes(before)).toEqual([]);
    expect(describePlan(before)).toEqual(
      expect.arrayContaining([
        "2 of 2 database migrations to apply:",
        "  2_f2.sql (contract) waits for phase decommission to be applied, and the next update: ALTER TABLE public.t DROP COLUMN id",
      ]),
    );
    const [first, contract, third] = files as [MigrationFile, MigrationFile, MigrationFile];
    const grown = { ...WITH_T, columns: { "public.t": { id: "integer", a: "integer", b: "integer" } } };
    const only = plan(files, [row(first), row(third)], grown);
    expect([only.steps, only.problems]).toEqual([[], []]);
    expect(describePlan(only)[0]).toBe("All 2 database migrations that may run now are applied.");
    // Older than what is applied meanwhile, and that is no mistake.
    const last = plan(files, [row(first), row(third)], grown, { allowContract: true });
    expect([last.steps.map((step) => step.file), last.problems, last.waiting]).toEqual([[contract], [], []]);
  });

  it("does not let an expand file count on what a waiting contract would make", () => {
    const files = [
      file(1, "-- kind: contract\nALTER TABLE t DROP COLUMN id; CREATE TABLE langgraph_ops.u (a int)"),
      file(2, "-- mode: no-tx\nCREATE INDEX CONCURRENTLY i ON langgraph_ops.u (a)"),
    ];
    expect(codes(plan(files))).toEqual(["missing", "missing"]);
  });

  it("tells what is wrong with a waiting contract without stopping the others for it", () => {
    const files = [file(1, "SELECT 1"), file(2, "-- kind: contract\nDROP INDEX CONCURRENTLY public.i")];
    const before = plan(files);
    expect([codes(before), before.steps.length]).toEqual([[], 1]);
    expect(before.warnings.join()).toContain("can't run in a transaction");
    expect(codes(plan(files, [], WITH_T, { allowContract: true }))).toEqual(["lint"]);
  });

  it("sees drift, but not in what a later migration replaced or dropped", () => {
    const add = file(1, "ALTER TABLE t ADD COLUMN a int");
    const drop = file(2, "-- kind: contract\nALTER TABLE t DROP COLUMN a");
    expect(codes(plan([add], [row(add)]))).toEqual(["drift"]);
    expect(codes(plan([add, drop], [row(add), row(drop)]))).toEqual([]);
  });

  it("has nothing to do exactly when every file is applied, whatever the mixture", () => {
    const files = [1, 2, 3, 4, 5].map((version) => file(version, `SELECT ${version}`));
    const statuses = fc.constantFrom("none", "applied", "failed", "pending");
    fc.assert(
      fc.property(fc.array(statuses, { minLength: 5, maxLength: 5 }), (state) => {
        const history = files.flatMap((f, i) =>
          state[i] === "none" ? [] : [row(f, state[i] as HistoryRow["status"])],
        );
        const { steps, applied } = plan(files, history, WITH_T);
        expect(steps.length + applied.length).toBe(5);
        expect(applied).toEqual(files.filter((_, i) => state[i] === "applied"));
      }),
      { seed: 6, numRuns: 200 },
    );
  });
});

describe("a quick look", () => {
  const add = () => file(1, "ALTER TABLE t ADD COLUMN IF NOT EXISTS id int");
  const settled = (of: MigrationFile, more: Partial<SettledRow> = {}): SettledRow => ({
    ...row(of),
    promises: { ensures: of.statements.flatMap((s) => s.ensures), drops: of.statements.flatMap((s) => s.drops) },
    ...more,
  });

  it("is content only when files, history and catalog agree", () => {
    const one = add();
    expect(isSettled([one], [settled(one)], WITH_T)).toBe(true);
    expect(isSettled([one], [], WITH_T)).toBe(false);
    expect(isSettled([], [settled(one)], WITH_T)).toBe(false);
    expect(isSettled([one], [settled(one, { status: "pending" })], WITH_T)).toBe(false);
    expect(isSettled([one], [settled(one, { checksum: "edited" })], WITH_T)).toBe(false);
    expect(isSettled([one], [settled(one, { name: "renamed" })], WITH_T)).toBe(false);
    expect(isSettled([one], [settled(one, { promises: null })], WITH_T)).toBe(false);
    expect(isSettled([one], [settled(one)], EMPTY)).toBe(false); // someone took the column away
  });

  it("does not miss what a later migration took away on purpose", () => {
    const files = [add(), file(2, "-- kind: contract\nALTER TABLE t DROP COLUMN id")];
    expect(
      isSettled(
        files,
        files.map((f) => settled(f)),
        EMPTY,
      ),
    ).toBe(true);
  });

  it("agrees with the planner: settled means no step and no problem", () => {
    const files = [add(), file(2, "SELECT 1")];
    const state = fc.record({ status: fc.constantFrom("applied", "failed"), sha: fc.boolean(), there: fc.boolean() });
    fc.assert(
      fc.property(fc.array(state, { minLength: 2, maxLength: 2 }), fc.boolean(), (states, there) => {
        const history = files.map((f, i) =>
          settled(f, { status: states[i]?.status as "applied", checksum: states[i]?.sha ? f.sha256 : "other" }),
        );
        const catalog = there ? WITH_T : EMPTY;
        const full = plan(files, history, catalog, { allowOutOfOrder: "1" });
        expect(isSettled(files, history, catalog)).toBe(full.steps.length === 0 && full.problems.length === 0);
      }),
      { seed: 6 },
    );
  });
});

describe("a file's identity", () => {
  it("is its text with LF line ends, without a byte order mark", () => {
    const sql = "SELECT 1;\nSELECT 2;\n";
    expect(checksum(`\uFEFF${sql.replaceAll("\n", "\r\n")}`)).toBe(checksum(sql));
    expect(checksum(sql)).not.toBe(checksum(`${sql}\n`));
  });

  it("follows the Supabase CLI's naming", () => {
    expect(parseFileName("20261122090000_langgraph_columns.sql")).toEqual({
      version: "20261122090000",
      name: "langgraph_columns",
    });
    for (const other of ["README.md", "a_b.sql", "1-a.sql", "1_a.sql.bak", ".squawk.toml"])
      expect(parseFileName(other)).toBeUndefined();
    expect(["10", "9", "0009", "20261122090000"].sort(compareVersions)).toEqual(["9", "0009", "10", "20261122090000"]);
  });
});
