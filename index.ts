import type { AwsPlace } from "@cutover/domain/aws-place";
import { decide } from "@cutover/domain/decide";
import * as pulumi from "@pulumi/pulumi";
import { Cutover } from "./components/cutover";
import { ConfigError, parseConfig } from "./config";
import { askGate, gatedStep, recordOf } from "./world/gate";
import { askMigrations } from "./world/migrations";
import { noticesOf } from "./world/notices";
import { observe } from "./world/observe";
import { promiseNotes } from "./world/promise";

/** observe → decide → declare. Everything that can refuse does so before the first resource is declared. */
export = async () => {
  const stack = pulumi.getStack();
  const config = readConfig(stack);
  const aws = awsPlace();
  const world = await observe(stack, aws).catch(asUserError);
  const { desired, refusals } = decide(config.intent, world);
  // Evidence is read only for a step that may be made.
  const step = refusals.length === 0 ? gatedStep(desired, world) : undefined;
  const gated = await askGate(stack, aws, step, config).catch(asUserError);
  const unmigratable = await askMigrations(desired, config);

  const planned = noticesOf(config, desired, world);
  const notes = [...planned.notes, ...gated.notes, ...promiseNotes(config, desired, world)];
  if (notes.length > 0) pulumi.log.info(notes.join("\n"));
  for (const warning of [...desired.warnings, ...gated.warnings]) pulumi.log.warn(warning);
  const refused = [...refusals, ...gated.refusals, ...unmigratable].map((r) => `${r.reason}\n  ${r.remedy}`).join("\n");
  if (refused && !pulumi.runtime.isDryRun()) throw userError(`Refused, nothing was changed.\n${refused}`);
  if (refused) pulumi.log.warn(`pulumi up will refuse this; the whole difference is shown all the same.\n${refused}`);

  const { notices } = planned;
  const more = { migrationsRefused: unmigratable.length > 0, notices, ...recordOf(gated, desired, world, config) };
  const cutover = new Cutover("cutover", { config, desired, stack, aws, ...more });
  return {
    phase: desired.phase.name,
    means: desired.phase.means,
    pythonShare: desired.pythonShare,
    ...(desired.affinity === "none" ? {} : { affinity: desired.affinity }),
    frontDoorUrl: cutover.frontDoorUrl,
    loadBalancerDnsName: cutover.loadBalancerDnsName,
    webhookPointsAt: cutover.webhook.pointsAt,
    webhookMergeField: cutover.webhook.mergeField,
    migrations: cutover.migrations.summary,
  };
};

function asUserError(error: unknown): never {
  throw userError(error instanceof Error ? error.message : String(error));
}

function awsPlace(): AwsPlace {
  const config = new pulumi.Config("aws");
  const [region, profile] = [config.get("region"), config.get("profile")];
  if (!region) throw userError("aws:region is not set\n  pulumi config set aws:region eu-central-1");
  return { region, ...(profile ? { profile } : {}) };
}

function readConfig(stack: string) {
  try {
    // Pulumi's own isConfigSecret is not public; this is the variable it reads.
    const secretKeys = new Set<unknown>(JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]"));
    const [values, rehearsed] = [pulumi.runtime.allConfig(), Boolean(process.env.CUTOVER_CLOCK)];
    return parseConfig({ values, rehearsed, isSecret: (key) => secretKeys.has(key) }, stack);
  } catch (error) {
    if (error instanceof ConfigError) throw userError(error.message);
    throw error;
  }
}

/**
 * A mistake a person can mend: the message alone, no stack. It is emptied because Pulumi passes every error to
 * util.inspect with colours, which goes round in circles for a minute and half a gigabyte on a frame of
 * `node_modules/@pulumi/errors.ts`, where RunError is made (nodejs/node#64136, pulumi/pulumi#20567).
 */
function userError(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = `RunError: ${message}`;
  return error;
}
