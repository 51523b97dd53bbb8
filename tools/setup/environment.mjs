// The environment in which installers run: the machine's own, minus what would bend it, plus cache folders that can be written.
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { cacheDir, homeDir } from "./state.mjs";

/** Whether a folder, or the nearest existing folder above it, can be written. */
export function writable(folder) {
  let nearest = folder;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** PATH without this project's node_modules/.bin: `npm ci` must not run on the Node it is about to replace. */
export function pathWithout(root, path = "") {
  return path
    .split(delimiter)
    .filter((folder) => !folder.startsWith(join(root, "node_modules")))
    .join(delimiter);
}

/**
 * Go writes counters into the person's configuration folder; they go into our cache instead, while Go's own settings are
 * read from where the person has them. (On macOS Go does not look at XDG_CONFIG_HOME; its settings and counters stay.)
 */
export function goEnv(env) {
  if (process.platform === "darwin") return env;
  const settings = env.GOENV || join(env.XDG_CONFIG_HOME || join(homeDir(env), ".config"), "go", "env");
  return { ...env, GOENV: settings, XDG_CONFIG_HOME: join(cacheDir(env), "config") };
}

/**
 * Environment for installers. npm's and Go's caches stay where the person has them, unless HOME can't be written: then
 * they go into our cache folder. Python's pip follows XDG_CACHE_HOME by itself.
 */
export function installerEnv(root, env = process.env) {
  const home = homeDir(env);
  const cache = cacheDir(env);
  const result = { ...env, HOME: home, PATH: pathWithout(root, env.PATH) };
  if (!env.npm_config_cache && !env.NPM_CONFIG_CACHE && !writable(join(home, ".npm"))) {
    result.npm_config_cache = join(cache, "npm");
  }
  if (!env.GOMODCACHE && !writable(join(env.GOPATH || join(home, "go"), "pkg", "mod"))) {
    result.GOMODCACHE = join(cache, "go-mod");
  }
  if (!env.GOCACHE && !env.XDG_CACHE_HOME && !writable(join(home, ".cache"))) {
    result.GOCACHE = join(cache, "go-build");
  }
  for (const name of Object.keys(result)) {
    // Left over from `npm run`, PYTHONHOME from a foreign Python: both would lead the installers astray.
    if (name.startsWith("npm_lifecycle_") || name.startsWith("npm_package_")) delete result[name];
  }
  for (const name of ["INIT_CWD", "NODE_OPTIONS", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"]) delete result[name];
  return result;
}
