import { randomInt } from "node:crypto";
import { Bag } from "./bag";
import { errorText, InitializationFailed, isInUse, isNotFound } from "./errors";
import { hasUnknown, isObject, type Live, type Props, stableText, UNKNOWN } from "./json";
import type { Change, Context, ResourceType } from "./resource-type";
import { type Difference, differences, normalized, overlay, type Problem, problems, withDefaults } from "./semantics";

/** Names the provider made up, as the real provider records them; the engine hides keys that begin so. */
const DEFAULTS = "__defaults";

export type Tags = { readonly [key: string]: string };

/** Where a type is served from, for messages. */
export interface Served {
  readonly token: string;
  readonly type: ResourceType;
  /** File that serves it. */
  readonly where: string;
  /** Tags that the provider's configuration puts on everything. */
  readonly defaultTags: Tags;
}

export interface Checked {
  readonly inputs: Props;
  readonly problems: Problem[];
}

/** Validates declared inputs and gives a name to what has none. */
export function check(served: Served, name: string, olds: Props, news: Props, random = randomInt): Checked {
  const inputs = normalized(served.type.inputs, news);
  const made: string[] = [];
  const found = problems(served.type.inputs, inputs, served.where);
  for (const [property, field] of Object.entries(served.type.inputs)) {
    if (field.autoname === undefined || inputs[property] !== undefined) continue;
    const before = olds[property];
    const value = typeof before === "string" && before !== "" ? before : `${name}-${suffix(random)}`;
    if (value.length > field.autoname) {
      const reason = `the generated name ${value} has ${value.length} characters, at most ${field.autoname} are allowed; give one`;
      found.push({ property, reason });
    }
    inputs[property] = value;
    made.push(property);
  }
  if (made.length > 0) inputs[DEFAULTS] = made;
  if (found.length === 0 && served.type.validate) {
    const known = Object.fromEntries(Object.entries(inputs).filter(([, value]) => !hasUnknown(value)));
    for (const reason of served.type.validate(new Bag(known, name))) found.push({ property: "", reason });
  }
  return { inputs, problems: found };
}

function suffix(random: (max: number) => number): string {
  return Array.from({ length: 7 }, () => "0123456789abcdef"[random(16)]).join("");
}

export interface Plan {
  readonly differences: Difference[];
  readonly deleteBeforeReplace: boolean;
}

/** What has to change, and whether in place. */
export function diff(served: Served, olds: Props, oldInputs: Props, news: Props): Plan {
  const found = differences(served.type.inputs, oldInputs, news);
  if (isTagged(served) && !found.some((one) => one.path.startsWith("tags"))) {
    const before = isObject(olds.tagsAll) ? olds.tagsAll : oldInputs.tags;
    const after = mergedTags(served, news);
    if (!hasUnknown(after) && stableText(before ?? {}) !== stableText(after)) {
      found.push({ path: "tagsAll", kind: "update", replace: false });
    }
  }
  const replaces = found.some((one) => one.replace);
  return { differences: found, deleteBeforeReplace: replaces && collides(served, oldInputs, news) };
}

/** A replacement with the same chosen name can't exist beside the old one. */
function collides(served: Served, olds: Props, news: Props): boolean {
  if (served.type.deleteBeforeReplace) return true;
  const made = Array.isArray(news[DEFAULTS]) ? news[DEFAULTS] : [];
  return Object.entries(served.type.inputs).some(
    ([property, field]) =>
      field.autoname !== undefined &&
      !made.includes(property) &&
      stableText(olds[property]) === stableText(news[property]),
  );
}

/** Outputs as far as they are known before a create or an update. */
export function previewOutputs(served: Served, news: Props, olds?: Props): Props {
  const out: Props = {};
  for (const [property, field] of Object.entries(served.type.inputs)) {
    const value = news[property] ?? olds?.[property] ?? field.default;
    if (value !== undefined) out[property] = value;
    else if (field.computed) out[property] = UNKNOWN;
  }
  for (const property of served.type.outputs ?? []) {
    const kept = served.type.volatile?.includes(property) ? undefined : olds?.[property];
    out[property] = kept ?? UNKNOWN;
  }
  if (isTagged(served)) out.tagsAll = mergedTags(served, news);
  return out;
}

