import { newestRollback } from "@cutover/clients/record/rollback-record";
import { namesIn } from "@cutover/domain/cloudwatch/composite";
import { nextRung, phaseOf } from "@cutover/domain/phases";
import { showUrl } from "@cutover/domain/webhook";
import { describeChanges, describeErrors } from "../engine/events";
import { messageOf } from "../errors";
import { waitFor } from "../support/wait";
import { NODE_TASKS } from "../world/names";
import { calledByAlarm, compositeAlarms } from "./alarm-path";
import { Checks } from "./checks";
import { type CustomerGroups, customerCounts, readCustomerGroups } from "./customer-groups";
import { mendedImage } from "./images";
import { switchInForce, weightInForce } from "./kill-switch";
import { isAccepted } from "./ledger";
import type { Scene } from "./scene";
import { type FaultStep, faultName } from "./steps";

/** The moments of a fault and of the rollback it brought about; real time, ms since the epoch. */
export interface PlayedFault {
  readonly step: FaultStep;
  /** Title of the story it belongs to. */
  readonly chapter: string;
  readonly beganAt: number;
  endedAt: number;
  injectedAt?: number;
  alarm?: { readonly name: string; readonly at: number; readonly reason: string };
  /** The load balancer obeys the switch. */
  switchedAt?: number;
  webhookAt?: number;
  liftedAt?: number;
  releasedAt?: number;
  /** Id of the rollback's record. */
  rollback?: string;
  /** Python's requests when the switch was seen in force. */
  pythonRequests?: number;
  /** Keys of the triggers that rang. */
  triggers?: readonly string[];
  /** Customers' requests that reached Python from the switch until the alarms were calm again. */
  requestsAfter: number;
  readonly checks: Checks;
}

/** Real ms in which a rollback has to be complete once its alarm rang. */
const ROLLBACK_DEADLINE_MS = 15_000;
/** Real ms in which the function gives up on a GoHighLevel that answers nothing but errors. */
const GIVES_UP_DEADLINE_MS = 45_000;
/** Real ms in which alarms have to be calm: before a fault, and after it before the release. */
const CALM_DEADLINE_MS = 90_000;
/** Goal of the issue, emulated: from the alarm to traffic being back. */
const TRAFFIC_BACK_GOAL_MS = 2000;
/** Real ms between two looks at what is in this process, and at what has to be asked of the emulated account. */
const [PATIENCE_MS, ASKING_MS] = [20, 200];
/** Composite alarms that roll back: hard and soft. */
const TIERS = 2;
/** Messages that are sent to the front door although the webhook has moved: GoHighLevel's caches are nobody's to trust. */
const FRONT_DOOR_MESSAGES = 100;

/** Breaks something, and waits for the rollback that nobody starts. */
export async function playFault(scene: Scene, step: FaultStep, chapter: string): Promise<PlayedFault> {
  const { terminal, stage } = scene;
  const checks = new Checks(({ what, ok, seen }) =>
    (ok ? terminal.good : terminal.bad).call(terminal, `${what}: ${seen}`),
  );
  const beganAt = Date.now();
  const played: PlayedFault = { step, chapter, beganAt, endedAt: beganAt, requestsAfter: 0, checks };
  terminal.heading(`${step.phase}: fault ${faultName(step)}`);
  const groups = await readCustomerGroups(stage);
  await calm(scene, played, "before the fault no alarm rolls back");
  const standby = stage.balancer.hostCounts(groups.node).HealthyHostCount;
  // Taken before: what is answered from here on may have met the fault.
  played.injectedAt = Date.now();
  stage.faults.inject(step.fault, step.share === undefined ? {} : { share: step.share });
  if (step.ghlDown) stage.faults.inject("ghl-down");
  try {
    await watchRollback(scene, played, groups);
    if (played.switchedAt !== undefined) {
      judgeStandby(scene, played, standby, groups);
      await judgeCaller(scene, played);
      if (step.insist) await insist(scene, played, groups);
      stage.faults.lift();
      played.liftedAt = Date.now();
      await judgeLate(scene, played);
      await Promise.all([
        pythonStands(scene, played, groups),
        ...(step.mend ? [deployMended(scene, played, groups)] : []),
      ]);
      await calm(scene, played, "once it is mended the alarms are calm again");
      judgeTriggers(scene, played);
      judgeAfter(scene, played, groups);
    }
  } finally {
    stage.faults.lift();
    played.liftedAt ??= Date.now();
  }
  played.endedAt = Date.now();
  return played;
}

