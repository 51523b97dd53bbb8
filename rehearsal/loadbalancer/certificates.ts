import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { generate } from "selfsigned";

/** A private key and its certificate chain, both PEM. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

const DAY_MS = 86_400_000;

/**
 * The rehearsal's certificate authority: made anew for each run, never written to disk except its public certificate,
 * which clients trust through NODE_EXTRA_CA_CERTS. It stands for the public authority behind ACM.
 */
export class RehearsalCa {
  readonly #authority: KeyPair;
  /** Path of the authority's certificate (PEM). */
  readonly certFile: string;

  private constructor(authority: KeyPair, certFile: string) {
    this.#authority = authority;
    this.certFile = certFile;
  }

  /** Makes an authority and writes its certificate to `certFile`. */
  static async create(certFile: string): Promise<RehearsalCa> {
    const made = await generate([{ name: "commonName", value: "Cutover rehearsal CA" }], {
      ...validity(),
      keyType: "ec",
      algorithm: "sha256",
      extensions: [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    mkdirSync(dirname(certFile), { recursive: true });
    writeFileSync(certFile, made.cert);
    return new RehearsalCa({ key: made.private, cert: made.cert }, certFile);
  }

  /** A server certificate for these DNS names (wildcards allowed); the first one is the subject. */
  async issue(names: readonly string[]): Promise<KeyPair> {
    const made = await generate([{ name: "commonName", value: names[0] ?? "unnamed" }], {
      ...validity(),
      keyType: "ec",
      algorithm: "sha256",
      ca: { key: this.#authority.key, cert: this.#authority.cert },
      extensions: [
        { name: "basicConstraints", cA: false },
        { name: "keyUsage", digitalSignature: true, critical: true },
        { name: "extKeyUsage", serverAuth: true },
        { name: "subjectAltName", altNames: names.map((value) => ({ type: 2, value })) },
      ],
    });
    return { key: made.private, cert: made.cert };
  }
}

const validity = () => ({
  notBeforeDate: new Date(Date.now() - DAY_MS),
  notAfterDate: new Date(Date.now() + 30 * DAY_MS),
});