/** Whether default tags apply and `tagsAll` is an output. */
function isTagged(served: Served): boolean {
  const field = served.type.inputs.tags;
  return field !== undefined && !field.local;
}

function mergedTags(served: Served, inputs: Props): Props | string {
  const own = inputs.tags ?? {};
  if (!isObject(own)) return UNKNOWN;
  return { ...served.defaultTags, ...own };
}

/** Inputs as a handler sees them: defaults filled in, default tags merged. */
function effective(served: Served, inputs: Props): Props {
  const out = withDefaults(served.type.inputs, inputs);
  const merged = isTagged(served) ? mergedTags(served, inputs) : undefined;
  if (isObject(merged)) out.tags = merged;
  return out;
}

export interface Seen {
  /** As the state keeps it. */
  readonly id: string;
  readonly inputs: Props;
  readonly outputs: Props;
}

/** What exists, in the words of what was declared; undefined when it is gone. */
export async function read(
  served: Served,
  ctx: Context,
  id: string,
  state: Props,
  inputs: Props,
): Promise<Seen | undefined> {
  const known = new Bag({ ...withDefaults(served.type.inputs, inputs), ...state, ...inputs }, ctx.name);
  const { importedId } = served.type;
  const kept = importedId && Object.keys(state).length === 0 ? await importedId(ctx, id, known) : id;
  if (kept === undefined) return undefined;
  const live = await served.type.read(ctx, kept, known);
  return live === undefined ? undefined : { id: kept, ...describe(served, ctx, live, state, inputs) };
}

/** Pure part of `read`: AWS's values in, inputs and outputs for the engine out. */
export function describe(
  served: Served,
  ctx: { readonly region: string },
  live: Live,
  state: Props,
  inputs: Props,
): Omit<Seen, "id"> {
  const outputs: Props = {};
  const now: Props = {};
  const importing = Object.keys(inputs).length === 0;
  const { tags, tagsAll } = liveTags(served, live, inputs);
  const values: Live = { region: ctx.region, ...live, ...(isTagged(served) ? { tags } : {}) };
  for (const [property, field] of Object.entries(served.type.inputs)) {
    const declared = inputs[property];
    if (field.local) {
      if (declared !== undefined) now[property] = declared;
      const kept = declared ?? field.default;
      if (kept !== undefined) outputs[property] = kept;
      continue;
    }
    const value = values[property];
    const input = importing && field.kind !== "map" ? overlayAll(field, value) : overlay(field, declared, value, false);
    if (input !== undefined) now[property] = input;
    const output = overlay(field, declared ?? state[property], value, true);
    if (output !== undefined) outputs[property] = output;
  }
  if (inputs[DEFAULTS] !== undefined) now[DEFAULTS] = inputs[DEFAULTS];
  for (const property of served.type.outputs ?? []) {
    const frozen = served.type.momentary?.includes(property) ? state[property] : undefined;
    const value = frozen ?? live[property] ?? state[property];
    if (value !== undefined) outputs[property] = value;
  }
  if (tagsAll !== undefined) outputs.tagsAll = tagsAll;
  return { inputs: now, outputs };
}

function overlayAll(field: Parameters<typeof overlay>[0], value: Live[string]): Live[string] {
  const { computed: _, ...strict } = field;
  return overlay(strict, undefined, value, false);
}

function liveTags(served: Served, live: Live, inputs: Props): { tags?: Props; tagsAll?: Props } {
  if (!isTagged(served)) return {};
  const all = Object.entries(isObject(live.tags) ? live.tags : {}).filter(([key]) => !key.startsWith("aws:"));
  const declared = isObject(inputs.tags) ? inputs.tags : {};
  const own = all.filter(([key, value]) => key in declared || served.defaultTags[key] !== value);
  return { tags: Object.fromEntries(own), tagsAll: Object.fromEntries(all) };
}

