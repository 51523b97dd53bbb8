import { mkdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type CommandResult, runCommand } from "../../rehearsal/engine/command";
import { packWithoutHost } from "../../rehearsal/engine/policy-pack";
import { type ConfigEntry, StackRun } from "../../rehearsal/engine/stack";
import { GhlStandIn } from "../../rehearsal/ghl/server";
import { TOKENS } from "../../rehearsal/ghl/tokens";
import { RehearsalPostgres } from "../../rehearsal/postgres/postgres";
import { projectRoot } from "../../tools/toolchain";
import { EngineWorld } from "./support/world";

const root = projectRoot();
/** From tests/engine/fixtures/ to the program itself. */
const THE_PROGRAM = "../../..";
/** Every secret of the stack's configuration; must not reach a comment. */
export const PLANTED = "planted-secret-value";
const image = (repository: string, digit: string) => `${repository}@sha256:${digit.repeat(64)}`;

/**
 * The real engine with our pack, on the real program and on one that breaks it.
 */
export class PolicyWorld {
  /** The program at the top level, configured for `prepare`. */
  readonly program: StackRun;
  /** tests/engine/fixtures/policy. */
  readonly violations: StackRun;
  readonly world: EngineWorld;
  readonly postgres: RehearsalPostgres;
  /** Where the program's GoHighLevel is. */
  readonly ghl: GhlStandIn;
  readonly #pack: string;

  private constructor(
    world: EngineWorld,
    postgres: RehearsalPostgres,
    ghl: GhlStandIn,
    violations: StackRun,
    pack: string,
  ) {
    this.ghl = ghl;
    this.world = world;
    this.program = world.stack;
    this.violations = violations;
    this.postgres = postgres;
    this.#pack = pack;
  }

