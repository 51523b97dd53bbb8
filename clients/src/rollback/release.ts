import { CloudWatchClient, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { SSMClient } from "@aws-sdk/client-ssm";
import type { AwsPlace } from "@cutover/domain/aws-place";
import { UNRECORDED } from "@cutover/domain/release";
import { openRecord, type RollbackRecord } from "@cutover/domain/rollback/record";
import { type PersistOptions, persist } from "../aws/persist";
import { type KillSwitchPlace, readKillSwitch, setKillSwitch } from "../loadbalancer/kill-switch";
import {
  markReleased,
  markReleasing,
  readRollbacks,
  removeRollbacks,
  unmarkReleasing,
} from "../record/rollback-record";

/** Inputs of the KillSwitch resource, as its state keeps them. */
export interface ReleaseInputs {
  readonly stack: string;
  readonly aws: AwsPlace;
  readonly ruleArn: string;
  /** Absent once Node is removed. */
  readonly nodeTargetGroupArn?: string;
  readonly inboxTargetGroupArn?: string;
  /** Alarms that roll back: none may be in ALARM at the moment of the release. */
  readonly alarmNames: readonly string[];
  /** Id that a person acknowledged; nothing is ever written without it. */
  readonly release?: string;
}

export interface ReleaseClients {
  readonly elb: Pick<ElasticLoadBalancingV2Client, "send">;
  readonly ssm: Pick<SSMClient, "send">;
  readonly cloudwatch: Pick<CloudWatchClient, "send">;
}

/** Traffic was not given back: somebody rolled back again, or an alarm is in ALARM. */
export class ReleaseRefused extends Error {
  override readonly name = "ReleaseRefused";
}

const PATIENT: PersistOptions = { deadlineMs: 30_000 };
/** A rule reads as written at once; where it does not, somebody else has moved it meanwhile. */
const WRITE_OFF: PersistOptions = { deadlineMs: 10_000 };

/** A mark that can't be removed stops counting by itself; what the release has to say is not held up for longer. */
const VOID: PersistOptions = { deadlineMs: 10_000 };

/** What the release came to. */
export type Released = "released" | "nothing to release";

/**
 * Puts the kill switch off for the rollback a person acknowledged. Fenced twice: the newest record must be that one before
 * the write and after it; a rollback that came in between is put back in force. Safe to repeat.
 * @throws ReleaseRefused where another rollback is in force, or an alarm that rolls back is in ALARM
 */
export async function releaseKillSwitch(
  inputs: ReleaseInputs,
  given?: ReleaseClients,
  write: PersistOptions = WRITE_OFF,
): Promise<Released> {
  const { release, stack } = inputs;
  if (release === undefined) return "nothing to release";
  const place = placeOf(inputs);
  const clients = given ?? clientsFor(inputs.aws);
  const { records } = await readRollbacks(stack, clients.ssm, PATIENT);
  const open = openRecord(records);
  if (open && open.id !== release) return staleOrRefused(release, open, records);
  const live = await readKillSwitch(place, clients.elb, PATIENT);
  if (!open && (live === "off" || release !== UNRECORDED)) return nothingOpen(release, live);

  if (!open) {
    await refuseWhileRinging(inputs.alarmNames, clients.cloudwatch);
    await putOff(inputs, undefined, place, clients, write);
    return "released";
  }
  let mayBeOff = false;
  try {
    await markReleasing(stack, open.id, clients.ssm, PATIENT);
    await refuseWhileRinging(inputs.alarmNames, clients.cloudwatch);
    mayBeOff = true;
    await putOff(inputs, open.id, place, clients, write);
  } catch (error) {
    await voidMark(stack, open.id, mayBeOff, place, clients);
    throw error;
  }
  await markReleased(stack, open.id, clients.ssm, PATIENT);
  return "released";
}

/** @throws ReleaseRefused where a rollback other than `openId` came in between; it is put back in force */
async function putOff(
  { stack, release }: ReleaseInputs,
  openId: string | undefined,
  place: KillSwitchPlace,
  clients: ReleaseClients,
  write: PersistOptions,
): Promise<void> {
  const written = await setKillSwitch("off", place, clients.elb, write).catch((error: unknown) => error);
  const after = openRecord((await readRollbacks(stack, clients.ssm, PATIENT)).records);
  if (after && after.id !== openId) {
    await setKillSwitch(after.to, place, clients.elb, PATIENT);
    throw new ReleaseRefused(
      `Rollback ${after.id} (${after.trigger.text}) happened while ${release} was being released; it stays in force. Nothing was given back to Python.`,
    );
  }
  if (written !== undefined) throw written;
}

/**
 * The mark would make a switch that a person puts off a finished release. It stays only where the write may have taken
 * effect after all: then the function finishes what this release could not.
 */
async function voidMark(
  stack: string,
  id: string,
  mayBeOff: boolean,
  place: KillSwitchPlace,
  { elb, ssm }: ReleaseClients,
): Promise<void> {
  try {
    if (mayBeOff && (await readKillSwitch(place, elb, VOID)) === "off") return;
    await unmarkReleasing(stack, id, ssm, VOID);
  } catch {
    // What the release has to say comes first.
  }
}

/** Part of the stack's destroy: no record stays behind. */
export async function forgetRollbacks(
  stack: string,
  aws: AwsPlace,
  ssm: ReleaseClients["ssm"] = new SSMClient(aws),
): Promise<void> {
  await removeRollbacks(stack, ssm, PATIENT);
}

/** An acknowledgement that stayed in the file is no harm; one of a rollback that is not over is. */
function staleOrRefused(release: string, open: RollbackRecord, records: readonly RollbackRecord[]): Released {
  if (records.some(({ id, releasedAt }) => id === release && releasedAt !== undefined)) return "nothing to release";
  if (release === UNRECORDED && open.trigger.kind !== "by-hand") return "nothing to release";
  throw new ReleaseRefused(
    `${release} was to be released, but the newest rollback is ${open.id} (${open.trigger.text}), so the kill switch stays. Read what happened, then: pulumi config set cutover:acknowledgeRollback ${open.id}`,
  );
}

function nothingOpen(release: string, live: string): Released {
  if (live === "off" || live === "missing") return "nothing to release";
  throw new ReleaseRefused(
    `${release} was released before, and since then somebody moved the kill switch to "${live}". The rollback function records that within a minute; acknowledge that record.`,
  );
}

async function refuseWhileRinging(
  alarmNames: readonly string[],
  cloudwatch: Pick<CloudWatchClient, "send">,
): Promise<void> {
  if (alarmNames.length === 0) return;
  const command = new DescribeAlarmsCommand({
    AlarmNames: [...alarmNames],
    AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
    StateValue: "ALARM",
  });
  const read = (abortSignal: AbortSignal) => cloudwatch.send(command, { abortSignal });
  const { MetricAlarms = [], CompositeAlarms = [] } = await persist("reading the alarms", read, PATIENT);
  const ringing = [...MetricAlarms, ...CompositeAlarms].map(({ AlarmName }) => AlarmName);
  if (ringing.length === 0) return;
  throw new ReleaseRefused(
    `${ringing.join(", ")} went into ALARM while this update ran, so the kill switch stays and Python gets no message. Wait until it is OK, then run pulumi up again.`,
  );
}

function placeOf({ ruleArn, nodeTargetGroupArn, inboxTargetGroupArn }: ReleaseInputs): KillSwitchPlace {
  return {
    ruleArn,
    ...(nodeTargetGroupArn === undefined ? {} : { nodeTargetGroupArn }),
    ...(inboxTargetGroupArn === undefined ? {} : { inboxTargetGroupArn }),
  };
}

function clientsFor(aws: AwsPlace): ReleaseClients {
  return {
    elb: new ElasticLoadBalancingV2Client(aws),
    ssm: new SSMClient(aws),
    cloudwatch: new CloudWatchClient(aws),
  };
}
