import { acknowledgeCommand } from "../release";
import {
  type ByHand,
  inboxToPythonPath,
  inboxWaitsForNode,
  type RollbackRecord,
  type StepName,
  type StepResult,
} from "./record";

/** Messages that Python took and probably did not finish. `more`: there may be others than `ids`. */
export type LostMessages =
  | { readonly known: true; readonly ids: readonly string[]; readonly more: boolean; readonly sinceMinutes: number }
  | { readonly known: false; readonly why: string };

/** Message attribute that says who a notice is for; the stakeholders' subscriptions filter by it. */
export const AUDIENCE = "audience";

/** A message to people: SNS takes a subject of at most 100 characters, ASCII. */
export interface Notice {
  readonly subject: string;
  readonly text: string;
  /** `everyone`: the stakeholders' groups, too; default: those on call. */
  readonly audience?: "everyone";
}

export interface RollbackNoticeInput {
  readonly stack: string;
  /** Without an id where the record could not be written. */
  readonly rollback: Omit<RollbackRecord, "id" | "version"> & { readonly id: string | undefined };
  /** Why the record could not be written. */
  readonly recordProblem: string | undefined;
  readonly lost: LostMessages;
}

const STEP_NAMES: { readonly [step in StepName]: string } = {
  switch: "kill switch",
  verify: "proof",
  webhook: "webhook in GoHighLevel",
  notice: "notice",
};

const PLACES = { node: "Node", hold: "the inbox" } as const;

/** Where customers' messages go while the kill switch stands: a clause. */
function whereMessagesGo(rollback: Pick<RollbackRecord, "to" | "first" | "inboxToPython">): string {
  if (rollback.to === "node") return "every customer's message goes to Node";
  const then = inboxWaitsForNode(rollback) ? "Node once that answers" : "the first engine that answers";
  return `every customer's message is kept in the inbox and passed on to ${then}`;
}

/** What fired, what was done, what failed, which messages are probably lost, and whether one may sleep on. */
export function rollbackNotice(input: RollbackNoticeInput): Notice {
  const { rollback, stack } = input;
  const { steps, trigger } = rollback;
  const moved = steps.switch?.state === "done";
  const headline = moved ? `Rolled back to ${PLACES[rollback.to]}` : "ROLLBACK FAILED: traffic has not moved";
  const where = moved ? whereMessagesGo(rollback) : "customers' messages go where they went before";
  const sections = [
    `${headline}: ${where}.`,
    ["What fired", [trigger.alarm ? `${trigger.alarm}: ${trigger.text}` : trigger.text, whenAndWhere(rollback)]],
    ["Done", stepLines(steps, (s) => s.state === "done")],
    ["By hand", stepLines(steps, (s) => s.byHand !== undefined)],
    ["Not needed", stepLines(steps, (s) => s.state === "skipped" && s.byHand === undefined)],
    ["Failed", [...stepLines(steps, (s) => s.state === "failed"), ...recordLine(input.recordProblem)]],
    ["Messages in the inbox", inboxLines(stack, rollback)],
    ["Messages probably lost", lostLines(input.lost)],
    ["May I sleep on?", sleepLines(input)],
    ["Then", nextLines(rollback)],
  ] as const;
  return {
    subject: subject(stack, `${headline}${rollback.id ? ` (${rollback.id})` : ""}`),
    text: sections.flatMap(sectionLines).join("\n"),
    audience: "everyone",
  };
}

/** After an earlier notice: what the reconciler has completed or what failed since. `because`: why it went elsewhere. */
export function followUpNotice(
  stack: string,
  record: Pick<RollbackRecord, "id" | "to"> & Partial<Pick<RollbackRecord, "first" | "trigger" | "inboxToPython">>,
  news: { readonly [step in StepName]?: StepResult },
  because?: string,
): Notice {
  const lines = stepLines(news, () => true);
  const what = lines.length === 1 ? "one more step" : "more steps";
  return {
    subject: subject(stack, `${record.id}: ${because === undefined ? what : `now to ${PLACES[record.to]}`}`),
    text: [
      ...(because === undefined ? [] : [`${because}.`, ""]),
      `Rollback ${record.id}, since the last notice:`,
      ...lines.map((line) => `  ${line}`),
      ...sectionLines(["Messages in the inbox", news.switch?.state === "done" ? inboxLines(stack, record) : []]),
    ].join("\n"),
  };
}

/** GoHighLevel is not where the rollback put it: somebody changed it. It is left so. */
export function webhookMovedNotice(stack: string, record: Pick<RollbackRecord, "id" | "to">, where: string): Notice {
  const means =
    record.to === "hold"
      ? "Messages that go there do not reach the inbox."
      : "As long as the kill switch stands, what comes through the front door reaches Node all the same.";
  return {
    subject: subject(stack, `${record.id}: somebody changed the webhook in GoHighLevel`),
    text: [
      `During rollback ${record.id} GoHighLevel was found at ${where}: somebody changed it by hand. It is not changed back.`,
      means,
    ].join("\n"),
  };
}

/** Something needs a person although nothing was moved. */
export function pageNotice(stack: string, what: string, because: string, urgent: boolean): Notice {
  const verdict = urgent
    ? "Somebody has to look now: nothing more happens by itself."
    : "Nothing has to be done now: no customer is concerned.";
  return {
    subject: subject(
      stack,
      urgent ? "Look now: an alarm fired and traffic was left alone" : "An alarm fired, nothing to move",
    ),
    text: [what, "", `Traffic was left where it is: ${because}.`, "", verdict].join("\n"),
  };
}

