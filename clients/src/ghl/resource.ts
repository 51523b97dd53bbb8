import { createHash } from "node:crypto";
import {
  capturePrevious,
  decideDestroy,
  decideWrite,
  isWritableUrl,
  ownerOf,
  pointsAtUs,
  type WriteDecision,
} from "@cutover/domain/webhook";
import { urlAnswers } from "./answers";
import { type CustomValue, GhlClient, type GhlClientOptions, GhlError } from "./client";
import {
  claimsOf,
  declared,
  type GhlValueInputs,
  type GhlValueState,
  type Past,
  shownAs,
  stateOf,
  UNKNOWN,
} from "./state";

/**
 * What the `GhlValue` dynamic resource does, as plain functions. The stub in providers/ghl-value.ts only calls them: its
 * text is kept in Pulumi's state, this file is not.
 */
export interface ResourceContext {
  readonly client: GhlClient;
  /** Whether a URL answers at all. */
  readonly answers: (url: string) => Promise<boolean>;
  /** `cutover:destroy: lose-traffic`, as it is set now. */
  readonly loseTraffic: boolean;
  /** Tells the person at the terminal. */
  readonly say: (sentence: string) => void;
}

type Bag = Readonly<Record<string, unknown>>;

/** Parts of a context given by tests. */
export interface ContextOverrides {
  readonly client?: Partial<GhlClientOptions>;
  readonly answers?: (url: string) => Promise<boolean>;
  readonly say?: (sentence: string) => void;
}

/** The stack's configuration as a dynamic provider sees it. */
export interface StackConfig {
  get(key: string): string | undefined;
}

/**
 * Client and settings from the stack's configuration (`cutover:ghl`, `cutover:destroy`). `CUTOVER_GHL_TOKEN` counts before
 * the token of the configuration, so that a rotated token works even where an old one is kept. With `CUTOVER_READ_ONLY=1`,
 * as the workflows that only look set it, the configuration's token, which writes, is not taken at all.
 * @throws GhlError where there is no token to take
 */
export function contextFrom(
  config: StackConfig | undefined,
  locationId: string,
  overrides: ContextOverrides = {},
): ResourceContext {
  const ghl = parseObject(config?.get("ghl"));
  const readOnly = process.env.CUTOVER_READ_ONLY === "1";
  const token = process.env.CUTOVER_GHL_TOKEN || (readOnly ? undefined : text(ghl.token));
  if (!token && readOnly) {
    throw new GhlError(
      "token",
      "CUTOVER_READ_ONLY is set, and CUTOVER_GHL_TOKEN, a token that only reads, is not: in the workflows it is the secret GHL_READONLY_TOKEN (docs/ci.md)",
    );
  }
  if (!token) {
    throw new GhlError(
      "token",
      "no GHL token: pulumi config set --secret --path 'cutover:ghl.token' (or set CUTOVER_GHL_TOKEN for one run)",
    );
  }
  const readBack = Number(process.env.CUTOVER_GHL_READ_BACK_MS);
  return {
    client: new GhlClient({
      token,
      locationId,
      baseUrl: text(ghl.baseUrl),
      ...(readBack > 0 ? { readBackMs: readBack } : {}),
      ...overrides.client,
    }),
    answers: overrides.answers ?? urlAnswers,
    loseTraffic: config?.get("destroy") === "lose-traffic" || process.env.CUTOVER_DESTROY === "lose-traffic",
    say: overrides.say ?? ((sentence) => console.error(sentence)),
  };
}

/**
 * The first 12 hex digits of a value's SHA-256: names a value without showing it. For a secret give a salt: people choose
 * guessable ones, and the fingerprint is printed.
 */
export function fingerprint(value: string, salt = ""): string {
  return createHash("sha256").update(salt).update(value).digest("hex").slice(0, 12);
}

