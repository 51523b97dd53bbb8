import { randomUUID } from "node:crypto";
import type { TargetAddress } from "../../loadbalancer/config";
import type { TargetHealth } from "../../loadbalancer/health";
import { markRegexes, unmarkRegexes } from "../../loadbalancer/regex-values";
import { allowsService } from "../../metrics/resource-policy";
import { certificateState } from "./acm-handlers";
import { queryMembers } from "./call";
import { type AwsError, escapeXml } from "./errors";
import { formOf, type Handler, type HandlerContext, type Handlers } from "./handlers";
import { refuseAttributes, refuseConditions, refuseTargets } from "./refusals";
import { lookUp, ownHeaders } from "./upstream";

const NAMESPACE = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

const unmark: Handler = { correct: (_call, answer) => unmarkRegexes(answer) };
const rule: Handler = {
  refuse: (call) => refuseConditions(formOf(call)),
  rewrite: (call) => Buffer.from(markRegexes(formOf(call)).toString()),
  ...unmark,
};
const listener: Handler = { refuse: (call, context) => refuseCertificates(formOf(call), context) };

/** Elastic Load Balancing v2: refusals and health that is true. */
export const elbHandlers: Handlers = {
  "elasticloadbalancing:CreateRule": rule,
  "elasticloadbalancing:ModifyRule": rule,
  "elasticloadbalancing:DescribeRules": unmark,
  "elasticloadbalancing:CreateListener": listener,
  "elasticloadbalancing:ModifyListener": listener,
  "elasticloadbalancing:RegisterTargets": {
    refuse: (call, context) => refuseTargets(formOf(call)) ?? refuseFunctions(formOf(call), context),
  },
  "elasticloadbalancing:ModifyTargetGroupAttributes": {
    refuse: async (call, context) => {
      const params = formOf(call);
      return refuseAttributes(await attributesOf(params.get("TargetGroupArn") ?? "", context), params);
    },
  },
  "elasticloadbalancing:DescribeTargetHealth": {
    // The emulator says "healthy" always; it is asked only for the errors of unknown groups.
    correct: async (call, answer, { balancer }) => {
      const params = formOf(call);
      const arn = params.get("TargetGroupArn") ?? "";
      if (!balancer) throw new Error("DescribeTargetHealth: the gateway has no load balancer to ask");
      await balancer.settled();
      const asked = queryMembers(params, "Targets").map(({ Id = "", Port }) => ({ id: Id, port: Number(Port ?? 0) }));
      const all = balancer.describeTargetHealth(arn);
      if (!all) return answer;
      return healthXml(
        asked.length > 0 ? asked.map((target) => ({ target, health: balancer.targetHealth(arn, target) })) : all,
      );
    },
  },
};

async function attributesOf(targetGroupArn: string, { upstreams }: HandlerContext): Promise<Record<string, string>> {
  const answer = await lookUp(upstreams.moto, {
    headers: ownHeaders("elasticloadbalancing"),
    body: new URLSearchParams({
      Action: "DescribeTargetGroupAttributes",
      Version: "2015-12-01",
      TargetGroupArn: targetGroupArn,
    }).toString(),
  });
  const pairs = answer.body.toString("utf8").matchAll(/<member>\s*<Key>([^<]*)<\/Key>\s*<Value>([^<]*)<\/Value>/g);
  return Object.fromEntries([...pairs].map(([, key = "", value = ""]) => [key, value]));
}

/** AWS registers a function only where the function's own policy lets the load balancer call it for this group. */
async function refuseFunctions(params: URLSearchParams, { upstreams }: HandlerContext): Promise<AwsError | undefined> {
  const group = params.get("TargetGroupArn") ?? "";
  for (const { Id = "" } of queryMembers(params, "Targets")) {
    if (!Id.startsWith("arn:aws:lambda:")) continue;
    const path = `/2015-03-31/functions/${encodeURIComponent(Id.split(":")[6] ?? "")}/policy`;
    const answer = await lookUp(upstreams.ministack, { method: "GET", path, headers: ownHeaders("lambda") });
    const { Policy = "{}" } =
      answer.status === 200 ? (JSON.parse(answer.body.toString("utf8")) as { Policy?: string }) : {};
    if (allowsService(Policy, "elasticloadbalancing.amazonaws.com", group)) continue;
    return {
      status: 403,
      code: "AccessDenied",
      message: `elasticloadbalancing principal does not have permission to invoke ${Id} from target group ${group}`,
    };
  }
  return undefined;
}

/** AWS takes only issued certificates for a listener. */
async function refuseCertificates(params: URLSearchParams, context: HandlerContext): Promise<AwsError | undefined> {
  for (const { CertificateArn } of queryMembers(params, "Certificates")) {
    if (!CertificateArn) continue;
    const state = await certificateState(CertificateArn, context);
    if (state === "ISSUED") continue;
    return {
      status: 400,
      code: state === undefined ? "CertificateNotFound" : "UnsupportedCertificate",
      message:
        state === undefined
          ? `Certificate '${CertificateArn}' not found`
          : `The certificate '${CertificateArn}' must have a fully-qualified domain name, a supported signature, and a supported key size (its status is ${state}, expected ISSUED)`,
    };
  }
  return undefined;
}

function healthXml(targets: readonly { readonly target: TargetAddress; readonly health: TargetHealth }[]): Buffer {
  const members = targets.map(({ target, health }) => {
    const reason = health.reason ? `<Reason>${escapeXml(health.reason)}</Reason>` : "";
    const description = health.description ? `<Description>${escapeXml(health.description)}</Description>` : "";
    // A function has none.
    const port = target.port === 0 ? "" : `<Port>${target.port}</Port>`;
    const checked = target.port === 0 ? "" : `<HealthCheckPort>${target.port}</HealthCheckPort>`;
    return `<member>${checked}<Target><Id>${escapeXml(target.id)}</Id>${port}</Target><TargetHealth><State>${health.state}</State>${reason}${description}</TargetHealth></member>`;
  });
  return Buffer.from(
    `<DescribeTargetHealthResponse xmlns="${NAMESPACE}"><DescribeTargetHealthResult><TargetHealthDescriptions>${members.join("")}</TargetHealthDescriptions></DescribeTargetHealthResult><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></DescribeTargetHealthResponse>`,
  );
}
