import { createServer, type Server, type Socket } from "node:net";
import { Client } from "pg";

export type PoolerMode = "transaction" | "transaction, last used first" | "session";

interface Session {
  readonly backend: Socket;
  readonly output: Frames;
}

/**
 * A stand-in for Supabase's pooler on loopback: it opens server sessions by itself, so nothing of a client's startup
 * parameters reaches the server. `transaction`: each transaction of a client goes to the other of two sessions, as under
 * load. `session`: a client keeps one. `transaction, last used first`: all clients share a pool, and each transaction goes to
 * the free session that was used last, as without load: a lone client always meets the same one. Any password is taken.
 */
export class StandInPooler {
  readonly #server: Server;
  readonly #open = new Set<{ end: () => void }>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(backendUrl: string, mode: PoolerMode): Promise<StandInPooler> {
    const server = createServer();
    const pooler = new StandInPooler(server);
    const shared: Session[] = [];
    server.on("connection", (socket) => {
      pooler.#open.add({ end: () => socket.destroy() });
      const pool = mode === "transaction, last used first" ? shared : undefined;
      pooler.serve(socket, backendUrl, mode === "transaction" ? 2 : 1, pool).catch(() => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return pooler;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  async stop(): Promise<void> {
    for (const one of this.#open) one.end();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** @param shared The free sessions of all clients; undefined where a client has `count` sessions of its own, in turn. */
  private async serve(socket: Socket, backendUrl: string, count: number, shared?: Session[]): Promise<void> {
    socket.on("error", () => {});
    const input = new Frames(socket);
    await input.startup();
    const own = shared ? [] : await Promise.all(Array.from({ length: count }, () => this.session(backendUrl)));
    socket.on("close", () => {
      for (const session of own) session.backend.destroy();
    });
    socket.write(GREETING);
    for (let turn = 0; ; turn += 1) {
      const first = await input.next(); // a session is taken only when there is something to do
      if (first.type === "X") return void socket.end();
      const session = shared ? (shared.pop() ?? (await this.session(backendUrl))) : own[turn % count];
      if (!session || !(await this.transaction(socket, input, first, session))) return void socket.end();
      shared?.push(session);
    }
  }

  /** Passes on until the server says that no transaction is open. @returns false when the client has taken its leave */
  private async transaction(socket: Socket, input: Frames, first: Frame, session: Session): Promise<boolean> {
    const { backend, output } = session;
    for (let frame = first; ; frame = await input.next()) {
      if (frame.type === "X") return false;
      backend.write(frame.bytes);
      if (frame.type !== "Q" && frame.type !== "S") continue;
      for (let answer = await output.next(); ; answer = await output.next()) {
        socket.write(answer.bytes);
        if (answer.type !== "Z") continue;
        if (answer.bytes[5] === "I".charCodeAt(0)) return true;
        break;
      }
    }
  }

  private async session(backendUrl: string): Promise<Session> {
    const backend = await this.backend(backendUrl);
    return { backend, output: new Frames(backend) };
  }

  /** A logged-in server session's socket, taken from `pg`. */
  private async backend(url: string): Promise<Socket> {
    const client = new Client({ connectionString: url, application_name: "pooler" });
    client.on("error", () => {});
    await client.connect();
    const { connection } = client as unknown as { connection: { stream: Socket } };
    connection.stream.removeAllListeners("data");
    this.#open.add({ end: () => connection.stream.destroy() });
    return connection.stream;
  }
}

/** AuthenticationOk, the server's encoding, ReadyForQuery. */
const GREETING = Buffer.concat([
  Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]),
  parameter("client_encoding", "UTF8"),
  parameter("server_version", "17.0"),
  Buffer.from([0x5a, 0, 0, 0, 5, 0x49]),
]);

function parameter(name: string, value: string): Buffer {
  const body = Buffer.from(`${name}\0${value}\0`);
  const head = Buffer.alloc(5);
  head.write("S");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

interface Frame {
  readonly type: string;
  readonly bytes: Buffer;
}

/** The messages of the Postgres protocol on a socket, one after the other. */
class Frames {
  #buffer = Buffer.alloc(0);
  #wake: () => void = () => {};
  #ended = false;

  constructor(socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#wake();
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** The first message has no type. */
  async startup(): Promise<void> {
    await this.take(0);
  }

  async next(): Promise<Frame> {
    const bytes = await this.take(1);
    return { type: String.fromCharCode(bytes[0] ?? 0), bytes };
  }

  /** One message whose length stands at `offset`. */
  private async take(offset: number): Promise<Buffer> {
    for (;;) {
      if (this.#buffer.length >= offset + 4) {
        const length = offset + this.#buffer.readInt32BE(offset);
        if (this.#buffer.length >= length) {
          const bytes = this.#buffer.subarray(0, length);
          this.#buffer = this.#buffer.subarray(length);
          return bytes;
        }
      }
      if (this.#ended) throw new Error("closed");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
