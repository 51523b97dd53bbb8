import { EventEmitter } from "node:events";
import { join } from "node:path";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { RehearsalClock } from "../clock";
import { LoadBalancer } from "../loadbalancer/balancer";
import { RehearsalCa } from "../loadbalancer/certificates";
import { seededRng } from "../loadbalancer/choose";
import type { AlbEvent, AlbResult } from "../loadbalancer/lambda-target";
import { BalancerReader } from "../loadbalancer/reader";
import { DefinitionReader } from "../tasks/definitions";
import { TaskNetwork } from "../tasks/network";
import { TaskRunner, type TaskRunnerOptions } from "../tasks/runner";
import { type ImageProgram, repositoryOf } from "../tasks/task";
import { AWS_REGION } from "./account";
import { Emulators, type EmulatorsOptions } from "./emulators";
import { AwsGateway, OWN_KEYS } from "./gateway/gateway";

export interface EmulatedAwsOptions
  extends Pick<EmulatorsOptions, "venv" | "runFolder" | "nodeBin" | "functionEnv">,
    Pick<TaskRunnerOptions, "images" | "maxConcurrent" | "startMs"> {
  readonly clock: RehearsalClock;
  /** Listener port → port on 127.0.0.1, such as `{443: 8443, 80: 8080}`; others get free ports. */
  readonly ports?: Readonly<Record<number, number>>;
  /** Port of the AWS endpoint; default: a free one. */
  readonly gatewayPort?: number;
  /** Seeds the load balancer's choices; default: from the time. */
  readonly seed?: number;
  /** Shortest real ms between two health checks of a target; default 500. */
  readonly minCheckMs?: number;
}

export interface EmulatedAwsEvents {
  /** One line for people. */
  progress: [line: string];
  /** Something that must not happen in a rehearsal: an emulator died, a port was taken, a reading failed. */
  problem: [line: string];
}

/** Emulators, gateway, load balancer and task runner, wired: an AWS account that does what it says. */
export class EmulatedAws extends EventEmitter<EmulatedAwsEvents> {
  readonly gateway: AwsGateway;
  readonly emulators: Emulators;
  readonly loadBalancer: LoadBalancer;
  readonly tasks: TaskRunner;
  readonly ca: RehearsalCa;
  readonly clock: RehearsalClock;
  readonly #closers: readonly (() => void)[];
  /** Programs of the images that can be started; shared with the task runner. */
  readonly #images: Record<string, ImageProgram>;

  private constructor(
    parts: Pick<EmulatedAws, "gateway" | "emulators" | "loadBalancer" | "tasks" | "ca" | "clock">,
    closers: (() => void)[],
    images: Record<string, ImageProgram>,
  ) {
    super();
    this.#images = images;
    this.gateway = parts.gateway;
    this.emulators = parts.emulators;
    this.loadBalancer = parts.loadBalancer;
    this.tasks = parts.tasks;
    this.ca = parts.ca;
    this.clock = parts.clock;
    this.#closers = closers;
  }

  /** For AWS_ENDPOINT_URL. */
  get url(): string {
    return this.gateway.url;
  }

  /** For NODE_EXTRA_CA_CERTS. */
  get caFile(): string {
    return this.ca.certFile;
  }

  /** Starts everything and resolves when AWS calls are answered. On failure nothing is left running. */
  static async start(
    options: EmulatedAwsOptions,
    listen?: (aws: EventEmitter<EmulatedAwsEvents>) => void,
  ): Promise<EmulatedAws> {
    const gateway = new AwsGateway(options.gatewayPort === undefined ? {} : { port: options.gatewayPort });
    await gateway.start();
    const caFile = join(options.runFolder, "ca.pem");
    const functionEnv = { NODE_EXTRA_CA_CERTS: caFile, ...options.functionEnv };
    const emulators = new Emulators({ ...options, functionEnv, gatewayUrl: gateway.url });
    let aws: EmulatedAws | undefined;
    try {
      const [upstreams, ca] = await Promise.all([emulators.start(), RehearsalCa.create(caFile)]);
      gateway.connect(upstreams);
      const images = { ...options.images };
      const { parts, closers } = assemble({ ...options, images }, gateway, upstreams.moto, ca);
      aws = new EmulatedAws({ ...parts, gateway, emulators, ca, clock: options.clock }, closers, images);
      listen?.(aws);
      await aws.#run();
      return aws;
    } catch (error) {
      await aws?.stop();
      await emulators.stop();
      await gateway.stop();
      throw error;
    }
  }

