import type { PhaseName } from "@cutover/domain/phases";
import { frontDoorUrl } from "@cutover/domain/webhook";
import type { EngineResult } from "../engine/stack";
import { messageOf } from "../errors";
import type { FaultName } from "../faults";
import { waitFor } from "../support/wait";
import type { RollbackFunction } from "./rollback-function";
import type { ProofScene } from "./world";

/**
 * How a row ends. `node`, `hold`: where the kill switch sends every message. `left`: it was asked for a rollback and traffic
 * stayed where it was. `ignored`: the event meant nothing any more.
 */
export type RowOutcome = "node" | "hold" | "left" | "ignored";

/** Rungs at which every row is played. */
export const MATRIX_PHASES = ["ramp-50", "full"] as const satisfies readonly PhaseName[];

/** Messages a second while they are held: the emulated Lambda and its queue take few. */
export const HELD_RATE = 4;

/** What a row plays with. */
export interface RowWorld {
  readonly scene: ProofScene;
  readonly rollback: RollbackFunction;
  /** Percent that Python gets by weight in this phase. */
  readonly share: number;
}

/** A row after it has begun. */
export interface BegunRow {
  /** When the rollback was called for, ms since the epoch; undefined: an alarm does. */
  readonly calledAt?: number | Promise<number>;
  /** Mends what must not outlast the move of the switch, once the switch is seen. */
  readonly mendAfterSwitch?: () => void;
  /** Looks after the switch whether this row's own promise was kept; what was not, in a sentence each. */
  readonly judge?: () => Promise<readonly string[]>;
  /** Mends everything. */
  readonly lift: () => Promise<void> | void;
}

/** One row of the matrix; it is played in each phase. */
export interface FaultRow {
  readonly fault: string;
  /** What is done, for people. */
  readonly what: string;
  /** By Python's share in percent. Without an inbox nothing holds messages; then a row that ends in `hold` is left. */
  readonly outcome: (share: number) => RowOutcome;
  /** Only an alarm finds out: messages may be lost until it rings. All other rows lose nothing at all. */
  readonly detects: boolean;
  /** Whether GoHighLevel holds Node's own URL in the end. */
  readonly webhookAtNode: boolean;
  readonly begin: (world: RowWorld) => Promise<BegunRow> | BegunRow;
}

/** Rehearsal minutes: a lease of Python's tasks, and the 10 minutes that cutover requeue waits for. */
const UNTOUCHED_MINUTES = 21;
/** Messages that Python works on when its tasks die. */
const UNDER_WAY = 10;

/** A fault of the applications that an alarm has to find. */
function broken(fault: string, what: string, name: FaultName): FaultRow {
  return {
    ...{ fault, what, outcome: () => "node", detects: true, webhookAtNode: true },
    begin: ({ scene }) => ({ lift: scene.stage.faults.inject(name) }),
  };
}

/** Python answers 5xx, and something that the rollback needs is down at the same time. */
function besides(fault: string, what: string, second: (world: RowWorld) => () => void): FaultRow {
  return {
    ...{ fault, what, outcome: () => "node", detects: true, webhookAtNode: true },
    begin: (world) => {
      const mend = second(world);
      const lift = world.scene.stage.faults.inject("python-5xx");
      return {
        mendAfterSwitch: mend,
        lift: () => {
          mend();
          lift();
        },
      };
    },
  };
}

/** Nothing is broken: an event alone, whose rollback must lose nothing. */
function called(fault: string, what: string, begin: FaultRow["begin"]): FaultRow {
  return { fault, what, outcome: () => "node", detects: false, webhookAtNode: true, begin };
}

