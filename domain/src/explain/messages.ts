import { nameFor } from "./allowed";
import { LEFT } from "./migrations";
import type { Preview } from "./preview";

/** What the preview said that a person must know. Other messages are counted, never quoted: they can hold anything. */
export interface KnownMessages {
  /** `pulumi up` will refuse: the reasons and commands, a line each. */
  readonly refused: readonly string[];
  /** Every reason of the refusal goes away by waiting: bake time, too few messages yet. */
  readonly onlyWaiting: boolean;
  /** What `cutover:override` puts aside, by whom and why. */
  readonly overridden: readonly string[];
  /** The share will not rise yet, because too few messages carried the secret. */
  readonly waits: readonly string[];
  /** Conversations will alternate between the engines, and what helps. */
  readonly alternates: readonly string[];
  /** Where GoHighLevel really points, where somebody changed it or it can't be taken to where it shall. */
  readonly webhook: readonly string[];
  /** Sentences of the program about rollback and kill switch. */
  readonly warnings: readonly string[];
  /** Resources (or "the program") at which the preview failed. */
  readonly failedAt: readonly string[];
  /** Problems of the stack's configuration and reasons to stop, as the program words them; keys and commands. */
  readonly failures: readonly string[];
  /** Warnings that are not quoted. */
  readonly others: number;
}

/** index.ts says this before all refusals. */
const REFUSED = /^pulumi up will refuse this; the whole difference is shown all the same\.\n/;
/** evidence/gate.ts: bakeRefusals and verdictRefusals. A new image is no matter of time: of it nothing will be known. */
const WAITING = /^(NOT ENOUGH EVIDENCE to leave "|"[a-z0-9-]+" is watched for \d+ hours, until )/;
/** evidence/gate.ts: overrideWarning. */
const OVERRIDDEN = /^Overridden by [^\n]*/;
/** clients/src/frontdoor/secret-proof.ts */
const WAITS = /^Python's share does not rise from \d+ % yet: [^\n]*/;
/** affinity-change.ts */
const ALTERNATES = /^cutover:affinity is "none": [^\n]*/;
/** clients/src/ghl/look.ts. What GoHighLevel itself says, in an error, is not quoted. */
const WEBHOOK: readonly RegExp[] = [
  /^GHL custom value "[^"\n]{1,100}": (?:somebody |the rollback moved GHL |it holds another |location [\w-]+ has \d+ custom values )[^\n]*/,
  /^Node's own URL, [^\n]* does not answer\. [^\n]*/,
  /^cutover:ghl\.(?:webhook|secret)Value names another custom value [^\n]*/,
];
/** decide.ts: waitingSentence, releaseWarning, unclearWarning. */
const WARNINGS: readonly RegExp[] = [
  /^Rolled back\b[^\n]* and not acknowledged\.[^\n]*/,
  /^The kill switch\b[^\n]*/,
  /^This update releases rollback (rb-\d+|unrecorded)\b[^\n]*/,
];
/** config.ts, world/observe.ts, index.ts: what stops the program. */
const FAILURES =
  /^(\d+ problems? in the stack's configuration:|Could not read |Refused, nothing was changed\.|aws:region is not set)/;
/** evidence/gate.ts: watchWarnings. The criterion itself stands in the evidence's table. */
const WATCHED = /^[^\n:]{1,80}: (Python \d+\/\d|\d+\/\d|no data)[^\n]*$/;
/** clients/src/postgres/provider.ts says the migrations' plan line by line; it is told by `migrations.ts`. */
const MIGRATIONS = /^(All \d+ database migrations|\d+ of \d+ database migrations| {2,})/;

/** Told elsewhere in the comment. */
const TOLD = [MIGRATIONS, LEFT, WATCHED];

/** Sorts the preview's messages into those whose words are ours, and the rest. */
export function knownMessages({ messages }: Preview): KnownMessages {
  const known = {
    refused: [] as string[],
    overridden: [] as string[],
    waits: [] as string[],
    alternates: [] as string[],
    webhook: [] as string[],
    warnings: [] as string[],
  };
  const failedAt: string[] = [];
  const failures: string[] = [];
  let others = 0;
  for (const { severity, message, about } of messages) {
    const text = message.replace(/^\s*(warning|error): /, "").trimEnd();
    const warning = WARNINGS.map((form) => form.exec(text)?.[0]).find((found) => found !== undefined);
    const webhook = WEBHOOK.map((form) => form.exec(text)?.[0]).find((found) => found !== undefined);
    const waits = WAITS.exec(text)?.[0];
    const alternates = ALTERNATES.exec(text)?.[0];
    const overridden = OVERRIDDEN.exec(text)?.[0];
    if (REFUSED.test(text)) known.refused.push(...text.replace(REFUSED, "").split("\n"));
    else if (webhook !== undefined) known.webhook.push(webhook);
    else if (overridden !== undefined) known.overridden.push(overridden);
    else if (waits !== undefined) known.waits.push(waits);
    else if (alternates !== undefined) known.alternates.push(alternates);
    else if (warning !== undefined) known.warnings.push(warning);
    else if (severity === "error") {
      const ours = [
        /(?:^|RunError: )((?:\d+ problems? in the stack's|Could not read |Refused, nothing|aws:region is)[\s\S]*)/,
      ]
        .map((form) => form.exec(text)?.[1])
        .find((found) => found !== undefined && FAILURES.test(found));
      if (ours !== undefined) failures.push(...ours.split("\n"));
      else failedAt.push(about === undefined ? "the program" : nameFor(about));
    } else if (!severity.startsWith("info") && !TOLD.some((form) => form.test(text))) others++;
  }
  return { ...known, onlyWaiting: onlyWaiting(known.refused), failedAt: [...new Set(failedAt)], failures, others };
}

/** Indented lines are what helps; the others are reasons. */
function onlyWaiting(refused: readonly string[]): boolean {
  const reasons = refused.filter((line) => line.trim() !== "" && !/^\s/.test(line));
  return reasons.length > 0 && reasons.every((reason) => WAITING.test(reason));
}
