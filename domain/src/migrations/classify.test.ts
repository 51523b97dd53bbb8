import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadModule, parseSync } from "libpg-query";
import { beforeAll, describe, expect, it } from "vitest";
import { describePlan } from "./describe";
import { type MigrationFile, parseMigration } from "./files";
import { lintMigration } from "./lint";
import { blocksWriters, conflictsOf, LOCK_MODES } from "./locks";
import { splitStatements } from "./syntax";

beforeAll(() => loadModule());

const parse = (sql: string, header = ""): MigrationFile => parseMigration("1_a.sql", `${header}\n${sql}`, parseSync);
const first = (sql: string) => {
  const [statement] = parse(sql).statements;
  if (!statement) throw new Error("no statement");
  return statement;
};

describe("a statement's locks and cost", () => {
  const T = "public.t";
  // The vendor's tables: https://www.postgresql.org/docs/current/explicit-locking.html and sql-altertable.html
  it.each<[string, string[], string, boolean]>([
    ["ALTER TABLE t ADD COLUMN a int", [`${T} ACCESS EXCLUSIVE`], "no", false],
    ["ALTER TABLE t ADD COLUMN a int DEFAULT 7", [`${T} ACCESS EXCLUSIVE`], "no", false],
    ["ALTER TABLE t ADD COLUMN a timestamptz DEFAULT now()", [`${T} ACCESS EXCLUSIVE`], "no", false],
    ["ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()", [`${T} ACCESS EXCLUSIVE`], "yes", false],
    ["ALTER TABLE t ADD COLUMN a uuid DEFAULT coalesce(null, random())", [`${T} ACCESS EXCLUSIVE`], "yes", false],
    ["ALTER TABLE t ADD COLUMN a int DEFAULT our_own()", [`${T} ACCESS EXCLUSIVE`], "maybe", false],
    ["ALTER TABLE t ADD COLUMN a bigserial", [`${T} ACCESS EXCLUSIVE`], "yes", false],
    ["ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b + 1) STORED", [`${T} ACCESS EXCLUSIVE`], "yes", false],
    [
      "ALTER TABLE t ADD COLUMN a int REFERENCES o (id)",
      [`${T} ACCESS EXCLUSIVE`, "public.o SHARE ROW EXCLUSIVE"],
      "no",
      false,
    ],
    ["ALTER TABLE t ALTER COLUMN a TYPE bigint", [`${T} ACCESS EXCLUSIVE`], "maybe", true],
    ["ALTER TABLE t ALTER COLUMN a SET NOT NULL", [`${T} ACCESS EXCLUSIVE`], "no", true],
    ["ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", [`${T} ACCESS EXCLUSIVE`], "no", true],
    ["ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", [`${T} ACCESS EXCLUSIVE`], "no", false],
    ["ALTER TABLE t VALIDATE CONSTRAINT c", [`${T} SHARE UPDATE EXCLUSIVE`], "no", false],
    [
      "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES o (id) NOT VALID",
      [`${T} SHARE ROW EXCLUSIVE`, "public.o SHARE ROW EXCLUSIVE"],
      "no",
      false,
    ],
    ["ALTER TABLE t SET (fillfactor = 70)", [`${T} SHARE UPDATE EXCLUSIVE`], "no", false],
    ["ALTER TABLE t SET (fillfactor = 70), ADD COLUMN a int", [`${T} ACCESS EXCLUSIVE`], "no", false],
    ["CREATE INDEX i ON t (a)", [`${T} SHARE`], "no", true],
    ["CREATE INDEX CONCURRENTLY i ON other.t (a)", ["other.t SHARE UPDATE EXCLUSIVE"], "no", true],
    [
      "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
      [`${T} SHARE ROW EXCLUSIVE`],
      "no",
      false,
    ],
    ["CREATE POLICY p ON t USING (true)", [`${T} ACCESS EXCLUSIVE`], "no", false],
    ["TRUNCATE t, s.u", [`${T} ACCESS EXCLUSIVE`, "s.u ACCESS EXCLUSIVE"], "no", false],
    ["UPDATE t SET a = 1", [`${T} ROW EXCLUSIVE`], "no", true],
    ["CREATE TABLE n (id int REFERENCES t (id))", [`${T} SHARE ROW EXCLUSIVE`], "no", false],
    ["CREATE VIEW v WITH (security_invoker = true) AS SELECT 1", [], "no", false],
    ["GRANT SELECT ON t TO anon", [], "no", false],
    ["UPDATE t SET a = 1 WHERE b = 2", [`${T} ROW EXCLUSIVE`], "no", false],
    ["VACUUM t", [`${T} SHARE UPDATE EXCLUSIVE`], "no", false],
    ["VACUUM FULL t, s.u", [`${T} ACCESS EXCLUSIVE`, "s.u ACCESS EXCLUSIVE"], "yes", false],
    ["VACUUM (FULL, ANALYZE) t", [`${T} ACCESS EXCLUSIVE`], "yes", false],
    ["VACUUM (FULL false) t", [`${T} SHARE UPDATE EXCLUSIVE`], "no", false],
    ["VACUUM (FULL 0) t", [`${T} SHARE UPDATE EXCLUSIVE`], "no", false],
    ["ANALYZE t", [`${T} SHARE UPDATE EXCLUSIVE`], "no", false],
    ["REINDEX (CONCURRENTLY false) TABLE t", [`${T} SHARE`], "no", true],
    ["LOCK TABLE t", [`${T} ACCESS EXCLUSIVE`], "no", false],
    ["LOCK TABLE t, s.u IN SHARE MODE", [`${T} SHARE`, "s.u SHARE"], "no", false],
    ["CLUSTER t USING i", [`${T} ACCESS EXCLUSIVE`], "yes", false],
    ["ALTER POLICY p ON t USING (true)", [`${T} ACCESS EXCLUSIVE`], "no", false],
  ])("%s", (sql, locks, rewrite, scan) => {
    const facts = first(sql);
    expect({
      locks: facts.locks.map((lock) => `${lock.table} ${lock.mode}`),
      rewrite: facts.rewrite,
      scan: facts.scan,
    }).toEqual({ locks, rewrite, scan });
  });

  it("knows which locks stop writers, and that conflicts go both ways", () => {
    expect(LOCK_MODES.filter(blocksWriters)).toEqual(["SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"]);
    for (const a of LOCK_MODES) for (const b of conflictsOf(a)) expect(conflictsOf(b), `${a} / ${b}`).toContain(a);
  });

  it("may be left out where its effect is there: only with IF NOT EXISTS and no further effect", () => {
    expect(first("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int").skippable).toBe(true);
    expect(first("ALTER TABLE t ADD COLUMN a int").skippable).toBe(false);
    expect(first("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, ENABLE ROW LEVEL SECURITY").skippable).toBe(false);
    expect(first("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int NOT NULL").skippable).toBe(false);
    expect(first("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)").skippable).toBe(true);
  });

  it("names column types as the catalog does", () => {
    const types =
      "a varchar(255), b jsonb, c timestamptz, d int, e numeric(10,2), f text[], g double precision, h char(3), i bool, j custom, k timestamp(3)";
    const checks = first(`CREATE TABLE t (${types})`).ensures.flatMap((c) => (c.kind === "column" ? [c.type] : []));
    expect(checks).toEqual([
      "character varying(255)",
      "jsonb",
      "timestamp with time zone",
      "integer",
      "numeric(10,2)",
      "text[]",
      "double precision",
      "character(3)",
      "boolean",
      "custom",
      undefined, // not told from the text: any type will do
    ]);
  });
});

