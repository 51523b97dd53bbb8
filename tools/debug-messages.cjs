// @ts-check
// Pulumi's SDK sends the engine three debug messages and more for each resource, one call after the other, and ends only when the
// last has arrived. The engine shows them with `--debug` only, of which the program is not told: where it is wanted,
// CUTOVER_DEBUG=1 brings them back.
if (!process.env.CUTOVER_DEBUG) {
  const log = require("@pulumi/pulumi/log");
  log.debug = () => Promise.resolve();
}
