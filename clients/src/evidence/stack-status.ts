import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SSMClient } from "@aws-sdk/client-ssm";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { Applied } from "@cutover/domain/decide";
import { type Armed, isArmed, type WatchingAlarm } from "@cutover/domain/evidence/armed";
import { bakeHoursOf, barFor, type GateFacts, type Standby, type Step } from "@cutover/domain/evidence/gate";
import { judge } from "@cutover/domain/evidence/judge";
import type { Read, Verdict } from "@cutover/domain/evidence/model";
import { type AppliedEntry, type ServingSince, servingSince } from "@cutover/domain/evidence/serving";
import {
  type ProofLink,
  proveShare,
  pythonReady,
  type ShareFacts,
  type ShareProof,
} from "@cutover/domain/evidence/share-proof";
import { BEFORE_REMOVAL_DAYS } from "@cutover/domain/front-door-messages";
import { metricNamespace, proberSilentAlarm } from "@cutover/domain/metrics";
import type { OpenRollback } from "@cutover/domain/release";
import { openRollback, type RollbackRecord } from "@cutover/domain/rollback/record";
import type { Manifest } from "@cutover/domain/stack-record";
import { readAlarmStates } from "../alarms/states";
import { type Clock, clockFrom } from "../clock";
import { readMessages } from "../frontdoor/messages";
import { readMetrics } from "../metrics/read";
import { previewMigrations } from "../postgres/preview";
import { openMigrations } from "../postgres/source";
import { readRollbacks } from "../record/rollback-record";
import { readStackRecord } from "../record/stack-record";
import { readAppliedHistory } from "./applied-history";
import { readContacts } from "./contacts";
import { type EvidenceRequest, readEvidence } from "./read";
import { attempt, mapRead } from "./reading";
import { readShareFacts } from "./share-facts";

/** AWS as the command line and the program reach it; tests give their own. */
export interface StatusClients {
  readonly cloudwatch: Pick<CloudWatchClient, "send">;
  readonly elb: Pick<ElasticLoadBalancingV2Client, "send">;
  readonly ssm: Pick<SSMClient, "send">;
  readonly secretsManager: Pick<SecretsManagerClient, "send">;
  readonly clock: Clock;
}

export function statusClients(aws: AwsPlace): StatusClients {
  return {
    cloudwatch: new CloudWatchClient(aws),
    elb: new ElasticLoadBalancingV2Client(aws),
    ssm: new SSMClient(aws),
    secretsManager: new SecretsManagerClient(aws),
    clock: clockFrom(process.env),
  };
}

/** How far back a number of the prober may lie that changes with the phase only. */
const REQUIRED_TASKS_MS = 10 * 60_000;

/** How a stack stands, without the evidence on its image. */
export interface StackStatus {
  readonly stack: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly manifest: Manifest;
  readonly applied: Applied;
  /** Since when, by the versions that SSM keeps of the applied record. */
  readonly since: Read<ServingSince>;
  readonly share: ShareProof;
  /** Whether Python could take a first share. */
  readonly python: readonly ProofLink[];
  readonly killSwitch: ShareFacts["killSwitch"];
  /** Customers' messages an hour that reached Python since its share is in force; undefined while there are too few to tell. */
  readonly measuredPerHour?: number;
  readonly armed: Armed;
  readonly alarms: Read<readonly WatchingAlarm[]>;
  readonly standby: Read<Standby>;
  /** The rollback that nobody has acknowledged. */
  readonly rollback?: OpenRollback;
  /** Since the newest rollback, released or not; missing where there never was one. */
  readonly minutesSinceRollback?: number;
}

/** There is nothing to show: the stack's record is not there or can't be read. */
export class NoStackError extends Error {
  override readonly name = "NoStackError";
}

/**
 * Reads how a stack stands from SSM, the load balancer and CloudWatch; no Pulumi is needed. What could not be read says
 * so in its place.
 * @param databaseUrl read-only URL, wanted with affinity; default: the prober's secret
 * @throws NoStackError without a readable record: nothing else can be found then, or shown without a rollback
 */
