import { checkServerIdentity } from "node:tls";
import { Client, type ClientConfig } from "pg";
import { redactText } from "../http/redact";
import { SUPABASE_ROOTS } from "./supabase-roots";
import {
  DatabaseError,
  type DatabaseSettings,
  parseTarget,
  sessionPoolerUrl,
  type Target,
  TransactionPoolerError,
} from "./target";

export interface ConnectOptions {
  /** Shown to whoever looks at the database's sessions, and to a runner that waits for us. */
  readonly applicationName: string;
  /** Whether several statements must meet the same server session; a transaction pooler is refused then. */
  readonly needsSession: boolean;
  /** For the connection itself; default 15 000 ms. */
  readonly timeoutMs?: number;
  /** For each query, watched by us and not by the server; default none. */
  readonly queryTimeoutMs?: number;
}

/**
 * Opens one connection. TLS is verified against Supabase's roots (elsewhere: the system's); only loopback goes without.
 * @throws DatabaseError with what to do; TransactionPoolerError for port 6543
 */
export async function connect(settings: DatabaseSettings, options: ConnectOptions): Promise<Client> {
  const target = parseTarget(settings);
  if (options.needsSession && target.kind === "transaction") throw transactionPooler(target, settings);
  const client = new Client(clientConfig(target, settings, options));
  client.on("error", () => {}); // a session that ends while idle; the next query reports it
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw connectError(error, target, settings);
  }
}

/** All that `pg` would otherwise take from PG* variables is given, so that a stray PGSSLMODE changes nothing. */
export function clientConfig(target: Target, settings: DatabaseSettings, options: ConnectOptions): ClientConfig {
  const { host, port, user, password, database } = target;
  const supabase = target.projectRef !== undefined;
  const ca = settings.ca ?? (supabase ? [...SUPABASE_ROOTS] : undefined);
  const loopback = target.kind === "loopback" && settings.ca === undefined;
  return {
    host,
    port,
    user,
    password,
    database,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.timeoutMs ?? 15_000,
    keepAlive: true,
    ...(options.queryTimeoutMs ? { query_timeout: options.queryTimeoutMs } : {}),
    ssl: loopback ? false : { rejectUnauthorized: true, checkServerIdentity: identityOf(host), ...(ca ? { ca } : {}) },
  };
}

/** The name we asked for, always: `pg` passes no name on for an address, and Node would then check for "localhost". */
function identityOf(host: string): typeof checkServerIdentity {
  return (_name, certificate) => checkServerIdentity(host, certificate);
}

export function transactionPooler(target: Target, settings: DatabaseSettings): TransactionPoolerError {
  return new TransactionPoolerError(
    `${target.host}:${target.port} is a transaction pooler: settings and locks of a session don't hold there, so two ` +
      `runners could work at once. Use the session pooler: ${sessionPoolerUrl(target, settings.region)}`,
  );
}

/** What a failed connection means and what to do about it; the error itself may hold more than people should see. */
export function connectError(error: unknown, target: Target, settings: DatabaseSettings): DatabaseError {
  const { code, message } = plainError(error);
  const where = `${target.host}:${target.port}`;
  const text = redactText(message, [target.password]);
  // pg's own limit for a connection has no code: packets into a network without IPv6 may simply vanish.
  const timedOut = code === "" && /^timeout expired$/i.test(message);
  const say = (what: string) => new DatabaseError(what, { cause: undefined });
  if (
    target.kind === "direct" &&
    (/^(?:ENOTFOUND|ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|ETIMEDOUT|EAI_AGAIN)$/.test(code) || timedOut)
  ) {
    return say(
      `${where} can't be reached from here (${code || message}). Supabase's direct host has an IPv6 address only, and this network seems ` +
        `to have IPv4 only. Use the session pooler: ${sessionPoolerUrl(target, settings.region)} (the dashboard's Connect ` +
        "button shows the exact host: it may begin with aws-1- and its region is the project's). If the host is unknown " +
        "even with IPv6, the project may be paused.",
    );
  }
  if (code === "28P01" || code === "28000")
    return say(`${where} refuses user ${target.user}: wrong password or user (${code}).`);
  if (/tenant or user not found/i.test(text)) {
    return say(
      `${where} knows no project ${target.projectRef ?? "?"}: wrong region in the pooler's host name, or wrong user name.`,
    );
  }
  if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_/.test(code) || /certificate/i.test(text)) {
    return say(
      `${where} shows a certificate that can't be verified (${code || text}). Nothing was sent. Check the host name; something may stand in between.`,
    );
  }
  if (/does not support SSL/i.test(text)) return say(`${where} offers no TLS; the password is not sent without it.`);
  if (code === "3D000") return say(`${where} has no database "${target.database}".`);
  return say(`${where} can't be reached as ${target.user}: ${text}${code && !text.includes(code) ? ` (${code})` : ""}`);
}

/** Node reports several failed addresses as one error without a message of its own. */
function plainError(error: unknown): { code: string; message: string } {
  const outer = error as { code?: string; message?: string; errors?: { code?: string; message?: string }[] };
  const inner = outer.errors?.[0];
  return {
    code: outer.code ?? inner?.code ?? "",
    message: outer.message || inner?.message || String(error),
  };
}
