import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { KeyPair } from "./certificates";
import type { ListenerConfig } from "./config";

export interface FrontendOptions {
  readonly listener: ListenerConfig;
  /** Where to listen on 127.0.0.1. */
  readonly bindPort: number;
  /** For an HTTPS listener. */
  readonly keyPair: KeyPair | undefined;
  readonly idleTimeoutMs: number;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
}

/** One listener's open port. */
export class Frontend {
  readonly #server: Server | TlsServer;
  readonly bindPort: number;
  /** Certificate names in use, to see when the listener's certificate changed. */
  #names: string;

  private constructor(server: Server | TlsServer, options: FrontendOptions) {
    this.#server = server;
    this.bindPort = options.bindPort;
    this.#names = options.listener.certificateNames.join();
  }

  /** Listens; rejects with a sentence that names the port when it is taken. */
  static async open(options: FrontendOptions): Promise<Frontend> {
    const { listener, bindPort, keyPair, onRequest } = options;
    const server = keyPair
      ? createTlsServer({ key: keyPair.key, cert: keyPair.cert, minVersion: "TLSv1.2" }, onRequest)
      : createServer(onRequest);
    server.keepAliveTimeout = options.idleTimeoutMs;
    server.headersTimeout = options.idleTimeoutMs + 1000;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) =>
        reject(
          new Error(
            error.code === "EADDRINUSE"
              ? `the load balancer's listener ${listener.port} can't listen on 127.0.0.1:${bindPort}: the port is taken; end the program that has it or choose another port`
              : `the load balancer's listener ${listener.port} can't listen on 127.0.0.1:${bindPort}: ${error.message}`,
          ),
        ),
      );
      server.listen(bindPort, "127.0.0.1", 1024, () => resolve());
    });
    server.on("error", () => undefined);
    return new Frontend(server, options);
  }

  hasCertificateFor(names: readonly string[]): boolean {
    return names.join() === this.#names;
  }

  /** Uses another certificate for new connections. */
  renew(names: readonly string[], keyPair: KeyPair): void {
    this.#names = names.join();
    if ("setSecureContext" in this.#server) this.#server.setSecureContext({ key: keyPair.key, cert: keyPair.cert });
  }

  set idleTimeoutMs(ms: number) {
    this.#server.keepAliveTimeout = ms;
  }

  /** Stops listening; requests in progress may finish for `graceMs` (default 1000), then their connections are cut. */
  close(graceMs = 1000): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#server.closeAllConnections(), graceMs);
      this.#server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }
}
