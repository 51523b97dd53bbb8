import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { frontDoorUrl } from "@cutover/domain/webhook";
import type { Toolchain } from "../../tools/toolchain";
import { EmulatedAws } from "../aws/emulated-aws";
import { RehearsalClock } from "../clock";
import { awsEnvironment } from "../engine/environment";
import { StackRun } from "../engine/stack";
import { RehearsalError } from "../errors";
import { RehearsalFaults } from "../faults";
import { GhlStandIn } from "../ghl/server";
import { WorkflowSender } from "../ghl/workflow";
import { RehearsalCloudWatch } from "../metrics/cloudwatch";
import { RehearsalPostgres } from "../postgres/postgres";
import { AwsClients } from "../provider/aws-clients";
import { ProviderServer } from "../provider/server";
import { processesMarked, processTree, RUN_MARKER } from "../run/processes";
import type { Terminal } from "../run/terminal";
import { AlarmLog } from "../story/alarm-log";
import type { Stage } from "../story/stage";
import { STEADY_RATE } from "../story/traffic";
import { freePort } from "../support/ports";
import { type AppPrograms, prepareApps } from "./apps";
import { ExistingNode } from "./existing-node";
import {
  DOMAIN,
  NODE_HOST,
  NODE_KEY,
  NODE_REPOSITORY,
  NODE_URL,
  PYTHON_REPOSITORY,
  REGION,
  SECRET_VALUE,
  STACK,
  sharedEnvironment,
  stackConfig,
  WEBHOOK_VALUE,
  ZONE,
} from "./names";
import { makeNodeRepository } from "./node-repository";
import { Stoppers } from "./stoppers";

export interface WorldOptions {
  readonly toolchain: Toolchain;
  readonly runFolder: string;
  readonly terminal: Terminal;
  /** Port of the front door on 127.0.0.1; default: a free one. */
  readonly port?: number;
  readonly startedAtMs: number;
  /** Rehearsal seconds in a real one; default 60. */
  readonly clockFactor?: number;
  readonly signal: AbortSignal;
  /** The world can't go on: something of it died. Called at most once. */
  readonly onBroken: (error: RehearsalError) => void;
  /** Something that must not happen, but with which the story can go on. */
  readonly onProblem: (sentence: string) => void;
}

/** Ports that are chosen before anything listens, because names are mapped to them. */
interface Ports {
  readonly frontDoor: number;
  readonly frontDoorHttp: number;
  readonly existingNode: number;
}

/** A rehearsal plays less than two days of its clock; the first notice before the start comes after three weeks. */
const START_IN_DAYS = 28;

