import { DATED_NOTICES, type DatedNotice, NOTICE_WORDS } from "../notices";
import { nameFor, textIn } from "./allowed";
import type { Preview } from "./preview";

/** A message to people that is planned for a date. */
export interface NoticeChange {
  /** In words, where it is one of ours; else the resource's name. */
  readonly name: string;
  readonly kind: "new" | "moved" | "removed";
  /** "2026-12-01 09:00 Europe/Berlin"; undefined for a removed one. */
  readonly at: string | undefined;
  /** Counted from the update, so the preview's date is only about right. */
  readonly about: boolean;
}

const COUNTED: readonly DatedNotice[] = ["progress", "completion"];

const SCHEDULE = "aws:scheduler/schedule:Schedule";

/** Notices are one-time schedules: `at(2026-12-01T09:00:00)`. Repeated ones are no notices. */
export function noticeChanges({ steps }: Preview): NoticeChange[] {
  return steps
    .filter(({ type, op }) => type === SCHEDULE && op !== "same")
    .flatMap(({ name, op, old, new: made }): NoticeChange[] => {
      const at = dateOf(made?.inputs);
      const was = dateOf(old?.inputs);
      const ours = DATED_NOTICES.find((notice) => name === `notices-${notice}`);
      const said = {
        name: ours ? NOTICE_WORDS[ours] : nameFor(name),
        about: ours !== undefined && COUNTED.includes(ours),
      };
      if (op === "delete") return was === undefined ? [] : [{ ...said, kind: "removed", at: undefined }];
      if (at === undefined || at === was) return [];
      return [{ ...said, kind: was === undefined ? "new" : "moved", at }];
    })
    .sort((a, b) => (a.at ?? "").localeCompare(b.at ?? ""));
}

function dateOf(inputs: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const once = textIn(inputs?.scheduleExpression, "once");
  if (once === undefined) return undefined;
  const zone = textIn(inputs?.scheduleExpressionTimezone, "zone") ?? "UTC";
  return `${once.slice(3, 13)} ${once.slice(14, 19)} ${zone}`;
}
