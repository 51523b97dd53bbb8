/** Why no answer came. */
export type HttpFailure = "deadline" | "network" | "tls" | "too-large" | "aborted";

/**
 * A request without an answer. Holds no axios or socket object and no headers: only what may be shown. `url` has no query
 * string.
 */
export class HttpError extends Error {
  override readonly name = "HttpError";
  constructor(
    readonly failure: HttpFailure,
    readonly method: string,
    readonly url: string,
    /** Node's error code such as ECONNRESET, or "" */
    readonly code: string,
    /** How often it was tried. */
    readonly attempts: number,
    detail: string,
  ) {
    super(`${method} ${url}: ${detail}${attempts > 1 ? ` (tried ${attempts} times)` : ""}`);
  }
}

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there (connection refused)",
  ECONNRESET: "the connection was closed before an answer came",
  EPIPE: "the connection was closed before an answer came",
  ENOTFOUND: "the host name is unknown; check the spelling and DNS",
  EAI_AGAIN: "the host name could not be looked up just now; check the network and DNS",
  EHOSTUNREACH: "the host can't be reached; check the network",
  ENETUNREACH: "the network can't be reached",
  ETIMEDOUT: "the connection timed out; check firewall and network",
  ECONNABORTED: "the connection was aborted",
  ERR_FR_TOO_MANY_REDIRECTS: "redirected, which is not followed",
};

const TLS: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; check this machine's clock",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate comes from an unknown authority; trust it with NODE_EXTRA_CA_CERTS",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed; trust it with NODE_EXTRA_CA_CERTS",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "its certificate comes from an unknown authority; trust it with NODE_EXTRA_CA_CERTS",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate chain is incomplete or from an unknown authority; trust it with NODE_EXTRA_CA_CERTS",
};

/** Kind and sentence for an error code of Node's network stack. */
export function describeCode(code: string): { failure: HttpFailure; detail: string } {
  const tls = TLS[code];
  if (tls !== undefined) return { failure: "tls", detail: `${tls} (${code})` };
  if (code === "EPROTO" || code.startsWith("ERR_SSL")) {
    return { failure: "tls", detail: `it does not speak TLS as expected; check scheme and port (${code})` };
  }
  const network = NETWORK[code];
  if (network !== undefined) return { failure: "network", detail: `${network} (${code})` };
  return { failure: "network", detail: `no answer${code ? ` (${code})` : ""}` };
}
