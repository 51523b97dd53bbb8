import { ladder, type PhaseName } from "@cutover/domain/phases";
import { describeErrors } from "../engine/events";
import { STEADY_RATE } from "../story/traffic";
import { waitFor } from "../support/wait";
import { imageOf, PYTHON_REPOSITORY } from "../world/names";
import { type PlayedRow, playRow } from "./fault-row";
import { FAULT_ROWS, MATRIX_PHASES } from "./fault-rows";
import type { MachineState } from "./faults-page";
import { machineState } from "./machine";
import { RollbackFunction } from "./rollback-function";
import { inProofWorld, type ProofScene } from "./world";

export interface MatrixOptions {
  /** Rungs to play; default all. */
  readonly phases?: readonly PhaseName[];
  /** Rows to play, as "slow" or "slow at full"; default all. */
  readonly rows?: readonly string[];
}

/** How the matrix, or a part of it, was played. */
export interface MatrixRun extends MachineState {
  readonly rows: number;
  readonly seconds: number;
  /** Rehearsal seconds in a real one. */
  readonly clockFactor: number;
  readonly messagesPerSecond: number;
}

export interface MatrixResult {
  readonly rows: readonly PlayedRow[];
  /** What the world itself said that must not happen. */
  readonly worldProblems: readonly string[];
  readonly run: MatrixRun;
}

/** Real ms in which a step up has to be let through. */
const CLIMB_MS = 180_000;

/** Plays the matrix on one world: up to a rung, all rows there, up to the next. */
export function playMatrix({ phases = MATRIX_PHASES, rows }: MatrixOptions = {}): Promise<MatrixResult> {
  const began = Date.now();
  return inProofWorld(async (scene) => {
    const rollback = new RollbackFunction(scene.stage);
    const played: PlayedRow[] = [];
    try {
      let reached = 0;
      for (const phase of phases) {
        reached = await climb(scene, reached, phase);
        for (const row of FAULT_ROWS) {
          if (rows && !rows.includes(row.fault) && !rows.includes(`${row.fault} at ${phase}`)) continue;
          const one = await playRow(scene, row, phase, rollback);
          played.push(one);
          const said = one.problems.length === 0 ? `ends in "${one.outcome}"` : `FAILED: ${one.problems.join("; ")}`;
          scene.terminal.line(`» row ${played.length}, ${row.fault} at ${phase}: ${said} (${one.seconds} s)`);
        }
      }
    } finally {
      rollback.close();
    }
    const run = {
      ...machineState(),
      rows: played.length,
      seconds: Math.round((Date.now() - began) / 1000),
      clockFactor: scene.stage.clock.factor,
      messagesPerSecond: STEADY_RATE,
    };
    return { rows: played, worldProblems: scene.problems, run };
  });
}

/**
 * Rung by rung, each by a real update; the gate, which judges evidence that faults have just spoiled, is put aside by name.
 * @returns the position on the ladder after the phase
 * @throws Error where an update fails: no row could be played
 */
async function climb({ stage, terminal, memory }: ProofScene, from: number, to: PhaseName): Promise<number> {
  const { engine, clock } = stage;
  const end = ladder.findIndex(({ name }) => name === to) + 1;
  for (const { name } of ladder.slice(from, end)) {
    const override = {
      name: "fault matrix",
      reason: "the rows are the test, not the evidence before them",
      to: name,
      expires: new Date(clock.now() + 60 * 60_000).toISOString(),
    };
    await engine.configSet(
      { key: "cutover:phase", value: name },
      ...Object.entries(override).map(([key, value]) => ({ key: `cutover:override.${key}`, value })),
      ...(from > 0 && name === ladder[from]?.name ? freshImage(memory.nextImage()) : []),
    );
    const what = `pulumi up (${name})`;
    const activity = terminal.activity(what);
    // The prober's newest look at the standby may be too old for a moment on a busy machine; nothing overrides that.
    const up = await waitFor(
      async () => {
        const tried = await engine.up({ allowFailure: true, onProgress: activity.progress });
        const refused = tried.exitCode !== 0 && tried.changed === 0;
        if (refused) activity.progress(describeErrors(tried.diagnostics));
        return refused ? Promise.reject(new Error(describeErrors(tried.diagnostics))) : tried;
      },
      { what: `${what} not to be refused`, deadlineMs: CLIMB_MS, everyMs: 1000, signal: stage.signal },
    );
    if (up.exitCode !== 0) throw new Error(`no row can be played: ${what}: ${describeErrors(up.diagnostics)}`);
    activity.done();
  }
  await engine.configRm("cutover:override");
  return end;
}

/** What failed is mended in a new image. */
function freshImage(digit: string) {
  const image = imageOf(PYTHON_REPOSITORY, digit);
  return [
    { key: "cutover:python.image", value: image },
    { key: "cutover:acceptImage", value: image.slice(image.indexOf("@") + 1) },
  ];
}