async function watchRollback(scene: Scene, played: PlayedFault, groups: CustomerGroups): Promise<void> {
  const { stage, terminal } = scene;
  const { step, checks } = played;
  const activity = terminal.activity("nobody does anything");
  const since = played.injectedAt ?? Date.now();
  try {
    const alarm = await soon("an alarm that rolls back to ring", realMs(scene, step.withinMinutes), scene, () =>
      stage.cloudwatch.changes.find((c) => c.rollsBack && c.to === "ALARM" && c.at >= since),
    );
    played.alarm = { name: alarm.alarm, at: alarm.at, reason: alarm.reason };
    activity.progress(`${alarm.alarm} rings`);
    played.switchedAt = await soon("the kill switch to be obeyed", ROLLBACK_DEADLINE_MS, scene, () =>
      isSwitched(scene, groups) ? Date.now() : undefined,
    );
    played.pythonRequests = customerCounts(stage.balancer, groups).python;
    if (step.ghlDown) await mendGhl(scene, played);
    played.webhookAt = await soon("GoHighLevel to hold Node's own URL", ROLLBACK_DEADLINE_MS, scene, () =>
      stage.ghl.valueOf(stage.webhookValue) === stage.urlAsFound ? webhookWrittenAt(scene, since) : undefined,
    );
    const recorded = async () => {
      const newest = await newestRollback(stage.stack, stage.aws.ssm);
      return newest && !newest.releasedAt && newest.steps.verify?.state === "done" ? newest : undefined;
    };
    const what = "the rollback to be recorded and verified";
    const record = await soon(what, ROLLBACK_DEADLINE_MS, scene, recorded, ASKING_MS);
    played.rollback = record.id;
    scene.memory.openRollback = record.id;
    activity.done(`rolled back by itself: ${record.id}`);
    judgeMoments(scene, played);
  } catch (error) {
    activity.failed("not rolled back");
    stage.signal.throwIfAborted();
    const ringing = stage.cloudwatch.changes.slice(-5).map((c) => `${c.alarm} ${c.to}`);
    checks.add("traffic and webhook go back to Node by themselves", false, [messageOf(error), ...ringing].join("; "));
  }
}

/** The alarm rings once, and its run has given up on GoHighLevel: what is left to do, the reconciler has to find. */
async function mendGhl(scene: Scene, { checks }: PlayedFault): Promise<void> {
  const { stage } = scene;
  const gaveUp = async () => {
    const { webhook } = (await newestRollback(stage.stack, stage.aws.ssm))?.steps ?? {};
    return webhook?.state === "failed" ? webhook : undefined;
  };
  const what = "the rollback to give up on GoHighLevel";
  const step = await soon(what, GIVES_UP_DEADLINE_MS, scene, gaveUp, ASKING_MS);
  checks.add(
    "with GoHighLevel down traffic is back all the same, and the record says so",
    true,
    step.detail ?? "failed",
  );
  stage.faults.lift("ghl-down");
}

function judgeMoments(scene: Scene, played: PlayedFault): void {
  const { alarm, switchedAt, webhookAt, injectedAt, checks, rollback } = played;
  if (!alarm || switchedAt === undefined || webhookAt === undefined || injectedAt === undefined) return;
  const minutes = ((alarm.at - injectedAt) * scene.stage.clock.factor) / 60_000;
  checks.add("traffic and webhook go back to Node by themselves", true, `${rollback}`);
  checks.add(
    `the alarm rings within ${played.step.withinMinutes} rehearsal minutes`,
    minutes <= played.step.withinMinutes,
    `${alarm.name} after ${minutes.toFixed(1)}`,
  );
  const back = switchedAt - alarm.at;
  checks.add(
    `from the alarm to traffic back within ${TRAFFIC_BACK_GOAL_MS / 1000} s (emulated)`,
    back <= TRAFFIC_BACK_GOAL_MS,
    `${back} ms; the webhook after ${webhookAt - alarm.at} ms`,
  );
}

/** Node took everything over, so it has to be there as if nothing had been taken from it. */
function judgeStandby({ stage }: Scene, { checks }: PlayedFault, before: number, groups: CustomerGroups): void {
  const after = stage.balancer.hostCounts(groups.node).HealthyHostCount;
  checks.add(
    "Node takes over at full capacity",
    before >= NODE_TASKS && after >= NODE_TASKS,
    `${before} healthy tasks before the fault, ${after} after the switch, ${NODE_TASKS} needed`,
  );
}

