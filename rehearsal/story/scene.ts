import type { Terminal } from "../run/terminal";
import type { Memory } from "./memory";
import type { Stage } from "./stage";
import type { Traffic } from "./traffic";

/** What every step works with. */
export interface Scene {
  readonly stage: Stage;
  readonly traffic: Traffic;
  readonly memory: Memory;
  readonly terminal: Terminal;
}
