import { loadModule, parseSync } from "libpg-query";
import { beforeAll, describe, expect, it } from "vitest";
import type { Catalog } from "../migrations/catalog";
import { describePlan } from "../migrations/describe";
import { parseMigration } from "../migrations/files";
import { planMigrations } from "../migrations/plan";
import { comment } from "./comment";
import { type Explanation, explain } from "./explain";
import { previewText, said, step } from "./testkit";

beforeAll(() => loadModule());

const CATALOG: Catalog = {
  schemas: ["public"],
  tables: { "public.t": { rowSecurity: true, rows: 20_000, bytes: 1 } },
  columns: { "public.t": { id: "integer", token: "text" } },
  indexes: {},
  views: {},
  functions: {},
  rights: {},
  policies: {},
  roles: [],
};
const PREPARE = { phase: "prepare", share: 0, webhook: "as-found" } as const;

/** What the comment makes of SQL files, by way of the real planner's words. */
function explainedSql(...files: readonly string[]): Explanation {
  const parsed = files.map((sql, i) => parseMigration(`2026120${i + 1}000000_f.sql`, sql, parseSync));
  const plan = planMigrations({ files: parsed, history: [], catalog: CATALOG, allowContract: false });
  expect(plan.problems).toEqual([]);
  return explainedPlan(
    plan.steps.map(({ file }) => file.file),
    describePlan(plan, CATALOG),
  );
}

function explainedPlan(pending: readonly string[], plan: readonly string[]): Explanation {
  const migrations = step("update", "pulumi-nodejs:dynamic/cutover:SupabaseMigrations", "migrations-supabase", {
    inside: "Migrations",
    old: { files: [] },
    new: { files: [], pending, waiting: [], plan },
  });
  return explain({ preview: previewText({ from: PREPARE, to: PREPARE, steps: [migrations] }) });
}

const codes = ({ headlines }: Explanation) => headlines.map(({ code }) => code);

describe("the planner's words, read back", () => {
  it("give each statement with its locks, and nothing that is not understood", () => {
    const found = explainedSql(
      "ALTER TABLE t ADD COLUMN a int",
      "-- mode: no-tx\nCREATE INDEX CONCURRENTLY i ON t (id)",
      "CREATE TABLE public.other (id bigint primary key); ALTER TABLE public.other ENABLE ROW LEVEL SECURITY",
    );
    expect(found.migrations.pending.map(({ statements, notUnderstood }) => [statements.length, notUnderstood])).toEqual(
      [
        [1, 0],
        [1, 0],
        [0, 0],
      ],
    );
    const locks = found.migrations.pending.flatMap(({ statements }) => statements.flatMap((one) => one.locks));
    expect(locks).toEqual([
      { mode: "ACCESS EXCLUSIVE", table: "public.t", blocksWriters: true },
      { mode: "SHARE UPDATE EXCLUSIVE", table: "public.t", blocksWriters: false },
    ]);
    expect(codes(found)).not.toContain("locks-unknown");
    expect(comment(found)).toContain("writers to `public.t` wait for a moment.");
  });

  it("say that nobody knows what a DO block locks", () => {
    const found = explainedSql("DO $$ BEGIN PERFORM 1; END $$");
    expect(codes(found)).toContain("locks-unknown");
    const text = comment(found);
    expect(text).toContain("what they lock is not wholly known");
    expect(text).not.toContain("none makes writers wait");
    expect(text).toContain("**its locks are not known**");
  });

  it("hand the planner's warnings on", () => {
    const plan = ["1 of 1 database migrations to apply:", "  20261201000000_a.sql (expand): one transaction"];
    const found = explainedPlan(["20261201000000_a.sql"], [...plan, "  warning: 20261201000000_a.sql: no RLS"]);
    expect(codes(found)).toContain("migration-warning");
    expect(comment(found)).toMatch(/planner warns:.*\n.*20261201000000.*a\.sql: no RLS/);
    expect(comment(found)).toContain("- warning: 20261201000000");
  });
});

it("a warning with signs of a value is told without its words", () => {
  const file = "20261201000000_a.sql";
  const plan = [
    "1 of 1 database migrations to apply:",
    `  ${file} (expand): one transaction`,
    "  warning: pl4nted!{$}",
  ];
  const found = explainedPlan([file], plan);
  expect(comment(found)).toContain("a warning whose words are not shown");
  expect(JSON.stringify(found)).not.toContain("pl4nted");
});

describe("a line that is not understood", () => {
  const FILE = "20261201000000_a.sql";
  const lines = (...more: string[]) => [
    "1 of 1 database migrations to apply:",
    `  ${FILE} (expand): one transaction`,
    ...more,
  ];

  it.each([
    ["another form", "    ALTER TABLE public.t SOMETHING"],
    [
      "a lock of another name",
      "    ALTER TABLE public.t X: SUPER EXCLUSIVE on public.t (writers go on); no table rewrite",
    ],
    ["a rewrite of another name", "    ALTER TABLE public.t X: SHARE on public.t (writers go on); rewrites perhaps"],
  ])("%s is no calm one", (_what, line) => {
    const found = explainedPlan([FILE], lines(line));
    expect(codes(found)).toContain("locks-unknown");
    expect(comment(found)).not.toContain("none makes writers wait");
  });

  it("keeps the locks of a statement whose words may not be shown, and not its words", () => {
    const line =
      "    UPDATE t SET token = $1 || 'planted-€': ROW EXCLUSIVE on public.t (writers go on); no table rewrite";
    const found = explainedPlan([FILE], lines(line));
    expect(found.migrations.pending[0]?.statements).toEqual([
      {
        what: undefined,
        locks: [{ mode: "ROW EXCLUSIVE", table: "public.t", blocksWriters: false }],
        locksUnknown: false,
        rewrite: "no",
      },
    ]);
    expect(comment(found)).toContain("a statement whose words are not shown: ROW EXCLUSIVE");
    expect(JSON.stringify(found)).not.toContain("planted");
  });
});

describe("a database that was not asked", () => {
  const LEFT =
    "Migrations are left for the next update that raises the share: connect ECONNREFUSED planted.example.com:5432";

  it("is told as one, in headline and answer, without the reason's words", () => {
    const preview = previewText({
      from: { phase: "ramp-50", share: 50 },
      to: { phase: "ramp-25", share: 25 },
      diagnostics: [said(LEFT)],
    });
    const found = explain({ preview });
    expect(codes(found)).toContain("migrations-left");
    expect(found.unquotedWarnings).toBe(0);
    const text = comment(found);
    expect(text).toContain("**Database:** not asked");
    expect(text).not.toContain("no migration to apply");
    expect(text).not.toContain("planted");
  });
});
