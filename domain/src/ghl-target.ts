import { phaseOf, type WebhookTarget } from "./phases";
import type { Manifest } from "./stack-record";
import { PIN_NODE, PIN_PARAMETER, showUrl, WEBHOOK_PATH } from "./webhook";

/** What GoHighLevel's custom value leads to, as far as that can be told without query strings. */
export interface GhlTarget {
  /** `front-door` with `backend=node` counts as `node`. */
  readonly place: "front-door" | "node" | "elsewhere";
  /** The URL without query string. */
  readonly shown: string;
}

/** Why GoHighLevel was not asked at all; nothing is wrong with that. */
export interface NotAsked {
  readonly notAsked: string;
}

/** Where a URL leads. The manifest holds no query strings, so two URLs that differ there only are the same here. */
export function targetOf(url: string, { domain, ghl }: Pick<Manifest, "domain" | "ghl">): GhlTarget {
  const shown = showUrl(url);
  const trimmed = url.trim();
  const parsed = URL.canParse(trimmed) ? new URL(trimmed) : undefined;
  if (parsed?.protocol === "https:" && parsed.host === domain && parsed.pathname === WEBHOOK_PATH) {
    const pinned = parsed.searchParams.get(PIN_PARAMETER) === PIN_NODE;
    return { place: pinned ? "node" : "front-door", shown };
  }
  const nodeUrl = ghl && "nodeUrl" in ghl ? ghl.nodeUrl : undefined;
  return { place: nodeUrl !== undefined && shown === nodeUrl ? "node" : "elsewhere", shown };
}

/**
 * Where it should lead. While rolled back that is Node, or, where messages are held, the front door, behind which the inbox is;
 * `either` where the switch could not be read.
 */
export function wantedTarget(
  phase: Parameters<typeof phaseOf>[0],
  rolledBack: boolean,
  killSwitch: string | undefined,
): WebhookTarget | "either" {
  const { webhook } = phaseOf(phase);
  if (!rolledBack || webhook !== "front-door") return webhook;
  if (killSwitch === undefined) return "either";
  return killSwitch === "hold" ? "front-door" : "node";
}

const NAMES = { "front-door": "the front door", node: "Node", "as-found": "where it was found" } as const;

/** What is wrong about it, in words, or undefined. */
export function targetDrift({ place, shown }: GhlTarget, wanted: WebhookTarget | "either"): string | undefined {
  const well =
    wanted === "as-found" ? place !== "front-door" : wanted === "either" ? place !== "elsewhere" : place === wanted;
  if (well) return undefined;
  const instead = wanted === "either" ? "neither to Node nor to the front door" : `NOT to ${NAMES[wanted]}`;
  return `sends to ${shown}, ${instead}: changed by hand, or an update is not complete; pulumi preview says what it would do`;
}

/** Where it leads, in words. */
export function describeTarget({ place, shown }: GhlTarget): string {
  return `sends to ${shown}${place === "elsewhere" ? "" : ` (${NAMES[place]})`}`;
}
