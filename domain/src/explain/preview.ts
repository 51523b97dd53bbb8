/** A resource's properties. What is in here may be secret, nested secrets even in plain text: never print it whole. */
export type Bag = Readonly<Record<string, unknown>>;

/** A resource on one side of a step. */
export interface ResourceState {
  readonly inputs: Bag;
  readonly outputs: Bag;
}

/** What happens to one resource. A replacement is one step here, whatever number the engine makes of it. */
export type Operation = "create" | "update" | "replace" | "delete" | "same";

/** One resource of the preview. */
export interface PreviewStep {
  readonly op: Operation;
  readonly urn: string;
  /** Pulumi's type token, `aws:lb/targetGroup:TargetGroup`. */
  readonly type: string;
  /** Logical name, `traffic-python-customer`. */
  readonly name: string;
  /** Type tokens of the components around it, the outermost first. */
  readonly inside: readonly string[];
  readonly old: ResourceState | undefined;
  readonly new: ResourceState | undefined;
  /** Names of the top-level properties that differ; no values. */
  readonly properties: readonly string[];
  /** Those of them that force the replacement. */
  readonly replacing: readonly string[];
  /** Replaced only because a value is not known before the update; then it mostly turns out to be the same. */
  readonly uncertain: boolean;
}

/** A line of the preview for people. */
export interface PreviewMessage {
  /** `error`, `warning`, `info`, `info#err`. */
  readonly severity: string;
  readonly message: string;
  /** Type and name of the resource it is about. */
  readonly about: string | undefined;
}

/** What `pulumi preview --json` printed, as far as we look at it. */
export interface Preview {
  readonly stack: string;
  /** Plain values of the stack's configuration; Pulumi has put `[secret]` in place of the others. */
  readonly config: Readonly<Record<string, string>>;
  readonly steps: readonly PreviewStep[];
  readonly messages: readonly PreviewMessage[];
  /** The engine could not do the preview; the steps are what it reached. */
  readonly failed: boolean;
}

/** The text is not what `pulumi preview --json` prints. */
export class PreviewError extends Error {
  override readonly name = "PreviewError";
}

/** What the engine shows for a value that only the update will know (pulumi: sdk/go/common/resource/plugin/rpc.go). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const WANTED = 'the output of "pulumi preview --json"';

/**
 * Reads the JSON text of `pulumi preview --json`.
 * @throws PreviewError that says what was found instead; it quotes nothing of the text
 */
