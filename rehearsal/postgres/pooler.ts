import { createServer, type Server, type Socket } from "node:net";
import { Client } from "pg";

/**
 * A stand-in for Supabase's pooler on loopback: it opens server sessions by itself, so nothing of a client's startup
 * parameters reaches the server. `transaction`: each transaction of a client goes to the other of two sessions, as under
 * load. `session`: a client keeps one. Any password is taken.
 */
export class StandInPooler {
  readonly #server: Server;
  readonly #open = new Set<{ end: () => void }>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(backendUrl: string, mode: "transaction" | "session"): Promise<StandInPooler> {
    const server = createServer();
    const pooler = new StandInPooler(server);
    server.on("connection", (socket) => {
      pooler.#open.add({ end: () => socket.destroy() });
      pooler.serve(socket, backendUrl, mode === "transaction" ? 2 : 1).catch(() => socket.destroy());
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

  private async serve(socket: Socket, backendUrl: string, sessions: number): Promise<void> {
    socket.on("error", () => {});
    const input = new Frames(socket);
    await input.startup();
    const backends = await Promise.all(Array.from({ length: sessions }, () => this.backend(backendUrl)));
    socket.on("close", () => {
      for (const backend of backends) backend.destroy();
    });
    socket.write(GREETING);
    const outputs = backends.map((backend) => new Frames(backend));
    for (let turn = 0; ; ) {
      const backend = backends[turn % sessions];
      const output = outputs[turn % sessions];
      if (!backend || !output) return;
      for (let frame = await input.next(); ; frame = await input.next()) {
        if (frame.type === "X") return void socket.end();
        backend.write(frame.bytes);
        if (frame.type === "Q" || frame.type === "S") break;
      }
      for (let frame = await output.next(); ; frame = await output.next()) {
        socket.write(frame.bytes);
        if (frame.type !== "Z") continue;
        if (frame.bytes[5] === "I".charCodeAt(0)) turn += 1; // outside a transaction: the next one may go elsewhere
        break;
      }
    }
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
