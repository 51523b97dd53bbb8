import type { Applied } from "../decide";

/** One version of the record of what was applied, oldest first in a history. */
export interface AppliedEntry {
  /** When the update that wrote it was complete, milliseconds since the epoch. */
  readonly at: number;
  readonly applied: Applied;
}

/** Since when things are as they are, milliseconds since the epoch. */
export interface ServingSince {
  /** This image serves customers: evidence counts from here, over all rungs. A new image begins anew. */
  readonly image: number;
  /** This phase is applied. */
  readonly phase: number;
  /** Phase, share and image are these and no rollback is in force: bake time counts from here. */
  readonly bake: number;
  /** This share is in force: the split of requests is compared from here. While rolled back no share is. */
  readonly share: number;
}

/**
 * Reads the history of the applied record backwards.
 * @param releasedAt When the newest rollback that was released was, milliseconds since the epoch: until then the kill
 * switch sent everything elsewhere, whatever was applied
 * @returns undefined for an empty history
 */
export function servingSince(history: readonly AppliedEntry[], releasedAt?: number): ServingSince | undefined {
  const newest = history.at(-1);
  if (!newest) return undefined;
  const { phase, pythonShare, pythonDigest } = newest.applied;
  const run = (same: (applied: Applied) => boolean) =>
    history.slice(history.findLastIndex(({ applied }) => !same(applied)) + 1);
  const beginOf = (same: (applied: Applied) => boolean) => run(same)[0]?.at ?? newest.at;
  const sameImage = (applied: Applied) => applied.pythonDigest === pythonDigest;
  const phaseAt = beginOf((applied) => applied.phase === phase);
  const share = Math.max(
    beginOf((applied) => applied.pythonShare === pythonShare),
    releasedAt ?? 0,
  );
  return {
    image: (run(sameImage).find(({ applied }) => applied.pythonShare > 0) ?? newest).at,
    phase: phaseAt,
    bake: Math.max(phaseAt, share, beginOf(sameImage)),
    share,
  };
}
