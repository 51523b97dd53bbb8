import { request } from "node:http";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import type { KeyPair } from "../loadbalancer/certificates";
import { freePort } from "../support/ports";
import { ManagedProcess } from "../support/process";
import { waitFor } from "../support/wait";
import type { ImageProgram } from "../tasks/task";

/** Longer than senders keep a connection idle: a server that closes first now and then cuts off a message. */
const KEEP_ALIVE_MS = 75_000;

export interface ExistingNodeOptions {
  readonly program: ImageProgram;
  readonly env: Readonly<Record<string, string>>;
  readonly keyPair: KeyPair;
  /** Port of 127.0.0.1 on which HTTPS is answered. */
  readonly port: number;
  readonly runFolder: string;
  readonly onUnexpectedExit: (message: string) => void;
  readonly signal: AbortSignal;
}

/**
 * The Node service as it runs before the cutover, on a server of its own behind its own https name: nothing of it
 * belongs to the stack, and in `prepare` it answers every customer.
 */
export class ExistingNode {
  private constructor(
    private readonly process: ManagedProcess,
    private readonly server: Server,
  ) {}

  static async start(options: ExistingNodeOptions): Promise<ExistingNode> {
    const { program, runFolder } = options;
    const inner = await freePort();
    const child = new ManagedProcess({
      name: "existing Node service",
      command: program.command,
      args: program.args,
      cwd: program.cwd,
      env: { ...program.env, ...options.env, PORT: String(inner) },
      logFile: join(runFolder, "logs", "existing-node.log"),
      onUnexpectedExit: options.onUnexpectedExit,
    });
    try {
      await waitFor(() => answers(inner), {
        what: "the existing Node service",
        deadlineMs: 20_000,
        signal: options.signal,
      });
      return new ExistingNode(child, await terminateTls(options, inner));
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await Promise.all([closed, this.process.stop()]);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = request({ host: "127.0.0.1", port, path: "/healthz", agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    probe.on("error", reject);
    probe.end();
  });
}

/** HTTPS in front of the service, as a web server or hosting platform has it. */
function terminateTls({ keyPair, port }: ExistingNodeOptions, inner: number): Promise<Server> {
  const server = createServer({ key: keyPair.key, cert: keyPair.cert }, (incoming, answer) => {
    const { method, url, headers } = incoming;
    const onward = request(
      { host: "127.0.0.1", port: inner, agent: false, ...(method ? { method } : {}), path: url ?? "/", headers },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      },
    );
    onward.on("error", () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()));
    incoming.pipe(onward);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
