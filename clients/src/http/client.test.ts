import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import https from "node:https";
import { inspect } from "node:util";
import { generate } from "selfsigned";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { HttpClient, type HttpClientOptions } from "./client";
import { HttpError } from "./errors";

const TOKEN = "pl4nted-token-in-a-header";
const QUERY = "pl4nted-in-the-query";

type Handler = (request: IncomingMessage, response: ServerResponse, n: number) => void;

describe("the HTTP client", () => {
  let close: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of close) await end();
    close = [];
  });

  async function listen(server: Server | https.Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    close.push(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  /** A server, a client for it, the waits it made and the requests it sent. */
  async function setUp(handler: Handler, options: HttpClientOptions = {}) {
    const methods: string[] = [];
    const waits: number[] = [];
    const port = await listen(
      createServer((request, response) => {
        methods.push(request.method ?? "");
        request.resume();
        handler(request, response, methods.length);
      }),
    );
    const client = new HttpClient({
      baseUrl: `http://127.0.0.1:${port}`,
      headers: { authorization: `Bearer ${TOKEN}` },
      connectTo: "",
      surroundings: { random: () => 0, sleep: async (ms) => void waits.push(ms) },
      ...options,
    });
    close.push(async () => client.close());
    return { client, methods, waits, port };
  }

  it("repeats 429, 5xx and broken connections for methods that may be repeated", async () => {
    const { client, methods, waits } = await setUp((_request, response, n) => {
      if (n === 1) response.writeHead(429, { "retry-after": "2" }).end("{}");
      else if (n === 2) response.writeHead(503).end("<html>");
      else if (n === 3) response.socket?.resetAndDestroy();
      else response.end('{"fine":true}');
    });
    const reply = await client.send({ method: "PUT", path: "/x", body: { a: 1 } });
    expect(reply).toMatchObject({ status: 200, json: { fine: true }, attempts: 4 });
    expect(methods).toEqual(["PUT", "PUT", "PUT", "PUT"]);
    expect(waits).toEqual([2000, 250, 500]);
  });

  it("sends a POST once, whatever comes of it", async () => {
    const { client, methods } = await setUp((_request, response, n) => {
      if (n === 1) response.writeHead(503).end("no");
      else response.socket?.resetAndDestroy();
    });
    expect((await client.send({ method: "POST", path: "/x", body: "y" })).status).toBe(503);
    await expect(client.send({ method: "POST", path: "/x" })).rejects.toThrow(/closed before an answer came/);
    expect(methods).toHaveLength(2);
  });

  it("gives up after its attempts and returns the last answer", async () => {
    const { client, methods } = await setUp((_request, response) => response.writeHead(502).end("bad"), {
      retry: { attempts: 3 },
    });
    expect(await client.send({ method: "GET", path: "/x" })).toMatchObject({
      status: 502,
      text: "bad",
      json: undefined,
      attempts: 3,
    });
    expect(methods).toHaveLength(3);
  });

  it("does not wait for what can't get better", async () => {
    const { client, methods } = await setUp((_request, response) => response.writeHead(429).end());
    await client.send({ method: "GET", path: "/x", hopeless: () => true });
    expect(methods).toHaveLength(1);
  });

  it("ends an attempt at its deadline, also in the middle of a body", async () => {
    const { client } = await setUp((_request, response) => void response.writeHead(200).write("beginning"), {
      retry: { attempts: 1 },
    });
    await expect(client.send({ method: "GET", path: "/slow", deadlineMs: 60 })).rejects.toThrow(
      /\/slow: no answer within 60 ms$/,
    );
  });

  it("stops when told to", async () => {
    const { client } = await setUp(() => {});
    const stop = new AbortController();
    const sent = client.send({ method: "GET", path: "/x", signal: stop.signal });
    stop.abort();
    await expect(sent).rejects.toThrow(/stopped before an answer came/);
  });

  it("does not follow redirects, which would carry the token elsewhere", async () => {
    const { client, methods } = await setUp((_request, response) =>
      response.writeHead(302, { location: "/other" }).end(),
    );
    expect((await client.send({ method: "GET", path: "/x" })).status).toBe(302);
    expect(methods).toHaveLength(1);
  });

  it("refuses an answer that is too large", async () => {
    const { client } = await setUp((_request, response) => response.end("x".repeat(2_000)), { maxBytes: 1_000 });
    await expect(client.send({ method: "GET", path: "/x" })).rejects.toThrow(/larger than expected/);
  });

  it.each<[string, Handler, string]>([
    ["a reset connection", (_request, response) => response.socket?.resetAndDestroy(), ""],
    ["a deadline", () => {}, ""],
    ["a refused connection", () => {}, "http://127.0.0.1:1"],
    ["an unknown host", () => {}, "http://no-such-host.invalid"],
    ["no URL at all", () => {}, "http://["],
  ])("keeps tokens and query strings out of the error for %s", async (_name, handler, elsewhere) => {
    const { client } = await setUp(handler, { deadlineMs: 100, retry: { attempts: 1 } });
    const error = await client
      .send({ method: "POST", path: `${elsewhere}/p?key=${QUERY}`, body: { secret: QUERY } })
      .then(
        () => undefined,
        (e: unknown) => e,
      );
    expect(error).toBeInstanceOf(HttpError);
    const everything = inspect(error, { depth: 20, showHidden: true, getters: true });
    expect(everything).not.toContain(TOKEN);
    expect(everything).not.toContain(QUERY);
  });
});

