import { SSMClient } from "@aws-sdk/client-ssm";
import { readAlarmStates } from "@cutover/clients/alarms/states";
import { serviceThere } from "@cutover/clients/capacity/service-there";
import { clockFrom } from "@cutover/clients/clock";
import { readRule } from "@cutover/clients/loadbalancer/rules";
import { readRollbacks } from "@cutover/clients/record/rollback-record";
import { readStackRecord } from "@cutover/clients/record/stack-record";
import { liveShare } from "@cutover/domain/affinity";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { World } from "@cutover/domain/decide";
import { killSwitchState, switchTargets } from "@cutover/domain/kill-switch";
import { phaseOf } from "@cutover/domain/phases";
import type { RollbackAlarm } from "@cutover/domain/release";
import { openRollback } from "@cutover/domain/rollback/record";
import type { Manifest } from "@cutover/domain/stack-record";

/**
 * Reads once, before anything is declared, what the world is. Any error stops the program with the name of what could
 * not be read: a denied or throttled call must not look like "no rollback".
 */
export async function observe(stack: string, aws: AwsPlace): Promise<World> {
  const where = `SSM parameters below /cutover/${stack}/ in ${aws.region}`;
  const { manifest, applied } = await reading(where, () => readStackRecord(stack, aws));
  if (!manifest) return applied ? { applied } : {};
  const killSwitch = await observeKillSwitch(manifest, aws);
  const share = applied ? undefined : await observeShare(manifest, aws);
  const { records } = await reading(where, () => readRollbacks(stack, new SSMClient(aws)));
  const rollback = openRollback(records);
  const last = records.at(-1);
  const removed = applied !== undefined && phaseOf(applied.phase).node === "removed";
  const waits = rollback !== undefined || killSwitch === "node" || killSwitch === "hold";
  return {
    ...(applied ? { applied } : {}),
    ...(killSwitch ? { killSwitch } : {}),
    ...(share === undefined ? {} : { liveShare: share }),
    ...(applied ? {} : { manifest: knownWithoutApplied(manifest) }),
    ...(rollback ? { rollback } : {}),
    ...(last ? { minutesSinceRollback: minutesSince(last.at) } : {}),
    ...(removed ? { nodeRemains: await observeNode(manifest, aws) } : {}),
    ...(waits ? { alarms: await observeAlarms(manifest, aws) } : {}),
  };
}

/** A destroy that was refused has taken the record of what is applied first of all; the manifest is still there. */
function knownWithoutApplied({ services, notices }: Manifest): NonNullable<World["manifest"]> {
  return { node: services.node !== undefined, ...(notices ? { notices } : {}) };
}

/** Records carry real time; alarms look back by the clock of this process, which in a rehearsal is faster. */
function minutesSince(at: string): number {
  const clock = clockFrom(process.env);
  return (clock.now() - clock.fromReal(Date.parse(at))) / 60_000;
}

/** Alarms that roll back; asked only while a rollback waits, because then they decide whether it may be released. */
async function observeAlarms({ rollback }: Manifest, aws: AwsPlace): Promise<RollbackAlarm[]> {
  const names = rollback.alarms.map(({ name }) => name);
  const states = await reading("the alarms that roll back", () => readAlarmStates(names, aws));
  return rollback.alarms.map(({ name, windowSeconds }) => {
    const state = states.find((alarm) => alarm.name === name)?.state ?? "INSUFFICIENT_DATA";
    return { name, state, cleanBy: new Date(Date.now() + windowSeconds * 1000).toISOString() };
  });
}

/** `decommission` is recorded before the engine deletes Node's service, which it does last of all. */
function observeNode({ clusterName }: Manifest, aws: AwsPlace): Promise<boolean> {
  return reading(`Node's service in the cluster ${clusterName}`, () => serviceThere(clusterName, "node", aws));
}

async function observeKillSwitch(manifest: Manifest, aws: AwsPlace): Promise<World["killSwitch"]> {
  const { killSwitchRuleArn, targetGroups } = manifest;
  if (!killSwitchRuleArn) return undefined;
  const rule = await reading("the kill switch's listener rule", () => readRule(killSwitchRuleArn, aws));
  return rule && (killSwitchState(rule, switchTargets(targetGroups)) ?? "unclear");
}

/** Percent by the live rules; undefined where the weighted rule is gone. Rules of somebody else's count as nothing. */
async function observeShare(manifest: Manifest, aws: AwsPlace): Promise<number | undefined> {
  const rule = await reading("the weighted listener rule", () => readRule(manifest.trafficRuleArn, aws));
  if (!rule) return undefined;
  const { contactRuleArn, targetGroups } = manifest;
  const contact = contactRuleArn
    ? await reading("the listener rule for contacts", () => readRule(contactRuleArn, aws))
    : undefined;
  return Math.round(liveShare(rule, contact, targetGroups.pythonCustomer) ?? 0);
}

async function reading<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new Error(
      `Could not read ${what} (${why}). Nothing is planned while the state of the world is unknown: check the AWS credentials and region, then try again.`,
    );
  }
}