/** Somebody put the kill switch off while a record is open; or, where its mark is left, a release that was killed did. */
export function handOffNotice(stack: string, record: Pick<RollbackRecord, "id" | "releasingAt">): Notice {
  const killed =
    record.releasingAt === undefined
      ? ""
      : `, or the update that began to release it at ${record.releasingAt} was killed`;
  return {
    subject: subject(stack, `${record.id}: the kill switch was put off by hand`),
    text: [
      `The kill switch is off although rollback ${record.id} is not released: somebody changed the listener rule${killed}.`,
      "It is not moved back, so customers' messages are shared by weight again. An alarm that fires from now on moves it again.",
      `If it was a mistake, roll back again: npx cutover rollback --stack ${stack} --reason "…" --yes`,
    ].join("\n"),
  };
}

/** May one sleep on: traffic is proved to be where it should, and everything else is written down. */
export function maySleep(input: Pick<RollbackNoticeInput, "rollback" | "recordProblem">): string[] {
  const { steps, to } = input.rollback;
  const against: string[] = [];
  if (steps.switch?.state !== "done") against.push("the kill switch did not move");
  if (to === "hold") {
    const until = inboxWaitsForNode(input.rollback) ? "Node" : "an engine";
    against.push(`customers' messages wait in the inbox until ${until} answers, then they are passed on`);
  }
  if (steps.verify?.state !== "done") {
    against.push(`it is not proved that ${to === "hold" ? "the inbox takes messages" : "Node answers"}`);
  }
  if (steps.webhook?.state === "failed") {
    against.push(
      to === "hold"
        ? "GoHighLevel may still send to Node's own URL, where nobody answers; it is tried again each minute"
        : "GoHighLevel still points at the load balancer (messages reach Node through it); it is tried again each minute",
    );
  }
  const left = steps.webhook?.byHand;
  if (left) against.push(...leftToPerson(to, left));
  if (input.recordProblem) against.push("the rollback is not on record yet; it is tried again each minute");
  return against;
}

/** What a webhook that nobody but a person moves means for customers. Only in mode `manual`, to Node, it means nothing. */
function leftToPerson(to: RollbackRecord["to"], left: ByHand): string[] {
  const where = left.why === "foreign" ? `points at ${left.found}` : "may send elsewhere than to the front door";
  if (to === "hold")
    return [`GoHighLevel ${where}, and what goes past the front door does not reach the inbox: By hand`];
  if (left.why === "manual") return [];
  return [`GoHighLevel ${where}, where the kill switch moves nothing: see whether that leads to Node`];
}

/** Who gets held messages, and the command that changes it. Empty where nothing is held. */
function inboxLines(
  stack: string,
  rollback: Pick<RollbackRecord, "to"> &
    Partial<Pick<RollbackRecord, "first" | "trigger" | "inboxToPython">> & { readonly id: string | undefined },
): string[] {
  if (rollback.to !== "hold") return [];
  if (rollback.id === undefined || !inboxWaitsForNode(rollback)) {
    return [
      "are passed on each minute to Node, or else to Python. If Python must not have them, stop that:",
      `aws events disable-rule --name cutover-${stack}-replay    (enable-rule starts it again)`,
    ];
  }
  const because = rollback.trigger ? `: ${rollback.trigger.text}` : "";
  return [
    `wait for Node, because Python was rolled back${because}. To let Python have them all the same:`,
    `aws ssm put-parameter --type String --value yes --name ${inboxToPythonPath(stack, rollback.id)}`,
  ];
}

function sleepLines(input: RollbackNoticeInput): string[] {
  const against = maySleep(input);
  return against.length === 0
    ? ["Yes. Node answers, and nothing moves back by itself: no update undoes this until somebody acknowledges it."]
    : ["No:", ...against.map((line) => `- ${line}`)];
}

function whenAndWhere({ at, phase, share }: RollbackNoticeInput["rollback"]): string {
  const where = phase === undefined ? "the phase could not be read" : `phase ${phase}`;
  return `${at}, ${where}${share === undefined ? "" : `, ${share} % to Python`}`;
}

function stepLines(steps: RollbackRecord["steps"], wanted: (step: StepResult) => boolean): string[] {
  const entries = Object.entries(steps) as [StepName, StepResult][];
  return entries.filter(([, step]) => wanted(step)).map(([name, step]) => `${STEP_NAMES[name]}: ${step.detail}`);
}

function recordLine(problem: string | undefined): string[] {
  return problem === undefined ? [] : [`record in SSM: ${problem}`];
}

function lostLines(lost: LostMessages): string[] {
  if (!lost.known) return [`not known: ${lost.why}`];
  if (lost.ids.length === 0) return [`none that Python reported as failed in the last ${lost.sinceMinutes} minutes`];
  return [
    `${lost.more ? "at least " : ""}${lost.ids.length} that Python reported as failed in the last ${lost.sinceMinutes} minutes:`,
    ...lost.ids,
  ];
}

function nextLines(rollback: RollbackNoticeInput["rollback"]): string[] {
  if (rollback.id === undefined) return ["the reconciler records the rollback and sends its id"];
  return [
    "read the log of Python, mend it, then:",
    acknowledgeCommand({ id: rollback.id, trigger: rollback.trigger.text }),
  ];
}

function sectionLines(section: string | readonly [string, readonly string[]]): string[] {
  if (typeof section === "string") return [section];
  const [title, lines] = section;
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}

/** What stands in a message's subject: SNS takes 100 characters. */
export function subject(stack: string, text: string): string {
  // SNS refuses line breaks and anything but ASCII.
  return `[cutover ${stack}] ${text}`.replaceAll(/[^\x20-\x7e]/g, "-").slice(0, 100);
}
