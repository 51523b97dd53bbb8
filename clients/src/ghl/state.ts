import { explainDrift, type OnDestroy, showUrl, type WebhookMode } from "@cutover/domain/webhook";
import type { CustomValue, Match } from "./client";

/** What the program says about a custom value; the inputs of the `GhlValue` resource once they are known. */
export interface GhlValueInputs {
  readonly locationId: string;
  /** The value meant, by exact name or by id. */
  readonly match: Match;
  /** `as-found`: adopt it and write nothing (and put the previous value back if we had written). `set`: hold `value`. */
  readonly mode: WebhookMode;
  /** What it shall hold in mode `set`. */
  readonly value?: string;
  readonly onDestroy: OnDestroy;
  /** What a value that does not exist is first made with: today's webhook URL. Also the previous value if GHL can't tell. */
  readonly createWith?: string;
  /** Further values that our own machinery writes, such as Node's own URL during a rollback. */
  readonly alsoOurs?: readonly string[];
  /** `decommission` applied: the previous value is forgotten, destroy refused while GHL points here. */
  readonly decommissioned?: boolean;
  /** `cutover:destroy: lose-traffic`. */
  readonly loseTraffic?: boolean;
  /** Fingerprint of a foreign value that may be overwritten. */
  readonly overwrite?: string;
  /** The value is a secret and not a URL: nothing of it is ever shown. */
  readonly secret?: boolean;
  /** Made by `check`: `value` as people may see it. */
  readonly shown?: string;
}

/** What is kept in state. */
export interface GhlValueState extends Omit<GhlValueInputs, "value"> {
  /** GHL's id of the value now. The resource's own id is the one it was created with. */
  readonly valueId: string;
  readonly name: string;
  /** What goes into the workflow step. */
  readonly mergeField: string;
  /** What GHL holds, as last seen. "" when the value is gone. */
  readonly value: string;
  /** What GHL held before we first wrote. */
  readonly previousValue?: string;
  /** What we last wrote; absent before the first write and after the previous value was put back. */
  readonly lastWritten?: string;
  /** A change somebody else made, in words, as last seen. */
  readonly drift?: string;
}

/** Input keys in the order they are kept; everything else in a property bag is the engine's (`__provider`) or an output. */
const INPUT_KEYS = [
  "locationId",
  "match",
  "mode",
  "value",
  "onDestroy",
  "createWith",
  "alsoOurs",
  "decommissioned",
  "loseTraffic",
  "overwrite",
  "secret",
  "shown",
] as const satisfies readonly (keyof GhlValueInputs)[];

/** Marks a value that is not known yet in preview (`pulumi.runtime.unknownValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A text in place of the value: what a person may see of it. */
export function shownAs(value: string | undefined, secret: boolean | undefined): string {
  if (value === undefined || value === "") return "nothing";
  return secret ? "a secret" : showUrl(value);
}

/** The whole state from what is declared, what GHL holds and what we know about the past. */
export function stateOf(
  inputs: GhlValueInputs,
  live: CustomValue | undefined,
  past: {
    readonly valueId: string;
    readonly name: string;
    readonly mergeField: string;
    readonly previousValue?: string | undefined;
    readonly lastWritten?: string | undefined;
  },
): GhlValueState {
  const { value: wanted, ...rest } = declared(inputs);
  const previousValue = inputs.decommissioned ? undefined : past.previousValue;
  const claims = { wanted, lastWritten: past.lastWritten, previous: past.previousValue, alsoOurs: inputs.alsoOurs };
  const drift =
    live === undefined
      ? "somebody deleted the value in GHL"
      : driftOf(live.value, claims, past, inputs.secret === true);
  return {
    ...rest,
    shown: shownAs(live?.value, inputs.secret),
    valueId: live?.id ?? past.valueId,
    name: live?.name ?? past.name,
    mergeField: live?.mergeField ?? past.mergeField,
    value: live?.value ?? "",
    ...(previousValue === undefined ? {} : { previousValue }),
    ...(past.lastWritten === undefined ? {} : { lastWritten: past.lastWritten }),
    ...(drift === undefined ? {} : { drift }),
  };
}

function driftOf(
  current: string,
  claims: Parameters<typeof explainDrift>[1],
  past: { readonly previousValue?: string | undefined; readonly lastWritten?: string | undefined },
  secret: boolean,
): string | undefined {
  // Before our first write a new URL is simply today's URL.
  if (past.lastWritten === undefined && current === past.previousValue) return undefined;
  return explainDrift(current, claims, secret);
}

/** Only the declared keys of a property bag, in a fixed order. */
export function declared(bag: Readonly<Record<string, unknown>> | GhlValueInputs): GhlValueInputs {
  const source: Readonly<Record<string, unknown>> = { ...bag };
  const kept = INPUT_KEYS.filter((key) => source[key] !== undefined).map((key) => [key, source[key]]);
  return Object.fromEntries(kept) as GhlValueInputs;
}