/** Makes the thing. When it exists but something after that failed, throws InitializationFailed with its id. */
export async function create(
  served: Served,
  makeContext: (created: (id: string) => void) => Context,
  inputs: Props,
): Promise<{ id: string; outputs: Props }> {
  let known: string | undefined;
  const ctx = makeContext((id) => {
    known = id;
  });
  try {
    const id = await served.type.create(ctx, new Bag(effective(served, inputs), ctx.name));
    known = id;
    const seen = await read(served, ctx, id, {}, inputs);
    if (seen === undefined) throw new Error("AWS does not show it right after creating it");
    return { id, outputs: seen.outputs };
  } catch (error) {
    const message = failure("creating", served, ctx.name, error);
    if (known === undefined) throw new Error(message, { cause: error });
    const seen = await read(served, ctx, known, {}, inputs).catch(() => undefined);
    throw new InitializationFailed(known, seen?.outputs ?? inputs, inputs, message);
  }
}

/** Changes the thing in place. When it fails half way, throws InitializationFailed with what is there now. */
export async function update(
  served: Served,
  ctx: Context,
  id: string,
  state: Props,
  oldInputs: Props,
  news: Props,
): Promise<Props> {
  try {
    await served.type.update?.(ctx, id, changeOf(served, ctx.name, state, oldInputs, news));
    const seen = await read(served, ctx, id, state, news);
    if (seen === undefined) throw new Error(`it is gone (${id}); run \`pulumi refresh\``);
    return seen.outputs;
  } catch (error) {
    const message = failure("updating", served, ctx.name, error);
    const seen = await read(served, ctx, id, state, oldInputs).catch(() => undefined);
    throw new InitializationFailed(id, seen?.outputs ?? state, seen?.inputs ?? oldInputs, message);
  }
}

function changeOf(served: Served, name: string, state: Props, oldInputs: Props, news: Props): Change {
  const changed = new Set(differences(served.type.inputs, oldInputs, news).map((one) => one.path.split(/[.[]/)[0]));
  const now = effective(served, news);
  const before = isObject(state.tagsAll) ? state.tagsAll : {};
  const after = isObject(now.tags) ? now.tags : {};
  const setTags = Object.entries(after).filter(([key, value]) => before[key] !== value);
  const removeTags = Object.keys(before).filter((key) => !(key in after));
  const repair = changed.size === 0 && setTags.length === 0 && removeTags.length === 0;
  return {
    news: new Bag(now, name),
    olds: new Bag(effective(served, oldInputs), name),
    state: new Bag(state, name),
    changed: (...names) => repair || names.some((one) => changed.has(one)),
    tags: {
      set: Object.fromEntries(setTags.map(([key, value]) => [key, String(value)])),
      remove: removeTags,
    },
  };
}

/** How long a delete is tried again while AWS says that the thing is still in use, real milliseconds. */
const IN_USE_MS = 15_000;

/** Removes the thing; gone already counts as done. */
export async function remove(served: Served, ctx: Context, id: string, state: Props): Promise<void> {
  const deadline = Date.now() + IN_USE_MS;
  try {
    await ctx.wait(`${ctx.name} to be deleted`, async () => {
      try {
        await served.type.delete(ctx, id, new Bag(state, ctx.name));
      } catch (error) {
        if (isNotFound(error)) return { done: true };
        if (!isInUse(error) || Date.now() > deadline) throw error;
        return { pending: errorText(error) };
      }
      return { done: true };
    });
  } catch (error) {
    throw new Error(failure("deleting", served, ctx.name, error), { cause: error });
  }
}

/** "creating aws:lb/listenerRule:ListenerRule traffic: PriorityInUse: Priority '10' is currently in use". */
export function failure(doing: string, served: Pick<Served, "token">, name: string, error: unknown): string {
  return `${doing} ${served.token} ${name}: ${errorText(error)}`;
}
