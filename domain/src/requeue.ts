import type { KillSwitchState } from "./kill-switch";

/** Where customers' messages go while somebody wants to hand Python's unfinished ones to Node. */
export interface RequeueSituation {
  /** As its rule reads; "missing": Node and the switch are removed; "unclear": half edited by hand. */
  readonly killSwitch: KillSwitchState | "unclear" | "missing";
  /** Percent that Python gets by weight while the switch is off. */
  readonly share: number;
}

/**
 * Why Python's unfinished messages may not be handed to Node now; undefined where they may: Node has to be there, and Python
 * may get no new messages, or the next one would need the same again.
 */
export function requeueRefusal({ killSwitch, share }: RequeueSituation): string | undefined {
  switch (killSwitch) {
    case "node":
      return undefined;
    case "off":
      if (share === 0) return undefined;
      return `Python gets ${share} % of the messages and finishes its own. Hand over only once everything goes to Node: cutover rollback, or a phase without a share.`;
    case "hold":
      return 'The kill switch is "hold": neither engine was alive when it moved. Hand over once it is "node".';
    case "missing":
      return "Node is removed: there is nobody to hand over to.";
    case "unclear":
      return 'The kill switch is neither "off" nor "node" nor "hold" (docs/runbook.md, "The kill switch is unclear").';
  }
}