export function readPreview(text: string): Preview {
  if (text.trim() === "") {
    throw new PreviewError(`Expected ${WANTED}, found nothing: the preview itself ended before it printed any.`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new PreviewError(
      `Expected ${WANTED}, found text that is no single JSON value. Keep standard error out of it, and leave PULUMI_ENABLE_STREAMING_JSON_PREVIEW unset.`,
    );
  }
  const digest = bag(parsed);
  if (isSavedPlan(digest)) {
    throw new PreviewError(
      `Expected ${WANTED}, found a plan saved by --save-plan. It does not hold what there is now, so the change can't be told from it.`,
    );
  }
  if (!Array.isArray(digest.steps)) throw new PreviewError(`Expected ${WANTED}, found JSON without a list of "steps".`);
  const steps = mergeReplacements(digest.steps.map(readStep));
  const messages = list(digest.diagnostics).map(readMessage);
  const stack = stackOf(steps);
  const config = Object.fromEntries(
    Object.entries(bag(digest.config)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
  return { stack, config, steps, messages, failed: messages.some(({ severity }) => severity === "error") };
}

/** `pulumi preview --save-plan`: `{version, plan: {resourcePlans}}` (pulumi: sdk/go/common/apitype/plan.go). */
function isSavedPlan(digest: Bag): boolean {
  return digest.resourcePlans !== undefined || bag(digest.plan).resourcePlans !== undefined;
}

/** Everything in a preview that may hold values: searched for secrets by `hide.ts`, never printed. */
export function valuesOf(preview: Preview): unknown[] {
  return [preview.config, ...preview.steps.flatMap((step) => [step.old, step.new])];
}

/** Whether only the update will know the value, or a part of it. */
export function isUnknown(value: unknown): boolean {
  return value !== undefined && JSON.stringify(value).includes(UNKNOWN);
}

/** The value as a bag; an empty one for anything else. */
export function bag(value: unknown): Bag {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Bag) : {};
}

/** The value as a list; an empty one for anything else. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  create: "create",
  import: "create",
  update: "update",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  "import-replacement": "replace",
  delete: "delete",
  "remove-pending-replace": "delete",
};

function readStep(value: unknown): PreviewStep {
  const step = bag(value);
  if (typeof step.urn !== "string") throw new PreviewError(`Expected ${WANTED}, found a step without a "urn".`);
  const [, , types = "", ...name] = step.urn.replace(/^urn:pulumi:/, "").split("::");
  const chain = types.split("$");
  const diff = Object.entries(bag(step.detailedDiff));
  const replacing = diff.filter(([, change]) => String(bag(change).kind).endsWith("-replace")).map(([path]) => path);
  const op = OPERATIONS[String(step.op)] ?? "same";
  const made = stateOf(step.newState);
  const forced = tops([...list(step.replaceReasons).map(String), ...replacing]);
  return {
    op,
    urn: step.urn,
    type: chain.at(-1) ?? "",
    name: name.join("::"),
    inside: chain.slice(0, -1),
    old: stateOf(step.oldState),
    new: made,
    properties: tops([...diff.map(([path]) => path), ...list(step.diffReasons).map(String)]),
    replacing: forced,
    uncertain: op === "replace" && forced.length > 0 && forced.every((name) => isUnknown(made?.inputs[name])),
  };
}

function stateOf(value: unknown): ResourceState | undefined {
  if (value === undefined || value === null) return undefined;
  const { inputs, outputs } = bag(value);
  return { inputs: bag(inputs), outputs: bag(outputs) };
}

/** Top-level names of property paths; what is no plain name is left out, a map's keys can be anything. */
function tops(paths: readonly string[]): string[] {
  const names = paths.map((path) => /^[A-Za-z]\w{0,60}/.exec(path)?.[0]).filter((one) => one !== undefined);
  return [...new Set(names)];
}

/** The engine tells of a replacement in up to three steps; one of them has both sides. */
function mergeReplacements(steps: readonly PreviewStep[]): PreviewStep[] {
  const merged = new Map<string, PreviewStep>();
  for (const step of steps) {
    const known = merged.get(step.urn);
    merged.set(step.urn, known ? together(known, step) : step);
  }
  return [...merged.values()];
}

function together(a: PreviewStep, b: PreviewStep): PreviewStep {
  const op = a.op === "same" ? b.op : a.op;
  return {
    ...a,
    // Deleted and made again under the same URN is a replacement, too.
    uncertain: a.uncertain || b.uncertain,
    op: a.op !== b.op && a.op !== "same" && b.op !== "same" ? "replace" : op,
    old: a.old ?? b.old,
    new: b.new ?? a.new,
    properties: [...new Set([...a.properties, ...b.properties])],
    replacing: [...new Set([...a.replacing, ...b.replacing])],
  };
}

function readMessage(value: unknown): PreviewMessage {
  const { severity, message, urn } = bag(value);
  const [, , types, ...name] = typeof urn === "string" ? urn.split("::") : [];
  const about = types === undefined ? undefined : `${types.split("$").at(-1)} ${name.join("::")}`;
  return { severity: String(severity ?? ""), message: String(message ?? "").trimEnd(), about };
}

function stackOf(steps: readonly PreviewStep[]): string {
  const stack = steps[0]?.urn.replace(/^urn:pulumi:/, "").split("::")[0];
  if (stack === undefined) throw new PreviewError(`Expected ${WANTED}, found no step, not even that of the stack.`);
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(stack)) throw new PreviewError(`Expected ${WANTED}, found no stack in its URNs.`);
  return stack;
}
