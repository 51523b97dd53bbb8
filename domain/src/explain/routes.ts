import { nameFor } from "./allowed";
import type { PlannedChange } from "./change";
import { type DangerInput, danger, type Headline, type HeadlineCode } from "./headline";
import type { PreviewStep } from "./preview";
import { ofRules } from "./rules";

/** Something on which customers' messages or the way back hang. */
interface Route {
  readonly type: string;
  /** Logical names; without it every resource of the type. */
  readonly named?: RegExp;
  readonly what: string;
  /** What it means when it is replaced, and when it goes. */
  readonly replaced: string;
  readonly deleted: string;
  /** Default: `replaced`, `deleted`. */
  readonly code?: HeadlineCode;
}

const RULE = "aws:lb/listenerRule:ListenerRule";
const UNARMED = "nothing rolls back by itself any more";
const PAUSED = "in between nothing rolls back by itself";

const ROUTES: readonly Route[] = [
  {
    type: "aws:lb/loadBalancer:LoadBalancer",
    what: "load balancer",
    replaced: "its name in DNS changes, and messages are lost until the new one is known everywhere",
    deleted: "no message arrives any more",
  },
  {
    type: "aws:lb/listener:Listener",
    what: "listener",
    replaced: "nobody answers on its port in between",
    deleted: "nobody answers on its port any more",
  },
  {
    type: RULE,
    what: "listener rule",
    replaced: "in between, its requests go to the rule after it",
    deleted: "its requests go to the rule after it from then on",
  },
  {
    type: "aws:lb/targetGroup:TargetGroup",
    what: "target group",
    replaced: "the new one begins empty, without data for its alarms, and the service behind it starts anew",
    deleted: "nobody answers what was sent to it",
  },
  {
    type: "aws:ecs/service:Service",
    named: /^(node|python)-service$/,
    what: "service",
    replaced: "all its tasks stop at once, and the new ones need minutes",
    deleted: "nobody answers what is sent to it",
  },
  {
    type: "aws:route53/record:Record",
    named: /^front-door/,
    what: "DNS record",
    replaced: "the front door's name leads nowhere in between",
    deleted: "the front door's name leads nowhere any more, and no message arrives",
  },
  {
    type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    named: /-lb-in-443$/,
    what: "way in by 443",
    replaced: "nobody reaches the load balancer in between",
    deleted: "nobody reaches the load balancer any more",
  },
  {
    type: "pulumi-nodejs:dynamic/cutover:GhlValue",
    named: /^webhook-url$/,
    what: "webhook's value in GoHighLevel",
    replaced: "in between, GoHighLevel may have no address to send to",
    deleted: "nobody keeps the address to which GoHighLevel sends",
  },
  {
    type: "aws:sqs/queue:Queue",
    named: /^inbox-/,
    what: "queue of the inbox",
    replaced: "what waits in it is lost",
    deleted: "what waits in it is lost, and nothing can be held any more",
  },
  {
    type: "aws:lb/targetGroupAttachment:TargetGroupAttachment",
    named: /^inbox-/,
    what: "inbox at the load balancer",
    replaced: "in between nothing can be held",
    deleted: "with both engines dead messages are lost",
  },
  // The rest of the way from an alarm to the function is watched by `alarms.ts`.
  ...(
    [
      ["aws:iam/rolePolicy:RolePolicy", /^rollback-role$/, "right of the rollback function"],
      ["aws:iam/role:Role", /^rollback-role$/, "role of the rollback function"],
    ] as const
  ).map(([type, named, what]): Route => ({ type, named, what, replaced: PAUSED, deleted: UNARMED, code: "disarmed" })),
];

/** What goes when Node goes. */
const NODE_RESOURCE = /^(node-|traffic-node-|traffic-probe-node$|traffic-kill-switch$|traffic-pinned$)/;

/** Replaced and deleted things that messages, or a rollback, need, and rules that come in or change. */
export function ofRoutes({ preview, change }: DangerInput): Headline[] {
  if (change.destroys) return [];
  const nodeGoes = change.after?.phase.node === "removed";
  const lost = preview.steps.flatMap((step): Headline[] => {
    const route = ROUTES.find(({ type, named }) => type === step.type && (named?.test(step.name) ?? true));
    if (!route || (nodeGoes && NODE_RESOURCE.test(step.name)) || endsAffinity(step, change)) return [];
    const name = `${route.what} \`${nameFor(step.name)}\``;
    if (step.op === "replace") {
      const because = step.replacing.length > 0 ? ` (because of ${step.replacing.join(", ")})` : "";
      const perhaps = step.uncertain ? " That hangs on a value that only the update knows; it may well stay." : "";
      return [danger(route.code ?? "replaced", `Replaces the ${name}${because}: ${route.replaced}.${perhaps}`)];
    }
    // Node's service has a headline of its own.
    if (step.op !== "delete" || step.name === "node-service") return [];
    return [danger(route.code ?? "deleted", `Deletes the ${name}: ${route.deleted}.`)];
  });
  return [...lost, ...ofRules(preview, change)];
}

/** Taking the rule for contacts away moves nobody while one engine has everything, or goes with Node itself. */
function endsAffinity({ op, name }: PreviewStep, { before, after }: PlannedChange): boolean {
  if (op !== "delete" || name !== "traffic-split-contact" || !before || !after) return false;
  return after.phase.node === "removed" || (after.affinity === "none" && (before.share === 0 || before.share === 100));
}
