import { createRequire } from "node:module";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, type status } from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { AwsClients } from "./aws-clients";
import { Bag } from "./bag";
import { makeContext } from "./context";
import { errorText } from "./errors";
import { hasUnknown, isObject, type Props, parseJson } from "./json";
import * as lifecycle from "./lifecycle";
import { findInvoke, findType, PACKAGES } from "./registry";
import type { Context } from "./resource-type";
import { fromStruct, toDiffResponse, toFailures, toGrpcError, toStruct } from "./wire";

export interface ProviderServerOptions {
  /** Address of the AWS endpoint, such as `http://127.0.0.1:4599`. */
  readonly endpoint: string;
  readonly region: string;
  /** Longest wait for AWS (steady service, issued certificate…), real milliseconds; default 120 000. */
  readonly waitDeadlineMs?: number;
  /** Folder of the program: relative paths of assets and scripts start there; default: the current folder. */
  readonly programDir?: string;
  /** Environment of scripts, as the engine's own provider would have it; default: this process's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with one line per change made or refused, for the rehearsal's log. */
  readonly log?: (line: string) => void;
}

export interface StartedProvider {
  /** Port of the aws package. */
  readonly port: number;
  /** Value of PULUMI_DEBUG_PROVIDERS that makes the engine use this process for its packages. */
  readonly debugProviders: string;
}

const load = createRequire(__filename);

const DEFAULT_WAIT_MS = 120_000;

/** What the requests about one resource have in common. */
interface ResourceRequest {
  getUrn(): string;
  getName(): string;
  getType(): string;
  getTimeout?(): number;
}

/**
 * Pulumi's packages aws, random and command, served for the rehearsal by real AWS SDK calls to one endpoint. One process
 * serves all three; the engine attaches to it (PULUMI_DEBUG_PROVIDERS), so it outlives single runs of the engine.
 */
export class ProviderServer {
  readonly #options: ProviderServerOptions;
  readonly #aws: AwsClients;
  readonly #servers: Server[] = [];
  #cancel = new AbortController();
  #account: Promise<string> | undefined;
  #defaultTags: lifecycle.Tags = {};
  #programDir: string;

  constructor(options: ProviderServerOptions) {
    this.#options = options;
    this.#programDir = options.programDir ?? process.cwd();
    this.#aws = new AwsClients(options);
  }

