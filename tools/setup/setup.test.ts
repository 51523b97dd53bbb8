import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installerEnv, pathWithout } from "./environment.mjs";
import { installedMatchesLock } from "./npm.mjs";
import { installPulumi, LAUNCHER, pulumiHome } from "./pulumi.mjs";
import { cacheDir } from "./state.mjs";

const root = join(__dirname, "../..");
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cutover-setup-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(path: string, script: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

describe("tools/setup.sh on a machine that lacks tools", () => {
  const setup = (env: NodeJS.ProcessEnv) =>
    spawnSync("/bin/sh", [join(root, "tools/setup.sh")], { env, encoding: "utf8", cwd: folder });

  it("names all of them at once, with what each is for and how to get it", () => {
    const { status, stdout, stderr } = setup({ PATH: join(folder, "nothing"), HOME: folder, CUTOVER_CACHE: folder });
    expect(status).toBe(2);
    expect(stdout).toBe("");
    for (const tool of ["node 18 or newer", "npm", "python3 3.11 or newer", "git", "make", "go 1.25.11 or newer"]) {
      expect(stderr).toContain(`\n  ${tool}`);
    }
    expect(stderr.match(/needed for /g)).toHaveLength(6);
    expect(stderr.match(/apt-get install/g)?.length).toBeGreaterThanOrEqual(5);
    expect(stderr).not.toMatch(/not found|line \d+/);
  });

  it("tells which versions it found", () => {
    const bin = join(folder, "bin");
    program(join(bin, "node"), 'case "$1" in -p) echo 16.20.2 ;; *) exit 1 ;; esac');
    program(join(bin, "python3"), 'case "$2" in *print*) echo 3.9 ;; esac');
    program(join(bin, "go"), 'case "$2" in GOVERSION) echo go1.20.1 ;; *) echo auto ;; esac');
    for (const name of ["npm", "git", "make"]) program(join(bin, name), "exit 0");
    const { status, stderr } = setup({ PATH: bin, HOME: folder, CUTOVER_CACHE: folder });
    expect(status).toBe(2);
    expect(stderr.match(/\(found: .*?\)/g)).toEqual(["(found: 16.20.2)", "(found: 3.9)", "(found: 1.20.1)"]);
  });

  it("finds a Python without its venv module, as Debian ships it", () => {
    const bin = join(folder, "bin");
    program(join(bin, "python3"), 'case "$2" in *print*) echo 3.11 ;; *) exit 1 ;; esac');
    const { stderr } = setup({ PATH: bin, HOME: folder, CUTOVER_CACHE: folder });
    expect(stderr).toContain("python3's venv module");
    expect(stderr).toContain("apt-get install python3-venv");
  });
});

describe("Pulumi built from its Go modules", () => {
  /** A project with what the build reads, and a `go` that runs `script` with $out set to the file it must make. */
  function project(script: string) {
    for (const name of ["cli", "language-nodejs"]) {
      mkdirSync(join(folder, "tools/pulumi", name), { recursive: true });
      for (const file of ["go.mod", "go.sum"])
        writeFileSync(join(folder, "tools/pulumi", name, file), `${name} ${file}\n`);
    }
    copyFileSync(join(root, LAUNCHER), join(folder, LAUNCHER));
    program(join(folder, "node_modules/@pulumi/pulumi/pulumi-resource-pulumi-nodejs"), "exit 0");
    program(join(folder, "bin/go"), `while [ "$1" != -o ]; do shift; done; out=$2; name=\${out##*/}\n${script}`);
    const PATH = [join(folder, "bin"), process.env.PATH].join(delimiter);
    const env = { PATH, HOME: folder, CUTOVER_CACHE: join(folder, "cache"), CUTOVER_PULUMI: "build" };
    return { env, log: join(folder, "log"), report: () => undefined };
  }
  const makes = (version: string) => `printf '#!/bin/sh\\necho ${version}\\n' > "$out"; chmod +x "$out"`;

  it("lies in the layout of the official launcher and is made once", async () => {
    const options = project(`echo "$name" >> ${join(folder, "built")}; ${makes("v3.250.0")}`);
    const first = await installPulumi(folder, options);
    expect(first.origin).toBe("built");
    expect(first.binDir).toBe(join(pulumiHome(folder, options.env), "versions/3.250.0/bin"));
    for (const name of ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"]) {
      expect(spawnSync(join(first.binDir, name)).status).toBe(0);
    }
    expect((await installPulumi(folder, project("exit 1"))).binDir).toBe(first.binDir);
  });

  it("hands the options of Pulumi.yaml to the language host, which takes them as flags", async () => {
    const options = project(`printf '#!/bin/sh\\necho v3.250.0 "$@"\\n' > "$out"; chmod +x "$out"`);
    const { binDir } = await installPulumi(folder, options);
    const started = (cwd: string) =>
      spawnSync(join(binDir, "pulumi-language-nodejs"), ["127.0.0.1:1"], { cwd, encoding: "utf8" }).stdout;
    writeFileSync(
      join(folder, "Pulumi.yaml"),
      "name: x\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n    nodeargs: --a=1 --b\n",
    );
    expect(started(folder)).toBe("v3.250.0 -typescript=false -nodeargs=--a=1 --b 127.0.0.1:1\n");
    expect(started(binDir)).toBe("v3.250.0 127.0.0.1:1\n");
  });

  it("is refused when it is another version", async () => {
    await expect(installPulumi(folder, project(makes("v3.1.0")))).rejects.toThrow(
      /says it is "v3\.1\.0", expected v3\.250\.0/,
    );
  });

  it("reports a build that fails, and builds when that is mended", async () => {
    const broken = project(
      '[ "$name" = pulumi.part ] && { echo "missing go.sum entry" >&2; exit 1; }; printf x > "$out"',
    );
    await expect(installPulumi(folder, broken)).rejects.toThrow(
      /building pulumi 3\.250\.0 .* failed: exit code 1[\s\S]*missing go\.sum entry/,
    );
    expect((await installPulumi(folder, project(makes("v3.250.0")))).origin).toBe("built");
  });

  it("rejects an unknown CUTOVER_PULUMI", async () => {
    const options = project("exit 1");
    const wrong = { ...options, env: { ...options.env, CUTOVER_PULUMI: "docker" } };
    await expect(installPulumi(folder, wrong)).rejects.toThrow(
      'CUTOVER_PULUMI is "docker": expected auto, official or build',
    );
  });
});

describe("folders", () => {
  it("follow CUTOVER_CACHE, XDG_CACHE_HOME and HOME, in this order", () => {
    expect(cacheDir({ HOME: "/h" })).toBe("/h/.cache/cutover");
    expect(cacheDir({ HOME: "/h", XDG_CACHE_HOME: "/x" })).toBe("/x/cutover");
    expect(cacheDir({ HOME: "/h", XDG_CACHE_HOME: "relative" })).toBe("/h/.cache/cutover");
    expect(cacheDir({ HOME: "/h", XDG_CACHE_HOME: "/x", CUTOVER_CACHE: "/c" })).toBe("/c");
    expect(() => cacheDir({ CUTOVER_CACHE: "c" })).toThrow(/expected an absolute path/);
  });

  it("of npm and Go move into the cache when HOME can't be written", () => {
    const readOnly = installerEnv(root, { PATH: "/bin", HOME: "/proc/self", XDG_CACHE_HOME: join(folder, "x") });
    expect(readOnly.npm_config_cache).toBe(join(folder, "x/cutover/npm"));
    expect(readOnly.GOMODCACHE).toBe(join(folder, "x/cutover/go-mod"));
    const usual = installerEnv(root, { PATH: "/bin", HOME: folder });
    expect(usual.npm_config_cache).toBeUndefined();
    expect(usual.GOMODCACHE).toBeUndefined();
  });

  it("of this project's node_modules are not on the installers' PATH", () => {
    expect(pathWithout("/p", "/p/node_modules/.bin:/usr/bin:/p2/node_modules/.bin")).toBe(
      "/usr/bin:/p2/node_modules/.bin",
    );
  });
});

describe("node_modules", () => {
  const write = (lock: object, installed: object) => {
    mkdirSync(join(folder, "node_modules"), { recursive: true });
    writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages: lock }));
    writeFileSync(join(folder, "node_modules/.package-lock.json"), JSON.stringify({ packages: installed }));
  };
  const a = { version: "1.0.0", integrity: "sha512-a" };

  it("is current when npm's record agrees with the lock file; packages of other platforms may be absent", () => {
    write({ "": {}, "node_modules/a": a, "node_modules/mac": { ...a, optional: true } }, { "node_modules/a": a });
    expect(installedMatchesLock(folder)).toBe(true);
  });

  it.each([
    ["a version differs", { "node_modules/a": a }, { "node_modules/a": { ...a, version: "1.0.1" } }],
    ["the content differs", { "node_modules/a": a }, { "node_modules/a": { ...a, integrity: "sha512-b" } }],
    ["a package is missing", { "node_modules/a": a, "node_modules/b": a }, { "node_modules/a": a }],
    ["a package is too many", { "node_modules/a": a }, { "node_modules/a": a, "node_modules/b": a }],
  ])("is not current when %s", (_what, lock, installed) => {
    write(lock, installed);
    expect(installedMatchesLock(folder)).toBe(false);
  });
});
