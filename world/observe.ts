import { readRule } from "@cutover/clients/loadbalancer/rules";
import { readStackRecord } from "@cutover/clients/record/stack-record";
import type { World } from "@cutover/domain/decide";
import { killSwitchState } from "@cutover/domain/kill-switch";
import type { Manifest } from "@cutover/domain/stack-record";

/**
 * Reads once, before anything is declared, what the world is. Any error stops the program with the name of what could
 * not be read: a denied or throttled call must not look like "no rollback".
 */
export async function observe(stack: string): Promise<World> {
  const { manifest, applied } = await reading(`SSM parameters below /cutover/${stack}/`, () => readStackRecord(stack));
  const killSwitch = manifest && (await observeKillSwitch(manifest));
  return { ...(applied ? { applied } : {}), ...(killSwitch ? { killSwitch } : {}) };
}

async function observeKillSwitch(manifest: Manifest): Promise<World["killSwitch"]> {
  const { killSwitchRuleArn, targetGroups } = manifest;
  if (!killSwitchRuleArn || !targetGroups.nodeCustomer) return undefined;
  const rule = await reading("the kill switch's listener rule", () => readRule(killSwitchRuleArn));
  return rule && (killSwitchState(rule, { nodeTargetGroupArn: targetGroups.nodeCustomer }) ?? "unclear");
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
