import { KILL_SWITCH_HEADER } from "@cutover/domain/kill-switch";
import { type Declared, list, record, text } from "./model";
import { TYPES } from "./types";

/**
 * The rule whose change is a rollback. By its name, too: what a rollback wrote into its conditions stays in the state after a refresh,
 * since updates ignore them, and a release doesn't change the state.
 */
export function isKillSwitch({ type, name, props }: Declared): boolean {
  const header = (condition: unknown) => text(record(record(condition)?.httpHeader)?.httpHeaderName)?.toLowerCase();
  if (type !== TYPES.listenerRule) return false;
  return name === "traffic-kill-switch" || list(props.conditions).some((one) => header(one) === KILL_SWITCH_HEADER);
}