  async #run(): Promise<void> {
    const { gateway, emulators, loadBalancer, tasks } = this;
    for (const part of [emulators, loadBalancer, tasks])
      part.on("progress", (line: string) => this.emit("progress", line));
    for (const part of [gateway, loadBalancer, tasks])
      part.on("problem", (error: Error) => this.emit("problem", error.message));
    emulators.on("died", (line) => this.emit("problem", line));
    loadBalancer.on("health", () => tasks.healthChanged());
    gateway.attach({ balancer: loadBalancer, ecs: tasks });
    await loadBalancer.start();
    await tasks.start();
  }

  /**
   * Kills the tasks of an image (repository without tag and digest), as if their machines had died, and lets none start
   * until the result is called. The service tries again by itself then, at ECS's growing intervals.
   * @throws Error for an image that no program stands for
   */
  breakImage(repository: string): () => void {
    const program = this.#images[repository];
    if (!program) throw new Error(`no program stands for image ${repository}: there is nothing to break`);
    delete this.#images[repository];
    for (const { id, image, pid } of this.tasks.list()) {
      if (pid !== undefined && repositoryOf(image) === repository) this.tasks.killTask(id);
    }
    return () => {
      this.#images[repository] = program;
    };
  }

  /** Ends tasks, load balancer, gateway and emulators, in this order; leaves no process and no open port. */
  async stop(): Promise<void> {
    await this.tasks.stop();
    await this.loadBalancer.stop();
    for (const close of this.#closers) close();
    await this.emulators.stop();
    await this.gateway.stop();
  }
}

/** Load balancer and task runner on the emulators' definitions. */
function assemble(options: EmulatedAwsOptions, gateway: AwsGateway, endpoint: string, ca: RehearsalCa) {
  const region = AWS_REGION;
  const network = new TaskNetwork();
  const balancerReader = new BalancerReader({ endpoint, region });
  const definitionReader = new DefinitionReader({ endpoint, region, extras: (arn) => gateway.extras.of(arn) });
  const lambda = new LambdaClient({ endpoint: gateway.url, region, credentials: OWN_CREDENTIALS });
  const loadBalancer = new LoadBalancer({
    ...options,
    ca,
    source: () => balancerReader.read(),
    resolve: network.resolve,
    rng: seededRng(options.seed ?? Date.now()),
    invokeLambda: (arn, event) => invoke(lambda, arn, event),
  });
  const tasks = new TaskRunner({
    ...options,
    source: () => definitionReader.read(),
    balancer: loadBalancer,
    network,
    gatewayUrl: gateway.url,
    region,
  });
  const closers = [() => balancerReader.close(), () => definitionReader.close(), () => lambda.destroy()];
  return { parts: { loadBalancer, tasks }, closers };
}

const OWN_CREDENTIALS = { accessKeyId: OWN_KEYS.balancer, secretAccessKey: "rehearsal" };

async function invoke(lambda: LambdaClient, FunctionName: string, event: AlbEvent): Promise<AlbResult> {
  const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) }));
  const text = Buffer.from(answer.Payload ?? []).toString("utf8");
  if (answer.FunctionError) throw new Error(`function ${FunctionName} failed: ${text}`);
  return JSON.parse(text) as AlbResult;
}
