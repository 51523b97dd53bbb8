import { clockFrom } from "@cutover/clients/clock";
import type { Desired, World } from "@cutover/domain/decide";
import { type AppliedNotices, noticeLines, planNotices } from "@cutover/domain/notices";
import type { CutoverConfig } from "../config";

/** The notices with a date, by this process's clock, and what is to be said of them. */
export function noticesOf(
  { startsAt }: Pick<CutoverConfig, "startsAt">,
  desired: Desired,
  world: World,
): { readonly notices: AppliedNotices; readonly notes: readonly string[] } {
  const input = { startsAt, desired, world, now: clockFrom(process.env).now() };
  const notices = planNotices(input);
  return { notices, notes: noticeLines(input, notices) };
}
