import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StackRun, type StackRunSettings } from "../../../rehearsal/engine/stack";
import { RehearsalPostgres } from "../../../rehearsal/postgres/postgres";
import { processesMarked, RUN_MARKER } from "../../../rehearsal/run/processes";
import { ManagedProcess } from "../../../rehearsal/support/process";
import { waitFor } from "../../../rehearsal/support/wait";
import { resolveToolchain } from "../../../tools/toolchain";

/** The real engine on tests/engine/fixtures/migrations, and a PostgreSQL with two weeks of messages. */
export class MigrationsEngineWorld {
  readonly #folder = mkdtempSync(join(tmpdir(), "cutover-migrations-"));
  readonly #settings: StackRunSettings;
  readonly stack: StackRun;
  postgres!: RehearsalPostgres;

  constructor() {
    const { root, pulumiBinDir, pathDirs } = resolveToolchain();
    chmodSync(this.#folder, 0o755); // the server may run under another account
    execFileSync(process.execPath, [join(root, "tools/build-workspaces.mjs")]);
    this.#settings = {
      runFolder: this.#folder,
      stack: "migrations",
      project: join(root, "tests/engine/fixtures/migrations"),
      path: [pulumiBinDir, ...pathDirs], // before the npm package's `pulumi`, which would download
      logFile: join(this.#folder, "engine.log"),
    };
    this.stack = new StackRun(this.#settings);
  }

  async start(): Promise<void> {
    this.postgres = await RehearsalPostgres.start({ folder: this.#folder });
    await this.stack.init();
    await this.stack.configSet({ key: "cutover:database.url", value: this.postgres.url, secret: true });
  }

  async stop(): Promise<void> {
    await this.postgres?.stop();
    await this.#killRest();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  query<Row extends object>(sql: string): Promise<Row[]> {
    return this.postgres.query<Row>(this.postgres.adminUrl, sql);
  }

  /** Starts `pulumi up`, waits until `reached`, and kills the engine and its plugins with SIGKILL. */
  async killUpWhen(what: string, reached: () => Promise<boolean>): Promise<void> {
    const engine = this.#process(["up", "--yes", "--skip-preview"]);
    await waitFor(reached, { what, deadlineMs: 90_000, everyMs: 20 });
    engine.kill();
    await engine.stop();
    await this.#killRest();
    await this.#process(["cancel", "--yes"]).exit;
  }

  /** Everything any command printed in this world, and the state as it is stored. */
  async everythingWritten(): Promise<string> {
    const state = JSON.stringify(await this.stack.exportState());
    return state + readFileSync(join(this.#folder, "engine.log"), "utf8") + readFileSync(this.stack.stackFile, "utf8");
  }

  /** Plugins have process groups of their own and outlive an engine that was killed. The server is not one of them. */
  async #killRest(): Promise<void> {
    const left = () => processesMarked(RUN_MARKER, this.#folder);
    for (const { pid } of left()) process.kill(pid, "SIGKILL");
    await waitFor(() => left().length === 0, { what: "the killed engine's plugins to be gone", deadlineMs: 10_000 });
  }

  #process(args: readonly string[]): ManagedProcess {
    return new ManagedProcess({
      name: `pulumi ${args[0]}`,
      command: "pulumi",
      args: [...args, "--non-interactive", "--color", "never"],
      env: { ...this.stack.environment },
      cwd: this.#settings.project,
      logFile: join(this.#folder, "killed.log"),
    });
  }
}
