import { clockFrom } from "@cutover/clients/clock";
import {
  type GateSettings,
  readGateFacts,
  readStackStatus,
  type StatusClients,
  statusClients,
} from "@cutover/clients/evidence/stack-status";
import { readTrafficRate } from "@cutover/clients/evidence/traffic-rate";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { Desired, Refusal, World } from "@cutover/domain/decide";
import { gate, isGated, type Step } from "@cutover/domain/evidence/gate";
import { changeEntry, type LedgerEntry, ledgerEntry } from "@cutover/domain/evidence/ledger";
import { rateWarnings } from "@cutover/domain/evidence/traffic-rate";
import { verdictLines } from "@cutover/domain/evidence/verdict-lines";
import { phaseOf } from "@cutover/domain/phases";
import type { CutoverConfig } from "../config";

/** What the gate says of an update. */
export interface Gated {
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly string[];
  /** What was seen, passed or not; empty where the gate was not asked. */
  readonly notes: readonly string[];
  /** What a step that may be made rests on; missing where nothing rises. */
  readonly entry?: LedgerEntry;
}

const NOT_ASKED: Gated = { refusals: [], warnings: [], notes: [] };

/**
 * The step that the gate has to judge: the share would rise, or Node would go. None for a release, which has its own
 * rule, and none while rolled back.
 */
export function gatedStep(desired: Desired, { applied, rollback, killSwitch }: World): Step | undefined {
  if (!applied || desired.rolledBack || rollback !== undefined || killSwitch === "node" || killSwitch === "hold") {
    return undefined;
  }
  const step: Step = {
    from: phaseOf(applied.phase),
    to: desired.phase,
    shareBefore: applied.pythonShare,
    shareAfter: desired.pythonShare,
  };
  return isGated(step) ? step : undefined;
}

/** What the update leaves in the ledger: the gated step's entry, or that of a release or of a new image. */
export function recordOf(
  { entry }: Gated,
  desired: Desired,
  { applied, rollback }: World,
  config: CutoverConfig,
): { readonly evidence?: LedgerEntry } {
  if (entry) return { evidence: entry };
  const { phase, pythonShare, release, rolledBack } = desired;
  if (!applied || rolledBack) return {};
  const after = { phase: phase.name, pythonShare, pythonDigest: config.intent.pythonDigest };
  const released = rollback && release !== undefined ? { released: release } : {};
  const evidence = changeEntry({ now: clockFrom(process.env).now(), before: applied, after, ...released });
  return evidence ? { evidence } : {};
}

/** Reads the evidence, if the step asks for any, and judges it. What can't be read is NOT ENOUGH EVIDENCE, never a pass. */
export async function askGate(
  stack: string,
  aws: AwsPlace,
  step: Step | undefined,
  config: CutoverConfig,
  clients: StatusClients = statusClients(aws),
): Promise<Gated> {
  if (!step) return NOT_ASKED;
  const settings = settingsOf(config);
  const status = await readStackStatus(stack, aws, clients, settings.databaseUrl);
  const facts = await readGateFacts(status, step, aws, clients, settings);
  const result = gate(facts);
  // A rate that can't be read is no news here: the gate's own counts say why.
  const rate = await readTrafficRate(status.manifest, status.now, clients.cloudwatch);
  return {
    refusals: result.refusals,
    warnings: [
      ...result.warnings,
      ...("value" in rate ? rateWarnings(rate.value, config.expectedMessagesPerHour, stack) : []),
    ],
    notes: verdictLines(facts, result),
    entry: ledgerEntry(facts, result, config.intent.pythonDigest),
  };
}

function settingsOf({ bakeHours, override, businessMetrics, databasePreviewUrl, intent }: CutoverConfig): GateSettings {
  return {
    declaredDigest: intent.pythonDigest,
    ...(bakeHours === undefined ? {} : { bakeHours }),
    ...(override ? { override } : {}),
    ...(businessMetrics === undefined ? {} : { business: businessMetrics }),
    databaseUrl:
      databasePreviewUrl === undefined
        ? { unavailable: "cutover:database.previewUrl (a read-only role) is not set" }
        : { value: databasePreviewUrl },
  };
}
