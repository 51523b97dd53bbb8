import { DATED_NOTICES, type DatedNotice } from "@cutover/domain/notices";
import type { Expectation } from "./expectations";

/** One-time schedules for exactly these notices, all at dates that are still to come by the rehearsal's clock. */
export function noticesPlanned(...notices: readonly DatedNotice[]): Expectation {
  return {
    what: `notices with a date: ${notices.join(", ")}`,
    look: async ({ aws, stack, clock }) => {
      const { Schedules = [] } = await aws.scheduler.listSchedules({});
      const planned = DATED_NOTICES.filter((name) => Schedules.some(({ Name }) => Name === `cutover-${stack}-${name}`));
      const dates = await Promise.all(
        planned.map(async (name) => {
          const { ScheduleExpression = "" } = await aws.scheduler.getSchedule({ Name: `cutover-${stack}-${name}` });
          return `${ScheduleExpression.slice(3, -1)}Z`;
        }),
      );
      const late = dates.filter((date) => Date.parse(date) <= clock.now());
      const ok = planned.join() === notices.join() && late.length === 0 && Schedules.length === planned.length;
      return { ok, seen: planned.map((name, i) => `${name} ${dates[i]}`).join(", ") || "none" };
    },
  };
}