describe("connect-to over TLS", () => {
  const NAME = "hooks.example.com";
  let cert = "";
  let key = "";
  beforeAll(async () => {
    const made = await generate([{ name: "commonName", value: NAME }], {
      keyType: "ec",
      extensions: [
        { name: "basicConstraints", cA: true },
        { name: "subjectAltName", altNames: [{ type: 2, value: NAME }] },
      ],
    });
    cert = made.cert;
    key = made.private;
  });

  async function withServer<T>(use: (port: number, names: string[]) => Promise<T>): Promise<T> {
    const names: string[] = [];
    const server = https.createServer(
      {
        cert,
        key,
        SNICallback: (name, done) => {
          names.push(name);
          done(null);
        },
      },
      (request, response) => {
        response.end(JSON.stringify({ host: request.headers.host }));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    try {
      return await use(typeof address === "object" && address ? address.port : 0, names);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it("connects to another port, but speaks and checks the public name", async () => {
    await withServer(async (port, names) => {
      const client = new HttpClient({ ca: cert, connectTo: `${NAME}:443:127.0.0.1:${port}` });
      const reply = await client.send({ method: "GET", path: `https://${NAME}/x` });
      expect(reply.json).toEqual({ host: NAME });
      expect(names).toEqual([NAME]);
      client.close();
    });
  });

  it("refuses a certificate of another name", async () => {
    await withServer(async (port) => {
      const client = new HttpClient({ ca: cert, connectTo: `other.example.com:443:127.0.0.1:${port}` });
      await expect(client.send({ method: "GET", path: "https://other.example.com/x" })).rejects.toThrow(
        /certificate is for another name/,
      );
      client.close();
    });
  });

  it("refuses a certificate nobody vouches for", async () => {
    await withServer(async (port) => {
      const client = new HttpClient({ connectTo: `${NAME}:443:127.0.0.1:${port}` });
      await expect(client.send({ method: "GET", path: `https://${NAME}/x` })).rejects.toThrow(/NODE_EXTRA_CA_CERTS/);
      client.close();
    });
  });

  it("reads CUTOVER_CONNECT_TO when nothing is given", async () => {
    await withServer(async (port) => {
      const before = process.env.CUTOVER_CONNECT_TO;
      process.env.CUTOVER_CONNECT_TO = `${NAME}:443:127.0.0.1:${port}`;
      try {
        const client = new HttpClient({ ca: cert });
        expect((await client.send({ method: "GET", path: `https://${NAME}/x` })).status).toBe(200);
        client.close();
      } finally {
        if (before === undefined) delete process.env.CUTOVER_CONNECT_TO;
        else process.env.CUTOVER_CONNECT_TO = before;
      }
    });
  });
});