/** Finds problems before anything is touched and adds `shown`. Values not known yet in preview are passed over. */
export function checkInputs(news: Bag): {
  inputs: Record<string, unknown>;
  failures: { property: string; reason: string }[];
} {
  const failures: { property: string; reason: string }[] = [];
  const inputs = declared(news);
  if (inputs.mode === "set" && inputs.value === undefined) {
    failures.push({ property: "value", reason: "mode `set` needs a value" });
  }
  if (inputs.mode === "set" && inputs.value === "")
    failures.push({ property: "value", reason: "is empty; GHL may refuse that, and messages would be lost" });
  if (
    !inputs.secret &&
    typeof inputs.value === "string" &&
    inputs.value !== "" &&
    inputs.value !== UNKNOWN &&
    !isWritableUrl(inputs.value)
  ) {
    failures.push({
      property: "value",
      reason: `${shownAs(inputs.value, false)} can't be written into GHL: expected an https URL without spaces, user, password or fragment`,
    });
  }
  const shown =
    inputs.mode === "as-found" ? "as found" : inputs.value === UNKNOWN ? UNKNOWN : shownAs(inputs.value, inputs.secret);
  return { inputs: { ...inputs, shown }, failures };
}

/** What is kept in state besides the value: a change of one of these is an update that may write nothing. */
const BOOKKEEPING = [
  "match",
  "mode",
  "onDestroy",
  "createWith",
  "frontDoor",
  "alsoOurs",
  "release",
  "rollbackUrl",
  "decommissioned",
  "loseTraffic",
  "overwrite",
  "secret",
] as const;

/** Whether the declared state differs from the state as last seen. Never asks GHL: refresh does. */
export function diffValue(olds: Bag, news: Bag): { changes: boolean; replaces: string[] } {
  const before = declared(olds);
  const after = declared(news);
  const past = olds as unknown as GhlValueState;
  if (before.locationId !== after.locationId) return { changes: true, replaces: ["locationId"] };
  const changes =
    BOOKKEEPING.some((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])) ||
    (after.mode === "set" && after.value !== past.lastWritten) ||
    decide(after, past.value, past).action !== "nothing";
  return { changes, replaces: [] };
}

/**
 * Looks at GHL during a diff and says what somebody changed since the state was written, so that previews show it without
 * a refresh. Changes nothing about the diff, and a failure to look is no failure of the preview.
 */
export async function mentionDrift(context: ResourceContext, olds: Bag): Promise<void> {
  const before = olds as unknown as GhlValueState;
  const subject = `GHL custom value "${before.name}"`;
  try {
    const seen = await context.client.get(before.valueId);
    if (seen?.value === before.value || (!seen && before.value === "")) return;
    const { value: _seen, ...inputs } = declared(olds);
    const { drift } = stateOf(inputs, seen, before);
    const what = drift ?? "it holds another value than the state knows";
    context.say(`${subject}: ${what}. Nothing is changed by that; \`pulumi refresh\` takes it into the state.`);
  } catch (error) {
    if (!(error instanceof GhlError)) throw error;
    context.say(`${subject}: could not look whether somebody changed it: ${error.message}`);
  }
}

/** Adopts or makes the value, remembers what was there, and writes if the mode says so. */
export async function createValue(context: ResourceContext, news: Bag): Promise<{ id: string; outs: GhlValueState }> {
  const inputs = declared(news);
  const first = inputs.createWith || (inputs.secret ? inputs.value : undefined);
  const found = (await context.client.find(inputs.match)) ?? (await make(context, inputs, first));
  const previousValue =
    found.value === ""
      ? inputs.createWith // an empty value is no address anybody used
      : capturePrevious(found.value, claimsOf(inputs, {}), inputs.createWith);
  const past = { valueId: found.id, name: found.name, mergeField: found.mergeField, previousValue };
  return { id: found.id, outs: await apply(context, inputs, found, past) };
}

/** Makes the value agree with what is declared now. Refuses to overwrite what somebody else wrote. */
export async function updateValue(context: ResourceContext, olds: Bag, news: Bag): Promise<{ outs: GhlValueState }> {
  const before = olds as unknown as GhlValueState;
  const inputs = declared(news);
  const found = await live(context, before, inputs);
  if (found) return { outs: await apply(context, inputs, found, takingBack(before, inputs)) };
  // Somebody deleted it. The workflow step sends nowhere until it is there again.
  const made = await make(context, inputs, inputs.mode === "set" ? inputs.value : before.previousValue);
  return { outs: await apply(context, inputs, made, { ...before, lastWritten: made.value }) };
}

