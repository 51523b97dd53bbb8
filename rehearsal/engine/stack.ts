import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RehearsalError } from "../errors";
import { processTree } from "../run/processes";
import { type CommandOptions, type CommandResult, runCommand } from "./command";
import { type EngineSettings, engineEnvironment, engineFolders } from "./environment";
import { changedCount, type Diagnostic, describeErrors, EventReader, type TimelineEntry } from "./events";
import { brokenPolicies, packWithoutHost } from "./policy-pack";

export interface StackRunSettings extends EngineSettings {
  /** The folder with `Pulumi.yaml`: the real project, used in place. Nothing is written into it. */
  readonly project: string;
  readonly logFile: string;
  /** Where the emulated AWS is; default us-east-1. */
  readonly region?: string;
  /** Real ms an engine run may take; default 300 000. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** One engine run: up, preview, refresh or destroy. */
export interface EngineResult {
  readonly exitCode: number;
  readonly seconds: number;
  /** Operation → number of resources. */
  readonly changes: Readonly<Record<string, number>>;
  /** Number of resources with an operation other than "same". */
  readonly changed: number;
  readonly steps: readonly { readonly op: string; readonly urn: string }[];
  /** Starts and ends of these steps, in order. */
  readonly timeline: readonly TimelineEntry[];
  readonly diagnostics: readonly Diagnostic[];
  /** What the command printed. */
  readonly text: string;
}

export interface EngineRunOptions {
  /** Called a few times a second with "12 done, aws:lb/listener:Listener web". */
  readonly onProgress?: (text: string) => void;
  /** The engine ends with an error where anything changes, or would. */
  readonly expectNoChanges?: boolean;
  /** Return a failed run instead of throwing. */
  readonly allowFailure?: boolean;
  /**
   * Shown the timeline so far, a few ms after each entry; as soon as it answers true, the engine and everything that it started
   * are ended with SIGKILL.
   */
  readonly killWhen?: (timeline: readonly TimelineEntry[]) => boolean;
}

export interface UpOptions extends EngineRunOptions {
  readonly refresh?: boolean;
  readonly config?: readonly ConfigEntry[];
  /** The project's policy pack judges the update, and stops it where something mandatory is broken. */
  readonly policies?: boolean;
}

export interface RefreshOptions extends EngineRunOptions {
  readonly previewOnly?: boolean;
}

export interface ConfigEntry {
  /** `cutover:phase`, or a path such as `cutover:ghl.token`. */
  readonly key: string;
  readonly value: string;
  readonly secret?: boolean;
}

/**
 * The engine writes everything it does into an encrypted log of its own in PULUMI_HOME/logs, which takes time; nobody reads it
 * here, and it has no switch. Where the folder can't be made it goes without.
 */
function withoutEngineLog(home: string): void {
  writeFileSync(join(home, "logs"), "");
}

/** An engine run that failed, with the errors trimmed for a terminal and the place of the whole output. */
export class EngineError extends RehearsalError {
  override readonly name = "EngineError";
  readonly result: EngineResult;

  constructor(what: string, result: EngineResult, logFile: string, ended?: CommandResult["ended"]) {
    const why = ended === "deadline" ? "did not end in time and was stopped" : `failed (exit code ${result.exitCode})`;
    const said =
      describeErrors(result.diagnostics) || brokenPolicies(result.text).join("\n") || lastLines(result.text, 12);
    super(`pulumi ${what} ${why}:\n${said}\nWhole output: ${logFile}`);
    this.result = result;
  }
}

/**
 * The real Pulumi CLI on the real project, with a home, a file backend and a stack file of its own in the run folder.
 * The stack's settings are written there by `pulumi config set`, never beside the project's `Pulumi.dev.yaml`.
 */
export class StackRun {
  readonly #settings: StackRunSettings;
  readonly environment: Readonly<Record<string, string>>;
  #runs = 0;

  constructor(settings: StackRunSettings) {
    this.#settings = settings;
    this.environment = engineEnvironment(settings);
  }

