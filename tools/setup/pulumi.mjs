// The Pulumi command line and its Node.js language host, pinned: the official release where it can be downloaded, else
// both built from their Go modules. Either way they lie in <cache>/pulumi/<version>-<key>/versions/<version>/bin, the
// layout that the official npm launcher (package `pulumi`) makes and uses when that folder is its PULUMI_HOME.
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildOnce, witnessesOf } from "./cache.mjs";
import { run, tail } from "./child.mjs";
import { goEnv } from "./environment.mjs";
import { SetupError } from "./errors.mjs";
import { cacheDir, keyOf, PULUMI_VERSION } from "./state.mjs";

/** Raised when this recipe changes, so that builds of an older one are not used. */
const RECIPE = "2";

/** The last release whose Node.js language host can be built from the public module; works with the command line above. */
const LANGUAGE_HOST_VERSION = "3.68.0";

const MODULES = [
  {
    folder: "tools/pulumi/language-nodejs",
    output: "pulumi-language-nodejs-built",
    version: LANGUAGE_HOST_VERSION,
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    usualPackages: 530,
  },
  {
    folder: "tools/pulumi/cli",
    output: "pulumi",
    version: PULUMI_VERSION,
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    usualPackages: 1390,
  },
];

/** Hands Pulumi.yaml's options to the language host; lies beside it under the host's usual name. */
export const LAUNCHER = "tools/pulumi/language-nodejs/launcher.sh";

const BINARIES = ["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];
const BIN = join("versions", PULUMI_VERSION, "bin");

export function pulumiHome(root, env) {
  const modules = MODULES.flatMap(({ folder }) => [join(root, folder, "go.mod"), join(root, folder, "go.sum")]);
  const files = [...modules, join(root, LAUNCHER)];
  const key = keyOf(files, RECIPE, LANGUAGE_HOST_VERSION, process.platform, process.arch);
  return join(cacheDir(env), "pulumi", `${PULUMI_VERSION}-${key}`);
}

/** CUTOVER_PULUMI: `auto` (default: official, else build), `official` or `build`. */
export function pulumiChoice(env) {
  const choice = env.CUTOVER_PULUMI || "auto";
  if (!["auto", "official", "build"].includes(choice)) {
    throw new SetupError(`CUTOVER_PULUMI is "${choice}": expected auto, official or build`);
  }
  return choice;
}

/** Makes sure Pulumi is in the cache and returns where, and where it came from. */
export async function installPulumi(root, options) {
  const { env, onWait, onOrigin } = options;
  const choice = pulumiChoice(env);
  const folder = pulumiHome(root, env);
  const { facts, built } = await buildOnce(
    folder,
    async (temporary) => {
      let origin = "official";
      const refused = choice === "build" ? "CUTOVER_PULUMI=build" : await downloadOfficial(root, temporary, options);
      if (refused && choice === "official")
        throw new SetupError(`the official Pulumi release can't be used: ${refused}`);
      if (refused) {
        origin = "built";
        onOrigin?.(refused);
        rmSync(join(temporary, "versions"), { recursive: true, force: true });
        await buildFromModules(root, join(temporary, BIN), options);
      }
      await checkVersion(join(temporary, BIN), options);
      const built = origin === "built" ? MODULES.map(({ output }) => output) : [];
      return { facts: { origin }, watch: [...new Set([...BINARIES, ...built])].map((name) => join(BIN, name)) };
    },
    { onWait },
  );
  return {
    binDir: join(folder, BIN),
    version: PULUMI_VERSION,
    origin: facts.origin,
    witnesses: witnessesOf(folder),
    note: `${facts.origin === "built" ? "built from its Go modules" : "official release"}${built ? "" : ", from the cache"}`,
  };
}

/**
 * Lets the official npm launcher install the release into `home`. Returns undefined, or why it could not.
 * The launcher trusts HTTPS alone: it verifies neither its install script nor the archive. Without a network it fails at once.
 */
async function downloadOfficial(root, home, { env, log, report }) {
  report("asking for the official release");
  const reachable = await canReachRelease();
  if (reachable !== true) return reachable;
  report("downloading the official release");
  try {
    await run(process.execPath, [join(root, "node_modules/pulumi/run.js"), "version"], {
      cwd: home,
      env: { ...env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_VERSION },
      log,
      deadlineMs: 5 * 60_000,
    });
  } catch {
    return `its installer failed (${tail(log, 1).trim()})`;
  }
  const missing = BINARIES.filter((name) => !existsSync(join(home, BIN, name)));
  return missing.length > 0 ? `it lacks ${missing.join(", ")}` : undefined;
}

/** True, or a few words on why the official release can't be fetched. At most five seconds. */
export async function canReachRelease() {
  try {
    const response = await fetch("https://get.pulumi.com/install.sh", { signal: AbortSignal.timeout(5_000) });
    if (!response.ok) return `the download site answered ${response.status}`;
    return (await response.text()).startsWith("#!") ? true : "the download site is covered by another page";
  } catch (error) {
    return `the download site can't be reached (${error.cause?.code ?? error.name})`;
  }
}

async function buildFromModules(root, bin, { env, log, report }) {
  mkdirSync(bin, { recursive: true });
  for (const module of MODULES) {
    const output = join(bin, module.output);
    let downloaded = 0;
    let compiled = 0;
    let unfinished = "";
    report(`${module.output}: starting the build`);
    const count = (text) => {
      const lines = (unfinished + text).split("\n");
      unfinished = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("go: downloading")) downloaded++;
        else if (/^[a-z0-9][^ ]*$/i.test(line)) compiled++;
      }
      const packages = `${compiled} of about ${module.usualPackages} packages compiled`;
      report(`${module.output}: ${compiled === 0 ? `${downloaded} modules downloaded` : packages}`);
    };
    const version = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${module.version}`;
    await run(
      "go",
      ["build", "-v", "-trimpath", "-ldflags", `-s -w ${version}`, "-o", `${output}.part`, module.package],
      {
        cwd: join(root, module.folder),
        env: { ...goEnv(env), CGO_ENABLED: "0", GOFLAGS: `${env.GOFLAGS ?? ""} -mod=readonly -modcacherw`.trim() },
        log,
        onText: count,
        deadlineMs: 60 * 60_000, // a busy or small machine; Go keeps what is compiled, so a second try goes on from there
        failure: `building ${module.output} ${module.version} from its Go module failed`,
      },
    );
    renameSync(`${output}.part`, output);
  }
  // The dynamic-provider launcher finds @pulumi/pulumi from the folder it is started in, so a copy serves every project.
  for (const [source, name] of [
    [LAUNCHER, "pulumi-language-nodejs"],
    ["node_modules/@pulumi/pulumi/pulumi-resource-pulumi-nodejs", "pulumi-resource-pulumi-nodejs"],
  ]) {
    copyFileSync(join(root, source), join(bin, name));
    chmodSync(join(bin, name), 0o755);
  }
}

async function checkVersion(bin, { env, log }) {
  const said = await run(join(bin, "pulumi"), ["version"], {
    cwd: bin,
    env: { ...env, PULUMI_HOME: join(bin, "../../.."), PULUMI_SKIP_UPDATE_CHECK: "true" },
    log,
    failure: "the installed Pulumi can't be run",
  });
  if (!said.includes(`v${PULUMI_VERSION}`)) {
    throw new SetupError(`the installed Pulumi says it is "${said.trim()}", expected v${PULUMI_VERSION}`);
  }
}
