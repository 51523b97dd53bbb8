import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";

/** One mapping of `CUTOVER_CONNECT_TO`: connections meant for `host:port` go to `toHost:toPort`. */
export interface ConnectToRule {
  /** Host name as in the URL, lower case; empty matches every host. */
  readonly host: string;
  /** Port as in the URL (443 when the URL has none and is https); empty matches every port. */
  readonly port: string;
  /** Where to connect instead; empty keeps the host. */
  readonly toHost: string;
  /** Port to connect to instead; empty keeps the port. */
  readonly toPort: string;
}

/**
 * Reads curl's `--connect-to` syntax, `HOST1:PORT1:HOST2:PORT2`, several separated by commas. IPv6 hosts stand in brackets.
 * @throws Error naming the part that can't be read.
 */
export function parseConnectTo(spec: string): ConnectToRule[] {
  return spec
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      const match = /^(\[[^\]]*\]|[^:[\]]*):(\d*):(\[[^\]]*\]|[^:[\]]*):(\d*)$/.exec(part);
      if (!match) {
        throw new Error(
          `CUTOVER_CONNECT_TO: can't read "${part}"; expected HOST:PORT:TO_HOST:TO_PORT, such as example.com:443:127.0.0.1:8443`,
        );
      }
      const [, host = "", port = "", toHost = "", toPort = ""] = match;
      return { host: bare(host).toLowerCase(), port, toHost: bare(toHost), toPort };
    });
}

/** Where to connect for `host:port`: the first rule that matches counts, else the place itself. */
export function resolveConnectTo(
  rules: readonly ConnectToRule[],
  host: string,
  port: string,
): { host: string; port: string; mapped: boolean } {
  const wanted = bare(host).toLowerCase();
  const rule = rules.find((r) => (r.host === "" || r.host === wanted) && (r.port === "" || r.port === port));
  if (!rule) return { host: bare(host), port, mapped: false };
  return { host: rule.toHost || bare(host), port: rule.toPort || port, mapped: true };
}

/** How to make a pair of agents. */
export interface AgentOptions {
  /** Mappings in the syntax of `parseConnectTo`; default: environment variable `CUTOVER_CONNECT_TO`; "" for none. */
  readonly connectTo?: string;
  /** Certificates (PEM) trusted *instead of* the built-in ones; default: Node's own roots and NODE_EXTRA_CA_CERTS. */
  readonly ca?: string;
  /** Connections per host; default no limit. */
  readonly maxSockets?: number;
  /** Keep connections open between requests; default true. */
  readonly keepAlive?: boolean;
}

/** Agents for `http:` and `https:` that honour connect-to rules. */
export interface Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
  readonly rules: readonly ConnectToRule[];
  /** Closes all connections. */
  destroy(): void;
}

/**
 * Agents that connect elsewhere than the name says. Only the TCP connection is redirected: the TLS server name, the check
 * of the certificate and the Host header stay those of the public name, so a wrong certificate is still an error.
 */
export function connectToAgents(options: AgentOptions = {}): Agents {
  const rules = parseConnectTo(options.connectTo ?? process.env.CUTOVER_CONNECT_TO ?? "");
  const shared: https.AgentOptions = {
    keepAlive: options.keepAlive ?? true,
    ...(options.maxSockets === undefined ? {} : { maxSockets: options.maxSockets }),
  };
  const plain = new MappedHttpAgent(shared, rules);
  const tls = new MappedHttpsAgent({ ...shared, ...(options.ca === undefined ? {} : { ca: options.ca }) }, rules);
  return {
    http: plain,
    https: tls,
    rules,
    destroy: () => {
      plain.destroy();
      tls.destroy();
    },
  };
}

class MappedHttpAgent extends http.Agent {
  readonly #rules: readonly ConnectToRule[];
  constructor(options: http.AgentOptions, rules: readonly ConnectToRule[]) {
    super(options);
    this.#rules = rules;
  }
  override createConnection(
    options: http.ClientRequestArgs,
    callback?: (err: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    return super.createConnection(mapped(options, this.#rules, "80"), callback);
  }
}

class MappedHttpsAgent extends https.Agent {
  readonly #rules: readonly ConnectToRule[];
  constructor(options: https.AgentOptions, rules: readonly ConnectToRule[]) {
    super(options);
    this.#rules = rules;
  }
  override createConnection(
    options: https.RequestOptions,
    callback?: (err: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    return super.createConnection(mapped(options, this.#rules, "443"), callback);
  }
}

/** By the time an agent connects, `servername` is already set from the Host header; it is left alone. */
function mapped<T extends http.ClientRequestArgs>(
  options: T,
  rules: readonly ConnectToRule[],
  standardPort: string,
): T {
  const to = resolveConnectTo(rules, options.host ?? "localhost", String(options.port ?? standardPort));
  return to.mapped ? { ...options, host: to.host, hostname: to.host, port: Number(to.port) } : options;
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}
