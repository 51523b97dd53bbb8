// Entry point of the rehearsal's stand-in for the existing Node service (contract: docs/app-contract.md, levels 0 and 1):
// node tools/run.mjs rehearsal/apps/node/main.ts
import { once } from "node:events";
import type { Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { stdoutEvents } from "./events";
import { Faults } from "./faults";
import { Queue } from "./queue";
import { createWeb } from "./server";
import { readSettings, type Settings, SettingsError } from "./settings";
import { Worker } from "./worker";

async function run(settings: Settings): Promise<void> {
  const events = stdoutEvents(settings.clock);
  const faults = new Faults(settings.faultFile);
  const queue = new Queue(settings);
  const worker = new Worker({ settings, queue, events, faults });
  let stopping = false;
  const server = createWeb({ settings, queue, worker, events, faults, stopping: () => stopping });
  const stop = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  server.listen(settings.port, settings.host);
  await once(server, "listening");
  worker.start();
  events.write("started", { port: settings.port });
  await stop;
  // Health says no, late requests are still served, then no new ones, then the worker ends.
  events.write("stopping");
  stopping = true;
  await delay(settings.lingerMs);
  await closeServer(server, settings.drainMs);
  await worker.stop();
  await queue.close();
  events.write("stopped");
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}

async function main(): Promise<number> {
  try {
    await run(readSettings(process.env));
    return 0;
  } catch (error) {
    console.error(error instanceof SettingsError ? error.message : error);
    return 1;
  }
}

void main().then((code) => process.exit(code));
