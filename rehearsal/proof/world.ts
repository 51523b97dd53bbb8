import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { resolveToolchain } from "../../tools/toolchain";
import { UsageError } from "../errors";
import { orAborted, watchInterrupts } from "../interrupts";
import { endProcesses } from "../run/ending";
import { RunLock } from "../run/lock";
import { requireFreeDisk } from "../run/preflight";
import { processesMarked, RUN_MARKER } from "../run/processes";
import { Terminal } from "../run/terminal";
import { ghlValues } from "../story/destroy";
import { inventory } from "../story/inventory";
import { Memory } from "../story/memory";
import type { Scene } from "../story/scene";
import { STEADY_RATE, Traffic } from "../story/traffic";
import { World } from "../world/world";

/** What a proof plays on: the rehearsal's world with messages flowing. */
export interface ProofScene extends Scene {
  /** Things of the world itself that must not happen, such as an emulator that fails; each one spoils the proof. */
  readonly problems: readonly string[];
}

/**
 * Starts the rehearsal's world for a proof, lets it play, and leaves nothing: no process, no port, and no file but the logs
 * of a failure. Progress goes to standard error.
 * @throws what the proof throws, or why the world broke
 */
export async function inProofWorld<T>(play: (scene: ProofScene) => Promise<T>): Promise<T> {
  const toolchain = resolveToolchain();
  const base = process.env.CUTOVER_REHEARSAL_FOLDER ?? join(toolchain.root, ".rehearsal");
  await requireFreeDisk(base);
  const clockFactor = factorFrom(process.env.CUTOVER_PROOF_CLOCK);
  const terminal = new Terminal(process.stderr);
  const lock = await RunLock.acquire(base, (sentence) => terminal.line(sentence));
  process.env[RUN_MARKER] = lock.runFolder;
  const interrupts = watchInterrupts(() => process.exit(130));
  const problems: string[] = [];
  let ok = false;
  try {
    const { world, stage } = await World.start({
      toolchain,
      runFolder: lock.runFolder,
      terminal,
      startedAtMs: Date.now(),
      ...(clockFactor === undefined ? {} : { clockFactor }),
      signal: interrupts.signal,
      onBroken: (error) => interrupts.abort(error),
      onProblem: (sentence) => {
        problems.push(sentence);
        terminal.bad(sentence);
      },
    });
    try {
      const account = await inventory(stage.aws);
      const memory = new Memory(account, ghlValues(stage.ghl.store.all()), await stage.postgres.snapshot());
      const traffic = new Traffic({ sender: stage.sender, lateSender: stage.lateSender, rate: STEADY_RATE });
      traffic.start();
      try {
        const result = await orAborted(play({ stage, terminal, memory, traffic, problems }), interrupts.signal);
        ok = true;
        return result;
      } finally {
        await traffic.stop();
      }
    } finally {
      for (const resisted of await world.stop()) terminal.bad(resisted);
    }
  } finally {
    await endProcesses(processesMarked(RUN_MARKER, lock.runFolder));
    leaveLogs(lock.runFolder, ok, terminal);
    interrupts.release();
    lock.release();
  }
}

/** A busy machine needs a slower clock: the prober's freshness counts in rehearsal minutes. */
function factorFrom(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const factor = Number(text);
  if (factor >= 1 && factor <= 60) return factor;
  throw new UsageError(`CUTOVER_PROOF_CLOCK is "${text}": expected rehearsal seconds in a real one, 1 to 60`);
}

function leaveLogs(runFolder: string, ok: boolean, terminal: Terminal): void {
  for (const name of readdirSync(runFolder)) {
    if (ok || name !== "logs") rmSync(join(runFolder, name), { recursive: true, force: true });
  }
  if (ok) rmSync(runFolder, { recursive: true, force: true });
  if (existsSync(join(runFolder, "logs"))) terminal.line(`logs: ${join(runFolder, "logs")}`);
}
