import { promiseLines } from "@cutover/domain/backtest/promise-lines";
import type { Desired, World } from "@cutover/domain/decide";
import type { CutoverConfig } from "../config";

/**
 * What the share that is asked for means: how soon a fault is seen, how often noise rolls back. Said of every update that
 * changes who gets messages or how far the alarms look back, refused or not; silent where nothing of it changes.
 */
export function promiseNotes(
  { expectedMessagesPerHour }: Pick<CutoverConfig, "expectedMessagesPerHour">,
  { phase, pythonShare, alarmsLookBackMinutes: lookBackMinutes }: Desired,
  { applied, killSwitch }: World,
): string[] {
  const isMoved = killSwitch === "node" || killSwitch === "hold";
  const same =
    applied?.phase === phase.name &&
    applied.pythonShare === pythonShare &&
    applied.alarmsLookBackMinutes === lookBackMinutes;
  if (same && !isMoved) return [];
  return promiseLines({ expectedMessagesPerHour }, { to: phase, shareAfter: pythonShare, lookBackMinutes });
}