export async function readStackStatus(
  stack: string,
  aws: AwsPlace,
  clients: StatusClients,
  databaseUrl?: Read<string>,
): Promise<StackStatus> {
  const { cloudwatch, elb, ssm, clock } = clients;
  const record = await attempt(() => readStackRecord(stack, aws, ssm));
  if ("unavailable" in record) {
    const where = `SSM parameters below /cutover/${stack}/ in ${aws.region}`;
    throw new NoStackError(`Could not read ${where} (${record.unavailable}): check credentials, profile and region.`);
  }
  const { manifest, applied } = record.value;
  if (!manifest || !applied) {
    throw new NoStackError(
      `No applied phase of stack "${stack}" in ${aws.region}: check --stack and --region, or finish the first pulumi up.`,
    );
  }
  const now = clock.now();
  const history = attempt(() => readAppliedHistory(stack, aws, ssm, clock));
  const names = watchingAlarms(manifest);
  const alarms = attempt(() => readAlarmStates(names, aws, cloudwatch));
  const rollback = attempt(() => readRollbacks(stack, ssm));
  const shelf = await rollback;
  if ("unavailable" in shelf) throw new NoStackError(`Could not read the rollback records: ${shelf.unavailable}`);
  const applications = await history;
  const since = sinceOf(applications, newestRelease(shelf.value.records, clock));
  const shareSince = "value" in since ? since.value.share : undefined;
  const facts = await readShareFacts(manifest, applied.pythonShare, shareSince, now, aws, { cloudwatch, elb });
  const complete = "value" in applications ? applications.value.at(-1)?.at : undefined;
  const contactsSince = shareSince === undefined ? undefined : Math.max(shareSince, complete ?? 0);
  const contacts = await readContactTally(manifest, applied, contactsSince, now, clients, databaseUrl);
  const standby = await readStandby(manifest, facts, now, cloudwatch);
  const measured = measuredRate(facts.requests, shareSince, now);
  const open = openRollback(shelf.value.records);
  const expected = { expected: names, acting: manifest.rollback.compositeAlarms };
  const seen = await alarms;
  return {
    stack,
    now,
    manifest,
    applied,
    since,
    share: proveShare({ ...facts, ...(contacts ? { contacts } : {}) }),
    python: pythonReady(facts),
    killSwitch: facts.killSwitch,
    ...(measured === undefined ? {} : { measuredPerHour: measured }),
    armed: isArmed({ ...expected, alarms: seen, killSwitch: facts.killSwitch, standby }),
    alarms: seen,
    standby,
    ...(open ? { rollback: open } : {}),
    ...sinceRollback(shelf.value.records, now, clock),
  };
}

/**
 * With affinity, who served whom since the newest update was complete: at a release the webhook leaves Node's own URL a little
 * after the share is in force. Undefined without, and at 100 %, where the weight alone decides.
 */
async function readContactTally(
  { stack, contactRuleArn }: Manifest,
  { pythonShare }: Applied,
  since: number | undefined,
  now: number,
  clients: StatusClients,
  databaseUrl: Read<string> | undefined,
): Promise<ShareFacts["contacts"]> {
  if (!contactRuleArn || pythonShare === 100) return undefined;
  if (since === undefined) return { unavailable: "since when this share is in force is not known" };
  const url = databaseUrl ?? (await readDatabaseUrl(stack, clients));
  return readContacts(url, pythonShare, { since, until: now });
}

/** The alarms that roll back, and the one that says that the prober is silent, without whom the certain ones see nothing. */
function watchingAlarms({ stack, rollback }: Manifest): string[] {
  const { compositeAlarms, alarms } = rollback;
  return [...compositeAlarms, ...alarms.map(({ name }) => name), proberSilentAlarm(stack)];
}

function sinceOf(history: Read<readonly AppliedEntry[]>, releasedAt: number | undefined): Read<ServingSince> {
  if ("unavailable" in history) return history;
  const since = servingSince(history.value, releasedAt);
  return since ? { value: since } : { unavailable: "SSM keeps no version of what was applied" };
}

