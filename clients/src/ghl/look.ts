import { withBackendNode } from "@cutover/domain/webhook";
import { urlAnswers } from "./answers";
import { type CustomValue, GhlError } from "./client";
import type { ResourceContext } from "./context";
import { declared, type GhlValueInputs, type GhlValueState, shownAs, stateOf } from "./state";

type Bag = Readonly<Record<string, unknown>>;

/** What GHL has now for a value in the state. */
export interface Seen {
  readonly value?: CustomValue | undefined;
  /** Another one of its name or merge field: the workflow step may get either. */
  readonly problem?: GhlError;
}

/** The value as it is now: by id, else by name if somebody deleted it and made it again. Lists tell of others beside it. */
export async function look({ client }: ResourceContext, before: GhlValueState): Promise<Seen> {
  const own = await client.get(before.valueId);
  if ("id" in before.match) return { value: own };
  const { name } = before.match;
  try {
    const named = client.only(name, await client.list());
    // Renamed by somebody, and another one made under the old name.
    if (own && named && own.id !== named.id) client.only(name, [{ ...own, name }, named]);
    return { value: own ?? named };
  } catch (error) {
    if (!(error instanceof GhlError) || error.failure !== "duplicate") throw error;
    return { value: own, problem: error };
  }
}

/** The same where a second one is an error. */
export async function live(context: ResourceContext, before: GhlValueState): Promise<CustomValue | undefined> {
  const { value, problem } = await look(context, before);
  if (problem) throw problem;
  return value;
}

/** What was declared when the state was written; the bag's own `value` is what GHL held, not what was wanted. */
export function wantedBefore(props: Bag): GhlValueInputs {
  const { value: _seen, ...rest } = declared(props);
  const { lastWritten } = props as unknown as GhlValueState;
  return lastWritten === undefined ? rest : { ...rest, value: lastWritten };
}

/** A release follows a write of ours that the state does not know: the rollback function's. */
export function takingBack(before: GhlValueState, { release, rollbackUrl }: GhlValueInputs): GhlValueState {
  const released = release !== undefined && release !== before.release;
  return released && rollbackUrl !== undefined && before.maybeWritten === undefined
    ? { ...before, maybeWritten: rollbackUrl }
    : before;
}

/**
 * Looks at GHL during a diff and says what somebody changed since the state was written, so that previews show it without
 * a refresh; and what an update will not do. Changes nothing about the diff, and a failure to look is no failure of it.
 */
export async function mentionDrift(context: ResourceContext, olds: Bag, news: Bag): Promise<void> {
  const before = olds as unknown as GhlValueState;
  const subject = `GHL custom value "${before.name}"`;
  try {
    const { value, problem } = await look(context, before);
    // What this update would write is nobody's change: an update that was killed had written it.
    const written = declared(news).value;
    const differs = value ? value.value !== before.value && value.value !== written : before.value !== "";
    if (problem || differs) {
      const { drift } = stateOf(wantedBefore(olds), value, takingBack(before, declared(news)), problem?.message);
      const what = drift ?? "it holds another value than the state knows";
      context.say(`${subject}: ${what}. Nothing is changed by that; \`pulumi refresh\` takes it into the state.`);
    }
    const other = await otherValue(context, before, declared(news));
    if (other) context.say(other.message);
    else await mentionDeadNode(context, before, declared(news));
  } catch (error) {
    if (!(error instanceof GhlError)) throw error;
    context.say(`${subject}: could not look whether somebody changed it: ${error.message}`);
  }
}

async function mentionDeadNode(context: ResourceContext, before: GhlValueState, news: GhlValueInputs): Promise<void> {
  if (news.value !== before.value) await reachable(context, news);
}

/**
 * Why the value now declared can't be taken, or undefined. A value that we hold is not left for another one: it would point
 * at the front door for good, also when that is destroyed, and the step may still read it.
 */
export async function otherValue(
  { client }: ResourceContext,
  before: GhlValueState,
  inputs: GhlValueInputs,
): Promise<GhlError | undefined> {
  const same = JSON.stringify(before.match) === JSON.stringify(inputs.match);
  if (same || (inputs.mode === "as-found" && before.lastWritten === undefined)) return undefined;
  const old = await client.get(before.valueId);
  if (!old || (await client.find(inputs.match))?.id === old.id) return undefined;
  const key = inputs.secret ? "secretValue" : "webhookValue";
  return new GhlError(
    "conflict",
    `cutover:ghl.${key} names another custom value than "${old.name}" (id ${old.id}), which holds what Cutover wrote. Nothing was changed: ` +
      "left as it is, the old one would point here for good, and the workflow step may still read it. Name it again: " +
      `pulumi config set --path 'cutover:ghl.${key}' id:${old.id}. To use another one, first go back to phase prepare, which puts the old one back`,
  );
}

/** Why nothing can be made: by hand a person knows better. */
function unmade(error: GhlError, inputs: GhlValueInputs): GhlError {
  const advice =
    "id" in inputs.match
      ? "A value that is made again gets a new id: look for the right one in GHL (Settings > Custom Values; its id is in the page's " +
        `address), then: pulumi config set --path 'cutover:ghl.${inputs.secret ? "secretValue" : "webhookValue"}' id:<its id>, or its name`
      : "Either make it in GHL (Settings > Custom Values) holding today's webhook URL, " +
        "or let Cutover make it: pulumi config set --path 'cutover:ghl.currentUrl' <today's webhook URL>";
  return new GhlError("missing", `${error.message} ${advice}`);
}

/**
 * Makes a value that does not exist. Not beside one whose name differs by case or spaces only: a workflow step may mean
 * either of them.
 */
export async function make(
  { client }: ResourceContext,
  inputs: GhlValueInputs,
  first: string | undefined,
): Promise<CustomValue> {
  if ("name" in inputs.match && first && (await client.near(inputs.match.name)).length === 0) {
    return (await client.ensure(inputs.match.name, first)).value;
  }
  try {
    return await client.adopt(inputs.match);
  } catch (error) {
    if (!(error instanceof GhlError) || error.failure !== "missing") throw error;
    throw unmade(error, inputs);
  }
}

/**
 * What is declared, with the pinned front door in place of Node's own URL where nothing answers there: a step to Node is
 * never refused, and never taken to a dead address.
 */
export async function reachable(context: ResourceContext, inputs: GhlValueInputs): Promise<GhlValueInputs> {
  const { value, rollbackUrl, frontDoor, healthPath } = inputs;
  if (inputs.mode !== "set" || inputs.secret || value === undefined || value !== rollbackUrl) return inputs;
  if (frontDoor === undefined || value === frontDoor) return inputs;
  if (await urlAnswers(value, { healthPath }, context.greet)) return inputs;
  const pinned = withBackendNode(frontDoor);
  context.say(
    `Node's own URL, ${shownAs(value, false)}, does not answer. GHL gets ${shownAs(pinned, false)} in its place, which leads to Node ` +
      "through the load balancer. Once Node's URL answers, pulumi up moves GHL there.",
  );
  return { ...inputs, value: pinned };
}
