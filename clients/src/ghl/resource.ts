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
import { type CustomValue, GhlError } from "./client";
import type { ResourceContext } from "./context";
import { live, look, make, otherValue, reachable, takingBack, wantedBefore } from "./look";
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

/*
 * What the `GhlValue` dynamic resource does, as plain functions. The stub in providers/ghl-value.ts only calls them: its
 * text is kept in Pulumi's state, this file is not.
 */

type Bag = Readonly<Record<string, unknown>>;

/**
 * The first 12 hex digits of a value's SHA-256: names a value without showing it. It is printed, and people choose guessable
 * secrets, in query strings too: the salt makes it of no use elsewhere.
 */
function fingerprint(value: string, salt: string): string {
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
  "healthPath",
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

/** Adopts or makes the value, remembers what was there, and writes if the mode says so. */
export async function createValue(context: ResourceContext, news: Bag): Promise<{ id: string; outs: GhlValueState }> {
  const inputs = declared(news);
  const first = inputs.createWith || (inputs.secret ? inputs.value : undefined);
  const found = (await context.client.find(inputs.match)) ?? (await make(context, inputs, first));
  const previousValue =
    found.value.trim() === ""
      ? inputs.createWith // an empty value is no address anybody used
      : capturePrevious(found.value, claimsOf(inputs, {}), inputs.createWith);
  const past = { valueId: found.id, name: found.name, mergeField: found.mergeField, previousValue };
  return { id: found.id, outs: await apply(context, inputs, found, await acquainted(context, inputs, past)) };
}

/** Remembers how the previous URL answers while it is in use, for the day when it has to answer again. */
async function acquainted(context: ResourceContext, inputs: GhlValueInputs, past: Past): Promise<Past> {
  const { previousValue } = past;
  const askable = !inputs.secret && previousValue !== undefined && /^https?:/i.test(previousValue.trim());
  return { ...past, previousAnswer: askable ? await context.greet(previousValue) : undefined };
}

/** Makes the value agree with what is declared now. Refuses to overwrite what somebody else wrote. */
export async function updateValue(context: ResourceContext, olds: Bag, news: Bag): Promise<{ outs: GhlValueState }> {
  const before = olds as unknown as GhlValueState;
  const inputs = declared(news);
  const other = await otherValue(context, before, inputs);
  if (other) {
    const { value, problem } = await look(context, before);
    throw partialFailure(before, stateOf(wantedBefore(olds), value, before, problem?.message), other);
  }
  const meant = JSON.stringify(before.match) === JSON.stringify(inputs.match) || before.lastWritten !== undefined;
  if (!meant) return { outs: (await createValue(context, news)).outs }; // nothing of ours is in the one from before
  const found = await live(context, { ...before, match: inputs.match });
  if (found) return { outs: await apply(context, inputs, found, takingBack(before, inputs)) };
  // Somebody deleted it. The workflow step sends nowhere until it is there again.
  const made = await make(context, inputs, inputs.mode === "set" ? inputs.value : before.previousValue);
  return { outs: await apply(context, inputs, made, { ...before, lastWritten: made.value }) };
}

/** What GHL holds now. Keeps the resource when the value is gone, so that the previous value is not forgotten. */
export async function readValue(
  context: ResourceContext,
  props: Bag,
): Promise<{ props: GhlValueState; inputs: Record<string, unknown> }> {
  const before = props as unknown as GhlValueState;
  const wanted = wantedBefore(props);
  const { value, problem } = await look(context, before);
  if (problem) context.say(`GHL custom value "${before.name}": ${problem.message}`);
  const state = stateOf(wanted, value, before, problem?.message);
  const shown = wanted.mode === "as-found" && state.drift === undefined ? "as found" : state.shown;
  return { props: state, inputs: { ...wanted, shown } };
}

/** Gives the value back at destroy, or refuses because messages would be lost. */
export async function deleteValue(context: ResourceContext, props: Bag): Promise<void> {
  const before = props as unknown as GhlValueState;
  const current = await live(context, before);
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
    const previousAnswers = (await answersStill(context, before, decision.url)) ? "yes" : "no";
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
  wanted: GhlValueInputs,
  found: CustomValue,
  known: Past,
): Promise<GhlValueState> {
  const inputs = await reachable(context, wanted);
  const decision = decide(inputs, found.value, known);
  // Before our first write, a value somebody newly wrote and allowed to be overwritten is the one to go back to.
  const accepted =
    decision.action === "write" &&
    known.lastWritten === undefined &&
    inputs.mode === "set" &&
    found.value.trim() !== "";
  const past =
    accepted && found.value !== known.previousValue && !isOurs(inputs, found.value)
      ? await acquainted(context, inputs, { ...known, previousValue: found.value })
      : known;
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
    // An empty value leads nowhere: nothing is lost by filling it.
    if (inputs.mode === "as-found" && found.value.trim() !== "")
      await mustAnswer(context, inputs, known, decision.value);
    const { after } = await context.client.write(found.id, decision.value, unchangedSince(found));
    return stateOf(inputs, after, settled(after.value));
  } catch (error) {
    if (!(error instanceof GhlError)) throw error;
    const mayHaveArrived = ["unavailable", "not-applied", "altered"].includes(error.failure);
    const left = mayHaveArrived ? { ...past, maybeWritten: error.holds ?? decision.value } : past;
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
    currentFingerprint: fingerprint(current, JSON.stringify([inputs.locationId, past.valueId])),
    secret: inputs.secret,
  });
}

/** Whether the service from before the cutover is still at its URL. */
function answersStill(
  context: ResourceContext,
  {
    previousValue,
    previousAnswer,
    healthPath,
  }: Pick<Past, "previousValue" | "previousAnswer"> & { readonly healthPath?: string | undefined },
  url: string,
): Promise<boolean> {
  return urlAnswers(url, { before: url === previousValue ? previousAnswer : undefined, healthPath }, context.greet);
}

/** Going back to the previous URL is refused when nothing answers there. */
async function mustAnswer(context: ResourceContext, inputs: GhlValueInputs, past: Past, url: string): Promise<void> {
  if (inputs.secret || inputs.loseTraffic || context.loseTraffic) return;
  if (pointsAtUs(url, claimsOf(inputs, {}))) {
    throw new GhlError(
      "conflict",
      `the address from before the cutover, ${shownAs(url, false)}, is at the front door itself, so GHL is not pointed at it. ` +
        "Put the old service's own URL into the value in GHL by hand and run again: it is left as it is then",
    );
  }
  if (await answersStill(context, { ...past, healthPath: inputs.healthPath }, url)) return;
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

/** An error the engine records together with the state reached (dynamic provider protocol: id, properties, reasons). */
function partialFailure(past: Past, state: GhlValueState, error: GhlError): Error {
  return Object.assign(new Error(error.message), {
    id: past.valueId,
    properties: { ...state },
    reasons: [error.message],
  });
}