/** A rate of fewer messages or less time says little: the expected one is no worse then. */
const LEAST_MEASURED = { messages: 20, ms: 3_600_000 } as const;

function measuredRate(requests: ShareFacts["requests"], since: number | undefined, now: number): number | undefined {
  if ("unavailable" in requests || since === undefined) return undefined;
  const { python } = requests.value;
  if (python < LEAST_MEASURED.messages || now - since < LEAST_MEASURED.ms) return undefined;
  return python / ((now - since) / 3_600_000);
}

/** Records carry real time; `now` is this process's clock. */
function sinceRollback(
  records: readonly RollbackRecord[],
  now: number,
  clock: Clock,
): Pick<StackStatus, "minutesSinceRollback"> {
  const last = records.at(-1);
  return last ? { minutesSinceRollback: (now - clock.fromReal(Date.parse(last.at))) / 60_000 } : {};
}

/** When the newest release was complete, by this process's clock: records carry real time. */
function newestRelease(records: readonly RollbackRecord[], clock: Clock): number | undefined {
  const released = records.flatMap(({ releasedAt }) => (releasedAt === undefined ? [] : [Date.parse(releasedAt)]));
  return released.length === 0 ? undefined : clock.fromReal(Math.max(...released));
}

/** Node as the way back: tasks as the load balancer sees them, and what the prober says is asked of them. */
async function readStandby(
  { stack, targetGroups }: Manifest,
  { healthy, probes }: ShareFacts,
  now: number,
  cloudwatch: StatusClients["cloudwatch"],
): Promise<Read<Standby>> {
  if (!targetGroups.nodeCustomer) return { unavailable: "Node is removed" };
  if ("unavailable" in healthy) return healthy;
  if ("unavailable" in probes) return probes;
  const required = {
    namespace: metricNamespace(stack),
    metricName: "RequiredTasks",
    dimensions: { Engine: "node" },
    stat: "Maximum",
  };
  const gauge = await attempt(() =>
    readMetrics(cloudwatch, { required }, { since: now - REQUIRED_TASKS_MS, until: now }, 60),
  );
  if ("unavailable" in gauge) return gauge;
  const newest = gauge.value.required.at(-1);
  if (!newest) return { unavailable: "the prober did not say within 10 minutes how many tasks Node must have" };
  const { secondsSinceOk } = probes.value.node ?? {};
  return {
    value: {
      healthy: healthy.value.node ?? 0,
      required: newest.value,
      ...(secondsSinceOk === undefined ? {} : { secondsSinceProbeOk: secondsSinceOk }),
    },
  };
}

/** What only the configuration knows. */
export interface GateSettings {
  /** `cutover:bakeHours`; default: the plan's. */
  readonly bakeHours?: number;
  readonly business?: EvidenceRequest["business"];
  readonly override?: GateFacts["override"];
  /** Digest of the image that is declared. */
  readonly declaredDigest?: string;
  /** Read-only URL; default: the prober's secret. */
  readonly databaseUrl?: Read<string>;
}

/** Everything the gate decides on for a step, evidence included where the step asks for it. */
export async function readGateFacts(
  status: StackStatus,
  step: Step,
  aws: AwsPlace,
  clients: StatusClients,
  settings: GateSettings = {},
): Promise<GateFacts> {
  const databaseUrl = settings.databaseUrl ?? (await readDatabaseUrl(status.stack, clients));
  const rehearsed = clients.clock.realSpan(1000) !== 1000;
  const bakeHours = bakeHoursOf(step.from.name, settings.bakeHours, rehearsed);
  const bar = barFor(step);
  const verdict = bar ? readVerdict(status, bar, databaseUrl, aws, clients, settings) : undefined;
  const header = await readHeader(status, step, aws, clients);
  const pending = await readPending(databaseUrl);
  const read = await verdict;
  return {
    step,
    now: status.now,
    phaseSince: "value" in status.since ? status.since.value.bake : undefined,
    ...("unavailable" in status.since ? { sinceProblem: status.since.unavailable } : {}),
    ...(bakeHours === undefined ? {} : { bakeHours }),
    ...(settings.override ? { override: settings.override } : {}),
    ...(settings.declaredDigest === undefined ? {} : { declaredDigest: settings.declaredDigest }),
    ...(read ? { verdict: read } : {}),
    share: status.share,
    python: status.python,
    killSwitch: status.killSwitch,
    ...(header ? { header } : {}),
    alarms: mapRead(status.alarms, (found) => known(status, found)),
    standby: status.standby,
    pendingMigrations: pending,
  };
}

