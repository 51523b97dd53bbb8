import type { Applied, Desired, World } from "./decide";

/** Notices that are sent at a date; those of a start, a rollback and its end are sent when they happen. */
export const DATED_NOTICES = ["week-before", "day-before", "progress", "completion"] as const;
export type DatedNotice = (typeof DATED_NOTICES)[number];

/** What a notice is called before people. */
export const NOTICE_WORDS: { readonly [notice in DatedNotice]: string } = {
  "week-before": "7 days before the start",
  "day-before": "1 day before the start",
  progress: "8 hours after the first share",
  completion: "24 hours after the last share",
};

/** The dates that are planned, ISO 8601 in UTC to the second. */
export type NoticeDates = { readonly [notice in DatedNotice]?: string };

/** What an update planned, kept with the applied phase: a later update goes by it, not by its own clock. */
export interface AppliedNotices {
  /** `cutover:startsAt` that the first two were counted from. */
  readonly startsAt?: string;
  readonly dates: NoticeDates;
}

/** The groups of the plan's "Communication Plan", in its order. */
export const STAKEHOLDERS = ["development", "support", "sales", "management"] as const;
export type Stakeholder = (typeof STAKEHOLDERS)[number];

const HOUR_MS = 3_600_000;
/** Source: plan, "Communication Timeline". */
const BEFORE_START_HOURS = { "week-before": 7 * 24, "day-before": 24 } as const;
const PROGRESS_AFTER_HOURS = 8;
const COMPLETION_AFTER_HOURS = 24;
/** EventBridge Scheduler refuses a date that has passed; an update takes minutes from its reading to the schedule. */
const SOONEST_MS = 15 * 60_000;

export interface NoticeInput {
  /** `cutover:startsAt`; undefined: nobody has set a date. */
  readonly startsAt: string | undefined;
  readonly desired: Pick<Desired, "phase" | "pythonShare" | "rolledBack">;
  readonly world: Pick<World, "applied" | "liveShare" | "manifest" | "rollback">;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Which notices are planned, and for when. What an earlier update planned stays, also when its date has passed: an update that
 * changes nothing has to find no change. Only a new `startsAt`, a share that begins, or a share that ends makes another plan.
 */
export function planNotices(input: NoticeInput): AppliedNotices {
  const before = beforeStart(input);
  return { ...before, dates: { ...before?.dates, ...afterFacts(input) } };
}

/** A destroy that was refused takes `applied` and leaves the manifest. */
function plannedBefore({ applied, manifest }: NoticeInput["world"]): AppliedNotices | undefined {
  return applied ? applied.notices : manifest?.notices;
}

/** T-7 days and T-1 day. Where their date has passed, or is nearly here, when `startsAt` is set, they are not planned. */
function beforeStart({ startsAt, desired, world, now }: NoticeInput): AppliedNotices | undefined {
  if (startsAt === undefined) return undefined;
  const known = plannedBefore(world);
  if (known?.startsAt === startsAt) {
    const { "week-before": week, "day-before": day } = known.dates;
    return { startsAt, dates: { ...(week ? { "week-before": week } : {}), ...(day ? { "day-before": day } : {}) } };
  }
  // It has started already: a date that is set now announces nothing.
  if (desired.pythonShare > 0) return { startsAt, dates: {} };
  const dates = Object.entries(BEFORE_START_HOURS)
    .map(([notice, hours]) => [notice, Date.parse(startsAt) - hours * HOUR_MS] as const)
    .filter(([, at]) => at > now + SOONEST_MS)
    .map(([notice, at]) => [notice, iso(at)]);
  return { startsAt, dates: Object.fromEntries(dates) as NoticeDates };
}

/** T+8 hours and completion, counted from the update that makes it true. */
function afterFacts({ desired, world, now }: NoticeInput): NoticeDates {
  const { phase, pythonShare, rolledBack } = desired;
  const { rollback } = world;
  const { progress, completion } = plannedBefore(world)?.dates ?? {};
  const withoutRecord = world.manifest?.node === false ? 100 : (world.liveShare ?? 0);
  const shareBefore = world.applied?.pythonShare ?? withoutRecord;
  const started = pythonShare > 0 && shareBefore === 0;
  // Whoever gives everything back to Python has to watch it for a day anew.
  const released = rollback !== undefined && !rolledBack;
  const complete = pythonShare === 100 && (shareBefore !== 100 || released);
  const inHours = (hours: number) => iso(now + hours * HOUR_MS);
  const eight = progress ?? (started ? inHours(PROGRESS_AFTER_HOURS) : undefined);
  const day = complete ? inHours(COMPLETION_AFTER_HOURS) : completion;
  return {
    ...(phase.pythonShare > 0 && eight !== undefined ? { progress: eight } : {}),
    ...(phase.pythonShare === 100 && day !== undefined ? { completion: day } : {}),
  };
}

/** Whole seconds: that is what a schedule knows. */
function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/**
 * Sentences for whoever has just set `startsAt`: what will not be sent, and why.
 * @returns none where the date is the one that an earlier update knew
 */
export function noticeLines({ startsAt, desired, world }: NoticeInput, { dates }: AppliedNotices): string[] {
  if (startsAt === undefined || plannedBefore(world)?.startsAt === startsAt) return [];
  const missing = Object.keys(BEFORE_START_HOURS).filter((notice) => !(notice in dates));
  if (missing.length === 0) return [];
  const why = desired.pythonShare > 0 ? "Python gets messages already" : `${startsAt} is too near`;
  return [`Notices: ${missing.join(" and ")} will not be sent, ${why} (cutover:startsAt).`];
}

/** Whether a step gives Python its first messages, which everybody is told of. */
export function isStart(entry: {
  readonly shareBefore: number;
  readonly shareAfter: number;
  readonly released?: string;
}) {
  return entry.shareBefore === 0 && entry.shareAfter > 0 && entry.released === undefined;
}

/** Planned notices that are still to come, the next one first. `now`: milliseconds since the epoch. */
export function comingNotices(planned: AppliedNotices | undefined, now: number): { notice: DatedNotice; at: number }[] {
  return DATED_NOTICES.map((notice) => ({ notice, at: Date.parse(planned?.dates[notice] ?? "") }))
    .filter(({ at }) => at > now)
    .sort((a, b) => a.at - b.at);
}

/** EventBridge Scheduler's form of a date: in the schedule's time zone, UTC. */
export function onceAt(date: string): string {
  return `at(${date.slice(0, 19)})`;
}

/** The planned notices as `applied` keeps them; empty where there are none and no date is set. */
export function appliedNotices(planned: AppliedNotices | undefined): Pick<Applied, "notices"> {
  const nothing = !planned || (planned.startsAt === undefined && Object.keys(planned.dates).length === 0);
  return nothing ? {} : { notices: planned };
}
