import { ladder, type PhaseName, phaseOf } from "@cutover/domain/phases";
import type { Arguments } from "../arguments";
import { UsageError } from "../errors";
import type { FaultName } from "../faults";
import { dashboardShowsData } from "./dashboard";
import { definitionsAsGenerated } from "./deployed-definitions";
import { overrideRecorded } from "./evidence-ledger";
import {
  alarmsAreArmed,
  bothServicesHealthy,
  type Expectation,
  ghlUntouched,
  killSwitchOff,
  migrationsApplied,
  migrationsNotRerun,
  nodeIsGone,
  onLoopbackOnly,
  secretInGhl,
  webhookAsFound,
  webhookAtFrontDoor,
  webhookAtNode,
} from "./expectations";
import { noticesPlanned } from "./notices";
import { failedCriterion, newImageUnaccepted, OVERRIDE_NAME, tooLittleEvidence } from "./play-gate";
import type { Chapter, FaultStep, StoryStep, UpStep } from "./steps";
import { MESSAGES_PER_PHASE } from "./traffic";

/**
 * On the other rungs fewer, so that the whole plan fits in five minutes; the band is as wide as it has to be, and with affinity
 * each message is judged by its contact besides.
 */
const FEWER_MESSAGES = 400;

interface UpOptions extends Partial<Omit<UpStep, "kind" | "phase" | "expectations">> {
  readonly expect?: readonly Expectation[];
}

function up(phase: PhaseName, { expect = [], ...more }: UpOptions = {}): UpStep {
  return {
    kind: "up",
    phase,
    asksNext: false,
    measure: 0,
    again: false,
    refresh: false,
    expectations: expect,
    ...more,
  };
}

/** Which triggers are there for a fault that the plan names. */
const TRIGGERS = {
  "python-5xx": /^python-error/,
  "python-slow": /^python-slow-(short|long)$/,
  routing: /^python-routing-/,
  booking: /^python-bookings-/,
  "python-dead": /^python-(hosts|connections|probes)$/,
} as const satisfies Partial<Record<FaultName, RegExp>>;

type PlannedFault = keyof typeof TRIGGERS;

function fault(
  name: PlannedFault,
  phase: PhaseName,
  more: Pick<FaultStep, "share" | "insist" | "mend" | "ghlDown"> = {},
): FaultStep {
  return { kind: "fault", fault: name, phase, triggers: TRIGGERS[name], withinMinutes: 15, ...more };
}

/** `cutover:startsAt` is weeks away by the rehearsal's clock, so these stay to come. */
const BEFORE = ["week-before", "day-before"] as const;

const PREPARE = up("prepare", {
  refresh: true,
  expect: [
    ghlUntouched,
    webhookAsFound,
    bothServicesHealthy,
    migrationsApplied,
    alarmsAreArmed,
    noticesPlanned(...BEFORE),
  ],
});
const FRONT_DOOR = up("front-door", {
  measure: FEWER_MESSAGES,
  expect: [webhookAtFrontDoor, secretInGhl, migrationsNotRerun],
});
const PARALLEL = up("parallel", {
  asksNext: true,
  measure: MESSAGES_PER_PHASE,
  again: true,
  refresh: true,
  expect: [
    webhookAtFrontDoor,
    bothServicesHealthy,
    migrationsNotRerun,
    definitionsAsGenerated,
    onLoopbackOnly,
    noticesPlanned(...BEFORE, "progress"),
  ],
});

const rung = (phase: PhaseName) =>
  up(phase, { asksNext: true, measure: FEWER_MESSAGES, expect: [webhookAtFrontDoor, killSwitchOff] });
/** A rung that was measured before: climbed again after a rollback. */
const again = (phase: PhaseName): UpStep => ({ ...rung(phase), measure: 0 });
const released = (phase: PhaseName, more: UpOptions = {}) =>
  up(phase, {
    release: true,
    expect: [webhookAtFrontDoor, killSwitchOff, bothServicesHealthy],
    ...more,
  });

/** The gate refuses for too little evidence, then for a failed criterion, and a person puts that aside. */
const OVERRIDDEN: UpStep = {
  ...rung("ramp-90"),
  asksNext: false,
  before: [tooLittleEvidence, failedCriterion],
  warns: `Overridden by ${OVERRIDE_NAME}`,
  unset: ["cutover:override"],
  expectations: [webhookAtFrontDoor, killSwitchOff, overrideRecorded],
};

/** That nothing is left to do shows after the refused destroy, which takes back nothing but the record. */
const DECOMMISSION = up("decommission", {
  asksNext: true,
  measure: FEWER_MESSAGES,
  expect: [webhookAtFrontDoor, nodeIsGone, migrationsNotRerun, definitionsAsGenerated],
});

