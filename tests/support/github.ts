import { createServer, type Server } from "node:http";

interface Comment {
  readonly id: number;
  body: string;
  readonly user: { readonly login: string };
}

/** The comments of one pull request as GitHub's API keeps them, on loopback. */
export class GitHubStandIn {
  readonly comments: Comment[] = [];
  /** Methods of the requests, in order. */
  readonly methods: string[] = [];
  /** Answers everything with this status. */
  broken: number | undefined;
  url = "";
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      let text = "";
      for await (const part of request.setEncoding("utf8")) text += part;
      this.methods.push(String(request.method));
      const authorised = request.headers.authorization === "Bearer github-token";
      const status = this.broken ?? (authorised ? 200 : 401);
      const answer = status === 200 ? this.#answer(String(request.method), String(request.url), text) : {};
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    this.url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  say(login: string, body: string): void {
    this.comments.push({ id: this.comments.length + 1, body, user: { login } });
  }

  #answer(method: string, url: string, text: string): unknown {
    const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
    if (method === "GET" && pathname === "/repos/us/cutover/issues/7/comments") {
      const [size, page] = [Number(searchParams.get("per_page")), Number(searchParams.get("page"))];
      return this.comments.slice((page - 1) * size, page * size);
    }
    const { body } = JSON.parse(text) as { body: string };
    if (method === "POST" && pathname === "/repos/us/cutover/issues/7/comments") {
      this.say("github-actions[bot]", body);
      return {};
    }
    const id = Number(/^\/repos\/us\/cutover\/issues\/comments\/(\d+)$/.exec(pathname)?.[1]);
    const found = this.comments.find((one) => one.id === id);
    if (method !== "PATCH" || !found) throw new Error(`unexpected ${method} ${pathname}`);
    found.body = body;
    return {};
  }
}
