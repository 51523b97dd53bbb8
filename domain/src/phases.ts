/** Where the GoHighLevel webhook points in a phase. `as-found` is the URL that was there before we came. */
export type WebhookTarget = "as-found" | "front-door" | "node";

/** What becomes of the Node service in a phase. `removed` only after its code is archived. */
export type NodeRole = "live" | "standby" | "removed";

/** One row of the phase table. Everything that depends on the phase is a column here; nothing else asks which phase it is. */
export interface Phase {
  /** Value of `cutover:phase`. */
  readonly name: PhaseName;
  /** Position on the ladder; undefined for `node-only`, which stands beside it. */
  readonly rung: number | undefined;
  /** When the plan wants it, as the plan words it. */
  readonly planned: string;
  /** Percent of customer messages that Python gets. */
  readonly pythonShare: number;
  readonly node: NodeRole;
  readonly webhook: WebhookTarget;
  /** Migrations that remove what Node needs (`contract`) may run once this phase is applied. */
  readonly contractMigrations: boolean;
  /** One sentence for people: what this phase means. */
  readonly means: string;
}

const LADDER = [
  phase(
    "prepare",
    "checklist, T-7 days",
    0,
    "live",
    "as-found",
    "Everything is built and probed; no customer notices.",
  ),
  phase(
    "front-door",
    "before day 1",
    0,
    "live",
    "front-door",
    "All messages still reach Node, now through our load balancer.",
  ),
  phase("parallel", "day 1-3", 10, "live", "front-door", "Python answers 10 % of the messages beside Node."),
  phase("ramp-25", "day 4", 25, "live", "front-door", "Python answers 25 % of the messages."),
  phase("ramp-50", "day 5", 50, "live", "front-door", "Python answers half of the messages."),
  phase("ramp-75", "day 6", 75, "live", "front-door", "Python answers 75 % of the messages."),
  phase("ramp-90", "day 7", 90, "live", "front-door", "Python answers 90 % of the messages."),
  phase(
    "full",
    "day 8, watched for 24 hours",
    100,
    "standby",
    "front-door",
    "Python answers everything; Node stands by at full capacity.",
  ),
  phase(
    "decommission",
    "day 9-10",
    100,
    "removed",
    "front-door",
    "Node is archived and removed; there is no way back to it.",
    true,
  ),
] as const;

/** Names of the rungs, lowest first, then `node-only`. Source: plan, "Cutover Steps" and "Rollback Plan". */
export type PhaseName =
  | "prepare"
  | "front-door"
  | "parallel"
  | "ramp-25"
  | "ramp-50"
  | "ramp-75"
  | "ramp-90"
  | "full"
  | "decommission"
  | "node-only";

function phase(
  name: PhaseName,
  planned: string,
  pythonShare: number,
  node: NodeRole,
  webhook: WebhookTarget,
  means: string,
  contractMigrations = false,
): Omit<Phase, "rung"> {
  return { name, planned, pythonShare, node, webhook, means, contractMigrations };
}

/** The ladder from first to last rung: a step up goes to the next element, never past it. */
export const ladder: readonly Phase[] = LADDER.map((row, rung) => ({ ...row, rung }));

/** The rollback plan by hand: all traffic and the webhook on Node. Allowed at any time while Node exists. */
export const nodeOnly: Phase = {
  ...phase("node-only", "rollback plan", 0, "live", "node", "All messages go to Node at its own URL."),
  rung: undefined,
};

/** Every phase, in the order in which people read them. */
export const phases: readonly Phase[] = [...ladder, nodeOnly];

/** The phase of that name. @throws RangeError for a name that is no phase. */
export function phaseOf(name: string): Phase {
  const found = phases.find((p) => p.name === name);
  if (!found) throw new RangeError(`"${name}" is no phase; expected one of ${phases.map((p) => p.name).join(", ")}`);
  return found;
}

export function isPhaseName(name: string): name is PhaseName {
  return phases.some((p) => p.name === name);
}

/** The next rung up, or undefined at the top and for `node-only`. */
export function nextRung(of: Phase): Phase | undefined {
  return of.rung === undefined ? undefined : ladder[of.rung + 1];
}
