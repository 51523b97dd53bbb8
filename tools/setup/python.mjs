// Python environments in the cache, one for each lock file: exact versions, checked hashes, wheels only.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { buildOnce, witnessesOf } from "./cache.mjs";
import { run } from "./child.mjs";
import { cacheDir, keyOf } from "./state.mjs";

/** Raised when this recipe changes, so that environments made by an older one are not used. */
const RECIPE = "1";

/**
 * The Python of an environment with exactly the packages of `lock`. pip rather than a faster installer, because it
 * follows the machine's own pip settings (mirror, certificates); it takes some twenty seconds, once.
 * Scripts in bin/ other than python name the temporary folder: run modules with `python -m`.
 */
export async function pythonEnvironment(name, lock, { env, log, python, onWait, report }) {
  const folder = join(cacheDir(env), "python", `${name}-${keyOf([lock], RECIPE, process.platform, process.arch)}`);
  const { built } = await buildOnce(
    folder,
    async (temporary) => {
      const at = { cwd: temporary, env, log };
      report("creating");
      await run(python, ["-m", "venv", temporary], { ...at, failure: "creating a Python environment failed" });
      const venvPython = join(temporary, "bin/python");
      report("installing packages");
      const options = [
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--no-compile",
        "--disable-pip-version-check",
        "--no-input",
      ];
      await run(venvPython, ["-m", "pip", "install", "--quiet", ...options, "-r", lock], {
        ...at,
        failure: `installing the Python packages of ${lock} failed`,
      });
      report("compiling");
      // Bytecode names the final folder, so that a traceback does too. A file that does not compile is the package's affair.
      const compile = ["-m", "compileall", "-q", "-j", "2", "-s", temporary, "-p", folder, join(temporary, "lib")];
      await run(venvPython, compile, at).catch(() => undefined);
      return { facts: { lock: name }, watch: ["bin/python", sitePackages(temporary)] };
    },
    { onWait },
  );
  return {
    python: join(folder, "bin/python"),
    witnesses: witnessesOf(folder),
    note: built ? undefined : "from the cache",
  };
}

function sitePackages(environment) {
  const lib = readdirSync(join(environment, "lib")).find((entry) =>
    existsSync(join(environment, "lib", entry, "site-packages")),
  );
  return join("lib", lib ?? "python3", "site-packages");
}
