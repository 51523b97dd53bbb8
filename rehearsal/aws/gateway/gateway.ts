import { EventEmitter } from "node:events";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { freePort } from "../../support/ports";
import { acmHandlers } from "./acm-handlers";
import { type AwsCall, credentialScope, describeCall, isForm } from "./call";
import { cloudwatchHandlers } from "./cloudwatch-handlers";
import { ecsHandlers } from "./ecs-handlers";
import { elbHandlers } from "./elb-handlers";
import { type AwsError, sendError } from "./errors";
import { eventsHandlers } from "./events-handlers";
import { type Fault, Faults } from "./faults";
import { FunctionPermissions, functionOf } from "./function-permissions";
import { type Handler, type HandlerContext, type Handlers, isAwsError } from "./handlers";
import { Journal, type JournalEntry, type JournalFilter } from "./journal";
import { Memory } from "./memory";
import type { BalancerReality, CloudWatchReality, EcsReality } from "./reality";
import { ServiceExtras } from "./service-extras";
import { taggingHandlers } from "./tagging-handlers";
import { ask, readAll, type Upstreams, upstreamOf } from "./upstream";

export interface AwsGatewayOptions {
  /** Port on 127.0.0.1; default: a free one. */
  readonly port?: number;
}

export interface AwsGatewayEvents {
  /** A call that changes load balancing, services or scaling succeeded. */
  changed: [service: string, action: string];
  /** A call that changes alarms, log filters, schedules, topics, functions or roles succeeded. */
  written: [service: string, action: string];
  /** The gateway itself failed at a call (the caller got 500 InternalFailure). */
  problem: [error: Error];
}

const HANDLERS: Handlers = {
  ...elbHandlers,
  ...ecsHandlers,
  ...acmHandlers,
  ...cloudwatchHandlers,
  ...eventsHandlers,
  ...taggingHandlers,
};

/** Services whose changes the load balancer and the task runner carry out. */
const ACTED_ON = new Set(["elasticloadbalancing", "ecs", "application-autoscaling"]);

/** Services of which others keep a copy of what they read. */
const WATCHED = new Set(["monitoring", "logs", "events", "lambda", "iam", "sns", "scheduler"]);

/** Access key ids of the rehearsal's own machinery; faults spare them unless they name them. */
export const OWN_KEYS = {
  tasks: "ECSTASKRUNNER",
  scaling: "ECSAUTOSCALING",
  balancer: "LOADBALANCER",
  cloudwatch: "CLOUDWATCH",
} as const;

/**
 * The one endpoint of the emulated AWS. It routes each call to the emulator that knows the service, answers from
 * reality where emulators say what pleases (target health, tasks, services, certificates), refuses what AWS refuses,
 * keeps a journal and lets faults be injected. Everything else passes through untouched.
 */
export class AwsGateway extends EventEmitter<AwsGatewayEvents> {
  readonly #options: AwsGatewayOptions;
  readonly #journal = new Journal();
  readonly #faults = new Faults(new Set(Object.values(OWN_KEYS)));
  /** What services were created with and the emulator forgets. */
  readonly extras = new ServiceExtras();
  readonly #memory = new Memory();
  readonly #permissions = new FunctionPermissions();
  /** Answers that never arrive, and whom to tell when the service has given them. */
  readonly #answersToLose = new WeakMap<ServerResponse, () => void>();
  #server: Server | undefined;
  #port = 0;
  #upstreams: Upstreams | undefined;
  #balancer: BalancerReality | undefined;
  #ecs: EcsReality | undefined;
  #cloudwatch: CloudWatchReality | undefined;

  constructor(options: AwsGatewayOptions = {}) {
    super();
    this.#options = options;
  }

