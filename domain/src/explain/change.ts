import type { Affinity } from "../affinity";
import type { Phase, WebhookTarget } from "../phases";
import { digestIn, numberIn, phaseIn, pythonWeightIn, textIn } from "./allowed";
import type { Preview, PreviewStep } from "./preview";

/** Where customers' messages go on one side of the change. */
export interface Position {
  readonly phase: Phase;
  /** Percent that Python gets. */
  readonly share: number;
  /** Whether a conversation has one engine, or each message is dealt by weight. */
  readonly affinity: Affinity;
  readonly webhook: WebhookTarget;
}

/** A container image that changes. Digests only. */
export interface ImageChange {
  readonly engine: "node" | "python";
  readonly from: string | undefined;
  readonly to: string;
}

/** What the whole change means to customers. */
export interface PlannedChange {
  readonly stack: string;
  /** Undefined where nothing is applied yet. */
  readonly before: Position | undefined;
  /** Undefined where everything is removed, or the preview did not get that far. */
  readonly after: Position | undefined;
  /** Customers' messages an hour, both engines together. */
  readonly messagesPerHour: number;
  /** `cutover:expectedMessagesPerHour` is not set, so the default is taken. */
  readonly messagesAssumed: boolean;
  readonly region: string | undefined;
  readonly images: readonly ImageChange[];
  /** Id of a rollback that waits for its acknowledgement. */
  readonly waitingRollback: string | undefined;
  /** Id of the rollback that this change releases. */
  readonly released: string | undefined;
  /** The stack is removed. */
  readonly destroys: boolean;
}

/** Default of `cutover:expectedMessagesPerHour`. */
const MESSAGES_PER_HOUR = 60;

const CUTOVER = "cutover:index:Cutover";

/** Reads what changes for customers from the component's own inputs, the stack's outputs and the rollback's sentence. */
export function plannedChange(preview: Preview): PlannedChange {
  const cutover = preview.steps.find(({ type }) => type === CUTOVER);
  const configured = numberIn(preview.config["cutover:expectedMessagesPerHour"]);
  const destroys = cutover?.op === "delete";
  const waitingRollback = waiting(preview);
  const applied = cutover?.old ? positionIn(cutover.old.inputs) : stackOutputs(preview);
  const planned = cutover?.new ? positionIn(cutover.new.inputs) : undefined;
  const before = applied && { ...applied, ...webhookOn("old", preview, applied) };
  const after = planned ?? (destroys || preview.failed ? undefined : applied);
  return {
    stack: preview.stack,
    before: before && { ...before, share: liveShare(preview) ?? before.share },
    after: after && { ...after, ...webhookOn("new", preview, after) },
    messagesPerHour: configured !== undefined && configured > 0 ? configured : MESSAGES_PER_HOUR,
    messagesAssumed: configured === undefined,
    region: textIn(preview.config["aws:region"], "region"),
    images: preview.steps.flatMap(imageChange),
    waitingRollback,
    released: waitingRollback === undefined ? releasedBy(preview) : undefined,
    destroys,
  };
}

/**
 * The weighted rule's share before this change: what a partly done update may have left, too. With a rule for contacts
 * the weights don't tell it, and that rule's expression stands beside a secret.
 */
function liveShare({ steps }: Preview): number | undefined {
  if (steps.some(({ name, old }) => name === "traffic-split-contact" && old)) return undefined;
  const split = steps.find(({ name, old }) => name === "traffic-split" && old);
  const group = steps.find(({ name, old }) => name === "traffic-python-customer" && old);
  return split?.old && pythonWeightIn(split.old.inputs, group?.old?.outputs.arn);
}

function positionIn(inputs: Readonly<Record<string, unknown>>): Position | undefined {
  const phase = phaseIn(inputs.phase);
  const share = numberIn(inputs.pythonShare);
  return phase && share !== undefined && share >= 0 && share <= 100
    ? { phase, share, affinity: affinityIn(inputs.affinity), webhook: phase.webhook }
    : undefined;
}

/** Named only where it is not none. */
function affinityIn(value: unknown): Affinity {
  return textIn(value, "affinity") === "contact" ? "contact" : "none";
}

function stackOutputs({ steps }: Preview): Position | undefined {
  const stack = steps.find(({ type }) => type === "pulumi:pulumi:Stack");
  return stack?.old && positionIn(stack.old.outputs);
}

/** The webhook's own component says where it points; a rollback may have moved it away from the phase's place. */
function webhookOn(side: "old" | "new", { steps }: Preview, otherwise: Position): { webhook: WebhookTarget } {
  const target = steps.find(({ type }) => type === "cutover:index:Webhook")?.[side]?.inputs.target;
  return { webhook: (textIn(target, "webhook") as WebhookTarget | undefined) ?? otherwise.webhook };
}

function imageChange(step: PreviewStep): ImageChange[] {
  if (step.type !== "cutover:index:Service" || !step.new) return [];
  const engine = textIn(step.new.inputs.engine, "engine") as ImageChange["engine"] | undefined;
  const [from, to] = [digestIn(step.old?.inputs.image), digestIn(step.new.inputs.image)];
  return engine === undefined || to === undefined || from === to ? [] : [{ engine, from, to }];
}

/** `decide.ts` warns in every preview while a rollback is not acknowledged (domain/src/release.ts, waitingSentence). */
function waiting({ messages }: Preview): string | undefined {
  for (const { message } of messages) {
    if (/Rolled back\b.* and not acknowledged\./s.test(message)) return /\((rb-\d{4,8}):/.exec(message)?.[1] ?? "?";
    if (/moved without a record: no customer reaches Python/.test(message)) return "unrecorded";
  }
  return undefined;
}

function releasedBy({ steps }: Preview): string | undefined {
  const release = steps.find(({ type }) => type === "pulumi-nodejs:dynamic/cutover:KillSwitch");
  const [before, after] = [release?.old?.inputs.release, release?.new?.inputs.release];
  return before === after ? undefined : textIn(after, "rollback");
}

/** Minutes that the alarms will look back, as the record of the applied phase says; undefined: no limit, or not known. */
export function appliedLookBack({ steps }: Preview): number | undefined {
  const record = steps.find(({ type, name }) => type === "aws:ssm/parameter:Parameter" && name === "applied");
  const value = (record?.new ?? record?.old)?.inputs.value;
  const minutes = typeof value === "string" ? /"alarmsLookBackMinutes":(\d{1,4})\b/.exec(value)?.[1] : undefined;
  return minutes === undefined ? undefined : Number(minutes);
}
