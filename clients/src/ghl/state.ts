import { type Claims, explainDrift, type OnDestroy, showUrl, type WebhookMode } from "@cutover/domain/webhook";
import type { Greeting } from "./answers";
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
  /** URL of our front door, known in every phase: an interrupted write of it is recognised as ours. */
  readonly frontDoor?: string;
  /** Further values that our own machinery writes, such as Node's own URL during a rollback. */
  readonly alsoOurs?: readonly string[];
  /**
   * Id of the rollback that is released. Where it differs from the state's, this update takes back what the rollback
   * function wrote: `rollbackUrl` counts as ours for this one update, and never otherwise, since a person may write it too.
   */
  readonly release?: string;
  /** What the rollback function writes: Node's own URL. Wanted, it is written only where something answers there. */
  readonly rollbackUrl?: string;
  /** Path on which the service from before the cutover says that it is well. */
  readonly healthPath?: string;
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
  /** How `previousValue` answered a GET while it was in use: whether it still answers is judged by that. */
  readonly previousAnswer?: Greeting;
  /** What we last wrote; absent before the first write and after the previous value was put back. */
  readonly lastWritten?: string;
  /** What a write that failed may have left behind. */
  readonly maybeWritten?: string;
  /** A change somebody else made, in words, as last seen. */
  readonly drift?: string;
}

/** What is known about a value besides what is declared now. */
export type Past = Pick<GhlValueState, "valueId" | "name" | "mergeField"> & {
  readonly previousValue?: string | undefined;
  readonly previousAnswer?: Greeting | undefined;
  readonly lastWritten?: string | undefined;
  readonly maybeWritten?: string | undefined;
};

/** Whose values are whose, for the decisions in domain/webhook. */
export function claimsOf(inputs: GhlValueInputs, past: Partial<Past>): Claims {
  const { maybeWritten } = past;
  return {
    wanted: inputs.value,
    frontDoor: inputs.frontDoor,
    lastWritten: past.lastWritten,
    previous: past.previousValue,
    alsoOurs: [...(inputs.alsoOurs ?? []), ...(maybeWritten === undefined ? [] : [maybeWritten])],
  };
}

/** Input keys in the order they are kept; everything else in a property bag is the engine's (`__provider`) or an output. */
const INPUT_KEYS = [
  "locationId",
  "match",
  "mode",
  "value",
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
  "shown",
] as const satisfies readonly (keyof GhlValueInputs)[];

/** Marks a value that is not known yet in preview (`pulumi.runtime.unknownValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A text in place of the value: what a person may see of it. */
export function shownAs(value: string | undefined, secret: boolean | undefined): string {
  if (value === undefined || value === "") return "nothing";
  return secret ? "a secret" : showUrl(value);
}

/**
 * The whole state from what is declared, what GHL holds and what we know about the past.
 * @param problem What makes the value useless as it is, such as another one of the same name; shown in place of a drift.
 */
export function stateOf(
  inputs: GhlValueInputs,
  live: CustomValue | undefined,
  past: Past,
  problem?: string,
): GhlValueState {
  const { value: _wanted, ...rest } = declared(inputs);
  const known = {
    previousValue: inputs.decommissioned ? undefined : past.previousValue,
    lastWritten: past.lastWritten,
    maybeWritten: past.maybeWritten,
  };
  const drift =
    problem ??
    (live === undefined
      ? "somebody deleted the value in GHL"
      : live.value === past.maybeWritten
        ? undefined
        : explainDrift(live.value, claimsOf(inputs, past), inputs.secret === true));
  return {
    ...rest,
    shown: shownAs(live?.value, inputs.secret),
    valueId: live?.id ?? past.valueId,
    name: live?.name ?? past.name,
    mergeField: live?.mergeField ?? past.mergeField,
    value: live?.value ?? "",
    ...present(known),
    ...(inputs.decommissioned || past.previousAnswer === undefined ? {} : { previousAnswer: past.previousAnswer }),
    ...present({ drift }),
  };
}

function present<T extends Record<string, string | undefined>>(parts: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}

/** Only the declared keys of a property bag, in a fixed order. */
export function declared(bag: Readonly<Record<string, unknown>> | GhlValueInputs): GhlValueInputs {
  const source: Readonly<Record<string, unknown>> = { ...bag };
  const kept = INPUT_KEYS.filter((key) => source[key] !== undefined).map((key) => [key, source[key]]);
  return Object.fromEntries(kept) as GhlValueInputs;
}
