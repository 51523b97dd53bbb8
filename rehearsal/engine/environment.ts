import { delimiter, join } from "node:path";
import { projectRoot } from "../../tools/toolchain";
import { RUN_MARKER } from "../run/processes";

/** Where Node keeps what it compiled; `make clean` removes it. */
const COMPILED = "node_modules/.cache/cutover/compiled";

/** What the engine and the program under it may know; nothing else of this machine's environment reaches them. */
export interface EngineSettings {
  /** Folder of the run; PULUMI_HOME, backend, stack settings and temporary files lie in `engine/` under it. */
  readonly runFolder: string;
  /** Name of the stack, "rehearsal" say. */
  readonly stack: string;
  /** Directories with `pulumi`, the language host, `node` and `pulumi-resource-pulumi-nodejs`, searched in this order. */
  readonly path: readonly string[];
  /** Our AWS gateway, `http://127.0.0.1:PORT`. */
  readonly awsEndpoint?: string;
  /** `PULUMI_DEBUG_PROVIDERS`: providers that already run, "aws:4001,random:4001". */
  readonly debugProviders?: string;
  /** `CUTOVER_CONNECT_TO`: names of the rehearsal and the loopback ports behind them, curl's --connect-to syntax. */
  readonly connectTo?: string;
  /** Certificate of the rehearsal's own authority. */
  readonly caFile?: string;
  /** `CUTOVER_CLOCK`: see rehearsal/clock.ts. */
  readonly clock?: string;
  /** More variables, for tests. */
  readonly extra?: Readonly<Record<string, string>>;
}

export interface EngineFolders {
  readonly home: string;
  readonly backend: string;
  readonly stackFile: string;
  readonly temporary: string;
  /** What the engine takes for the policy pack, see policy-pack.ts. */
  readonly policyPack: string;
}

export function engineFolders(settings: Pick<EngineSettings, "runFolder" | "stack">): EngineFolders {
  const root = join(settings.runFolder, "engine");
  return {
    home: join(root, "pulumi-home"),
    backend: join(root, "backend"),
    stackFile: join(root, `Pulumi.${settings.stack}.yaml`),
    temporary: join(root, "tmp"),
    policyPack: join(root, "policy-pack"),
  };
}

/**
 * The whole environment of every `pulumi` command. Stack and stack file are given by variables, not by flags, so that a
 * person who takes over this environment types plain `pulumi config set …` and `pulumi up`.
 */
export function engineEnvironment(settings: EngineSettings): Record<string, string> {
  const folders = engineFolders(settings);
  return {
    PATH: [...settings.path, folders.policyPack, "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
    HOME: folders.temporary,
    TMPDIR: folders.temporary,
    LANG: "C.UTF-8",
    [RUN_MARKER]: settings.runFolder,
    // Compiled code of the program is kept from one command and one rehearsal to the next: each runs dozens of them.
    NODE_COMPILE_CACHE: join(projectRoot(), COMPILED),
    NODE_OPTIONS: `--require=${join(projectRoot(), "rehearsal/engine/keep-compiled.cjs")}`,
    PULUMI_HOME: folders.home,
    // Without side files: an engine killed while it wrote one leaves it empty, and no command reads the state any more.
    PULUMI_BACKEND_URL: `file://${folders.backend}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE: "rehearsal",
    PULUMI_STACK: settings.stack,
    PULUMI_OPTION_CONFIG_FILE: folders.stackFile,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DEBUG_COMMANDS: "true", // makes --event-log known
    PULUMI_NODEJS_TRANSPILE_ONLY: "true", // types are checked by `make test`, not once a command
    ...awsEnvironment(settings.awsEndpoint, folders.temporary),
    ...(settings.debugProviders ? { PULUMI_DEBUG_PROVIDERS: settings.debugProviders } : {}),
    ...(settings.connectTo ? { CUTOVER_CONNECT_TO: settings.connectTo } : {}),
    ...(settings.caFile ? { NODE_EXTRA_CA_CERTS: settings.caFile } : {}),
    ...(settings.clock ? { CUTOVER_CLOCK: settings.clock } : {}),
    ...settings.extra,
  };
}

/**
 * Dummy credentials and no file of the user's: a rehearsal can't reach a real account even by mistake. No region: the
 * program has to take it from its configuration.
 */
export function awsEnvironment(endpoint: string | undefined, emptyFolder: string): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: "rehearsal",
    AWS_SECRET_ACCESS_KEY: "rehearsal",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: join(emptyFolder, "no-aws-config"),
    AWS_SHARED_CREDENTIALS_FILE: join(emptyFolder, "no-aws-credentials"),
    ...(endpoint ? { AWS_ENDPOINT_URL: endpoint } : {}),
  };
}

/** The same as lines for `source`, for a person who plays by hand. */
export function asShellExports(
  environment: Readonly<Record<string, string>>,
  own: string = process.env.PATH ?? "",
): string {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const leaveOut = new Set(["HOME", "TMPDIR", "LANG"]);
  return Object.entries(environment)
    .filter(([name]) => !leaveOut.has(name))
    .map(([name, value]) => `export ${name}=${quote(name === "PATH" ? `${value}${delimiter}${own}` : value)}\n`)
    .join("");
}
