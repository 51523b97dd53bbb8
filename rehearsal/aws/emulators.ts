import { EventEmitter } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { freePort } from "../support/ports";
import { ManagedProcess } from "../support/process";
import { waitFor } from "../support/wait";
import { AWS_ACCOUNT_ID, AWS_REGION } from "./account";
import { writeFunctionCredentials } from "./function-credentials";
import type { Upstreams } from "./gateway/upstream";

export { AWS_REGION };

export interface EmulatorsOptions {
  /** Folder of the Python virtual environment with moto and ministack. They are started as modules: scripts in bin/ name the folder the environment was made in. */
  readonly venv: string;
  /** Logs go to its logs/, temporary files to its tmp/. */
  readonly runFolder: string;
  /** The gateway's URL: what functions on ministack call as AWS. */
  readonly gatewayUrl: string;
  /** Folder whose `node` runs Lambda functions; default: this process's own. */
  readonly nodeBin?: string;
  /** Further variables for Lambda functions, such as the rehearsal's clock; functions inherit ministack's environment. */
  readonly functionEnv?: Readonly<Record<string, string>>;
  /** Real ms to wait for both; default 60,000 (a cold disk needs some of it). */
  readonly readyMs?: number;
}

export interface EmulatorsEvents {
  progress: [line: string];
  /** An emulator ended although nobody stopped it; the line says which, how, and what it said last. */
  died: [line: string];
}

/** The two AWS emulators as child processes on free loopback ports. */
export class Emulators extends EventEmitter<EmulatorsEvents> {
  readonly #options: EmulatorsOptions;
  readonly #processes: ManagedProcess[] = [];
  #upstreams: Upstreams | undefined;

  constructor(options: EmulatorsOptions) {
    super();
    this.#options = options;
  }

  /** Starts both and resolves when they answer. Throws a sentence that names the missing or failing one. */
  async start(): Promise<Upstreams> {
    const started = performance.now();
    const { runFolder } = this.#options;
    mkdirSync(join(runFolder, "tmp"), { recursive: true });
    const [motoPort, ministackPort] = [await freePort(), await freePort()];
    const moto = this.#launch("moto", "moto.server", ["-H", "127.0.0.1", "-p", String(motoPort)], {
      MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
    });
    const ministack = this.#launch("ministack", "ministack", [], this.#ministackEnv(ministackPort));
    const upstreams = { moto: `http://127.0.0.1:${motoPort}`, ministack: `http://127.0.0.1:${ministackPort}` };
    try {
      await Promise.all([
        this.#ready(moto, "moto", `${upstreams.moto}/moto-api/`),
        this.#ready(ministack, "ministack", `${upstreams.ministack}/_ministack/health`),
      ]);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#upstreams = upstreams;
    this.emit("progress", `AWS emulators ready after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return upstreams;
  }

  /** Where they listen. Throws before `start`. */
  get upstreams(): Upstreams {
    if (!this.#upstreams) throw new Error("the AWS emulators are not running: call start() first");
    return this.#upstreams;
  }

  /** Process ids of the emulators that run. */
  get pids(): readonly number[] {
    return this.#processes.flatMap(({ pid, running }) => (running && pid !== undefined ? [pid] : []));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.splice(0).map((child) => child.stop(8000)));
    this.#upstreams = undefined;
  }

  #launch(name: string, module: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const { venv, runFolder } = this.#options;
    const command = join(venv, "bin", "python");
    if (!existsSync(command)) {
      throw new Error(
        `${command} is missing: the Python environment of the AWS emulators is not installed, run \`make\``,
      );
    }
    const child = new ManagedProcess({
      name,
      command,
      args: ["-m", module, ...args],
      env: { ...this.#baseEnv(), ...env },
      cwd: runFolder,
      logFile: join(runFolder, "logs", `${name}.log`),
      onUnexpectedExit: (line) => this.emit("died", line),
    });
    this.#processes.push(child);
    return child;
  }

  /** Nothing of this machine's environment besides where programs and the home folder are. */
  #baseEnv(): Record<string, string> {
    const { venv, runFolder, nodeBin } = this.#options;
    const path = [nodeBin ?? join(process.execPath, ".."), join(venv, "bin"), process.env.PATH ?? "/usr/bin:/bin"];
    return {
      PATH: path.join(":"),
      HOME: process.env.HOME ?? runFolder,
      TMPDIR: join(runFolder, "tmp"),
      AWS_DEFAULT_REGION: AWS_REGION,
      AWS_REGION,
      AWS_ACCESS_KEY_ID: AWS_ACCOUNT_ID,
      AWS_SECRET_ACCESS_KEY: "rehearsal",
      PYTHONUNBUFFERED: "1",
    };
  }

  /** Loopback only: BIND_HOST alone leaves the MQTT and SFTP listeners open to the network. */
  #ministackEnv(port: number): Record<string, string> {
    return {
      BIND_HOST: "127.0.0.1",
      GATEWAY_PORT: String(port),
      IOT_MTLS_ENABLED: "0",
      SFTP_ENABLED: "0",
      MINISTACK_ACCOUNT_ID: AWS_ACCOUNT_ID,
      MINISTACK_REGION: AWS_REGION,
      // Functions inherit this environment: all their AWS calls go through the gateway.
      AWS_ENDPOINT_URL: this.#options.gatewayUrl,
      NODE_OPTIONS: `--require=${writeFunctionCredentials(this.#options.runFolder)}`,
      ...this.#options.functionEnv,
    };
  }

  async #ready(child: ManagedProcess, name: string, url: string): Promise<void> {
    const deadlineMs = this.#options.readyMs ?? 60_000;
    await waitFor(
      async () => {
        if (!child.running) return true;
        return (await status(url)) < 500;
      },
      { what: `${name} at ${url}`, deadlineMs, everyMs: 100 },
    );
    if (!child.running) throw new Error(`${name} ended while starting:\n${child.tail()}`);
  }
}

function status(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("timeout", () => request.destroy(new Error("no answer within 2 s")));
    request.on("error", reject);
  });
}