describe("splitting a file", () => {
  it("gives each statement its own text and line, whatever stands around it", () => {
    const sql =
      "-- ä comment; with a semicolon\nSELECT 'é;' AS x;\n\n/* two\nlines */ DO $$ BEGIN PERFORM 1; END $$;\nSELECT 2 -- end\n;";
    expect(splitStatements(sql, parseSync).map(({ sql: text, line }) => [line, text])).toEqual([
      [2, "SELECT 'é;' AS x"],
      [5, "DO $$ BEGIN PERFORM 1; END $$"],
      [6, "SELECT 2 -- end"],
    ]);
  });

  it("says file and line of a syntax error", () => {
    expect(() => parse("SELECT 1;\nSELECT FROM WHERE;")).toThrow(/1_a\.sql, line 3: syntax error/);
  });
});

describe("a file's header", () => {
  it.each([
    ["-- mode: fast", /line 1: mode is "fast", allowed: tx, no-tx/],
    ["-- kind: drop", /kind is "drop", allowed: expand, contract/],
    ["-- requires: everything", /expected "schema\.table\(column, …\)"/],
  ])("%s", (header, expected) => {
    expect(() => parse("SELECT 1", header)).toThrow(expected);
  });

  it("is read only at the top, and says what must be there", () => {
    const file = parse(
      "SELECT 1;\n-- mode: no-tx",
      "-- why\n\n-- kind: contract\n-- requires: public.t(a, b)\n-- requires: role anon",
    );
    expect(file).toMatchObject({ mode: "tx", kind: "contract", version: "1", name: "a" });
    expect(file.requires).toEqual([
      { kind: "table", table: "public.t" },
      { kind: "column", table: "public.t", column: "a" },
      { kind: "column", table: "public.t", column: "b" },
      { kind: "role", role: "anon" },
    ]);
  });
});

