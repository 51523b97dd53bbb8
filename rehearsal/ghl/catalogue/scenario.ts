import type { GhlValueInputs } from "@cutover/clients/ghl/state";
import { Lab, type LabOptions, type LabResult } from "../lab";
import { GhlStandIn } from "../server";

/** Name of the custom value in every scenario. */
export const NAME = "Cutover Webhook URL";
/** Parts of URLs that must never be read by anybody. */
export const PLANTED = ["pl4nted-query-today", "pl4nted-query-ours"] as const;
export const TODAY = `https://node.example.com/hook?key=${PLANTED[0]}`;
export const OURS = `https://hooks.example.com/webhooks/ghl?key=${PLANTED[1]}`;
export const BY_HAND = "https://elsewhere.example.com/by-hand";

/** A way GHL or a person misbehaves, what is played, and what must come of it. */
export interface Scenario {
  /** What goes wrong, in a few words; unique. */
  readonly mode: string;
  readonly options?: LabOptions | (() => LabOptions);
  /** Prepares and plays; the last result is what the person reads. */
  readonly play: (lab: Lab, ghl: GhlStandIn) => Promise<LabResult>;
  /** Whether the last operation succeeds. */
  readonly ok: boolean;
  /** What the person must be told. */
  readonly reads?: RegExp;
  /** What GHL must hold in the end; undefined: no such value. */
  readonly holds: string | undefined;
  /** Values of the name in the end; default 1, or 0 when it holds nothing. */
  readonly count?: number;
  /** Writes GHL got in all, where that matters. */
  readonly writes?: number;
  /** What the state remembers as previous value; "none" for nothing, "no state" for no resource. Default not looked at. */
  readonly remembers?: string;
  /** After a failure: false if a plain `up` does not get through once GHL is well again, because a person has to decide. */
  readonly recovers?: boolean;
}

/** Inputs of phase `prepare`. */
export function asFound(ghl: GhlStandIn, more: Partial<GhlValueInputs> = {}): GhlValueInputs {
  return {
    locationId: ghl.locationId,
    match: { name: NAME },
    mode: "as-found",
    onDestroy: "restore",
    createWith: TODAY,
    ...more,
  };
}

/** Inputs of phase `front-door` and later. */
export function ours(ghl: GhlStandIn, more: Partial<GhlValueInputs> = {}): GhlValueInputs {
  return { ...asFound(ghl), mode: "set", value: OURS, ...more };
}

/** The usual beginning: the value holds today's URL and is adopted in phase `prepare`. */
export async function adopted(lab: Lab, ghl: GhlStandIn, today = TODAY): Promise<void> {
  ghl.seed(NAME, today);
  must(await lab.up(asFound(ghl, { createWith: today })));
}

/** The usual middle: the webhook is ours. */
export async function moved(lab: Lab, ghl: GhlStandIn): Promise<void> {
  await adopted(lab, ghl);
  must(await lab.up(ours(ghl)));
}

/** A step that only prepares must have worked. */
export function must(result: LabResult): void {
  if (!result.ok) throw new Error(`preparing the scenario failed: ${result.read}`);
}

/** What a played scenario came to. */
export interface Played {
  readonly result: LabResult;
  readonly holds: string | undefined;
  readonly count: number;
  readonly writes: number;
  readonly remembers: string;
  readonly renames: number;
  /** After a failure that should pass: the next up, with GHL well and the right token. */
  readonly recovered?: { readonly result: LabResult; readonly holds: string | undefined };
}

/** Plays a scenario on a stand-in of its own. */
export async function playScenario(scenario: Scenario, missing: 400 | 404): Promise<Played> {
  const ghl = new GhlStandIn({ missing, limitPer10s: 10_000 });
  await ghl.start();
  try {
    const { options } = scenario;
    const lab = new Lab(ghl, typeof options === "function" ? options() : options);
    const result = await scenario.play(lab, ghl);
    const values = ghl.store.all().filter((stored) => stored.name === NAME);
    const played = {
      result,
      holds: values[0]?.value,
      count: values.length,
      writes: ghl.writes().length,
      remembers: lab.state ? (lab.outputs.previousValue ?? "none") : "no state",
      renames: ghl.renames.length,
    };
    return scenario.ok || scenario.recovers === false ? played : { ...played, recovered: await recover(lab, ghl) };
  } finally {
    await ghl.stop();
  }
}

async function recover(lab: Lab, ghl: GhlStandIn): Promise<NonNullable<Played["recovered"]>> {
  ghl.heal();
  await ghl.start(Number(new URL(ghl.url).port)); // nothing if it runs
  lab.config.token = ghl.token;
  const result = await lab.up(ours(ghl));
  return { result, holds: ghl.valueOf(NAME) };
}
