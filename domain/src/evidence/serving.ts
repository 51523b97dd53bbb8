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
  /** This phase is applied: bake time counts from here. */
  readonly phase: number;
  /** This share is in force: the split of requests is compared from here. */
  readonly share: number;
}

/** Reads the history of the applied record backwards. @returns undefined for an empty history */
export function servingSince(history: readonly AppliedEntry[]): ServingSince | undefined {
  const newest = history.at(-1);
  if (!newest) return undefined;
  const { phase, pythonShare, pythonDigest } = newest.applied;
  const run = (same: (applied: Applied) => boolean) =>
    history.slice(history.findLastIndex(({ applied }) => !same(applied)) + 1);
  const ofImage = run((applied) => applied.pythonDigest === pythonDigest);
  return {
    image: (ofImage.find(({ applied }) => applied.pythonShare > 0) ?? newest).at,
    phase: run((applied) => applied.phase === phase)[0]?.at ?? newest.at,
    share: run((applied) => applied.pythonShare === pythonShare)[0]?.at ?? newest.at,
  };
}
