import type { Applied, Desired, World } from "./decide";
import type { PhaseName } from "./phases";

/** Longest window of an alarm, in minutes: what lies further back is seen by none. */
const LONGEST_WINDOW_MINUTES = 24 * 60;
/** The last failures of a fault are counted a little after the rollback. */
const AFTERMATH_MINUTES = 1;

/** Windows grow back in steps, so that an update soon after another one is an update without a change. */
export const WIDER_EACH_MINUTES = 60;

/**
 * As far back as the newest rollback lies, and no limit after a day. While phase and share stay it grows in whole hours, so
 * that a second update finds no difference; a step and a release count anew.
 */
export function lookBack(
  step: { readonly phase: PhaseName; readonly share: number; readonly releasing: boolean },
  world: Pick<World, "applied" | "minutesSinceRollback" | "rollback">,
  isMoved: boolean,
): Pick<Desired, "alarmsLookBackMinutes"> {
  const { applied, minutesSinceRollback: minutes } = world;
  if (minutes === undefined || minutes >= LONGEST_WINDOW_MINUTES) return {};
  const possible = Math.max(0, Math.floor(minutes) - AFTERMATH_MINUTES);
  const stays = applied?.phase === step.phase && applied.pythonShare === step.share && !step.releasing;
  const kept = stays ? applied.alarmsLookBackMinutes : undefined;
  if (stays && kept === undefined && !isMoved && !world.rollback) return {};
  const wider = Math.floor(possible / WIDER_EACH_MINUTES) * WIDER_EACH_MINUTES;
  return { alarmsLookBackMinutes: kept === undefined ? possible : Math.max(kept, wider) };
}

/** The deployed windows are shortened, and a pulumi up without any other change would make them longer. */
export interface WiderWindows {
  /** Minutes that they look back now. */
  readonly from: number;
  /** And after an update; undefined: as ever. */
  readonly to: number | undefined;
}

/** What an update of the same phase and share would do to shortened windows; undefined where it would do nothing. */
export function widerWindows(applied: Applied, minutesSinceRollback: number | undefined): WiderWindows | undefined {
  const from = applied.alarmsLookBackMinutes;
  if (from === undefined) return undefined;
  const stays = { phase: applied.phase, share: applied.pythonShare, releasing: false };
  const world = { applied, ...(minutesSinceRollback === undefined ? {} : { minutesSinceRollback }) };
  const to = lookBack(stays, world, false).alarmsLookBackMinutes;
  return to === from ? undefined : { from, to };
}