/** A release follows a write of ours that the state does not know: the rollback function's. */
function takingBack(before: GhlValueState, { release, rollbackUrl }: GhlValueInputs): GhlValueState {
  const released = release !== undefined && release !== before.release;
  return released && rollbackUrl !== undefined && before.maybeWritten === undefined
    ? { ...before, maybeWritten: rollbackUrl }
    : before;
}

/** What GHL holds now. Keeps the resource when the value is gone, so that the previous value is not forgotten. */
export async function readValue(
  context: ResourceContext,
  props: Bag,
): Promise<{ props: GhlValueState; inputs: Record<string, unknown> }> {
  const before = props as unknown as GhlValueState;
  const inputs = declared(props);
  // The bag holds outputs: its `value` is what GHL held, what we want is what we last wrote.
  const { value: _seen, ...rest } = inputs;
  const wanted = before.lastWritten === undefined ? rest : { ...rest, value: before.lastWritten };
  const found = await live(context, before, inputs);
  const state = stateOf(wanted, found, before);
  const shown = inputs.mode === "as-found" && state.drift === undefined ? "as found" : state.shown;
  return { props: state, inputs: { ...wanted, shown } };
}

/** Gives the value back at destroy, or refuses because messages would be lost. */
export async function deleteValue(context: ResourceContext, props: Bag): Promise<void> {
  const before = props as unknown as GhlValueState;
  const current = await live(context, before, declared(props));
  // The bag holds outputs: its `value` is what GHL held, not what we want.
  const { value: _seen, ...inputs } = declared(props);
  const situation = {
    ...claimsOf(inputs, before),
    current: current?.value,
    onDestroy: before.onDestroy,
    decommissioned: before.decommissioned === true,
    loseTraffic: context.loseTraffic || before.loseTraffic === true,
    secret: before.secret,
  };
  let decision = decideDestroy({ ...situation, previousAnswers: "not-asked" });
  if (decision.action === "ask") {
    const previousAnswers = (await context.answers(decision.url)) ? "yes" : "no";
    decision = decideDestroy({ ...situation, previousAnswers });
  }
  const subject = `GHL custom value "${before.name}"`;
  if (decision.action === "refuse") throw new GhlError("conflict", `${subject}: ${decision.reason}`);
  if (current && decision.action === "delete") await context.client.remove(current.id);
  if (current && decision.action === "restore") {
    await context.client.write(current.id, decision.value, unchangedSince(current));
    context.say(`${subject}: put back to ${shownAs(decision.value, before.secret)}`);
  }
  if (decision.action === "leave" && before.lastWritten !== undefined) context.say(`${subject}: ${decision.reason}`);
}

/** Decides and writes. A failure after the value was adopted keeps what is known, so that nothing has to be found out again. */
async function apply(
  context: ResourceContext,
  inputs: GhlValueInputs,
  found: CustomValue,
  known: Past,
): Promise<GhlValueState> {
  const decision = decide(inputs, found.value, known);
  // Before our first write, a value somebody newly wrote and allowed to be overwritten is the one to go back to.
  const accepted =
    decision.action === "write" && known.lastWritten === undefined && inputs.mode === "set" && found.value !== "";
  const past = accepted && !isOurs(inputs, found.value) ? { ...known, previousValue: found.value } : known;
  const settled = (value: string): Past => ({
    ...past,
    lastWritten: inputs.mode === "set" ? value : undefined,
    maybeWritten: undefined,
  });
  if (decision.action === "refuse") {
    throw partialFailure(
      past,
      stateOf(inputs, found, past),
      new GhlError("conflict", `GHL custom value "${found.name}": ${decision.reason}`),
    );
  }
  if (decision.action === "nothing") {
    const restored = inputs.mode === "as-found" && found.value === past.previousValue;
    return stateOf(inputs, found, inputs.mode === "set" || restored ? settled(found.value) : past);
  }
  try {
    if (inputs.mode === "as-found") await mustAnswer(context, inputs, decision.value);
    const { after } = await context.client.write(found.id, decision.value, unchangedSince(found));
    return stateOf(inputs, after, settled(after.value));
  } catch (error) {
    if (!(error instanceof GhlError)) throw error;
    const mayHaveArrived = error.failure === "unavailable" || error.failure === "not-applied";
    const left = mayHaveArrived ? { ...past, maybeWritten: decision.value } : past;
    throw partialFailure(past, stateOf(inputs, found, left), error);
  }
}

