import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/**
 * Environment variable that every process of a rehearsal carries, set to the absolute path of its run folder. It is how
 * a later run, or the end of this one, tells its own processes from everybody else's before it ends them.
 */
export const RUN_MARKER = "CUTOVER_REHEARSAL_RUN";

/** One process, told apart from a later one with the same number by the moment it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: compare it, never read it as a time. */
  readonly started: string;
}

const linux = process.platform === "linux";

/** Who has this process number now; undefined when nobody has, or only a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = linux ? startOnLinux(pid) : startByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

export function isAlive(process: ProcessIdentity): boolean {
  return identify(process.pid)?.started === process.started;
}

/** Processes whose environment carries `marker` = `value`. On a system without /proc: those whose `ps` line shows it. */
export function processesMarked(marker: string, value: string): ProcessIdentity[] {
  const pids = linux ? markedOnLinux(`${marker}=${value}`) : markedByPs(`${marker}=${value}`);
  return pids
    .filter((pid) => pid !== process.pid)
    .map(identify)
    .filter((found) => found !== undefined);
}

/** `root` and all its descendants, by parent number. Linux only; elsewhere just `root`. */
export function processTree(root: number): number[] {
  if (!linux) return [root];
  const children = new Map<number, number[]>();
  for (const pid of pidsOnLinux()) {
    const parent = Number(statFields(pid)?.[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (let at = 0; at < tree.length; at++) tree.push(...(children.get(tree[at] as number) ?? []));
  return tree;
}

/** What the process calls itself, for messages. */
export function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim().slice(0, 120);
  } catch {
    return `pid ${pid}`;
  }
}

function pidsOnLinux(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** /proc/PID/stat after the command's name, which may itself hold spaces and brackets: state, parent, …, start time. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function startOnLinux(pid: number): string | undefined {
  const fields = statFields(pid);
  return fields && fields[0] !== "Z" ? fields[19] : undefined;
}

function markedOnLinux(entry: string): number[] {
  return pidsOnLinux().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(entry);
    } catch {
      return false; // ended meanwhile, or somebody else's
    }
  });
}

function ps(args: string[]): string {
  try {
    return execFileSync("ps", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "";
  }
}

function startByPs(pid: number): string | undefined {
  return ps(["-o", "lstart=", "-p", String(pid)]).trim() || undefined;
}

function markedByPs(entry: string): number[] {
  return ps(["-axwwE", "-o", "pid=,command="])
    .split("\n")
    .filter((line) => `${line} `.includes(` ${entry} `))
    .map((line) => Number(line.trim().split(/\s/)[0]));
}