  /** For files that an engine run is given; removed with the run folder. */
  get temporaryFolder(): string {
    return engineFolders(this.#settings).temporary;
  }

  get stackFile(): string {
    return engineFolders(this.#settings).stackFile;
  }

  /** Makes the folders and the stack. `stack init` knows no --config-file, so it runs beside a copy of `Pulumi.yaml`. */
  async init(): Promise<void> {
    const folders = engineFolders(this.#settings);
    for (const folder of [folders.home, folders.backend, folders.temporary]) mkdirSync(folder, { recursive: true });
    withoutEngineLog(folders.home);
    const scratch = join(folders.temporary, "init");
    mkdirSync(scratch, { recursive: true });
    copyFileSync(join(this.#settings.project, "Pulumi.yaml"), join(scratch, "Pulumi.yaml"));
    const stack = this.#settings.stack;
    await this.#cli(["stack", "init", stack], { cwd: scratch });
    renameSync(join(scratch, `Pulumi.${stack}.yaml`), folders.stackFile);
    rmSync(scratch, { recursive: true });
  }

  /** `pulumi config set-all --path`: several values in one command. */
  async configSet(...entries: readonly ConfigEntry[]): Promise<void> {
    const args = entries.flatMap((e) => [e.secret ? "--secret" : "--plaintext", `${e.key}=${e.value}`]);
    await this.#cli(["config", "set-all", "--path", ...args]);
  }

  async configRm(key: string): Promise<void> {
    await this.#cli(["config", "rm", "--path", key]);
  }

  /**
   * With `refresh` the state is compared with the world first. `config` is set and kept as by `pulumi config set --path`, in
   * the same command; nothing secret, since command lines are logged.
   */
  up(options: UpOptions = {}): Promise<EngineResult> {
    const { refresh = false, config = [], policies = false } = options;
    if (config.some(({ secret }) => secret)) throw new Error("a secret may not stand on a command line");
    const set = config.flatMap(({ key, value }) => ["--config", `${key}=${value}`]);
    const { policyPack } = engineFolders(this.#settings);
    if (policies) packWithoutHost(policyPack, this.#settings.project);
    const how = [...(refresh ? ["--refresh"] : []), ...(policies ? ["--policy-pack", policyPack] : [])];
    const args = [...how, ...(set.length > 0 ? [...set, "--config-path"] : [])];
    return this.#engine("up", ["--yes", "--skip-preview", ...args], options);
  }

  preview(options: EngineRunOptions = {}): Promise<EngineResult> {
    return this.#engine("preview", [], options);
  }

  /** Compares the state with the world; with `previewOnly` the state is left as it is. */
  refresh(options: RefreshOptions = {}): Promise<EngineResult> {
    const how = options.previewOnly ? ["--preview-only"] : ["--yes", "--skip-preview"];
    return this.#engine("refresh", how, options);
  }

  destroy(options: EngineRunOptions = {}): Promise<EngineResult> {
    return this.#engine("destroy", ["--yes", "--skip-preview"], options);
  }

  /** A command of ours, `cutover next --stack … --region …`, with the engine's environment. */
  cutover(
    command: "next" | "status" | "requeue" | "pending",
    more: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    const { project, logFile, stack, region = "us-east-1", signal } = this.#settings;
    const where = command === "pending" ? ["--region", region] : ["--stack", stack, "--region", region];
    return runCommand({
      command: "node",
      args: [join(project, "cli/cutover.mjs"), command, ...where, ...more],
      cwd: project,
      env: { ...this.environment, ...environment },
      logFile,
      deadlineMs: 60_000,
      ...(signal ? { signal } : {}),
    });
  }

  /** A command line as a message names it, by the shell and with the engine's environment. */
  shell(line: string): Promise<CommandResult> {
    const { project, logFile, signal } = this.#settings;
    return runCommand({
      command: "sh",
      args: ["-c", line],
      cwd: project,
      env: this.environment,
      logFile,
      deadlineMs: 30_000,
      ...(signal ? { signal } : {}),
    });
  }

  /** Stack outputs; secret ones in plain text where `showSecrets` is set. */
  async outputs(showSecrets = false): Promise<Readonly<Record<string, unknown>>> {
    const { stdout } = await this.#cli(["stack", "output", "--json", ...(showSecrets ? ["--show-secrets"] : [])], {
      private: showSecrets,
    });
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** The deployment as `pulumi stack export` shows it; secrets stay encrypted. */
  async exportState(): Promise<StackState> {
    const { stdout } = await this.#cli(["stack", "export"]);
    return JSON.parse(stdout) as StackState;
  }

  /** Replaces the state by the one in the file. */
  async importState(file: string): Promise<void> {
    await this.#cli(["stack", "import", "--file", file]);
  }

  async #engine(what: string, args: readonly string[], options: EngineRunOptions): Promise<EngineResult> {
    const eventLog = join(engineFolders(this.#settings).temporary, `events-${++this.#runs}.jsonl`);
    const reader = new EventReader(eventLog);
    const expect = options.expectNoChanges ? ["--expect-no-changes"] : [];
    const { killWhen } = options;
    const run = await this.#run([what, ...args, ...expect, "--event-log", eventLog], {
      onTick: (pid) => {
        reader.poll();
        options.onProgress?.(reader.progress);
        if (killWhen?.(reader.events.timeline)) killTree(pid);
      },
      ...(killWhen ? { tickMs: KILL_WATCH_MS } : {}),
    });
    reader.poll();
    rmSync(eventLog, { force: true });
    const { changes, steps, timeline, diagnostics } = reader.events;
    const { exitCode, seconds } = run;
    const text = `${run.stdout}${run.stderr}`;
    const result: EngineResult = {
      exitCode,
      seconds,
      changes,
      changed: changedCount(changes),
      steps,
      timeline,
      diagnostics,
      text,
    };
    this.#settings.signal?.throwIfAborted();
    if (exitCode !== 0 && !options.allowFailure) throw new EngineError(what, result, this.#settings.logFile, run.ended);
    return result;
  }

  async #cli(args: readonly string[], options: CliOptions = {}): Promise<CommandResult> {
    const result = await this.#run(args, options);
    this.#settings.signal?.throwIfAborted();
    if (result.exitCode === 0) return result;
    const what = args.slice(0, 2).join(" ");
    throw new RehearsalError(
      `pulumi ${what} failed (exit code ${result.exitCode}):\n${lastLines(result.stderr || result.stdout, 12)}\nWhole output: ${this.#settings.logFile}`,
    );
  }

  /** What the command line itself is told after a kill: the lock of the update that is no more. */
  async cancel(): Promise<void> {
    await this.#cli(["cancel", this.#settings.stack, "--yes"]);
  }

  #run(
    args: readonly string[],
    options: CliOptions & Pick<CommandOptions, "onTick" | "tickMs">,
  ): Promise<CommandResult> {
    const { project, logFile, deadlineMs = 300_000, signal } = this.#settings;
    return runCommand({
      command: "pulumi",
      args: [...args, "--non-interactive", "--color", "never"],
      cwd: options.cwd ?? project,
      env: this.environment,
      logFile,
      deadlineMs,
      ...(signal ? { signal } : {}),
      ...(options.private ? { private: true } : {}),
      ...(options.onTick ? { onTick: options.onTick } : {}),
      ...(options.tickMs ? { tickMs: options.tickMs } : {}),
    });
  }
}

interface CliOptions {
  readonly cwd?: string;
  readonly private?: boolean;
}

/** The parts of an exported stack that the rehearsal looks at. */
export interface StackState {
  readonly deployment?: {
    readonly resources?: readonly { readonly urn: string; readonly type: string; readonly id?: string }[];
    /** Operations that an engine began and did not see the end of. */
    readonly pending_operations?: readonly { readonly type: string; readonly resource: { readonly urn: string } }[];
  };
}

/** How soon after an entry of the timeline a kill has to come: before the operation's end is in the state. */
const KILL_WATCH_MS = 5;

/** The engine first: its plugins have process groups of their own, and would tell it how they ended. */
function killTree(root: number): void {
  for (const pid of processTree(root)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // ended meanwhile
    }
  }
}

function lastLines(text: string, lines: number): string {
  return text.trim().split("\n").slice(-lines).join("\n");
}