/** Python's rows in each phase, in the order in which they are played: the late event needs a release before it. */
export const FAULT_ROWS: readonly FaultRow[] = [
  broken("5xx", "Python answers 500 and stores nothing", "python-5xx"),
  broken("hang", "Python takes messages and does not answer", "python-hang"),
  broken("slow", "Python answers 4 s later", "python-slow"),
  {
    ...broken(
      "tasks dead",
      "Python's tasks are killed in the middle of their work and none can start; cutover requeue hands over the rest",
      "python-dead",
    ),
    begin: tasksDead,
  },
  broken("routing", "Python routes every message to a wrong agent", "routing"),
  broken("booking", "every booking of Python's fails", "booking"),
  {
    fault: "Node dead",
    what: "Node's tasks are killed and none can start; somebody asks for a rollback all the same. Where Node has a share, messages are held",
    // Without a share Node's death hurts nobody: Python answers every message.
    outcome: (share) => (share === 100 ? "left" : "hold"),
    detects: true,
    webhookAtNode: false,
    begin: nodeDead,
  },
  {
    fault: "both dead",
    what: "the tasks of both are killed and none can start",
    outcome: () => "hold",
    detects: true,
    webhookAtNode: false,
    begin: ({ scene: { stage } }) => {
      const lifts = [stage.faults.inject("node-dead"), stage.faults.inject("python-dead")];
      return { lift: () => lifts.forEach((lift) => void lift()) };
    },
  },
  besides("ELB throttled", "Python answers 500; ELB refuses the function's first 3 calls of each kind", throttled),
  besides("GHL down", "Python answers 500; GoHighLevel's API answers 503", ({ scene }) =>
    scene.stage.faults.inject("ghl-down"),
  ),
  besides("SSM down", "Python answers 500; SSM answers the function 503", ({ scene, rollback: { accessKeyId } }) =>
    scene.stage.gateway.inject({ service: "ssm", accessKeyId, respond: "unavailable" }),
  ),
  called("duplicate event", "the same alarm event arrives three times, twice at once", duplicate),
  {
    fault: "late event",
    what: "an alarm event from before the last release arrives",
    outcome: () => "ignored",
    detects: false,
    webhookAtNode: false,
    begin: late,
  },
  called("lambda killed", "the function is killed with SIGKILL once ELB has moved the switch", lambdaKilled),
  called("up in flight", "a rollback is called for while pulumi up changes the weight", upInFlight),
  {
    ...called(
      "operator resets GHL",
      "a person sets the webhook back to the front door while the rollback is in force",
      operator,
    ),
    webhookAtNode: false,
  },
];

/** Nothing finishes what Python accepted: once nobody can be at work on it any more it is Node's. */
async function tasksDead({ scene: { stage } }: RowWorld): Promise<BegunRow> {
  const { postgres, engine, signal } = stage;
  const alarm = async (rings: boolean) => {
    const name = `cutover-${stage.stack}-unfinished`;
    await waitFor(() => stage.cloudwatch.ringing().some((one) => one.alarm === name) === rings, {
      ...{ what: `the alarm ${name} to ${rings ? "ring" : "be calm"}`, deadlineMs: 90_000, everyMs: 100, signal },
    });
  };
  const unfinished = async (untouchedMinutes: number) => {
    const [row] = await postgres.query<{ rows: number }>(
      postgres.url,
      `SELECT count(*)::int AS rows FROM langgraph_ops.unfinished_messages WHERE engine = 'python' AND age_seconds >= $1`,
      [untouchedMinutes * 60],
    );
    return row?.rows ?? 0;
  };
  // What is worked on for 4 s is under way when the tasks die.
  const quick = stage.faults.inject("python-slow");
  await waitFor(async () => (await unfinished(0)) >= UNDER_WAY, {
    ...{ what: "messages to be under way in Python", deadlineMs: 30_000, everyMs: 100, signal },
  });
  const alive = stage.faults.inject("python-dead");
  return {
    lift: () => {
      quick();
      alive();
    },
    judge: async () => {
      // A row's last change is at most a lease (10 s, of real time) after its beginning: older rows are nobody's.
      await waitFor(async () => (await unfinished(0)) === (await unfinished(UNTOUCHED_MINUTES)), {
        ...{ what: "unfinished messages to be old enough", deadlineMs: 60_000, everyMs: 250, signal },
      });
      const before = await unfinished(0);
      if (before === 0) return ["Python left no message unfinished, so nothing was there to hand over"];
      // People are told although the rollback is long over.
      await alarm(true);
      const environment = { CUTOVER_DATABASE_URL: postgres.url };
      const { exitCode, stdout, stderr } = await engine.cutover("requeue", ["--yes"], environment);
      const after = await unfinished(0);
      await alarm(false);
      const good = exitCode === 0 && after === 0 && stdout.includes(`Handed to Node: ${before}.`);
      return good ? [] : [`cutover requeue, ${before} unfinished before and ${after} after: ${stdout || stderr}`];
    },
  };
}

async function nodeDead({ scene: { stage }, rollback, share }: RowWorld): Promise<BegunRow> {
  const lift = stage.faults.inject("node-dead");
  // Only once all targets are seen dead is there nothing to roll back to.
  await waitFor(
    () =>
      stage.balancer.config.targetGroups
        .filter(({ name }) => /-no-/.test(name))
        .every(({ arn }) => stage.balancer.hostCounts(arn).HealthyHostCount === 0),
    { what: "Node's targets to be unhealthy", deadlineMs: 30_000, signal: stage.signal },
  );
  const calledAt = Date.now();
  const answer = rollback.manual("the proof asks although Node is dead");
  // Where messages are held the reconciler, which looks each minute, may have been quicker.
  const good = share === 100 ? ["left"] : ["rolled-back", "joined", "completed"];
  const judge = async () => {
    const { outcome = "nothing", sentence } = await answer;
    return good.includes(outcome) ? [] : [`the function answered ${outcome}: ${sentence}`];
  };
  return { calledAt, judge, lift };
}