describe("lint", () => {
  it.each<[string, string, string[]]>([
    ["", "CREATE INDEX i ON t (a)", ["blocks-writers"]],
    ["", "CREATE TABLE s.n (a int); CREATE INDEX i ON s.n (a)", []],
    ["", "CREATE TABLE n (a int)", ["public-row-security"]],
    ["", "CREATE TABLE n (a int); ALTER TABLE n ENABLE ROW LEVEL SECURITY", []],
    ["", "ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()", ["table-rewrite"]],
    ["-- kind: contract", "ALTER TABLE t ALTER COLUMN a SET NOT NULL", ["scan-under-lock"]],
    ["-- kind: contract", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", ["scan-under-lock"]],
    ["-- kind: contract", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", []],
    ["", "ALTER TABLE t DROP COLUMN a", ["contract-marked"]],
    ["-- kind: contract", "ALTER TABLE t DROP COLUMN a", []],
    ["", "ALTER TABLE t RENAME COLUMN a TO b", ["contract-marked"]],
    ["", "DROP TABLE t", ["contract-marked"]],
    ["", "CREATE VIEW s.v AS SELECT 1", ["view-security-invoker"]],
    ["", "CREATE VIEW s.v WITH (security_invoker = off) AS SELECT 1", ["view-security-invoker"]],
    ["", "CREATE VIEW s.v WITH (security_invoker) AS SELECT 1", []],
    ["", "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", ["definer-search-path"]],
    ["", "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1'", []],
    ["", "UPDATE t SET a = 1", ["unfiltered-change"]],
    ["", "ALTER TABLE t ADD COLUMN a int; UPDATE t SET a = 1 WHERE b", ["lock-held-while-working"]],
    ["", "BEGIN; SELECT 1; COMMIT", ["own-transaction", "own-transaction"]],
    ["", "CREATE INDEX CONCURRENTLY i ON t (a)", ["needs-no-tx"]],
    ["-- mode: no-tx", "CREATE INDEX CONCURRENTLY i ON t (a)", []],
    ["-- mode: no-tx", "SELECT 1; SELECT 2", ["no-tx-is-one-statement"]],
    ["", "DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD COLUMN a int'; END $$", ["opaque"]],
    ["", "DO $$ BEGIN CREATE ROLE r; END $$", []],
    ["-- mode: no-tx", "ALTER TABLE t ADD COLUMN a int", ["no-tx-not-needed"]],
    ["-- mode: no-tx", "UPDATE t SET a = 1 WHERE b", ["no-tx-not-needed"]],
    ["-- mode: no-tx", "CREATE INDEX i ON t (a)", ["no-tx-not-needed", "blocks-writers"]],
    ["-- mode: no-tx", "VACUUM t", []],
    ["-- mode: no-tx", "VACUUM FULL t", ["no-tx-blocks-writers", "table-rewrite"]],
    ["-- mode: no-tx", "VACUUM FULL", ["unknown-statement"]],
    ["-- mode: no-tx", "REINDEX INDEX CONCURRENTLY i", []],
    ["-- mode: no-tx", "REINDEX SCHEMA s", ["unknown-statement"]],
    ["-- mode: no-tx", "DROP INDEX CONCURRENTLY IF EXISTS i", []],
    ["", "CLUSTER t USING i", ["table-rewrite"]],
    ["", "LOCK TABLE t; UPDATE t SET a = 1 WHERE b", ["lock-held-while-working"]],
    ["", "UPDATE t SET a = 1 WHERE true", ["unfiltered-change"]],
    ["", "UPDATE t SET a = 1 WHERE 1 = 1 AND now() > '2020-01-01'", ["unfiltered-change"]],
    ["", "UPDATE t SET a = 1 WHERE b OR true", ["unfiltered-change"]],
    ["", "UPDATE t SET a = 1 WHERE NOT false", ["unfiltered-change"]],
    ["", "UPDATE t SET a = 1 WHERE a = a", ["unfiltered-change"]],
    ["", "UPDATE t SET a = (SELECT max(b) FROM o WHERE o.c)", ["unfiltered-change"]],
    ["", "UPDATE t SET a = 1 WHERE true AND b = 2", []],
    ["", "UPDATE t SET a = 1 WHERE b = 1 OR NOT c", []],
    ["-- kind: contract", "DELETE FROM t WHERE true", ["unfiltered-change"]],
    ["-- kind: contract", "DELETE FROM t WHERE b < 3", []],
    ["", "WITH o AS (UPDATE t SET a = 1 RETURNING 1) INSERT INTO u SELECT 1", ["unknown-statement"]],
    ["", "WITH o AS (DELETE FROM t RETURNING 1) SELECT 1", ["unknown-statement"]],
    ["", "SELECT our_own()", ["unknown-statement"]],
    ["", "SELECT a FROM t FOR UPDATE", ["unknown-statement"]],
    ["", "SELECT a INTO n FROM t", ["unknown-statement"]],
    ["", "SELECT a FROM t WHERE b", []],
    ["", "CALL our_own()", ["unknown-statement"]],
    ["", "COPY t FROM '/tmp/x'", ["unknown-statement"]],
    ["", "CREATE TABLE n AS SELECT * FROM t", ["unknown-statement"]],
    ["", "REFRESH MATERIALIZED VIEW m", ["unknown-statement"]],
    ["", "MERGE INTO t USING o ON t.a = o.a WHEN MATCHED THEN DELETE", ["unknown-statement"]],
    ["", "CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING", ["unknown-statement"]],
    ["", "ALTER TABLE t SET SCHEMA s", ["unknown-statement"]],
    ["", "ALTER INDEX i SET (fillfactor = 70)", ["unknown-statement"]],
    ["-- kind: contract", "ALTER TABLE t SET SCHEMA s", ["unknown-statement"]],
    ...(
      [
        "GRANT SELECT ON t TO anon",
        "GRANT a TO b",
        "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM anon",
        "COMMENT ON TABLE t IS 'x'",
        "SET LOCAL search_path = ''",
        "CREATE ROLE r",
        "ALTER ROLE r SET statement_timeout = '5s'",
        "CREATE SCHEMA s",
        "CREATE EXTENSION IF NOT EXISTS pgcrypto",
        "CREATE TYPE s.x AS ENUM ('a')",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE POLICY p ON t USING (true)",
        "NOTIFY pgrst, 'reload schema'",
        "ANALYZE t",
      ] as const
    ).map((sql): [string, string, string[]] => ["", sql, []]),
  ])("%s %s", (header, sql, rules) => {
    expect(lintMigration(parse(sql, header)).map((finding) => finding.rule)).toEqual(rules);
  });

  it("finds nothing in our own files", () => {
    const folder = join(__dirname, "../../../migrations");
    const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
    expect(files).toHaveLength(6);
    const parsed = files.map((name) => parseMigration(name, readFileSync(join(folder, name), "utf8"), parseSync));
    expect(parsed.flatMap(lintMigration)).toEqual([]);
  });

  it("stops for a statement it does not know, except in a contract, and never for a DO block", () => {
    const severity = (sql: string, header = "") => lintMigration(parse(sql, header)).map((one) => one.severity);
    expect(severity("CALL our_own()")).toEqual(["error"]);
    expect(severity("CALL our_own()", "-- kind: contract")).toEqual(["warning"]);
    expect(severity("DO $$ BEGIN PERFORM our_own(); END $$")).toEqual(["warning"]);
  });
});

describe("the plan in words", () => {
  it("names locks, rewrites and the rows that are read", () => {
    const file = parse("CREATE INDEX CONCURRENTLY i ON t (a)", "-- mode: no-tx");
    const catalog = {
      schemas: [],
      tables: { "public.t": { rowSecurity: true, rows: 20_000, bytes: 1 } },
      columns: {},
      indexes: {},
      views: {},
      functions: {},
      policies: {},
      rights: {},
      roles: [],
    };
    const plan = {
      steps: [{ file, action: "run" as const, statements: file.statements }],
      problems: [],
      waiting: [],
      warnings: ["w"],
      applied: [],
    };
    expect(describePlan(plan, catalog)).toEqual([
      "1 of 1 database migrations to apply:",
      "  1_a.sql (expand): outside a transaction",
      "    CREATE INDEX CONCURRENTLY i ON public.t: SHARE UPDATE EXCLUSIVE on public.t (writers go on, reads 20,000 rows); no table rewrite",
      "  warning: w",
    ]);
  });
});
