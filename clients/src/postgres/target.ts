/** Where and as whom to connect, as the stack's config gives it. */
export interface DatabaseSettings {
  /** `postgresql://user:password@host:5432/database`: the direct connection or the session pooler. Secret. */
  readonly url: string;
  /** Region of the Supabase project if known, for the session-pooler URL we suggest. */
  readonly region?: string;
  /** Certificate authority (PEM) of a server that is not Supabase's; default: Supabase's roots, or the system's elsewhere. */
  readonly ca?: string;
}

/**
 * `direct`: db.<ref>.supabase.co, IPv6 without the IPv4 add-on. `session`, `transaction`: Supabase's pooler. `loopback`:
 * this machine, the only place without TLS. `other`: any other server.
 */
export type TargetKind = "direct" | "session" | "transaction" | "loopback" | "other";

export interface Target {
  readonly kind: TargetKind;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Reference of the Supabase project, where host or user tell it. */
  readonly projectRef?: string;
}

/** The database can't be used as configured or reached. The message says what to do and never holds a password or URL. */
export class DatabaseError extends Error {
  override readonly name: string = "DatabaseError";
}

/** This role may not read our history: it was never made a member, or an interrupted first run has not come as far as its rights. */
export class HistoryUnreadableError extends DatabaseError {
  override readonly name = "HistoryUnreadableError";
}

/** A connection that hands each transaction to another server session: advisory locks and SET don't hold there. */
export class TransactionPoolerError extends DatabaseError {
  override readonly name = "TransactionPoolerError";
}

/**
 * Takes a connection string apart. Everything after "?" is dropped except `pgbouncer=true` (which says what the host is):
 * `sslmode` and its kin would replace our TLS settings inside `pg`, and `options` never reaches a server behind a pooler.
 * @throws DatabaseError if it is no Postgres URL
 */
export function parseTarget(settings: DatabaseSettings): Target {
  const url = parseUrl(settings.url);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? 5432 : Number(url.port);
  const user = decode(url.username);
  const pooler = host.endsWith(".pooler.supabase.com");
  const ref = /^db\.([a-z0-9]+)\.supabase\.(?:co|com)$/.exec(host)?.[1] ?? (pooler ? user.split(".")[1] : undefined);
  if (pooler && ref === undefined) {
    throw new DatabaseError(`The pooler ${host} needs the user name postgres.<project reference>, found "${user}".`);
  }
  return {
    kind: kindOf(host, port, url.searchParams.get("pgbouncer") === "true"),
    host,
    port,
    user,
    password: decode(url.password),
    database: decode(url.pathname.slice(1)) || "postgres",
    ...(ref ? { projectRef: ref } : {}),
  };
}

function parseUrl(text: string): URL {
  const expected = "expected postgresql://user:password@host:5432/database";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    const hint = /[#/?[\]%].*@/.test(text.replace(/^\w+:\/\//, ""))
      ? "; special characters of the password must be percent-encoded"
      : "";
    throw new DatabaseError(`The database URL can't be read: ${expected}${hint}.`);
  }
  if (!/^postgres(?:ql)?:$/.test(url.protocol))
    throw new DatabaseError(`The database URL is a ${url.protocol} URL; ${expected}.`);
  if (!url.hostname || !url.username) throw new DatabaseError(`The database URL lacks host or user; ${expected}.`);
  return url;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new DatabaseError("The database URL has a % that is not part of an escape; write %25 for it.");
  }
}

function kindOf(host: string, port: number, saysPooled: boolean): TargetKind {
  if (port === 6543 || saysPooled) return "transaction";
  if (host.endsWith(".pooler.supabase.com")) return "session";
  if (/^db\.[a-z0-9]+\.supabase\.(?:co|com)$/.test(host)) return "direct";
  if (host === "localhost" || host === "::1" || /^127\./.test(host)) return "loopback";
  return "other";
}

/** The session pooler's address for a project (IPv4, all plans), the password left out. */
export function sessionPoolerUrl(target: Target, region: string | undefined): string {
  const host = `aws-0-${region ?? "<region>"}.pooler.supabase.com`;
  return `postgresql://postgres.${target.projectRef ?? "<project reference>"}:<password>@${host}:5432/${target.database}`;
}

/** A server's sentence with its code and hints; any other error's message. */
export function serverMessage(error: unknown): string {
  const { message, code, hint, detail } = error as { message?: string; code?: string; hint?: string; detail?: string };
  return [message ?? String(error), code && `(${code})`, detail, hint].filter(Boolean).join(" ");
}
