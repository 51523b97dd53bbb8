import { type AlarmChange, alarmChanges } from "./alarms";
import { nameFor } from "./allowed";
import { appliedLookBack, type PlannedChange, plannedChange } from "./change";
import { type CostChange, costChange } from "./cost";
import { headlines } from "./dangers";
import { type EvidenceView, evidenceFor, UNAVAILABLE } from "./evidence";
import type { Headline } from "./headline";
import { hideIn, hider } from "./hide";
import { knownMessages } from "./messages";
import { type MigrationChange, migrationChange } from "./migrations";
import { type NoticeChange, noticeChanges } from "./notices";
import { readPreview } from "./preview";
import { PRICES_SOURCE } from "./prices";
import { type ResourceChanges, resourceChanges } from "./resources";
import { type WayBack, wayBack } from "./way-back";
import { type Exposure, frontDoorCase, type WorstCase, worstCase } from "./worst-case";

/** Enough of a commit's hash to find it; GitHub makes a link of it. */
const COMMIT_DIGITS = 12;

/** What a change means, as data. Every string in it may be shown. */
export interface Explanation {
  readonly version: 1;
  readonly stack: string;
  /** Begin of the hash of the commit that was previewed; undefined where it was not said. */
  readonly commit: string | undefined;
  /** First line of the comment: by it the stack's comment is found again and edited. */
  readonly marker: string;
  /** At least one headline is a danger. */
  readonly dangerous: boolean;
  readonly headlines: readonly Headline[];
  readonly change: PlannedChange;
  /** Undefined where Python gets no message. */
  readonly worstCase: WorstCase | undefined;
  /** All messages come by the front door: what it costs when that fails. Undefined where it gets none. */
  readonly frontDoorCase: Exposure | undefined;
  readonly wayBack: WayBack;
  readonly evidence: EvidenceView;
  readonly alarms: readonly AlarmChange[];
  readonly migrations: MigrationChange;
  readonly notices: readonly NoticeChange[];
  readonly cost: CostChange;
  readonly pricesSource: string;
  readonly resources: ResourceChanges;
  /** Warnings of the preview that are not told here, because nobody knows what they hold. */
  readonly unquotedWarnings: number;
}

export interface ExplainInput {
  /** Text of `pulumi preview --json`. */
  readonly preview: string;
  /** Text of `cutover next --json` for the same step. */
  readonly evidence?: string | undefined;
  /** `cutover next` could not look, so that there is none. */
  readonly evidenceUnavailable?: boolean | undefined;
  /** Hash of the commit that was previewed, hexadecimal. */
  readonly commit?: string | undefined;
  /** Measured detection times; default: the committed back-test's. */
  readonly promise?: Parameters<typeof worstCase>[2];
}

/**
 * Preview (and evidence) → what people have to know. Only what `allowed.ts` lets through comes out of a property, and
 * `hide.ts` looks over all of it once more.
 * @throws PreviewError, EvidenceError when a text is something else
 */
export function explain(input: ExplainInput): Explanation {
  const preview = readPreview(input.preview);
  const change = plannedChange(preview);
  const messages = knownMessages(preview);
  const alarms = alarmChanges(preview, change);
  const migrations = migrationChange(preview);
  const evidence = input.evidenceUnavailable ? UNAVAILABLE : evidenceFor(input.evidence, change);
  const all = headlines({ preview, change, messages, alarms, migrations });
  const share = change.after?.share ?? 0;
  const explanation: Explanation = {
    version: 1,
    stack: preview.stack,
    commit: input.commit?.slice(0, COMMIT_DIGITS),
    marker: markerOf(preview.stack),
    dangerous: all.some(({ level }) => level === "danger"),
    headlines: all,
    change,
    worstCase: worstCase(change.messagesPerHour, share, input.promise, appliedLookBack(preview)),
    frontDoorCase: change.after?.webhook === "front-door" ? frontDoorCase(change.messagesPerHour) : undefined,
    wayBack: wayBack(change, migrations, all),
    evidence,
    alarms,
    migrations,
    notices: noticeChanges(preview),
    cost: costChange(preview, change),
    pricesSource: PRICES_SOURCE,
    resources: resourceChanges(preview),
    unquotedWarnings: messages.others,
  };
  return hideIn(explanation, hider(preview));
}

/**
 * What the engine and the program said in a preview, for the job's log: with `--json` it stands nowhere else. Secrets are
 * hidden as in the comment, but the words are whoever's they are: not for a comment.
 * @throws PreviewError when the text is something else
 */
export function messagesOf(text: string): string[] {
  const preview = readPreview(text);
  const hide = hider(preview);
  return preview.messages
    .filter(({ message }) => message.trim() !== "")
    .map(({ severity, message, about }) => {
      const said = message.replace(/^\s*(warning|error): /, "").trim();
      const kind = severity.replace(/^info#err$/, "info");
      return hide(`${kind}${about === undefined ? "" : ` (${nameFor(about)})`}: ${said}`);
    });
}

/** First line of a stack's comment. */
export function markerOf(stack: string): string {
  return `<!-- cutover:${stack} -->`;
}