  /** Listens on one free port of 127.0.0.1 per package: the engine asks each for its version. */
  async start(): Promise<StartedProvider> {
    const ports: number[] = [];
    for (const name of PACKAGES) ports.push(await this.#listen(name));
    const [port = 0] = ports;
    return { port, debugProviders: PACKAGES.map((name, at) => `${name}:${ports[at]}`).join(",") };
  }

  #listen(packageName: string): Promise<number> {
    const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
    server.addService(ResourceProviderService, this.#handlers(installedVersion(packageName)));
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
  }

  /** Ends waits and connections. */
  async stop(): Promise<void> {
    this.#cancel.abort();
    for (const server of this.#servers.splice(0)) server.forceShutdown();
    this.#aws.destroy();
  }

  #handlers(version: string) {
    return {
      handshake: this.#answer(async (request: proto.ProviderHandshakeRequest) => this.#handshake(request)),
      attach: this.#answer(async () => new Empty()),
      getPluginInfo: this.#answer(async () => new PluginInfo().setVersion(version)),
      getSchema: this.#answer(async () => new proto.GetSchemaResponse().setSchema("{}")),
      checkConfig: this.#answer(async (request: proto.CheckRequest) =>
        new proto.CheckResponse().setInputs(toStruct(fromStruct(request.getNews()))),
      ),
      diffConfig: this.#answer(async () =>
        new proto.DiffResponse().setChanges(proto.DiffResponse.DiffChanges.DIFF_NONE),
      ),
      configure: this.#answer(async (request: proto.ConfigureRequest) => this.#configure(request)),
      check: this.#answer(async (request: proto.CheckRequest) => this.#check(request)),
      diff: this.#answer(async (request: proto.DiffRequest) => this.#diff(request)),
      create: this.#answer(async (request: proto.CreateRequest) => this.#create(request)),
      read: this.#answer(async (request: proto.ReadRequest) => this.#read(request)),
      update: this.#answer(async (request: proto.UpdateRequest) => this.#update(request)),
      delete: this.#answer(async (request: proto.DeleteRequest) => this.#delete(request)),
      invoke: this.#answer(async (request: proto.InvokeRequest) => this.#invoke(request)),
      cancel: this.#answer(async () => {
        this.#cancel.abort();
        this.#cancel = new AbortController();
        return new Empty();
      }),
    };
  }

  #answer<Q, A>(handle: (request: Q) => Promise<A>) {
    return (call: ServerUnaryCall<Q, A>, callback: sendUnaryData<A>): void => {
      handle(call.request).then(
        (response) => callback(null, response),
        (error: unknown) => {
          this.#options.log?.(errorText(error));
          const failed = toGrpcError(error);
          callback({ ...failed, name: "Error" } as Error & { code: status; details: string }, null, failed.metadata);
        },
      );
    };
  }

  #handshake(request: proto.ProviderHandshakeRequest): proto.ProviderHandshakeResponse {
    // An engine that attaches does not say where the program is; one that starts plugins does.
    this.#programDir = request.getProgramDirectory() || this.#programDir;
    return new proto.ProviderHandshakeResponse();
  }

  /** Configuration of the aws package: only its region and default tags mean something here. */
  #configure(request: proto.ConfigureRequest): proto.ConfigureResponse {
    const args = fromStruct(request.getArgs());
    if (typeof args.region === "string" && args.region !== this.#options.region) {
      throw new Error(`rehearsal provider: configured for ${args.region}, but it serves ${this.#options.region}`);
    }
    const setting = typeof args.defaultTags === "string" ? parseJson(args.defaultTags) : args.defaultTags;
    if (isObject(setting) && isObject(setting.tags)) this.#defaultTags = new Bag(setting).map("tags");
    const response = new proto.ConfigureResponse();
    return response.setSupportspreview(true).setAcceptsecrets(false).setAcceptresources(false);
  }

  #served(request: ResourceRequest): lifecycle.Served {
    return { ...findType(tokenOf(request)), defaultTags: this.#defaultTags };
  }

  #context(request: ResourceRequest, created?: (id: string) => void): Context {
    const asked = (request.getTimeout?.() ?? 0) * 1000;
    const limit = this.#options.waitDeadlineMs ?? DEFAULT_WAIT_MS;
    return this.#makeContext(nameOf(request), asked > 0 ? Math.min(asked, limit) : limit, created);
  }

  #makeContext(name: string, deadlineMs: number, created?: (id: string) => void): Context {
    return makeContext({
      aws: this.#aws,
      region: this.#options.region,
      name,
      programDir: this.#programDir,
      environment: this.#options.environment ?? process.env,
      accountId: () => this.#accountId(),
      deadlineMs,
      signal: this.#cancel.signal,
      ...(created ? { created } : {}),
    });
  }

  #accountId(): Promise<string> {
    this.#account ??= this.#aws.sts.getCallerIdentity({}).then((identity) => identity.Account ?? "");
    this.#account.catch(() => {
      this.#account = undefined;
    });
    return this.#account;
  }

  #check(request: proto.CheckRequest): proto.CheckResponse {
    const checked = lifecycle.check(
      this.#served(request),
      nameOf(request),
      fromStruct(request.getOlds()),
      fromStruct(request.getNews()),
    );
    const response = new proto.CheckResponse();
    return response.setInputs(toStruct(checked.inputs)).setFailuresList(toFailures(checked.problems));
  }

  #diff(request: proto.DiffRequest): proto.DiffResponse {
    const olds = fromStruct(request.getOlds());
    const oldInputs = request.hasOldInputs() ? fromStruct(request.getOldInputs()) : olds;
    return toDiffResponse(lifecycle.diff(this.#served(request), olds, oldInputs, fromStruct(request.getNews())));
  }

  async #create(request: proto.CreateRequest): Promise<proto.CreateResponse> {
    const served = this.#served(request);
    const inputs = fromStruct(request.getProperties());
    const response = new proto.CreateResponse();
    if (request.getPreview()) return response.setProperties(toStruct(lifecycle.previewOutputs(served, inputs)));
    const made = await lifecycle.create(served, (created) => this.#context(request, created), inputs);
    this.#options.log?.(`created ${served.token} ${nameOf(request)}`);
    return response.setId(made.id).setProperties(toStruct(made.outputs));
  }

  async #read(request: proto.ReadRequest): Promise<proto.ReadResponse> {
    const served = this.#served(request);
    const ctx = this.#context(request);
    const state = fromStruct(request.getProperties());
    const inputs = fromStruct(request.getInputs());
    const response = new proto.ReadResponse();
    try {
      const seen = await lifecycle.read(served, ctx, request.getId(), state, inputs);
      if (seen === undefined) return response;
      return response.setId(seen.id).setProperties(toStruct(seen.outputs)).setInputs(toStruct(seen.inputs));
    } catch (error) {
      throw new Error(lifecycle.failure("reading", served, ctx.name, error), { cause: error });
    }
  }

  async #update(request: proto.UpdateRequest): Promise<proto.UpdateResponse> {
    const served = this.#served(request);
    const olds = fromStruct(request.getOlds());
    const news = fromStruct(request.getNews());
    const oldInputs = request.hasOldInputs() ? fromStruct(request.getOldInputs()) : olds;
    const response = new proto.UpdateResponse();
    if (request.getPreview()) return response.setProperties(toStruct(lifecycle.previewOutputs(served, news, olds)));
    const outputs = await lifecycle.update(served, this.#context(request), request.getId(), olds, oldInputs, news);
    this.#options.log?.(`updated ${served.token} ${nameOf(request)}`);
    return response.setProperties(toStruct(outputs));
  }

  async #delete(request: proto.DeleteRequest): Promise<Empty> {
    const served = this.#served(request);
    const state: Props = { ...fromStruct(request.getOldInputs()), ...fromStruct(request.getProperties()) };
    await lifecycle.remove(served, this.#context(request), request.getId(), state);
    this.#options.log?.(`deleted ${served.token} ${nameOf(request)}`);
    return new Empty();
  }

  async #invoke(request: proto.InvokeRequest): Promise<proto.InvokeResponse> {
    const token = request.getTok();
    const args = fromStruct(request.getArgs());
    const response = new proto.InvokeResponse();
    const invoke = findInvoke(token);
    if (hasUnknown(args)) throw new Error(`${token}: its arguments are not known yet`);
    const ctx = this.#makeContext(token, this.#options.waitDeadlineMs ?? DEFAULT_WAIT_MS);
    try {
      return response.setReturn(toStruct(await invoke(ctx, new Bag(args, token))));
    } catch (error) {
      throw new Error(`${token}: ${errorText(error)}`, { cause: error });
    }
  }
}

/** The version of the package's SDK: the one this provider stands for. */
function installedVersion(packageName: string): string {
  const { version } = load(`@pulumi/${packageName}/package.json`) as { version: string };
  return version.replace(/^v/, "");
}

function tokenOf(request: ResourceRequest): string {
  return request.getType() || (request.getUrn().split("::")[2]?.split("$").pop() ?? "");
}

function nameOf(request: ResourceRequest): string {
  return request.getName() || (request.getUrn().split("::").slice(3).join("::") ?? "");
}
