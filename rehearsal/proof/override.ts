import type { PhaseName } from "@cutover/domain/phases";
import type { ConfigEntry } from "../engine/stack";
import type { ProofScene } from "./world";

export const phaseEntry = (value: PhaseName): ConfigEntry => ({ key: "cutover:phase", value });

/** Puts the gate aside for a step that a proof is not about. */
export function override({ stage }: Pick<ProofScene, "stage">, to: PhaseName, reason: string): ConfigEntry[] {
  const expires = new Date(stage.clock.now() + 3 * 60 * 60_000).toISOString();
  const entries = { name: "proof", reason, to, expires };
  return Object.entries(entries).map(([key, value]) => ({ key: `cutover:override.${key}`, value }));
}
