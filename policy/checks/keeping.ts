import { STACK_TAG } from "@cutover/domain/stack-record";
import { type Declared, isProduction, list, number, record, type Settings, text, UNKNOWN } from "./model";
import { TYPES } from "./types";

/** Days a log must be kept at the least: the plan's ten days, and a month where customers are. */
const LOG_DAYS = { production: 30, other: 10 };
/** Days that the archived code of Node can't be deleted. */
const ARCHIVE_DAYS = 30;

/** A log without retention is kept, and paid, for ever; one that is too short does not reach back to the migration's start. */
export function logRetention({ type, name, stack, props }: Declared): string[] {
  if (type !== TYPES.logGroup || props.retentionInDays === UNKNOWN) return [];
  const days = number(props.retentionInDays) ?? 0;
  const least = isProduction(stack) ? LOG_DAYS.production : LOG_DAYS.other;
  if (days >= least) return [];
  const now = days === 0 ? "kept for ever" : `kept ${days} days`;
  return [`${name}: the log is ${now}; set retentionInDays to ${least} or more.`];
}

/** SQS's longest. */
const HELD_SECONDS = 14 * 24 * 3600;

/** Customers' messages that wait in a queue are encrypted, and kept as long as SQS keeps anything. */
export function messagesKept({ type, name, props }: Declared): string[] {
  if (type !== TYPES.queue) return [];
  const found: string[] = [];
  const { messageRetentionSeconds: kept, sqsManagedSseEnabled: managed, kmsMasterKeyId: key } = props;
  if (kept !== UNKNOWN && (number(kept) ?? 0) < HELD_SECONDS) {
    found.push(`${name}: messages are gone before 14 days; set messageRetentionSeconds to ${HELD_SECONDS}.`);
  }
  if (managed !== true && managed !== UNKNOWN && key === undefined) {
    found.push(`${name}: customers' messages lie there unencrypted; set sqsManagedSseEnabled to true.`);
  }
  return found;
}

/** The archive of Node's code is private and outlives mistakes: versioned, locked, never emptied by a destroy. */
export function archiveProtected({ type, name, props }: Declared): string[] {
  switch (type) {
    case TYPES.bucket:
      return [
        ...(props.forceDestroy === true ? [`${name}: a destroy would empty the bucket; remove forceDestroy.`] : []),
        ...(props.objectLockEnabled === true || props.objectLockEnabled === UNKNOWN
          ? []
          : [`${name}: its objects can be deleted; set objectLockEnabled, which is possible at creation only.`]),
      ];
    case TYPES.bucketVersioning: {
      const status = record(props.versioningConfiguration)?.status;
      return status === "Enabled" || status === UNKNOWN
        ? []
        : [`${name}: an object could be overwritten; set versioningConfiguration.status to "Enabled".`];
    }
    case TYPES.bucketLock:
      return lockedLongEnough(name, record(record(props.rule)?.defaultRetention));
    case TYPES.bucketPublicAccess: {
      const open = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].filter(
        (key) => props[key] !== true && props[key] !== UNKNOWN,
      );
      return open.length === 0 ? [] : [`${name}: the bucket could become public; set ${open.join(", ")} to true.`];
    }
    default:
      return [];
  }
}

function lockedLongEnough(name: string, retention: Readonly<Record<string, unknown>> | undefined): string[] {
  const { days, years } = retention ?? {};
  if (days === UNKNOWN || years === UNKNOWN) return [];
  const total = (number(days) ?? 0) + 365 * (number(years) ?? 0);
  if (total >= ARCHIVE_DAYS) return [];
  return [`${name}: objects are locked for ${total} days; set rule.defaultRetention.days to ${ARCHIVE_DAYS} or more.`];
}

/** Services are replaced task by task, and what does not come up goes back by itself. */
export function safeDeployment({ type, name, props }: Declared): string[] {
  if (type !== TYPES.service) return [];
  const breaker = record(props.deploymentCircuitBreaker);
  const found: string[] = [];
  if (breaker?.enable !== true || breaker.rollback !== true) {
    found.push(
      `${name}: set deploymentCircuitBreaker to { enable: true, rollback: true }; a task that can't start would stay.`,
    );
  }
  if (props.waitForSteadyState !== true) {
    found.push(`${name}: set waitForSteadyState; otherwise the weight rises on tasks that never came up.`);
  }
  if ((number(props.deploymentMinimumHealthyPercent) ?? 100) < 100) {
    found.push(`${name}: set deploymentMinimumHealthyPercent to 100; a deployment must not take capacity away.`);
  }
  if (props.forceDelete === true) {
    found.push(`${name}: remove forceDelete; it would end tasks without letting them finish their messages.`);
  }
  return found;
}

/** The front door can't be deleted by a slip where it is asked for, and lets no malformed header through. */
export function frontDoor({ type, name, props }: Declared): string[] {
  if (type !== TYPES.loadBalancer) return [];
  const found: string[] = [];
  if (props.dropInvalidHeaderFields !== true) {
    found.push(`${name}: set dropInvalidHeaderFields; a malformed header must not reach a rule or a task.`);
  }
  const idle = number(props.idleTimeout) ?? 60;
  if (idle > 30) {
    found.push(`${name}: waits ${idle} s for a hanging backend; set idleTimeout to 15, senders wait 10 s.`);
  }
  return found;
}

/** Resource types that cost money or hold data, and so have an owner. */
export const OWNED: readonly string[] = [
  TYPES.loadBalancer,
  TYPES.bucket,
  TYPES.function,
  TYPES.logGroup,
  TYPES.service,
  TYPES.targetGroup,
  TYPES.topic,
  "aws:ec2/natGateway:NatGateway",
  "aws:ec2/vpc:Vpc",
  "aws:ecs/cluster:Cluster",
  "aws:secretsmanager/secret:Secret",
];

/**
 * Tags that the owner of the account wants on everything that costs money: setting `required`, by default the stack's own. They may
 * stand on the resource or come from `aws:defaultTags`.
 */
export function requiredTags({ type, name, props, defaultTags = [] }: Declared, settings: Settings = {}): string[] {
  if (!OWNED.includes(type) || props.tags === UNKNOWN) return [];
  const there = new Set([
    ...Object.keys(record(props.tags) ?? {}),
    ...Object.keys(record(props.tagsAll) ?? {}),
    ...defaultTags,
  ]);
  const missing = list(settings.required).filter((key) => !there.has(text(key) ?? ""));
  if (missing.length === 0) return [];
  const first = String(missing[0]);
  const remedy =
    first === STACK_TAG
      ? "declare it below the Cutover component, which tags what stands in components/tags.ts"
      : `set it for the whole stack: pulumi config set --path aws:defaultTags.tags.${first} VALUE`;
  return [`${name}: no tag ${missing.join(", ")}; ${remedy}`];
}