function isOurs(inputs: GhlValueInputs, current: string): boolean {
  return ownerOf(current, claimsOf(inputs, {})) !== "theirs";
}

function decide(inputs: GhlValueInputs, current: string, past: Partial<Past>): WriteDecision {
  return decideWrite({
    ...claimsOf(inputs, past),
    mode: inputs.mode,
    current,
    overwrite: inputs.overwrite,
    currentFingerprint: fingerprint(
      current,
      inputs.secret ? JSON.stringify([inputs.locationId, past.valueId]) : undefined,
    ),
    secret: inputs.secret,
  });
}

/** Going back to the previous URL is refused when nothing answers there. */
async function mustAnswer(context: ResourceContext, inputs: GhlValueInputs, url: string): Promise<void> {
  if (inputs.secret || inputs.loseTraffic || context.loseTraffic) return;
  if (pointsAtUs(url, claimsOf(inputs, {}))) {
    throw new GhlError(
      "conflict",
      `the address from before the cutover, ${shownAs(url, false)}, is at the front door itself, so GHL is not pointed at it. ` +
        "Put the old service's own URL into the value in GHL by hand and run again: it is left as it is then",
    );
  }
  if (await context.answers(url)) return;
  throw new GhlError(
    "conflict",
    `the address from before the cutover, ${shownAs(url, false)}, does not answer, so GHL is not pointed at it. ` +
      "Start the old service, or accept the loss: pulumi config set cutover:destroy lose-traffic",
  );
}

function unchangedSince(found: CustomValue): (now: CustomValue) => void {
  return (now) => {
    if (now.value === found.value) return;
    throw new GhlError(
      "conflict",
      `GHL custom value "${found.name}" was changed by somebody else a moment ago. Nothing was written; look at it in GHL, then run again.`,
    );
  };
}

/** The value as it is now: by id, else by name if somebody deleted it and made it again. */
async function live(
  context: ResourceContext,
  before: GhlValueState,
  inputs: GhlValueInputs,
): Promise<CustomValue | undefined> {
  const sameMatch = JSON.stringify(before.match) === JSON.stringify(inputs.match);
  if (!sameMatch) return context.client.find(inputs.match);
  return (
    (await context.client.get(before.valueId)) ??
    ("name" in inputs.match ? context.client.find(inputs.match) : undefined)
  );
}

/**
 * Makes a value that does not exist. Not beside one whose name differs by case or spaces only: a workflow step may mean
 * either of them.
 */
async function make(context: ResourceContext, inputs: GhlValueInputs, first: string | undefined): Promise<CustomValue> {
  if ("name" in inputs.match && first && (await context.client.near(inputs.match.name)).length === 0) {
    return (await context.client.ensure(inputs.match.name, first)).value;
  }
  try {
    return await context.client.adopt(inputs.match);
  } catch (error) {
    if (!(error instanceof GhlError) || error.failure !== "missing") throw error;
    throw new GhlError(
      "missing",
      `${error.message} Either make it in GHL (Settings > Custom Values) holding today's webhook URL, ` +
        "or let Cutover make it: pulumi config set --path 'cutover:ghl.currentUrl' <today's webhook URL>",
    );
  }
}

/** An error the engine records together with the state reached (dynamic provider protocol: id, properties, reasons). */
function partialFailure(past: Past, state: GhlValueState, error: GhlError): Error {
  return Object.assign(new Error(error.message), {
    id: past.valueId,
    properties: { ...state },
    reasons: [error.message],
  });
}

function parseObject(json: string | undefined): Readonly<Record<string, unknown>> {
  if (json === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    throw new GhlError(
      "invalid",
      "cutover:ghl is not an object; set its parts with: pulumi config set --path 'cutover:ghl.<part>'",
    );
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
