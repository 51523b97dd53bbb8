import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { problems, readRecord } from "./setup/state.mjs";

/** Where the tools are that `make setup` installed. All paths are absolute. */
export interface Toolchain {
  /** The project's folder. */
  readonly root: string;
  /** Node 22 of the lock file. */
  readonly node: string;
  /** For the front of PATH, in this order: Pulumi's folder (node_modules/.bin has a `pulumi` that downloads), then node, tsc, … */
  readonly pathDirs: readonly string[];
  /** Folder with `pulumi`, `pulumi-language-nodejs` and `pulumi-resource-pulumi-nodejs`; must be on PATH for `pulumi` to work. */
  readonly pulumiBinDir: string;
  /** Version without "v", such as "3.250.0". */
  readonly pulumiVersion: string;
  /** Whether this is Pulumi's own release, or was built here because that could not be downloaded (older language host). */
  readonly pulumiOrigin: "official" | "built from Go modules";
  /** Python with moto and ministack; start them with `-m moto.server` and `-m ministack`. */
  readonly emulatorsPython: string;
  /** Python with the packages of rehearsal/apps/python. */
  readonly appPython: string;
  /** Folder of everything installed outside the project. */
  readonly cacheDir: string;
}

/** The tools are missing, damaged or out of date. The message says which and what to run. */
export class ToolchainError extends Error {
  override readonly name = "ToolchainError";
}

/** The folder of this project's package.json, at or above `from`. */
export function projectRoot(from: string = __dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { name?: string }).name === "cutover")
      return folder;
    if (dirname(folder) === folder) throw new ToolchainError(`no package.json named "cutover" at or above ${from}`);
  }
}

/**
 * The tools of this project, checked in a few milliseconds against the lock files and what lies on disk.
 * Throws ToolchainError when anything is missing, damaged, or older than the lock files.
 */
export function resolveToolchain(root: string = projectRoot(), env: NodeJS.ProcessEnv = process.env): Toolchain {
  const record = readRecord(root);
  const found = problems(root, record, env);
  if (record && !record.appPython) found.push("the Python service's environment was not set up");
  if (!record?.appPython || found.length > 0) {
    throw new ToolchainError(`the tools of this project are not ready: ${found.join("; ")}. Run \`make setup\`.`);
  }
  return {
    root,
    node: record.node,
    pathDirs: [record.pulumi.binDir, join(root, "node_modules/.bin")],
    pulumiBinDir: record.pulumi.binDir,
    pulumiVersion: record.pulumi.version,
    pulumiOrigin: record.pulumi.origin === "built" ? "built from Go modules" : "official",
    emulatorsPython: record.emulatorsPython,
    appPython: record.appPython,
    cacheDir: record.cacheDir,
  };
}

/** `env` with the tools in front of its PATH. */
export function withTools(tools: Toolchain, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return { ...env, PATH: [...tools.pathDirs, ...(env.PATH ? [env.PATH] : [])].join(delimiter) };
}
