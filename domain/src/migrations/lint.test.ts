import { loadModule, parseSync } from "libpg-query";
import { beforeAll, describe, expect, it } from "vitest";
import { parseMigration } from "./files";
import { lintMigration } from "./lint";

beforeAll(() => loadModule());

const lint = (sql: string, header = "") => lintMigration(parseMigration("1_a.sql", `${header}\n${sql}`, parseSync));
const rules = (sql: string, header = "") => lint(sql, header).map((finding) => finding.rule);

describe("what an old application would notice is no expansion", () => {
  it.each([
    "REVOKE INSERT ON t FROM anon",
    "REVOKE SELECT (a) ON t FROM service_role",
    "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM anon",
    "REVOKE USAGE ON SCHEMA public FROM authenticated",
    "REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC",
    "REVOKE a_role FROM anon",
    "DROP POLICY p ON t",
    "DROP POLICY p ON t; CREATE POLICY q ON t USING (true)",
    "ALTER POLICY p ON t USING (false)",
    "CREATE POLICY p ON t AS RESTRICTIVE USING (a > 0)",
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE t FORCE ROW LEVEL SECURITY",
    "ALTER TABLE t ALTER COLUMN a DROP DEFAULT",
    "ALTER TABLE t DROP CONSTRAINT c",
    "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
    "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES o (id) NOT VALID",
    "ALTER TABLE t ADD COLUMN a int NOT NULL",
    "ALTER TABLE t ADD COLUMN a int PRIMARY KEY USING INDEX TABLESPACE x",
    "DROP VIEW s.v",
    "DROP VIEW IF EXISTS s.v",
    "DROP FUNCTION IF EXISTS f(int)",
    "DROP TRIGGER g ON t",
    "CREATE VIEW s.w WITH (security_invoker) AS SELECT 1; DROP VIEW s.v",
  ])("%s", (sql) => {
    const marked = lint(sql).filter((finding) => finding.rule === "contract-marked");
    expect(marked).toMatchObject([{ severity: "error" }]);
    expect(marked[0]?.message).toMatch(/^1_a\.sql, line 2: .* takes something away of .*; say "-- kind: contract"/);
    expect(rules(sql, "-- kind: contract")).not.toContain("contract-marked");
  });

  it.each([
    [
      "a table of the file's own",
      "CREATE TABLE s.n (a int); ALTER TABLE s.n ENABLE ROW LEVEL SECURITY; REVOKE ALL ON s.n FROM anon",
    ],
    ["and a constraint on it", "CREATE TABLE s.n (a int); ALTER TABLE s.n ADD CONSTRAINT c CHECK (a > 0) NOT VALID"],
    [
      "a function of the file's own",
      "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION f(int) FROM PUBLIC",
    ],
    ["a view made again", "DROP VIEW IF EXISTS s.v; CREATE VIEW s.v WITH (security_invoker) AS SELECT 1"],
    ["a view of the file's own", "CREATE VIEW s.v WITH (security_invoker) AS SELECT 1; REVOKE ALL ON s.v FROM anon"],
    ["a policy made again", "DROP POLICY IF EXISTS p ON t; CREATE POLICY p ON t TO r USING (true)"],
    [
      "a trigger made again",
      "DROP TRIGGER g ON t; CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
    ],
    [
      "our own schema",
      "REVOKE ALL ON SCHEMA langgraph_ops FROM anon; REVOKE ALL ON langgraph_ops.v FROM anon; DROP VIEW langgraph_ops.v",
    ],
    ["our own role", "REVOKE langgraph_ops_reader FROM someone"],
    ["rights that are given", "GRANT SELECT ON t TO anon; GRANT a TO b"],
    ["rights of what comes later", "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM anon"],
    ["a new default", "ALTER TABLE t ALTER COLUMN a SET DEFAULT 7"],
    ["a column that fills itself", "ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 7"],
    ["a permissive policy", "CREATE POLICY p ON t AS PERMISSIVE USING (a > 0)"],
    ["DROP NOT NULL", "ALTER TABLE t ALTER COLUMN a DROP NOT NULL"],
  ])("but %s is one", (_what, sql) => {
    expect(rules(sql)).toEqual([]);
  });
});

describe("time limits are the runner's", () => {
  it.each([
    "SET lock_timeout = 0",
    "SET LOCAL lock_timeout = '1h'",
    "SET statement_timeout TO DEFAULT",
    "SET SESSION Idle_In_Transaction_Session_Timeout = 0",
    "SET transaction_timeout = 0",
    "RESET lock_timeout",
    "RESET ALL",
    "DISCARD ALL",
    "SELECT set_config('lock_timeout', '0', false)",
    "SELECT a FROM t WHERE pg_catalog.set_config('x', 'y', true) = 'y'",
    "DO $$ BEGIN EXECUTE 'SET lock_timeout = 0'; END $$",
    "DO $$ BEGIN PERFORM set_config('lock_' || 'timeout', '0', true); END $$",
    "DO $$ BEGIN RESET ALL; END $$",
  ])("%s is refused, in a contract, too", (sql) => {
    for (const header of ["", "-- kind: contract"]) {
      const found = lint(`ALTER TABLE t ADD COLUMN a int; ${sql}`, header).filter((one) => one.rule === "own-limits");
      expect(found).toMatchObject([{ severity: "error" }]);
      expect(found[0]?.message).toContain("would no longer bound what a writer feels");
    }
  });

  it.each([
    "SET LOCAL search_path = ''",
    "RESET search_path",
    "ALTER ROLE r SET statement_timeout = '5s'",
    "COMMENT ON TABLE t IS 'mind the lock_timeout'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET lock_timeout = '1s' AS 'SELECT 1'",
    "DO $$ BEGIN CREATE ROLE r; END $$",
  ])("%s is not", (sql) => {
    expect(rules(sql)).not.toContain("own-limits");
  });
});
