/** How many tasks each service must have, steady and healthy, in a phase. */
export interface CapacityInput {
  /** Tasks of Node that carried the 14-day peak at 100 %. */
  readonly nodePeakTasks: number;
  /** Tasks Python needs at 100 %. */
  readonly pythonTasksAtFull: number;
  /** Percent of messages Python is to get. */
  readonly pythonShare: number;
  /** False once Node is removed. */
  readonly nodeExists: boolean;
}

export interface Capacity {
  readonly nodeMinimum: number;
  readonly pythonMinimum: number;
}

/** Two tasks, one a zone: a single task is an outage whenever it is replaced. */
const SMALLEST = 2;

/**
 * Node's minimum stays at its peak as long as it exists: a rollback sends everything back in one call, and a task needs
 * minutes to start. Python's minimum is sized for its share before the share rises.
 */
export function capacityFor(input: CapacityInput): Capacity {
  const forShare = Math.ceil((input.pythonTasksAtFull * input.pythonShare) / 100);
  return {
    nodeMinimum: input.nodeExists ? Math.max(SMALLEST, input.nodePeakTasks) : 0,
    pythonMinimum: Math.max(SMALLEST, forShare),
  };
}