/** Not the reconciler alone: it comes within a minute, and would hide that no alarm reaches the function. */
async function judgeCaller({ stage }: Scene, { checks, rollback }: PlayedFault): Promise<void> {
  if (rollback === undefined) return;
  await checks.attempt(
    "the alarm itself called the rollback function",
    () => calledByAlarm(stage, rollback),
    stage.signal,
  );
}

/** The plan names a trigger for this fault; another one that came first would hide that it is asleep. */
function judgeTriggers({ stage }: Scene, played: PlayedFault): void {
  const { step, checks, injectedAt = 0 } = played;
  const rang = stage.cloudwatch.changes
    .filter((c) => !c.rollsBack && c.to === "ALARM" && c.at >= injectedAt)
    .map((c) => c.alarm.replace(`cutover-${stage.stack}-`, ""));
  played.triggers = [...new Set(rang)];
  const own = played.triggers.filter((key) => step.triggers.test(key));
  checks.add(
    `the trigger that is there for it rings (${step.triggers.source})`,
    own.length > 0,
    rang.join(", ") || "none",
  );
}

/** `up`, `up --refresh` and an `up` to the next rung: the first two change nothing for customers, the third is refused. */
async function insist(scene: Scene, { step, checks }: PlayedFault, groups: CustomerGroups): Promise<void> {
  const { engine } = scene.stage;
  const stays = async (what: string, refresh: boolean) => {
    const activity = scene.terminal.activity(what);
    const result = await scene.traffic.duringUpdate(() => engine.up({ allowFailure: true, refresh }));
    const warned = result.diagnostics.some((d) => d.message.includes("not acknowledged"));
    const moved = whatMoved(scene, groups);
    const ok = result.exitCode === 0 && warned && moved.length === 0;
    if (ok) activity.done("stays rolled back");
    else activity.failed("not as expected");
    const seen = ok
      ? "switch, webhook and weight stay, and it says why"
      : describeErrors(result.diagnostics) || moved.join("; ") || "it does not say why";
    checks.add(`${what} does not undo the rollback`, ok, seen);
  };
  await stays("pulumi up", false);
  await stays("pulumi up --refresh", true);
  const next = nextRung(phaseOf(step.phase))?.name ?? step.phase;
  const activity = scene.terminal.activity(`pulumi up to ${next}`);
  const higher = { allowFailure: true, config: [{ key: "cutover:phase", value: next }] };
  const result = await scene.traffic.duringUpdate(() => engine.up(higher));
  const said = describeErrors(result.diagnostics);
  const moved = whatMoved(scene, groups);
  const refused = result.exitCode !== 0 && result.changed === 0 && said.includes("traffic is rolled back");
  const ok = refused && moved.length === 0;
  if (ok) activity.done("refused");
  else activity.failed("not refused as expected");
  const seen = [said.split("\n")[1] ?? (said || "no error"), ...moved].join("; ");
  checks.add(`pulumi up to ${next} is refused while rolled back`, ok, seen);
}

/** What a rollback has put in place and is no longer there: any of it would send messages to Python again. */
function whatMoved(scene: Scene, groups: CustomerGroups): string[] {
  const { ghl, webhookValue, urlAsFound, balancer } = scene.stage;
  const share = weightInForce(balancer, groups);
  return [
    ...(isSwitched(scene, groups) ? [] : ["the switch moved"]),
    ...(ghl.valueOf(webhookValue) === urlAsFound ? [] : [`the webhook is ${showUrl(ghl.valueOf(webhookValue) ?? "")}`]),
    ...(share === 0 ? [] : [`Python's weight is ${share}`]),
  ];
}

/** Rehearsal minutes after which no minute without healthy tasks can make an alarm ring any more: published within 3, looked at late. */
const OLD_NEWS_MINUTES = 8;

/**
 * Also after its tasks died: ECS starts them again, and for some minutes an alarm may still ring for the time before. Resolves
 * when that is over.
 */
async function pythonStands(scene: Scene, { checks }: PlayedFault, groups: CustomerGroups): Promise<void> {
  const { balancer, clock, signal } = scene.stage;
  const healthy = () => balancer.hostCounts(groups.python).HealthyHostCount;
  await checks.attempt(
    "Python's tasks are healthy once the fault is over",
    async () => {
      if (healthy() === 0) {
        await soon("Python's tasks to be healthy", ROLLBACK_DEADLINE_MS, scene, () => healthy() >= 1 || undefined);
        await clock.sleepUntil(clock.now() + OLD_NEWS_MINUTES * 60_000);
      }
      return { ok: healthy() >= 1, seen: `${healthy()} healthy` };
    },
    signal,
  );
}

