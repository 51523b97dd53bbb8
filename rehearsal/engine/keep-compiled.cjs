// @ts-check
// Node keeps what it compiled (NODE_COMPILE_CACHE) when a process ends by itself; the engine ends its plugins by a signal.
const { flushCompileCache } = require("node:module");
/** Real ms after which a plugin has loaded what it needs. */
const LOADED_MS = 2000;
setTimeout(flushCompileCache, LOADED_MS).unref();
