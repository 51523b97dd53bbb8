import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { engineFolders } from "../../../rehearsal/engine/environment";
import { StackRun, type StackRunSettings } from "../../../rehearsal/engine/stack";
import { GhlStandIn } from "../../../rehearsal/ghl/server";
import { processesMarked, RUN_MARKER } from "../../../rehearsal/run/processes";
import { ManagedProcess } from "../../../rehearsal/support/process";
import { waitFor } from "../../../rehearsal/support/wait";
import { resolveToolchain } from "../../../tools/toolchain";

/** Planted in URLs; must be found nowhere but in GHL and in encrypted state. */
export const PLANTED = ["pl4nted-query-today", "pl4nted-query-ours"] as const;
const DEBUG_LOG = "debug.log";
const FIXTURE = "tests/engine/fixtures/ghl";
export const NAME = "Cutover Webhook URL";
export const OURS = `https://hooks.example.com/webhooks/ghl?key=${PLANTED[1]}`;

/** The real engine on tests/engine/fixtures/ghl, a stand-in GHL, and an old service that answers at today's URL. */
export class GhlEngineWorld {
  readonly ghl = new GhlStandIn();
  readonly #folder = mkdtempSync(join(tmpdir(), "cutover-ghl-"));
  readonly #root: string;
  readonly #path: readonly string[];
  readonly #old: Server = createServer((_request, response) => response.writeHead(404).end());
  /** Today's webhook URL. */
  today = "";
  stack: StackRun;

  constructor() {
    const { root, pulumiBinDir, pathDirs } = resolveToolchain();
    this.#root = root;
    this.#path = [pulumiBinDir, ...pathDirs]; // before the npm package's `pulumi`, which would download
    this.stack = new StackRun(this.#settings());
  }

  async start(): Promise<void> {
    execFileSync("node", [join(this.#root, "tools/build-workspaces.mjs")]);
    await this.ghl.start();
    await new Promise<void>((resolve) => this.#old.listen(0, "127.0.0.1", resolve));
    const address = this.#old.address();
    this.today = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/hook?key=${PLANTED[0]}`;
    await this.stack.init();
    await this.stack.configSet(
      { key: "cutover:ghl.token", value: this.ghl.token, secret: true },
      { key: "cutover:ghl.locationId", value: this.ghl.locationId },
      { key: "cutover:ghl.baseUrl", value: this.ghl.url },
      { key: "cutover:ghl.currentUrl", value: this.today, secret: true },
      { key: "cutover:frontDoor", value: OURS, secret: true },
    );
  }

  async stop(): Promise<void> {
    await this.#killRest();
    await this.ghl.stop();
    if (this.#old.listening) await this.stopOldService();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The same stack with more environment, as another shell would have it. */
  withEnvironment(extra: Readonly<Record<string, string>>): StackRun {
    return new StackRun(this.#settings(extra));
  }

  /** The same stack from another checkout of this repository, by a person who has nothing of ours but the backend. */
  fromCheckout(root: string, extra: Readonly<Record<string, string>> = {}): StackRun {
    const home = join(this.#folder, "home-of-another");
    const settings = this.#settings({ PULUMI_HOME: home, HOME: home, ...extra });
    return new StackRun({ ...settings, project: join(root, FIXTURE) });
  }

  /** Folder of this world's files. */
  get folder(): string {
    return this.#folder;
  }

  /** Where Node is, for scripts of a checkout. */
  get path(): string {
    return [...this.#path, process.env.PATH].join(delimiter);
  }

  /** What GHL holds now. */
  get holds(): string | undefined {
    return this.ghl.valueOf(NAME);
  }

  /** How many values of the name there are. */
  get count(): number {
    return this.ghl.store.all().filter((stored) => stored.name === NAME).length;
  }

  /**
   * Starts a `pulumi` command, waits until GHL has got the next request of this method but not answered it, and kills the
   * engine and its plugins with SIGKILL. The lock that is left is cleared with `pulumi cancel`.
   * @param when GHL has done what was asked (`after`), or not and never will (`before`)
   */
  async killDuring(
    method: "POST" | "PUT" | "DELETE",
    command: "up" | "destroy",
    when: "before" | "after" = "after",
  ): Promise<void> {
    const before = this.ghl.writes().length;
    this.ghl.fail({ method }, { kind: "slow", ms: 60_000, when });
    const engine = this.#process([command, "--yes", "--skip-preview"]);
    await waitFor(() => this.ghl.writes().length > before, {
      what: `the ${method} of pulumi ${command}`,
      deadlineMs: 90_000,
    });
    engine.kill();
    await engine.stop();
    await this.#killRest();
    this.ghl.heal();
    const cancel = this.#process(["cancel", "--yes"]);
    await cancel.exit;
  }

  /** Runs a command with the engine's own debug messages and returns everything it printed. */
  async debug(command: "preview" | "up" | "refresh" | "destroy", ...flags: string[]): Promise<string> {
    const log = join(this.#folder, DEBUG_LOG);
    const before = existsSync(log) ? readFileSync(log, "utf8").length : 0;
    const sure = command === "preview" ? [] : ["--yes", "--skip-preview"];
    const run = this.#process([command, "--debug", ...sure, ...flags], DEBUG_LOG);
    await run.exit;
    return readFileSync(log, "utf8").slice(before);
  }

  /** Ends the old service: nothing answers at today's URL any more. */
  async stopOldService(): Promise<void> {
    this.#old.closeAllConnections();
    await new Promise((resolve) => this.#old.close(resolve));
  }

  /** Everything any command printed in this world, and the stack's settings. */
  everythingPrinted(): string {
    const logs = ["engine.log", "killed.log", DEBUG_LOG].map((name) => join(this.#folder, name));
    return [...logs.filter(existsSync), this.stack.stackFile].map((file) => readFileSync(file, "utf8")).join("\n");
  }

  /** The state as anybody who can read it sees it: the export, and every file of the backend with its history and backups. */
  async everythingStored(): Promise<string> {
    const { backend } = engineFolders(this.#settings());
    const files = readdirSync(backend, { recursive: true, encoding: "utf8" }).map((name) => join(backend, name));
    const stored = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, "utf8"));
    return [JSON.stringify(await this.stack.exportState()), ...stored].join("\n");
  }

  /** Plugins have process groups of their own and outlive an engine that was killed. */
  async #killRest(): Promise<void> {
    for (const left of processesMarked(RUN_MARKER, this.#folder)) process.kill(left.pid, "SIGKILL");
    await waitFor(() => processesMarked(RUN_MARKER, this.#folder).length === 0, {
      what: "the killed engine's plugins to be gone",
      deadlineMs: 10_000,
    });
  }

  #process(args: readonly string[], log = "killed.log"): ManagedProcess {
    return new ManagedProcess({
      name: `pulumi ${args[0]}`,
      command: "pulumi",
      args: [...args, "--non-interactive", "--color", "never"],
      env: { ...this.stack.environment },
      cwd: this.#settings().project,
      logFile: join(this.#folder, log),
    });
  }

  #settings(extra: Readonly<Record<string, string>> = {}): StackRunSettings {
    return {
      runFolder: this.#folder,
      stack: "ghl",
      project: join(this.#root, FIXTURE),
      path: this.#path,
      logFile: join(this.#folder, "engine.log"),
      extra: { CUTOVER_GHL_READ_BACK_MS: "2000", ...extra },
    };
  }
}