/** A migration that is given up: everything back to Node, then `pulumi destroy`. */
export const ABANDONED: Chapter = {
  title: "a migration that is given up",
  affinity: "none",
  steps: [
    PREPARE,
    { ...FRONT_DOOR, measure: 0 },
    { ...PARALLEL, measure: 600, again: false, refresh: false },
    up("node-only", {
      refused: [
        {
          what: "pulumi up back to front-door without cutover:from",
          phase: "front-door",
          config: [],
          says: "cutover:from",
        },
      ],
      expect: [webhookAtNode, migrationsNotRerun],
    }),
  ],
  ending: "destroy",
};

/** The plan from its first day to its last, with every fault it names. */
export const WHOLE: Chapter = {
  title: "the whole plan",
  affinity: "contact",
  steps: [
    { ...PREPARE, refresh: false },
    FRONT_DOOR,
    PARALLEL,
    rung("ramp-25"),
    { ...rung("ramp-50"), expectations: [webhookAtFrontDoor, killSwitchOff, dashboardShowsData] },
    fault("python-5xx", "ramp-50", { share: 0.3, insist: true }),
    released("parallel", {
      newImage: true,
      // Enough for the gate at 10 %: the tens of messages that are missing would come more slowly later.
      measure: 900,
      expect: [webhookAtFrontDoor, killSwitchOff, bothServicesHealthy, definitionsAsGenerated, alarmsAreArmed],
      refused: [
        {
          what: "pulumi up with an id that is no rollback's",
          config: [{ key: "cutover:acknowledgeRollback", value: "rb-0999" }],
          says: "the rollback that waits is",
        },
      ],
    }),
    again("ramp-25"),
    again("ramp-50"),
    rung("ramp-75"),
    fault("python-slow", "ramp-75", { mend: [newImageUnaccepted] }),
    released("ramp-75", { fewMessages: true }),
    OVERRIDDEN,
    fault("routing", "ramp-90", { share: 0.5, ghlDown: true, mend: [] }),
    released("ramp-90"),
    fault("booking", "ramp-90", { share: 0.5, mend: [] }),
    released("ramp-90", { measure: FEWER_MESSAGES }),
    { ...rung("full"), expectations: [webhookAtFrontDoor, killSwitchOff, definitionsAsGenerated, alarmsAreArmed] },
    fault("python-dead", "full", { mend: [] }),
    released("full", { measure: FEWER_MESSAGES }),
    DECOMMISSION,
  ],
  ending: "refused",
};

/** Every step up of the ladder once, without a fault. */
const WAY_UP: readonly UpStep[] = ladder.map(
  ({ name }) => [PREPARE, FRONT_DOOR, PARALLEL, DECOMMISSION].find((step) => step.phase === name) ?? rung(name),
);

/**
 * What is played: both stories; with PHASES a way up, and the destroy after it; with FAULT a fault where it ends, and the
 * release; with KEEP all that stays.
 * @throws UsageError where the names are no beginning of the ladder, or the fault is none of the plan's or can't come there
 */
export function chooseChapters({
  phases,
  fault: broken,
  keep,
}: Pick<Arguments, "phases" | "fault" | "keep">): readonly Chapter[] {
  if (phases === undefined && broken === undefined && !keep) return [ABANDONED, WHOLE];
  const steps = wayUpTo(phases ?? "parallel");
  const last = steps.at(-1)?.phase ?? "prepare";
  const ending = keep ? "none" : phaseOf(last).node === "removed" ? "refused" : "destroy";
  const affinity = "contact";
  if (broken === undefined) return [{ title: `the way up to ${last}`, affinity, steps, ending }];
  return [{ title: `${broken} at ${last}`, affinity, steps: [...steps, ...brokenAt(last, broken)], ending }];
}

function brokenAt(phase: PhaseName, name: string): readonly StoryStep[] {
  if (!(name in TRIGGERS)) {
    throw new UsageError(`FAULT="${name}" is none of the plan's faults: ${Object.keys(TRIGGERS).join(", ")}.`);
  }
  const { pythonShare, node } = phaseOf(phase);
  if (pythonShare === 0 || node === "removed") {
    throw new UsageError(
      `FAULT=${name} needs a phase in which Python has a share and Node lives: PHASES=parallel to full.`,
    );
  }
  return [
    fault(name as PlannedFault, phase, { insist: true, ghlDown: name === "routing" }),
    released(phase, { newImage: true }),
  ];
}

/**
 * The part of the ladder that PHASES asks for: `prepare,front-door`, or just the phase with which to end, `front-door`.
 * @throws UsageError where the names are no beginning of the ladder
 */
function wayUpTo(names: string): readonly UpStep[] {
  const asked = names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const told: readonly string[] = WAY_UP.map((step) => step.phase);
  const last = asked.length === 1 ? told.indexOf(asked[0] ?? "") : -1;
  if (last >= 0) return WAY_UP.slice(0, last + 1);
  if (asked.length > 0 && asked.every((name, i) => name === told[i])) return WAY_UP.slice(0, asked.length);
  throw new UsageError(
    `PHASES="${names}" is no beginning of the ladder. The ladder is ${told.join(",")}; ` +
      `play its first part, for example PHASES=${told.slice(0, 2).join(",")} or PHASES=${told[2]}.`,
  );
}
