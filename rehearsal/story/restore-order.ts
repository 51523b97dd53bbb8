import { shortUrn, type TimelineEntry } from "../engine/events";
import type { Seen } from "./checks";

/** The custom value whose delete gives the webhook back the URL that was found. */
const WEBHOOK = { type: "GhlValue", name: "webhook-url" };

/**
 * Types without which a message at the front door is not answered. What nothing serves by, such as an SSM parameter, may
 * go at any time.
 */
const SERVING: readonly RegExp[] = [
  /^aws:lb\/(listener|listenerRule|targetGroup|loadBalancer):/,
  /^aws:ecs\/service:/,
  /^aws:ec2\/(routeTableAssociation|route|internetGateway|natGateway|securityGroupRule):/,
  /^aws:vpc\/securityGroup(Ingress|Egress)Rule:/,
  /^aws:route53\/record:/,
  /^aws:secretsmanager\//,
];

/**
 * Was the webhook restored before anything that the front door needs began to go? Until then every message still comes
 * to the front door.
 * @param timeline starts and ends of the destroy's operations, in the engine's order
 */
export function judgeRestoreOrder(timeline: readonly TimelineEntry[]): Seen {
  const deletes = timeline.map((entry, at) => ({ ...entry, at, ...kindOf(entry.urn) })).filter((e) => isDelete(e.op));
  const restored = deletes.find((e) => e.mark === "ended" && isWebhook(e));
  const began = deletes.filter((e) => e.mark === "started" && SERVING.some((type) => type.test(e.type)));
  if (!restored) return { ok: false, seen: `no delete of ${WEBHOOK.type} ${WEBHOOK.name} was finished` };
  if (began.length === 0) return { ok: false, seen: "nothing was deleted that the front door needs" };
  const early = began.filter((e) => e.at < restored.at);
  if (early.length === 0) return { ok: true, seen: `${began.length} resources went after it` };
  const shown = early.slice(0, 5).map((e) => shortUrn(e.urn));
  const more = early.length > shown.length ? [`and ${early.length - shown.length} more`] : [];
  return { ok: false, seen: `went before the webhook was restored: ${[...shown, ...more].join(", ")}` };
}

/** "delete", and the forms in which a replacement deletes. */
function isDelete(op: string): boolean {
  return op === "delete" || op === "delete-replaced";
}

function isWebhook({ type, name }: { readonly type: string; readonly name: string }): boolean {
  return type.split(":").at(-1) === WEBHOOK.type && name === WEBHOOK.name;
}

/** A resource's own type and name; its parents' types stand before it. */
function kindOf(urn: string): { type: string; name: string } {
  const [, , types = "", ...name] = urn.split("::");
  return { type: types.split("$").at(-1) ?? types, name: name.join("::") };
}