/** The mended image comes into service while nobody depends on it; the rollback stays, and the alarms' windows pass meanwhile. */
async function deployMended(scene: Scene, { step, checks }: PlayedFault, groups: CustomerGroups): Promise<void> {
  const { engine } = scene.stage;
  for (const act of step.mend ?? []) await act.play(scene, checks);
  const activity = scene.terminal.activity("pulumi up with the mended image");
  const config = mendedImage(scene.memory);
  const options = { allowFailure: true, config, onProgress: activity.progress };
  const result = await scene.traffic.duringUpdate(() => engine.up(options));
  const renewed = result.steps.some(({ op, urn }) => op === "update" && urn.endsWith("::python-service"));
  const moved = whatMoved(scene, groups);
  const ok = result.exitCode === 0 && renewed && moved.length === 0;
  if (ok) activity.done(describeChanges(result.changes));
  else activity.failed("not as expected");
  const wrong = renewed ? moved.join("; ") : "Python's service is the one before";
  checks.add(
    "the mended image is deployed while Node answers everybody",
    ok,
    ok ? `${config[1]?.value}; switch, webhook and weight stay` : describeErrors(result.diagnostics) || wrong,
  );
}

/** The senders follow the webhook to Node's own URL; these go on to the front door, where the switch alone protects them. */
async function judgeLate({ traffic }: Scene, { checks }: PlayedFault): Promise<void> {
  const late = await traffic.atFrontDoor(FRONT_DOOR_MESSAGES);
  const byNode = late.filter((m) => m.servedBy === "node" && isAccepted(m)).length;
  checks.add(
    "messages that still come to the front door are answered by Node",
    byNode === late.length,
    `${byNode} of ${late.length}`,
  );
}

function judgeAfter(scene: Scene, played: PlayedFault, groups: CustomerGroups): void {
  played.requestsAfter = customerCounts(scene.stage.balancer, groups).python - (played.pythonRequests ?? 0);
  const ok = played.requestsAfter === 0 && isSwitched(scene, groups);
  played.checks.add("after the switch no customer's request reaches Python", ok, `${played.requestsAfter} requests`);
}

async function calm(scene: Scene, { checks }: PlayedFault, what: string): Promise<void> {
  const { cloudwatch } = scene.stage;
  const activity = scene.terminal.activity("the alarms' windows pass");
  const under = await alarmsUnderThem(scene);
  // Of the two also one that has no data yet is blind, and a fault would be injected into nothing that watches.
  const notOk = () => [
    ...cloudwatch.rollingBack().filter(({ to }) => to !== "OK"),
    ...cloudwatch.ringing().filter(({ alarm }) => under.has(alarm)),
  ];
  try {
    await soon("alarms that roll back to be OK", CALM_DEADLINE_MS, scene, () =>
      cloudwatch.rollingBack().length === TIERS && notOk().length === 0 ? true : undefined,
    );
    activity.done("calm");
    checks.add(what, true, `${TIERS} are OK, and none of the ${under.size} under them is in ALARM`);
  } catch (error) {
    activity.failed("not calm");
    scene.stage.signal.throwIfAborted();
    const seen = notOk().map(({ alarm, to }) => `${alarm} ${to}`);
    checks.add(what, false, `${messageOf(error)}: ${seen.join(", ") || "an alarm is missing"}`);
  }
}

/** Metric alarms by whose state a release is decided. */
async function alarmsUnderThem({ stage }: Scene): Promise<ReadonlySet<string>> {
  return new Set((await compositeAlarms(stage.aws)).flatMap(({ AlarmRule = "" }) => namesIn(AlarmRule)));
}

function isSwitched({ stage }: Scene, groups: CustomerGroups): boolean {
  return switchInForce(stage.balancer, groups) === "node";
}

/** When the stand-in took the first write of Node's URL since then. */
function webhookWrittenAt({ stage }: Scene, since: number): number {
  return (
    stage.ghl.writes().find((w) => w.at >= since && w.status < 300 && w.body.includes(stage.urlAsFound))?.at ??
    Date.now()
  );
}

function realMs({ stage }: Scene, minutes: number): number {
  return stage.clock.realSpan(minutes * 60_000) + ROLLBACK_DEADLINE_MS;
}

/** The first value that is not undefined. */
function soon<T>(
  what: string,
  deadlineMs: number,
  { stage }: Scene,
  ask: () => Promise<T | undefined> | T | undefined,
  everyMs = PATIENCE_MS,
): Promise<T> {
  return waitFor(ask, { what, deadlineMs, everyMs, signal: stage.signal });
}