  static async start(): Promise<PolicyWorld> {
    const world = await EngineWorld.start(THE_PROGRAM, { key: "cutover:phase", value: "prepare" });
    const folder = join(runFolderOf(world), "policy");
    mkdirSync(folder, { recursive: true });
    let postgres: RehearsalPostgres | undefined;
    const ghl = new GhlStandIn();
    await ghl.start();
    try {
      postgres = await RehearsalPostgres.start({ folder: runFolderOf(world) });
      await world.stack.configSet(...settings(postgres.url, await postgres.createPreviewUser(), ghl));
      const violations = await violatingStack(world, folder);
      const pack = join(folder, "pack");
      packWithoutHost(pack, root);
      return new PolicyWorld(world, postgres, ghl, violations, pack);
    } catch (error) {
      await postgres?.stop();
      await ghl.stop();
      await world.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.postgres.stop();
    await this.ghl.stop();
    await this.world.stop();
  }

  /** `.github/scripts/preview.sh`, the workflow's step, on the program; its results are in the folder it returns. */
  async previewStep(): Promise<{ readonly result: CommandResult; readonly out: string }> {
    const { environment } = this.program;
    const out = this.file("preview-step");
    const result = await runCommand({
      command: join(root, ".github/scripts/preview.sh"),
      args: [],
      cwd: root,
      env: {
        ...environment,
        PATH: [this.#pack, environment.PATH].join(delimiter),
        AWS_REGION: "us-east-1",
        STACK: "test",
        OUT: out,
        PULUMI: "pulumi",
        POLICY_PACK: this.#pack,
        // As in preview.yml: nothing that writes.
        CUTOVER_READ_ONLY: "1",
        CUTOVER_GHL_TOKEN: TOKENS.readonly,
      },
      logFile: join(runFolderOf(this.world), "policy.log"),
      deadlineMs: 200_000,
    });
    return { result, out };
  }

  /**
   * A preview of the program, with the pack or without: how long it took, and how much CPU all its processes together.
   * @param cold as on a machine that has never run one: nothing compiled is kept
   */
  async cost(withPack: boolean, cold = false): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> {
    const { environment } = this.program;
    if (cold) rmSync(environment.NODE_COMPILE_CACHE ?? "", { recursive: true, force: true });
    const pack = withPack ? ["--policy-pack", this.#pack] : [];
    const { exitCode, seconds, stderr } = await runCommand({
      command: "bash",
      // The shell knows what its children used, once they have ended.
      args: ["-c", '"$@"; code=$?; times >&2; exit $code', "_", "pulumi", "preview", ...pack, "--non-interactive"],
      cwd: root,
      env: { ...environment, PATH: [this.#pack, environment.PATH].join(delimiter) },
      logFile: join(runFolderOf(this.world), "policy.log"),
      deadlineMs: 200_000,
    });
    if (exitCode !== 0) throw new Error(`the preview failed:\n${stderr}`);
    const used = [...(stderr.trim().split("\n").at(-1) ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
    if (used.length !== 2) throw new Error(`the shell did not say what was used: ${stderr.slice(-200)}`);
    const cpuSeconds = used.reduce((sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest), 0);
    return { seconds, cpuSeconds };
  }

  /** `.github/scripts/policy-release.sh`, CI's step for the official release, with the engine and the pack that are there. */
  releaseStep(): Promise<CommandResult> {
    const { environment } = this.violations;
    return runCommand({
      command: join(root, ".github/scripts/policy-release.sh"),
      args: [],
      cwd: root,
      env: {
        ...environment,
        PATH: [this.#pack, environment.PATH].join(delimiter),
        PULUMI: "pulumi",
        POLICY_PACK: this.#pack,
      },
      logFile: join(runFolderOf(this.world), "policy.log"),
      deadlineMs: 200_000,
    });
  }

  /** A path for a file of one run. */
  file(name: string): string {
    return join(runFolderOf(this.world), name);
  }

  /** `pulumi preview` or `up` with the pack, and more arguments. */
  run(stack: StackRun, command: "preview" | "up", ...more: string[]): Promise<CommandResult> {
    const environment = stack.environment;
    const yes = command === "up" ? ["--yes"] : [];
    return runCommand({
      command: "pulumi",
      args: [command, ...yes, "--policy-pack", this.#pack, ...more, "--non-interactive", "--color", "never"],
      cwd: stack === this.program ? root : join(root, "tests/engine/fixtures/policy"),
      env: { ...environment, PATH: [this.#pack, environment.PATH].join(delimiter) },
      logFile: join(runFolderOf(this.world), "policy.log"),
      deadlineMs: 200_000,
    });
  }
}

/** The run folder, which EngineWorld keeps for itself: HOME of its commands is two below it. */
function runFolderOf({ stack }: EngineWorld): string {
  return join(stack.environment.HOME ?? "", "../..");
}

async function violatingStack(world: EngineWorld, folder: string): Promise<StackRun> {
  const { PATH = "", AWS_ENDPOINT_URL = "", PULUMI_DEBUG_PROVIDERS = "" } = world.stack.environment;
  const stack = new StackRun({
    runFolder: join(folder, "violations"),
    stack: "test",
    path: PATH.split(delimiter),
    awsEndpoint: AWS_ENDPOINT_URL,
    debugProviders: PULUMI_DEBUG_PROVIDERS,
    project: join(root, "tests/engine/fixtures/policy"),
    logFile: join(folder, "violations.log"),
  });
  await stack.init();
  await stack.configSet({ key: "aws:region", value: "us-east-1" });
  return stack;
}

function settings(databaseUrl: string, previewUrl: string, ghl: GhlStandIn): ConfigEntry[] {
  const secret = (key: string, value: string): ConfigEntry => ({ key, value, secret: true });
  return [
    { key: "aws:region", value: "us-east-1" },
    { key: "cutover:domain", value: "messages.example.com" },
    { key: "cutover:certificateArn", value: "arn:aws:acm:us-east-1:123456789012:certificate/1" },
    { key: "cutover:node.image", value: image("cutover/node", "a") },
    { key: "cutover:node.tasks", value: "2" },
    { key: "cutover:node.url", value: "https://node.example.com/webhooks/ghl" },
    { key: "cutover:python.image", value: image("cutover/python", "b") },
    { key: "cutover:expectedMessagesPerHour", value: "600" },
    { key: "cutover:ghl.locationId", value: ghl.locationId },
    { key: "cutover:ghl.baseUrl", value: ghl.url },
    secret("cutover:ghl.token", TOKENS.write),
    secret("cutover:database.url", databaseUrl),
    secret("cutover:database.previewUrl", previewUrl),
    ...[
      "OPENAI_API_KEY",
      "SUPABASE_URL",
      "SUPABASE_ANON_KEY",
      "GHL_API_TOKEN",
      "GHL_LOCATION_ID",
      "GHL_CALENDAR_ID",
      "GHL_ASSIGNED_USER_ID",
    ].map((name) => secret(`cutover:environment.${name}`, name === "SUPABASE_URL" ? "https://x.supabase.co" : PLANTED)),
  ];
}