  /** Listens and returns {@link url}; calls get 503 until `connect` was called. */
  async start(): Promise<string> {
    this.#port = this.#options.port ?? (await freePort());
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) =>
        reject(new Error(`the AWS gateway can't listen on 127.0.0.1:${this.#port}: ${error.message}`)),
      );
      server.listen(this.#port, "127.0.0.1", 1024, resolve);
    });
    server.keepAliveTimeout = 30_000;
    this.#server = server;
    return this.url;
  }

  /** For AWS_ENDPOINT_URL. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Tells where the emulators are. */
  connect(upstreams: Upstreams): void {
    this.#upstreams = upstreams;
  }

  /** Gives the gateway what it answers from; balancer and ecs are told of every change. */
  attach(reality: {
    readonly balancer?: BalancerReality;
    readonly ecs?: EcsReality;
    readonly cloudwatch?: CloudWatchReality;
  }): void {
    if (reality.balancer) this.#balancer = reality.balancer;
    if (reality.ecs) this.#ecs = reality.ecs;
    if (reality.cloudwatch) this.#cloudwatch = reality.cloudwatch;
  }

  /** Calls that went through, oldest first. */
  journal(filter: JournalFilter = {}): readonly JournalEntry[] {
    return this.#journal.find(filter);
  }

  /** Makes calls fail until the returned function is called or `times` is used up. */
  inject(fault: Fault): () => void {
    return this.#faults.inject(fault);
  }

  /** Ends all faults. */
  clearFaults(): void {
    this.#faults.clear();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const at = Date.now();
    const { service } = credentialScope(request);
    let call: AwsCall = { ...credentialScope(request), action: "", protocol: "rest-json", body: undefined };
    let error: string | undefined;
    response.on("close", () => {
      const { accessKeyId, action } = call;
      const status = response.headersSent ? response.statusCode : 0;
      const ms = performance.now() - started;
      this.#journal.add({ at, service, action, accessKeyId, status, ms, ...(error ? { error } : {}) });
    });
    try {
      const target = request.headers["x-amz-target"];
      const known = typeof target === "string" ? HANDLERS[`${service}:${target.split(".").at(-1)}`] : undefined;
      const reads = typeof target === "string" && isRead(target.split(".").at(-1) ?? "");
      const whole = isForm(request) || known || reads || functionOf(credentialScope(request).accessKeyId);
      const body = whole ? await readAll(request) : undefined;
      call = describeCall(request, body);
      error = await this.#handle(call, HANDLERS[`${service}:${call.action}`] ?? {}, request, response);
    } catch (failure) {
      // A caller that gave up (a process that ended, an SDK's time-out) is no fault of ours or of the emulator's.
      if (request.socket.destroyed) return;
      const message = failure instanceof Error ? failure.message : String(failure);
      error = "InternalFailure";
      this.emit("problem", new Error(`AWS gateway, ${service} ${call.action}: ${message}`));
      if (response.headersSent) response.destroy();
      else sendError(response, call, { status: 500, code: "InternalFailure", message });
    }
  }

  /** Returns the error code when the gateway itself answered with an error. */
  async #handle(
    call: AwsCall,
    handler: Handler,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<string | undefined> {
    const fail = (error: AwsError) => {
      request.resume();
      sendError(response, call, error);
      return error.code;
    };
    const fault = this.#faults.meet(call);
    if (fault) {
      const { respond, delayMs, tell } = fault;
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (respond === "lose-answer") this.#answersToLose.set(response, tell);
      else tell();
      if (respond === "drop") {
        request.socket.destroy();
        return "dropped";
      }
      if (typeof respond !== "string") return fail(respond);
    }
    if (!this.#upstreams) {
      return fail({ status: 503, code: "ServiceUnavailable", message: "the rehearsal's emulators are not running" });
    }
    const context: HandlerContext = {
      upstreams: this.#upstreams,
      balancer: this.#balancer,
      ecs: this.#ecs,
      cloudwatch: this.#cloudwatch,
      extras: this.extras,
      memory: this.#memory,
    };
    const refused = (await this.#permissions.refuse(call, this.#upstreams)) ?? (await handler.refuse?.(call, context));
    if (refused) return fail(refused);
    const answer = await handler.answer?.(call, context);
    if (answer !== undefined) {
      if (isAwsError(answer)) return fail(answer);
      this.#tell(call, 200);
      if (!this.#loses(response)) sendWhole(response, 200, "application/x-amz-json-1.1", answer);
      return undefined;
    }
    if (handler.correct || handler.rewrite) await this.#passCorrected(call, handler, context, request, response);
    else await twiceIfRead(call, () => this.#passThrough(call, context.upstreams, request, response), response);
    return undefined;
  }

  async #passCorrected(
    call: AwsCall,
    handler: Handler,
    context: HandlerContext,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const sent = handler.rewrite?.(call, context) ?? call.body;
    const { "content-encoding": encoding, ...headers } = request.headers;
    const whole = {
      method: request.method ?? "POST",
      path: request.url ?? "/",
      headers: handler.rewrite || encoding === undefined ? headers : { ...headers, "content-encoding": encoding },
      ...(sent ? { body: sent } : {}),
    };
    const answer = await twiceIfRead(call, () => ask(upstreamOf(call.service, context.upstreams), whole));
    const good = answer.status >= 200 && answer.status < 300;
    const body = good && handler.correct ? await handler.correct(call, answer.body, context) : answer.body;
    this.#tell(call, answer.status);
    if (this.#loses(response)) return;
    sendWhole(response, answer.status, String(answer.headers["content-type"] ?? "text/xml"), body);
  }

  #passThrough(call: AwsCall, upstreams: Upstreams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    return new Promise((resolve, reject) => {
      const url = new URL(upstreamOf(call.service, upstreams));
      const outgoing = httpRequest(
        {
          host: url.hostname,
          port: url.port,
          method: request.method ?? "POST",
          path: request.url ?? "/",
          headers: request.rawHeaders,
          agent: false,
        },
        (answer) => {
          this.#tell(call, answer.statusCode ?? 0);
          if (this.#loses(response)) return void resolve(void answer.resume());
          const headers = { ...answer.headers };
          delete headers.connection;
          response.writeHead(answer.statusCode ?? 502, headers);
          answer.on("error", reject);
          answer.pipe(response);
          response.on("close", resolve);
        },
      );
      outgoing.on("error", (error) => reject(new Error(`the emulator gave no answer: ${error.message}`)));
      response.on("close", () => outgoing.destroy());
      if (call.body || request.method === "GET") outgoing.end(call.body);
      else request.pipe(outgoing);
    });
  }

  /** Breaks the connection where the caller is not to get the answer that the service has given. */
  #loses(response: ServerResponse): boolean {
    const tell = this.#answersToLose.get(response);
    if (!tell) return false;
    tell();
    response.destroy();
    return true;
  }

  /** Before the caller knows that a change succeeded, those who carry it out begin to look. */
  #tell(call: AwsCall, status: number): void {
    if (
      status < 200 ||
      status > 299 ||
      /^(Describe|List|Get|Filter|GET |PutLogEvents|PutMetricData|Publish|POST .*\/invocations$)/.test(call.action)
    )
      return;
    if (WATCHED.has(call.service)) {
      if (call.service === "iam" || call.service === "lambda") this.#permissions.forget();
      this.emit("written", call.service, call.action);
    }
    if (!ACTED_ON.has(call.service)) return;
    if (call.service === "elasticloadbalancing") this.#balancer?.notify();
    else this.#ecs?.notify();
    this.emit("changed", call.service, call.action);
  }
}

const isRead = (action: string): boolean => /^(Describe|List|Get|GET )/.test(action);

/** What only reads is asked a second time where the emulator broke off: that harms nobody. */
async function twiceIfRead<T>(call: AwsCall, ask: () => Promise<T>, response?: ServerResponse): Promise<T> {
  const first = ask();
  if (!isRead(call.action)) return first;
  return first.catch((error: unknown) => {
    if (response?.headersSent) throw error;
    return ask();
  });
}

function sendWhole(response: ServerResponse, status: number, contentType: string, body: Buffer): void {
  response.writeHead(status, { "content-type": contentType, "content-length": body.length });
  response.end(body);
}
