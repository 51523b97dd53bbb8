import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import type { Bag } from "../bag";
import type { Live } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { any, bool, list, map, str } from "../schema";

/** What a script printed, until the same call has read it back; later the state has it. */
const printed = new WeakMap<Context, Live>();

/** Longest run of one script, real milliseconds. */
const DEADLINE_MS = 120_000;

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one script; fails with its exit code and the end of its standard error. */
export function runScript(
  script: string,
  a: Bag,
  { programDir, environment }: Pick<Context, "programDir" | "environment">,
  extra: Record<string, string> = {},
): Promise<Output> {
  const [command = "/bin/sh", ...args] = a.someStrs("interpreter") ?? ["/bin/sh", "-c"];
  const child = spawn(command, [...args, script], {
    cwd: resolve(programDir, a.str("dir") ?? "."),
    env: { ...environment, ...a.map("environment"), ...extra },
    timeout: DEADLINE_MS,
  });
  return new Promise((done, fail) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.on("error", () => undefined); // a script need not read its input
    child.once("error", fail);
    child.once("close", (code, signal) => {
      const stdout = Buffer.concat(out).toString().trimEnd();
      const stderr = Buffer.concat(err).toString().trimEnd();
      if (code === 0) done({ stdout, stderr });
      else fail(new Error(`script ended with ${signal ?? `exit code ${code}`}: ${stderr.slice(-500)}`));
    });
    child.stdin.end(a.str("stdin") ?? "");
  });
}

const local = { local: true } as const;

const Command: ResourceType = {
  inputs: {
    create: str(local),
    update: str(local),
    delete: str(local),
    stdin: str(local),
    dir: str(local),
    environment: map(local),
    interpreter: list(str(), local),
    logging: str(local),
    triggers: any({ local: true, replace: true }),
    addPreviousOutputInEnv: bool({ local: true, default: true }),
  },
  outputs: ["stdout", "stderr"],
  volatile: ["stdout", "stderr"],
  deleteBeforeReplace: true,
  async create(ctx, a) {
    const script = a.str("create");
    printed.set(ctx, script ? { ...(await runScript(script, a, ctx)) } : { stdout: "", stderr: "" });
    return `${ctx.name}${randomBytes(4).toString("hex")}`;
  },
  async read(ctx, _id, known) {
    return { ...known.props, ...printed.get(ctx) };
  },
  async update(ctx, _id, { news, state }) {
    const script = news.str("update") ?? news.str("create");
    if (!script) return;
    const before = previous(news, state);
    printed.set(ctx, { ...(await runScript(script, news, ctx, before)) });
  },
  async delete(ctx, _id, state) {
    const script = state.str("delete");
    if (script) await runScript(script, state, ctx, previous(state, state));
  },
};

/** The real provider hands the last output to update and delete. */
function previous(a: Bag, state: Bag): Record<string, string> {
  if (a.bool("addPreviousOutputInEnv") === false) return {};
  const [stdout, stderr] = [state.str("stdout") ?? "", state.str("stderr") ?? ""];
  return { PULUMI_COMMAND_STDOUT: stdout, PULUMI_COMMAND_STDERR: stderr };
}

/** Scripts on the machine that runs the engine; assets and archives are not served. */
export const COMMAND: Registry = { "command:local:Command": Command };