async function readVerdict(
  { since, applied, manifest, now, measuredPerHour }: StackStatus,
  bar: Verdict["bar"],
  databaseUrl: Read<string>,
  aws: AwsPlace,
  { cloudwatch }: StatusClients,
  { business }: GateSettings,
): Promise<Verdict | undefined> {
  if ("unavailable" in since) return undefined;
  const rate = measuredPerHour === undefined ? {} : { measuredPerHour };
  const request = {
    aws,
    manifest,
    applied,
    since: since.value,
    now,
    databaseUrl,
    ...rate,
    ...(business ? { business } : {}),
  };
  return judge(await readEvidence(request, cloudwatch), bar, now);
}

/** Alarms that are declared and not there have no data; those that nobody declared don't count. */
function known({ manifest }: StackStatus, found: readonly WatchingAlarm[]): WatchingAlarm[] {
  const missing = (name: string): WatchingAlarm => ({ name, state: "INSUFFICIENT_DATA", actionsEnabled: false });
  return watchingAlarms(manifest).map((name) => found.find((alarm) => alarm.name === name) ?? missing(name));
}

/** Messages with and without the header, where the step asks; undefined where nothing is counted apart. */
async function readHeader(
  { manifest, now }: StackStatus,
  step: Step,
  aws: AwsPlace,
  { cloudwatch }: StatusClients,
): Promise<GateFacts["header"]> {
  const { nodeCustomer, nodeUnmatched, pythonCustomer } = manifest.targetGroups;
  const removes = step.to.node === "removed";
  if (!(removes || step.shareBefore === 0) || !nodeCustomer || !nodeUnmatched) return undefined;
  const groups = {
    loadBalancerArn: manifest.loadBalancerArn,
    matchedArns: [nodeCustomer, pythonCustomer],
    unmatchedArn: nodeUnmatched,
  };
  const days = removes ? BEFORE_REMOVAL_DAYS : 1;
  const span = { sinceMs: now - days * 86_400_000, untilMs: now };
  return attempt(() => readMessages(groups, span, aws, cloudwatch));
}

/** The read-only URL that the stack gave its prober. */
async function readDatabaseUrl(stack: string, { secretsManager }: StatusClients): Promise<Read<string>> {
  const secret = `cutover/${stack}/prober`;
  const read = await attempt(async () => {
    const { SecretString } = await secretsManager.send(new GetSecretValueCommand({ SecretId: secret }));
    return SecretString ?? "";
  });
  if ("unavailable" in read) return { unavailable: `secret ${secret}: ${read.unavailable}` };
  try {
    const { databaseUrl } = JSON.parse(read.value) as { databaseUrl?: unknown };
    if (typeof databaseUrl === "string") return { value: databaseUrl };
  } catch {
    // said below, without the secret's text
  }
  return { unavailable: "cutover:database.previewUrl (a read-only role) is not set" };
}

async function readPending(databaseUrl: Read<string>): Promise<Read<readonly string[]>> {
  if ("unavailable" in databaseUrl) return databaseUrl;
  return attempt(async () => {
    const preview = { database: { url: databaseUrl.value }, files: openMigrations(), allowContract: false };
    const { pending, problems } = await previewMigrations(preview);
    return [...pending, ...problems.map(({ message }) => message)];
  });
}
