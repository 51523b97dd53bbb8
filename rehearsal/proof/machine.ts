import { availableParallelism, loadavg } from "node:os";
import type { MachineState } from "./faults-page";

/** The machine as it is now. */
export function machineState(): MachineState {
  const loadAverage = Number((loadavg()[2] ?? 0).toFixed(1));
  return { processors: availableParallelism(), loadAverage, measuredAt: new Date().toISOString() };
}