/** Everything the story plays on, started in the order in which one part needs another. */
export class World {
  readonly #options: WorldOptions;
  readonly #stoppers = new Stoppers();
  readonly clock: RehearsalClock;
  #stopping = false;
  /** Something died: what follows from it is no news. */
  #broken = false;

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.clock = new RehearsalClock({
      originMs: options.startedAtMs,
      ...(options.clockFactor === undefined ? {} : { factor: options.clockFactor }),
    });
  }

  /** Starts the world; on failure or abort what was started is ended again. */
  static async start(options: WorldOptions): Promise<{ world: World; stage: Stage }> {
    const world = new World(options);
    try {
      return { world, stage: await world.#start() };
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  /** Ends everything, the last first; returns sentences about what resisted. */
  stop(): Promise<string[]> {
    this.#stopping = true;
    return this.#stoppers.stop();
  }

  async #start(): Promise<Stage> {
    const { runFolder, signal } = this.#options;
    const ports: Ports = {
      frontDoor: this.#options.port ?? (await freePort()),
      frontDoorHttp: await freePort(),
      existingNode: await freePort(),
    };
    const connectTo = [
      `${DOMAIN}:443:127.0.0.1:${ports.frontDoor}`,
      `${DOMAIN}:80:127.0.0.1:${ports.frontDoorHttp}`,
      `${NODE_HOST}:443:127.0.0.1:${ports.existingNode}`,
    ].join(",");
    const ghl = await this.#startGhl();
    const [postgres, { aws, apps }] = await bothOrNeither(this.#startPostgres(), this.#startAws(ports, connectTo));
    signal.throwIfAborted();
    const environment = sharedEnvironment(postgres.appUrl, ghl.token, ghl.locationId);
    await this.#startExistingNode(aws, apps, ports, environment);
    const { log, cloudwatch } = this.#startCloudWatch(aws);
    const repositories = { node: NODE_REPOSITORY, python: PYTHON_REPOSITORY };
    const faults = new RehearsalFaults({ runFolder, aws, ghl, repositories });
    const clients = new AwsClients({ endpoint: aws.url, region: REGION });
    this.#stoppers.add("AWS clients", () => clients.destroy());
    const sender = this.#makeSender(ghl, "{{custom_values.cutover_webhook_url}}", connectTo, aws.caFile);
    const lateSender = this.#makeSender(ghl, frontDoorUrl({ domain: DOMAIN }), connectTo, aws.caFile);
    const engine = await this.#prepareEngine(aws, connectTo);
    await this.#configure(engine, clients, ghl, postgres, environment);
    return {
      clock: this.clock,
      engine,
      postgres,
      ghl,
      sender,
      lateSender,
      balancer: aws.loadBalancer,
      gateway: aws.gateway,
      cloudwatch: log,
      punctuality: () => cloudwatch.punctuality,
      series: (metric) => cloudwatch.series(metric),
      faults,
      aws: clients,
      stack: STACK,
      domain: DOMAIN,
      urlAsFound: NODE_URL,
      secrets: () => [NODE_KEY, ghl.token, ...secretsWritten(ghl)],
      webhookValue: WEBHOOK_VALUE,
      secretValue: SECRET_VALUE,
      startedAtMs: this.#options.startedAtMs,
      signal,
      processes: () => {
        const marked = processesMarked(RUN_MARKER, runFolder).map(({ pid }) => pid);
        return [...new Set([...processTree(process.pid), ...marked])];
      },
      ports,
      connectTo,
      caFile: aws.caFile,
    };
  }

  async #startGhl(): Promise<GhlStandIn> {
    const ghl = new GhlStandIn();
    await ghl.start();
    this.#stoppers.add("stand-in GHL", () => ghl.stop());
    ghl.seed(WEBHOOK_VALUE, NODE_URL);
    return ghl;
  }

  #startPostgres(): Promise<RehearsalPostgres> {
    return this.#part("PostgreSQL", async () => {
      const postgres = await RehearsalPostgres.start({
        folder: this.#options.runFolder,
        clock: this.clock,
        onUnexpectedExit: (message) => this.#died("PostgreSQL", message),
      });
      this.#stoppers.add("PostgreSQL", () => postgres.stop());
      return postgres;
    });
  }

  /** Alarms, metrics and scheduled events, by the rehearsal's clock. */
  #startCloudWatch(aws: EmulatedAws): { log: AlarmLog; cloudwatch: RehearsalCloudWatch } {
    let log: AlarmLog | undefined;
    const cloudwatch = RehearsalCloudWatch.start({ aws }, (events) => {
      log = new AlarmLog(events);
      events.on("problem", (line) => {
        if (!this.#stopping && !this.#broken) this.#options.onProblem(line);
      });
    });
    this.#stoppers.add("CloudWatch", () => cloudwatch.stop());
    return { log: log ?? new AlarmLog(cloudwatch), cloudwatch };
  }

  #startAws(ports: Ports, connectTo: string): Promise<{ aws: EmulatedAws; apps: AppPrograms }> {
    const { toolchain, runFolder } = this.#options;
    return this.#part("AWS emulators, load balancer, task runner", async () => {
      const apps = await prepareApps(toolchain, runFolder);
      const aws = await EmulatedAws.start({
        venv: join(toolchain.emulatorsPython, "../.."),
        runFolder,
        nodeBin: join(toolchain.node, ".."),
        images: apps.images,
        clock: this.clock,
        ports: { 443: ports.frontDoor, 80: ports.frontDoorHttp },
        functionEnv: { CUTOVER_CLOCK: this.clock.toEnv(), CUTOVER_CONNECT_TO: connectTo },
      });
      this.#stoppers.add("AWS emulation", () => aws.stop());
      aws.emulators.prependListener("died", (line) => this.#died("an AWS emulator", line));
      aws.on("problem", (line) => {
        if (!this.#stopping && !this.#broken) this.#options.onProblem(line);
      });
      return { aws, apps };
    });
  }

  async #startExistingNode(
    aws: EmulatedAws,
    apps: AppPrograms,
    ports: Ports,
    environment: Readonly<Record<string, string>>,
  ): Promise<void> {
    const node = await this.#part("the existing Node service", async () =>
      ExistingNode.start({
        program: apps.node,
        env: { ...environment, CUTOVER_CLOCK: this.clock.toEnv() },
        keyPair: await aws.ca.issue([NODE_HOST]),
        port: ports.existingNode,
        runFolder: this.#options.runFolder,
        signal: this.#options.signal,
        onUnexpectedExit: (message) => this.#died("the existing Node service", message),
      }),
    );
    this.#stoppers.add("existing Node service", () => node.stop());
  }

  /** The workflow step as a person set it up, see README. */
  #makeSender(ghl: GhlStandIn, url: string, connectTo: string, caFile: string): WorkflowSender {
    const sender = new WorkflowSender(
      ghl,
      {
        url,
        headers: {
          "x-webhook-secret": "{{custom_values.cutover_webhook_secret}}",
          "x-contact-id": "{{contact.id}}",
        },
      },
      { connectTo, ca: readFileSync(caFile, "utf8") },
    );
    this.#stoppers.add("workflow sender", () => sender.close());
    return sender;
  }

  async #prepareEngine(aws: EmulatedAws, connectTo: string): Promise<StackRun> {
    const { toolchain, runFolder, signal } = this.#options;
    const emptyFolder = join(runFolder, "engine", "tmp");
    // Scripts of the program reach the emulated account only, and no file of the user's.
    const environment = {
      ...process.env,
      PATH: [...toolchain.pathDirs, process.env.PATH].join(delimiter),
      ...awsEnvironment(aws.url, emptyFolder),
    };
    const provider = new ProviderServer({ endpoint: aws.url, region: REGION, environment });
    const { debugProviders } = await provider.start();
    this.#stoppers.add("provider", () => provider.stop());
    return new StackRun({
      runFolder,
      stack: STACK,
      project: toolchain.root,
      path: toolchain.pathDirs,
      awsEndpoint: aws.url,
      debugProviders,
      connectTo,
      caFile: aws.caFile,
      clock: this.clock.toEnv(),
      logFile: join(runFolder, "logs", "pulumi.log"),
      signal,
    });
  }

  async #configure(
    engine: StackRun,
    clients: AwsClients,
    ghl: GhlStandIn,
    postgres: RehearsalPostgres,
    environment: Readonly<Record<string, string>>,
  ): Promise<void> {
    await this.#part("stack and its configuration", async () => {
      const [zone] = await Promise.all([
        clients.route53.createHostedZone({ Name: ZONE, CallerReference: "rehearsal" }),
        engine.init(),
      ]);
      const hostedZoneId = zone.HostedZone?.Id?.split("/").at(-1) ?? "";
      const facts = {
        hostedZoneId,
        ghl,
        databaseUrl: postgres.url,
        previewUrl: await postgres.createPreviewUser(),
        nodeRepository: makeNodeRepository(this.#options.toolchain.root, this.#options.runFolder),
        messagesPerHour: (STEADY_RATE * 3600) / this.clock.factor,
        startsAt: `${new Date(this.clock.now() + START_IN_DAYS * 24 * 3_600_000).toISOString().slice(0, 16)}Z`,
        environment,
      };
      await engine.configSet(...stackConfig(facts));
    });
  }

  /** Starts one part and says what failed, where it fails. */
  async #part<T>(name: string, start: () => Promise<T>): Promise<T> {
    this.#options.signal.throwIfAborted();
    try {
      return await start();
    } catch (error) {
      this.#options.signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      throw new RehearsalError(`${name} did not start: ${why}`);
    }
  }

  #died(what: string, message: string): void {
    if (this.#stopping || this.#broken) return;
    this.#broken = true;
    this.#options.onBroken(new RehearsalError(`${what} died in mid-run; the rehearsal can't go on.\n${message}`));
  }
}

/** Every value that the webhook's secret has had in GoHighLevel. */
function secretsWritten(ghl: GhlStandIn): string[] {
  const bodies = ghl
    .writes()
    .flatMap(({ body }) => (body === "" ? [] : [JSON.parse(body) as { name?: string; value?: string }]));
  return bodies.flatMap(({ name, value }) => (name === SECRET_VALUE && value ? [value] : []));
}

/** Waits for both, also when one fails: what the other one started has to be known before everything is ended. */
async function bothOrNeither<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}
