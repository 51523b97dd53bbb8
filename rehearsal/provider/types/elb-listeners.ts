import type { Bag } from "../bag";
import { found } from "../errors";
import type { Context, Registry, ResourceType } from "../resource-type";
import { COMPUTED, KEY, num, str, tags } from "../schema";
import { must } from "./ec2-common";
import { asOneOf, elbTags, liveElbTags, PROTOCOLS, retagElb } from "./elb-common";
import { ACTIONS, CONDITIONS, fromActions, fromConditions, toActions, toConditions } from "./elb-rules";

function settingsOf(a: Bag) {
  const certificate = a.str("certificateArn");
  return {
    Port: a.num("port"),
    Protocol: asOneOf(PROTOCOLS, a.str("protocol")),
    SslPolicy: a.str("sslPolicy"),
    ...(certificate ? { Certificates: [{ CertificateArn: certificate }] } : {}),
    DefaultActions: toActions(a.bags("defaultActions")),
  };
}

async function findListener(ctx: Context, arn: string) {
  return (await found(ctx.aws.elb.describeListeners({ ListenerArns: [arn] })))?.Listeners?.[0];
}

const Listener: ResourceType = {
  inputs: {
    loadBalancerArn: str(KEY),
    port: num(),
    protocol: str(COMPUTED),
    sslPolicy: str(COMPUTED),
    certificateArn: str(),
    defaultActions: ACTIONS,
    tags: tags(),
  },
  outputs: ["arn"],
  validate(a) {
    return a.str("protocol") === "HTTPS" && a.props.certificateArn === null ? ["HTTPS needs certificateArn"] : [];
  },
  async create(ctx, a) {
    const made = await ctx.aws.elb.createListener({
      LoadBalancerArn: a.need("loadBalancerArn"),
      ...settingsOf(a),
      Tags: elbTags(a.map("tags")),
    });
    return must(made.Listeners?.[0]?.ListenerArn, "a listener ARN");
  },
  async read(ctx, arn) {
    const listener = await findListener(ctx, arn);
    if (!listener) return undefined;
    return {
      loadBalancerArn: listener.LoadBalancerArn,
      port: listener.Port,
      protocol: listener.Protocol,
      sslPolicy: listener.SslPolicy || undefined,
      certificateArn: listener.Certificates?.[0]?.CertificateArn,
      defaultActions: fromActions(listener.DefaultActions),
      tags: await liveElbTags(ctx, arn),
      arn,
    };
  },
  async update(ctx, arn, change) {
    if (change.changed("port", "protocol", "sslPolicy", "certificateArn", "defaultActions")) {
      await ctx.aws.elb.modifyListener({ ListenerArn: arn, ...settingsOf(change.news) });
    }
    await retagElb(ctx, arn, change);
  },
  async delete(ctx, arn) {
    await ctx.aws.elb.deleteListener({ ListenerArn: arn });
  },
};

/** The lowest priority above all existing ones, as the real provider chooses when none is given. */
async function nextPriority(ctx: Context, listenerArn: string): Promise<number> {
  const { Rules } = await ctx.aws.elb.describeRules({ ListenerArn: listenerArn });
  const taken = (Rules ?? []).map((rule) => Number(rule.Priority)).filter((one) => Number.isFinite(one));
  return Math.max(0, ...taken) + 1;
}

const ListenerRule: ResourceType = {
  inputs: {
    listenerArn: str(KEY),
    priority: num(COMPUTED),
    actions: ACTIONS,
    conditions: CONDITIONS,
    tags: tags(),
  },
  outputs: ["arn"],
  async create(ctx, a) {
    const ListenerArn = a.need("listenerArn");
    const made = await ctx.aws.elb.createRule({
      ListenerArn,
      Priority: a.num("priority") ?? (await nextPriority(ctx, ListenerArn)),
      Actions: toActions(a.bags("actions")),
      Conditions: toConditions(a.bags("conditions")),
      Tags: elbTags(a.map("tags")),
    });
    return must(made.Rules?.[0]?.RuleArn, "a rule ARN");
  },
  async read(ctx, arn, known) {
    const rule = (await found(ctx.aws.elb.describeRules({ RuleArns: [arn] })))?.Rules?.[0];
    if (!rule) return undefined;
    return {
      listenerArn: known.str("listenerArn") ?? listenerOf(arn),
      priority: Number(rule.Priority),
      actions: fromActions(rule.Actions),
      conditions: fromConditions(rule.Conditions),
      tags: await liveElbTags(ctx, arn),
      arn,
    };
  },
  async update(ctx, arn, change) {
    const { news } = change;
    const priority = news.num("priority");
    if (change.changed("priority") && priority !== undefined) {
      await ctx.aws.elb.setRulePriorities({ RulePriorities: [{ RuleArn: arn, Priority: priority }] });
    }
    if (change.changed("actions", "conditions")) {
      // Always both: a rule with new conditions and old actions must never exist.
      const [Actions, Conditions] = [toActions(news.bags("actions")), toConditions(news.bags("conditions"))];
      await ctx.aws.elb.modifyRule({ RuleArn: arn, Actions, Conditions });
    }
    await retagElb(ctx, arn, change);
  },
  async delete(ctx, arn) {
    await ctx.aws.elb.deleteRule({ RuleArn: arn });
  },
};

/** `…:listener-rule/app/name/lb/listener/rule` belongs to `…:listener/app/name/lb/listener`. */
function listenerOf(ruleArn: string): string {
  return ruleArn.replace(":listener-rule/", ":listener/").replace(/\/[^/]+$/, "");
}

/** Listeners and their rules. */
export const ELB_LISTENERS: Registry = {
  "aws:lb/listener:Listener": Listener,
  "aws:lb/listenerRule:ListenerRule": ListenerRule,
};
