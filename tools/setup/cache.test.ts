import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { waitFor } from "../../rehearsal/support/wait";
import { buildOnce, completeFacts, explainFileError, withLock } from "./cache.mjs";

let cache = "";
let folder = "";
let children: ChildProcess[] = [];
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "cutover-cache-"));
  folder = join(cache, "tools", "thing-1");
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  rmSync(cache, { recursive: true, force: true });
});

const build = (text: string) => async (temporary: string) => {
  mkdirSync(join(temporary, "bin"));
  writeFileSync(join(temporary, "bin/tool"), text);
  return { facts: { text }, watch: ["bin/tool"] };
};

/** Another process that builds `folder`; it writes `started-<name>` and then waits for the file `go`. */
function otherProcess(name: string): ChildProcess {
  const module = pathToFileURL(join(__dirname, "cache.mjs")).href;
  const script = `
    import { buildOnce } from ${JSON.stringify(module)};
    import { existsSync, writeFileSync } from "node:fs";
    const { built, facts } = await buildOnce(${JSON.stringify(folder)}, async (temporary) => {
      writeFileSync(temporary + "/tool", "made by ${name}");
      writeFileSync(${JSON.stringify(join(cache, `started-${name}`))}, "");
      while (!existsSync(${JSON.stringify(join(cache, "go"))})) await new Promise((go) => setTimeout(go, 20));
      return { facts: { by: "${name}" }, watch: ["tool"] };
    }, { onWait: () => writeFileSync(${JSON.stringify(join(cache, `waiting-${name}`))}, "") });
    console.log(JSON.stringify({ built, facts }));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

async function result(child: ChildProcess): Promise<unknown> {
  let output = "";
  child.stdout?.on("data", (chunk) => {
    output += chunk;
  });
  await new Promise((resolve) => child.once("close", resolve));
  return JSON.parse(output);
}

const fileAppears = (name: string) => waitFor(() => existsSync(join(cache, name)), { what: name, deadlineMs: 10_000 });

describe("a folder of the cache", () => {
  it("is built once and then used", async () => {
    expect(await buildOnce(folder, build("one"))).toEqual({ facts: { text: "one" }, built: true });
    expect(await buildOnce(folder, build("two"))).toEqual({ facts: { text: "one" }, built: false });
    expect(readFileSync(join(folder, "bin/tool"), "utf8")).toBe("one");
    expect(readdirSync(join(cache, "tmp"))).toEqual([]);
    expect(readdirSync(join(cache, "locks"))).toEqual([]);
  });

  it.each([
    ["a truncated file", () => truncateSync(join(folder, "bin/tool"), 1)],
    ["a removed file", () => rmSync(join(folder, "bin/tool"))],
    ["a removed marker", () => rmSync(join(folder, "complete.json"))],
    ["a damaged marker", () => truncateSync(join(folder, "complete.json"), 7)],
  ])("is built again after %s", async (_what, damage) => {
    await buildOnce(folder, build("one"));
    damage();
    expect(completeFacts(folder)).toBeUndefined();
    expect(await buildOnce(folder, build("two"))).toEqual({ facts: { text: "two" }, built: true });
    expect(readFileSync(join(folder, "bin/tool"), "utf8")).toBe("two");
  });

  it("keeps nothing of a build that failed", async () => {
    const failing = async (temporary: string) => {
      writeFileSync(join(temporary, "half"), "");
      throw new Error("no such module");
    };
    await expect(buildOnce(folder, failing)).rejects.toThrow("no such module");
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(join(cache, "tmp"))).toEqual([]);
    expect((await buildOnce(folder, build("one"))).built).toBe(true);
  });

  it("survives a builder that is killed: the next one takes over its lock and removes its leftovers", async () => {
    const killed = otherProcess("a");
    await fileAppears("started-a");
    killed.kill("SIGKILL");
    await new Promise((resolve) => killed.once("close", resolve));
    expect(readdirSync(join(cache, "tmp"))).toHaveLength(1);
    expect(readdirSync(join(cache, "locks"))).toHaveLength(1);
    expect((await buildOnce(folder, build("after"))).built).toBe(true);
    expect(readdirSync(join(cache, "tmp"))).toEqual([]);
    expect(readdirSync(join(cache, "locks"))).toEqual([]);
  });

  it("is built by one of two processes; the other waits and uses it", async () => {
    const first = otherProcess("a");
    const firstResult = result(first);
    await fileAppears("started-a");
    const secondResult = result(otherProcess("b"));
    await fileAppears("waiting-b");
    writeFileSync(join(cache, "go"), "");
    expect(await firstResult).toEqual({ built: true, facts: { by: "a" } });
    expect(await secondResult).toEqual({ built: false, facts: { by: "a" } });
    expect(existsSync(join(cache, "started-b"))).toBe(false);
  });
});

describe("a lock", () => {
  it("whose owner can't be asked is taken over when it is not touched any more", async () => {
    const lock = join(cache, "a.lock");
    writeFileSync(lock, JSON.stringify({ pid: 1, host: "another-machine" }));
    const waited: unknown[] = [];
    let looks = 0;
    const done = await withLock(lock, () => "done", {
      onWait: (pid) => waited.push(pid),
      pollMs: 1,
      staleAfter: () => ++looks > 3,
    });
    expect(done).toBe("done");
    expect(waited).toEqual([1]);
    expect(existsSync(lock)).toBe(false);
  });
});

describe("the file system's refusals", () => {
  it.each([
    ["ENOSPC", /no space left on the disk that holds \/c\/x/],
    ["EROFS", /\/c\/x can't be written \(EROFS\).*set XDG_CACHE_HOME/],
    ["EACCES", /\/c\/x can't be written \(EACCES\)/],
  ])("%s is explained", (code, message) => {
    const error = Object.assign(new Error(`${code}: something`), { code, path: "/c/x" });
    expect(explainFileError(error, "/c").message).toMatch(message);
  });

  it("other errors stay as they are", () => {
    const error = new Error("something else");
    expect(explainFileError(error, "/c")).toBe(error);
  });
});
