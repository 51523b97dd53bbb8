import { X509Certificate } from "node:crypto";
import dns, { type LookupAddress } from "node:dns";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { serverAccount } from "../../../rehearsal/postgres/account";
import { type PoolerMode, StandInPooler } from "../../../rehearsal/postgres/pooler";
import { PostgresServer } from "../../../rehearsal/postgres/server";
import { usePostgres } from "../../../rehearsal/postgres/testkit";
import { clientConfig, connect, connectError } from "./connect";
import { loadMigrations } from "./parse-folder";
import { previewMigrations } from "./preview";
import { runMigrations } from "./run";
import { takeRunnerLock } from "./runner-lock";
import { prepareSession } from "./session";
import { SUPABASE_ROOTS } from "./supabase-roots";
import { DatabaseError, parseTarget, TransactionPoolerError } from "./target";

const options = { applicationName: "test", needsSession: true };
const REF = "abcdefghijklmnopqrst";
const DIRECT = `postgresql://postgres:s3cret-pass@db.${REF}.supabase.co:5432/postgres`;
const SESSION = `postgresql://postgres.${REF}:s3cret-pass@aws-0-eu-west-1.pooler.supabase.com:5432/postgres`;

describe("a connection string", () => {
  it.each([
    [DIRECT, { kind: "direct", projectRef: REF, user: "postgres", port: 5432 }],
    [SESSION, { kind: "session", projectRef: REF, user: `postgres.${REF}` }],
    [SESSION.replace("5432", "6543"), { kind: "transaction" }],
    [DIRECT.replace("5432", "6543"), { kind: "transaction" }],
    [`${SESSION}?pgbouncer=true`, { kind: "transaction" }],
    [
      "postgres://u:p%40ss%2Fword@127.0.0.1/db",
      { kind: "loopback", password: "p@ss/word", database: "db", port: 5432 },
    ],
    ["postgresql://u:p@[::1]:5433/db", { kind: "loopback", host: "::1", port: 5433 }],
    ["postgresql://u:p@db.example.com", { kind: "other", database: "postgres" }],
  ])("%s", (url, expected) => {
    expect(parseTarget({ url })).toMatchObject(expected);
  });

  it.each([
    ["not a url with s3cret-pass", /can't be read/],
    ["https://u:s3cret-pass@host/db", /is a https: URL/],
    ["postgresql://u:s3cret-pass#x@host:5432/db", /percent-encoded/],
    ["postgresql://u:s3cret-pass%zz@host/db", /write %25/],
    ["postgresql://host/db", /lacks host or user/],
    [
      "postgresql://postgres:s3cret-pass@aws-0-eu-west-1.pooler.supabase.com:5432/postgres",
      /user name postgres\.<project reference>/,
    ],
  ])("%s is refused without showing it", (url, expected) => {
    const failed = () => parseTarget({ url });
    expect(failed).toThrow(expected);
    expect(failed).not.toThrow(/s3cret-pass/);
  });
});

describe("TLS", () => {
  it("trusts exactly Supabase's two roots for its hosts", () => {
    const known = [
      "80:70:25:AD:50:D4:ED:21:9D:2C:9C:7D:29:9C:00:4F:82:4E:B0:0C:F7:F6:5A:FE:F6:07:D0:7B:72:E6:CA:FA",
      "5F:9B:77:95:1A:7A:A1:30:3F:9B:58:EE:A9:BF:A8:9E:35:8C:FD:C1:5F:97:86:FF:10:D4:93:0A:72:2C:9A:E2",
    ];
    const roots = SUPABASE_ROOTS.map((pem) => new X509Certificate(pem));
    expect(roots.map((root) => root.fingerprint256)).toEqual(known);
    expect(roots.map((root) => new Date(root.validTo).getUTCFullYear())).toEqual([2031, 2035]);
    for (const url of [DIRECT, SESSION]) {
      const { ssl } = clientConfig(parseTarget({ url }), { url }, options);
      expect(ssl).toMatchObject({ ca: SUPABASE_ROOTS, rejectUnauthorized: true });
    }
  });

  it.each([
    "sslmode=disable",
    "sslmode=no-verify",
    "sslmode=require",
    "ssl=false",
    "sslrootcert=/dev/null",
    "uselibpqcompat=true&sslmode=require",
  ])("is verified whatever the URL says: %s", (parameters) => {
    const url = `${DIRECT}?${parameters}`;
    expect(clientConfig(parseTarget({ url }), { url }, options)).toMatchObject({
      ssl: { rejectUnauthorized: true, ca: SUPABASE_ROOTS },
    });
    expect(clientConfig(parseTarget({ url }), { url }, options)).not.toHaveProperty("connectionString");
  });

  it("is left out on loopback only", () => {
    const other = "postgresql://u:p@db.example.com/db";
    expect(clientConfig(parseTarget({ url: other }), { url: other }, options).ssl).toMatchObject({
      rejectUnauthorized: true,
    });
    const local = "postgresql://u:p@127.0.0.1/db";
    expect(clientConfig(parseTarget({ url: local }), { url: local }, options).ssl).toBe(false);
  });

  describe("against a server with a certificate of its own", () => {
    const folder = mkdtempSync(join(tmpdir(), "cutover-tls-"));
    let server: PostgresServer;
    let ca: string;
    const url = (host = "localhost", more = "") =>
      `postgresql://admin:s3cret-pass@${host}:${server.port}/postgres${more}`;
    beforeAll(async () => {
      chmodSync(folder, 0o755);
      const made = await generate([{ name: "commonName", value: "localhost" }], {
        algorithm: "sha256",
        extensions: [
          { name: "basicConstraints", cA: true },
          { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
        ],
      });
      ca = made.cert;
      writeFileSync(join(folder, "cert.pem"), made.cert);
      writeFileSync(join(folder, "key.pem"), made.private, { mode: 0o600 });
      const account = serverAccount();
      if (account) chownSync(join(folder, "key.pem"), account.uid, account.gid);
      const settings = { ssl: "on", ssl_cert_file: join(folder, "cert.pem"), ssl_key_file: join(folder, "key.pem") };
      server = await PostgresServer.start({ folder, superuser: { name: "admin", password: "s3cret-pass" }, settings });
    });
    afterAll(async () => {
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it("connects when its authority is given", async () => {
      const client = await connect({ url: url(), ca }, options);
      const { rows } = await client.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
      await client.end();
      expect(rows).toEqual([{ ssl: true }]);
    });

    it("refuses it otherwise, also with sslmode=no-verify in the URL", async () => {
      const settings = { url: url("localhost", "?sslmode=no-verify"), ca: SUPABASE_ROOTS[0] ?? "" };
      await expect(connect(settings, options)).rejects.toThrow(/certificate that can't be verified/);
    });

    it("refuses a certificate of another name, also for an address", async () => {
      await expect(connect({ url: url("127.0.0.1"), ca }, options)).rejects.toThrow(
        /certificate that can't be verified \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
      );
    });
  });
});

describe("a connection that fails", () => {
  const say = (error: object, url = DIRECT) =>
    connectError(error, parseTarget({ url }), { url, region: "eu-west-1" }).message;

  it.each(["ENOTFOUND", "ENETUNREACH", "EHOSTUNREACH"])(
    "%s on the direct host is explained with the session pooler's URL",
    (code) => {
      const text = say({ errors: [{ code, message: "connect to 2a05::1" }] });
      expect(text).toContain("has an IPv6 address only");
      expect(text).toContain(
        `postgresql://postgres.${REF}:<password>@aws-0-eu-west-1.pooler.supabase.com:5432/postgres`,
      );
    },
  );

  it("pg's own time-out, which has no code, is explained in the same way, but not for a pooler", () => {
    expect(say(new Error("timeout expired"))).toMatch(/timeout expired.*IPv6 address only.*Use the session pooler/);
    expect(say(new Error("timeout expired"), SESSION)).not.toContain("IPv6");
  });

  it("tells password, project, database and TLS apart", () => {
    expect(say({ code: "28P01", message: "password authentication failed" })).toContain("wrong password or user");
    expect(say({ code: "XX000", message: "Tenant or user not found" }, SESSION)).toContain("wrong region");
    expect(say({ code: "3D000", message: "" })).toContain('no database "postgres"');
    expect(say({ message: "The server does not support SSL connections" })).toContain("offers no TLS");
    expect(say({ code: "ECONNREFUSED", message: "connect ECONNREFUSED" }, SESSION)).toContain("ECONNREFUSED");
  });

  it("never shows the password or a whole URL", () => {
    const text = say({ code: "X", message: `bad ${DIRECT} s3cret-pass ${encodeURIComponent("s3cret-pass")}` });
    expect(text).not.toContain("s3cret-pass");
  });
});

describe("a host that has an IPv6 address only", () => {
  // The name is looked up in the test instead of in the world's DNS; what follows is Node's and pg's own.
  const lookUp = (answer: (done: (error: Error | null, addresses: LookupAddress[]) => void) => void) => {
    const spy = vi.spyOn(dns, "lookup") as unknown as { mockImplementation: (f: (...args: unknown[]) => void) => void };
    spy.mockImplementation((...args) => answer(args.at(-1) as never));
  };
  afterEach(() => vi.restoreAllMocks());
  const settings = { url: DIRECT, region: "eu-west-1" };
  const explained = new RegExp(
    `db\\.${REF}\\.supabase\\.co:5432 can't be reached from here \\((ENOTFOUND|ENETUNREACH|EADDRNOTAVAIL|EHOSTUNREACH|ETIMEDOUT|timeout expired)\\).*` +
      `IPv6 address only.*postgresql://postgres\\.${REF}:<password>@aws-0-eu-west-1\\.pooler\\.supabase\\.com:5432/postgres`,
  );

  it("is explained by connect itself when the name gives this network no address", async () => {
    lookUp((done) => done(Object.assign(new Error(`getaddrinfo ENOTFOUND db.${REF}`), { code: "ENOTFOUND" }), []));
    const failed = connect(settings, options);
    await expect(failed).rejects.toThrow(explained);
    await expect(failed).rejects.not.toThrow(/s3cret-pass/);
  });

  it("is explained when there is an address and no way to it", async () => {
    // 100::/64 is the block whose packets are thrown away (RFC 6666): no route here, or none that answers.
    lookUp((done) => done(null, [{ address: "100::1", family: 6 }]));
    await expect(connect(settings, { ...options, timeoutMs: 500 })).rejects.toThrow(explained);
  });
});

describe("behind a pooler", () => {
  const postgres = usePostgres();
  const poolers: StandInPooler[] = [];
  const start = async (mode: PoolerMode, url: string) => {
    const pooler = await StandInPooler.start(url, mode);
    poolers.push(pooler);
    return `postgresql://u:p@127.0.0.1:${pooler.port}/x`;
  };
  afterEach(async () => {
    for (const pooler of poolers.splice(0)) await pooler.stop();
  });

  it("in transaction mode by its port, nothing is even sent", async () => {
    await expect(connect({ url: SESSION.replace("5432", "6543") }, options)).rejects.toThrow(
      /is a transaction pooler.*Use the session pooler: postgresql:\/\/postgres\.abcdefghijklmnopqrst:<password>@aws-0-/,
    );
  });

  it("in transaction mode by its behaviour, nothing is done", async () => {
    const database = await postgres.database();
    const url = await start("transaction", database.url);
    const files = await loadMigrations();
    const refused = runMigrations({ database: { url }, files, allowContract: false, runnerVersion: "test" });
    await expect(refused).rejects.toBeInstanceOf(TransactionPoolerError);
    expect(await database.query("SELECT to_regclass('langgraph_ops.schema_migrations') AS made")).toEqual([
      { made: null },
    ]);
    // A preview only reads, so it may come this way.
    expect((await previewMigrations({ database: { url }, files, allowContract: false })).pending).toHaveLength(
      files.length,
    );
  });

  it("in transaction mode that shows only when the lock is taken, nothing is done", async () => {
    const database = await postgres.database();
    const client = await connect({ url: await start("transaction", database.url) }, options);
    await expect(takeRunnerLock(client, { deadlineMs: 1_000 }, { url: database.url })).rejects.toBeInstanceOf(
      TransactionPoolerError,
    );
    await client.end();
  });

  it("in transaction mode without load, where a lone client always meets the same session, nothing is done", async () => {
    const database = await postgres.database();
    const url = await start("transaction, last used first", database.url);
    const client = await connect({ url }, options);
    await prepareSession(client, { lockMs: 321, statementMs: 0 }, { url }); // does not show it
    const files = await loadMigrations();
    const refused = runMigrations({ database: { url }, files, allowContract: false, runnerVersion: "test" });
    await expect(refused).rejects.toBeInstanceOf(TransactionPoolerError);
    expect(await database.query("SELECT to_regclass('langgraph_ops.schema_migrations') AS made")).toEqual([
      { made: null },
    ]);
    await client.end();
    const held = "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'";
    expect(await database.query(held)).toEqual([{ n: 0 }]); // nothing is left behind in the pooler's sessions
  });

  it("in session mode settings hold although startup parameters are dropped, and migrations run", async () => {
    const database = await postgres.database();
    const url = await start("session", database.url);
    const client = await connect({ url }, options);
    await prepareSession(client, { lockMs: 321, statementMs: 0 }, { url });
    expect((await client.query("SHOW lock_timeout")).rows).toEqual([{ lock_timeout: "321ms" }]);
    await client.end();
    const files = await loadMigrations();
    expect(
      (await runMigrations({ database: { url }, files, allowContract: false, runnerVersion: "test" })).applied,
    ).toHaveLength(6);
  });

  it("that drops SET, the run stops before it locks anything", async () => {
    const database = await postgres.database();
    const client = await connect({ url: database.url }, options);
    const query = client.query.bind(client) as (text: string, values?: unknown[]) => Promise<unknown>;
    client.query = ((text: string, values?: unknown[]) =>
      query(text.replace("SET lock_timeout = 321", "SELECT 1"), values)) as typeof client.query;
    await expect(prepareSession(client, { lockMs: 321, statementMs: 0 }, { url: database.url })).rejects.toThrow(
      /does not keep lock_timeout \(set 321 ms, found 0\)/,
    );
    await client.end();
  });

  it("a wrong password is said without the password", async () => {
    const database = await postgres.database();
    const url = database.url.replace(/:[^:@]+@/, ":wr0ng-password@");
    const failed = connect({ url }, options);
    await expect(failed).rejects.toThrow(/refuses user postgres: wrong password or user/);
    await expect(failed).rejects.toBeInstanceOf(DatabaseError);
    await expect(failed).rejects.not.toThrow(/wr0ng-password/);
  });
});