function throttled({ scene: { stage }, rollback: { accessKeyId } }: RowWorld): () => void {
  const ends = ["ModifyRule", "DescribeRules"].map((action) =>
    stage.gateway.inject({
      ...{ service: "elasticloadbalancing", action, accessKeyId },
      ...({ respond: "throttle", times: 3 } as const),
    }),
  );
  return () => ends.forEach((end) => void end());
}

async function duplicate({ rollback }: RowWorld): Promise<BegunRow> {
  const before = (await rollback.records()).length;
  const calledAt = Date.now();
  const deliver = async () => {
    const twice = await Promise.all([rollback.alarm(calledAt), rollback.alarm(calledAt)]);
    return [...twice, await rollback.alarm(calledAt)];
  };
  const answers = deliver();
  return {
    calledAt,
    judge: async () => {
      const outcomes = (await answers).map(({ outcome, sentence }) => outcome ?? sentence);
      const made = (await rollback.records()).length - before;
      const first = outcomes.filter((it) => it === "rolled-back").length;
      return made === 1 && first === 1 ? [] : [`${made} records; the function answered ${outcomes.join(", ")}`];
    },
    lift: async () => void (await answers),
  };
}

async function late({ rollback }: RowWorld): Promise<BegunRow> {
  const released = await rollback.lastRelease();
  const before = (await rollback.records()).length;
  if (released === 0) throw new Error("no rollback was released yet, so no event can be from before one");
  const calledAt = Date.now();
  const { outcome, sentence } = await rollback.alarm(released - 1000);
  return {
    calledAt,
    judge: async () => {
      const made = (await rollback.records()).length - before;
      return outcome === "ignored" && made === 0 ? [] : [`${made} records; ${outcome}: ${sentence}`];
    },
    lift: () => {},
  };
}

function lambdaKilled({ scene: { stage }, rollback }: RowWorld): BegunRow {
  let killed = 0;
  const end = stage.gateway.inject({
    ...{ service: "elasticloadbalancing", action: "ModifyRule", accessKeyId: rollback.accessKeyId },
    ...({ respond: "lose-answer", times: 1 } as const),
    onMet: () => {
      killed = rollback.kill();
    },
  });
  const calledAt = Date.now();
  const answer = rollback.alarm(calledAt);
  return {
    calledAt,
    judge: async () => {
      const { outcome } = await answer;
      return [
        ...(killed > 0 ? [] : ["no process of the function was found to kill"]),
        ...(outcome === undefined ? [] : [`the function answered ${outcome} although it was killed`]),
      ];
    },
    lift: end,
  };
}

async function upInFlight({ scene: { stage }, rollback, share }: RowWorld): Promise<BegunRow> {
  const { engine } = stage;
  await engine.configSet({ key: "cutover:pythonWeight", value: String(share - 10) });
  let up: Promise<EngineResult> | undefined;
  let answer: Promise<unknown> | undefined;
  const calledAt = new Promise<number>((resolve, reject) => {
    const onProgress = (text: string) => {
      if (answer || text === "program starts") return;
      const now = Date.now();
      answer = rollback.alarm(now);
      resolve(now);
    };
    up = engine.up({ allowFailure: true, onProgress });
    const tooLate = () => reject(new Error("the update ended before its first event was seen"));
    up.then(tooLate, reject);
  });
  return {
    calledAt,
    judge: async () => {
      const [result] = await Promise.all([up, answer]);
      const { changed = 0, exitCode } = result ?? {};
      return changed > 0 ? [] : [`the update changed nothing (exit code ${exitCode}), so nothing was in flight`];
    },
    lift: async () => {
      await Promise.allSettled([up, answer]);
      await engine.configRm("cutover:pythonWeight");
    },
  };
}

async function operator({ scene: { stage }, rollback }: RowWorld): Promise<BegunRow> {
  const { ghl, webhookValue, signal } = stage;
  const frontDoor = frontDoorUrl({ domain: stage.domain });
  const before = (await rollback.records()).length;
  const calledAt = Date.now();
  const answer = rollback.alarm(calledAt);
  // Not before the function has read back what it wrote: until then another value is a write that GoHighLevel has not shown yet.
  const moved = async () => (await rollback.records()).at(before)?.steps.webhook?.state === "done";
  const resetting = waitFor(moved, {
    ...{ what: "the rollback to have moved the webhook", deadlineMs: 30_000, everyMs: 20, signal },
  }).then(
    () => ghl.editByHand(webhookValue, frontDoor),
    (error: unknown) => messageOf(error),
  );
  return {
    calledAt,
    judge: async () => {
      const [problem] = await Promise.all([resetting, answer]);
      if (problem) return [problem];
      const since = Date.now();
      await waitFor(() => rollback.looks(since) >= 3, {
        ...{ what: "the reconciler to have looked three times", deadlineMs: 30_000, signal },
      });
      return ghl.valueOf(webhookValue) === frontDoor ? [] : ["the person's URL was written over"];
    },
    lift: async () => void (await Promise.allSettled([resetting, answer])),
  };
}
