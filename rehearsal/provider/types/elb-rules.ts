import type { Action, RedirectActionConfig, RuleCondition } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Bag } from "../bag";
import { defined, isEmpty, isObject, type Json, type Props, stableText } from "../json";
import { bool, COMPUTED, type Field, list, num, obj, REQUIRED, set, str } from "../schema";
import { ACTION_TYPES, asOneOf, REDIRECT_CODES } from "./elb-common";

const STICKINESS_OFF = { enabled: false };

/** Actions of a listener or a rule. */
export const ACTIONS: Field = list(
  obj({
    type: str(REQUIRED),
    order: num(COMPUTED),
    targetGroupArn: str(),
    forward: obj({
      targetGroups: set(obj({ arn: str(REQUIRED), weight: num({ default: 1 }) }), REQUIRED),
      stickiness: obj({ enabled: bool(), duration: num(COMPUTED) }, { default: STICKINESS_OFF }),
    }),
    fixedResponse: obj({ contentType: str(REQUIRED), messageBody: str(), statusCode: str(COMPUTED) }),
    redirect: obj({
      statusCode: str(REQUIRED),
      host: str({ default: "#{host}" }),
      path: str({ default: "/#{path}" }),
      port: str({ default: "#{port}" }),
      protocol: str({ default: "#{protocol}" }),
      query: str({ default: "#{query}" }),
    }),
  }),
  { required: true, canonical: canonicalActions },
);

/** Conditions of a rule; all must hold, so their order means nothing. */
export const CONDITIONS: Field = set(
  obj({
    pathPattern: obj({ values: set(str()), regexValues: set(str()) }),
    hostHeader: obj({ values: set(str()), regexValues: set(str()) }),
    httpHeader: obj({ httpHeaderName: str(REQUIRED), values: set(str()), regexValues: set(str()) }),
    httpRequestMethod: obj({ values: set(str(), REQUIRED) }),
    queryStrings: set(obj({ key: str(), value: str(REQUIRED) })),
    sourceIp: obj({ values: set(str(), REQUIRED) }),
  }),
  REQUIRED,
);

/** A forward by `targetGroupArn` and one by a list of a single group are the same action; the order number says nothing. */
function canonicalActions(value: Json): Json {
  if (!Array.isArray(value)) return value;
  return value.map((action) => (isObject(action) ? canonicalAction(action) : action));
}

function canonicalAction(action: Props): Json {
  const { order: _, targetGroupArn, forward, ...rest } = action;
  const groups = isObject(forward) && Array.isArray(forward.targetGroups) ? forward.targetGroups.filter(isObject) : [];
  const single = typeof targetGroupArn === "string" && targetGroupArn !== "" ? [{ arn: targetGroupArn }] : [];
  const targets: Json[] = (groups.length > 0 ? groups : single).map((group: Props) => ({
    arn: group.arn ?? "",
    weight: Number(group.weight ?? 1),
  }));
  const only = targets[0];
  if (targets.length === 1 && isObject(only) && only.weight !== 0) only.weight = 1;
  targets.sort((a, b) => stableText(a).localeCompare(stableText(b)));
  const sticky = isObject(forward) && isObject(forward.stickiness) ? forward.stickiness : {};
  const stickiness = String(sticky.enabled) === "true" ? Number(sticky.duration ?? 0) : 0;
  const others = Object.entries(rest).filter(([, member]) => !isEmpty(member));
  const parts = others.map(([key, member]): [string, Json] => [key, key === "redirect" ? redirect(member) : member]);
  return { ...Object.fromEntries(parts), ...(targets.length > 0 ? { targets, stickiness } : {}) };
}

function redirect(value: Json): Json {
  const defaults = { host: "#{host}", path: "/#{path}", port: "#{port}", protocol: "#{protocol}", query: "#{query}" };
  return isObject(value) ? { ...defaults, ...value } : value;
}

/** Declared actions in AWS's words. */
export function toActions(actions: Bag[]): Action[] {
  return actions.map((action, at) => ({
    Type: asOneOf(ACTION_TYPES, action.need("type")),
    Order: action.num("order") ?? at + 1,
    ...forwardOf(action),
    ...fixedOf(action.bag("fixedResponse")),
    ...redirectOf(action.bag("redirect")),
  }));
}

function forwardOf(action: Bag): Pick<Action, "TargetGroupArn" | "ForwardConfig"> {
  const forward = action.bag("forward");
  if (!forward) {
    const arn = action.str("targetGroupArn");
    return arn ? { TargetGroupArn: arn } : {};
  }
  const sticky = forward.bag("stickiness");
  const enabled = sticky?.bool("enabled") ?? false;
  return {
    ForwardConfig: {
      TargetGroups: forward
        .bags("targetGroups")
        .map((group) => ({ TargetGroupArn: group.need("arn"), Weight: group.num("weight") ?? 1 })),
      TargetGroupStickinessConfig: {
        Enabled: enabled,
        DurationSeconds: sticky?.num("duration"),
      },
    },
  };
}

function fixedOf(fixed: Bag | undefined): Pick<Action, "FixedResponseConfig"> {
  if (!fixed) return {};
  return {
    FixedResponseConfig: {
      ContentType: fixed.need("contentType"),
      MessageBody: fixed.str("messageBody"),
      StatusCode: fixed.str("statusCode") ?? "200",
    },
  };
}

function redirectOf(to: Bag | undefined): Pick<Action, "RedirectConfig"> {
  if (!to) return {};
  const RedirectConfig: RedirectActionConfig = {
    StatusCode: asOneOf(REDIRECT_CODES, to.need("statusCode")),
    Host: to.str("host"),
    Path: to.str("path"),
    Port: to.str("port"),
    Protocol: to.str("protocol"),
    Query: to.str("query"),
  };
  return { RedirectConfig };
}

/** AWS's actions in the program's words. */
export function fromActions(actions: readonly Action[] | undefined): Json[] {
  return (actions ?? []).map((action) => {
    const forward = action.ForwardConfig;
    const sticky = forward?.TargetGroupStickinessConfig;
    const groups = (forward?.TargetGroups ?? []).map((group): Json => {
      return { arn: group.TargetGroupArn ?? "", weight: group.Weight ?? 1 };
    });
    return defined({
      type: action.Type,
      order: action.Order,
      targetGroupArn: groups.length > 0 ? undefined : action.TargetGroupArn,
      forward:
        groups.length === 0
          ? undefined
          : {
              targetGroups: groups,
              stickiness: defined({ enabled: sticky?.Enabled ?? false, duration: sticky?.DurationSeconds }),
            },
      fixedResponse: liveFixed(action),
      redirect: liveRedirect(action.RedirectConfig),
    });
  });
}

function liveFixed(action: Action): Props | undefined {
  const fixed = action.FixedResponseConfig;
  if (!fixed) return undefined;
  return defined({
    contentType: fixed.ContentType,
    messageBody: fixed.MessageBody || undefined,
    statusCode: fixed.StatusCode,
  });
}

function liveRedirect(to: RedirectActionConfig | undefined): Props | undefined {
  if (!to) return undefined;
  return defined({
    statusCode: to.StatusCode,
    host: to.Host,
    path: to.Path,
    port: to.Port,
    protocol: to.Protocol,
    query: to.Query,
  });
}

/** Declared conditions in AWS's words. */
export function toConditions(conditions: Bag[]): RuleCondition[] {
  return conditions.map((condition) => {
    const [path, host] = [condition.bag("pathPattern"), condition.bag("hostHeader")];
    const [header, method] = [condition.bag("httpHeader"), condition.bag("httpRequestMethod")];
    const [query, source] = [condition.bags("queryStrings"), condition.bag("sourceIp")];
    if (path) return { Field: "path-pattern", PathPatternConfig: values(path) };
    if (host) return { Field: "host-header", HostHeaderConfig: values(host) };
    if (header) {
      const HttpHeaderConfig = { HttpHeaderName: header.need("httpHeaderName"), ...values(header) };
      return { Field: "http-header", HttpHeaderConfig };
    }
    if (method) return { Field: "http-request-method", HttpRequestMethodConfig: values(method) };
    if (source) return { Field: "source-ip", SourceIpConfig: values(source) };
    const Values = query.map((pair) => ({ Key: pair.str("key"), Value: pair.need("value") }));
    return { Field: "query-string", QueryStringConfig: { Values } };
  });
}

function values(config: Bag): { Values?: string[]; RegexValues?: string[] } {
  const [plain, regex] = [config.someStrs("values"), config.someStrs("regexValues")];
  return { ...(plain ? { Values: plain } : {}), ...(regex ? { RegexValues: regex } : {}) };
}

/** AWS's conditions in the program's words. */
export function fromConditions(conditions: readonly RuleCondition[] | undefined): Json[] {
  return (conditions ?? []).map((condition): Json => {
    const plain = (config: Pick<RuleCondition, "Values" | "RegexValues"> | undefined): Props =>
      defined({
        values: config?.Values ?? condition.Values,
        regexValues: config?.RegexValues ?? condition.RegexValues,
      });
    switch (condition.Field) {
      case "path-pattern":
        return { pathPattern: plain(condition.PathPatternConfig) };
      case "host-header":
        return { hostHeader: plain(condition.HostHeaderConfig) };
      case "http-header":
        return {
          httpHeader: defined({
            httpHeaderName: condition.HttpHeaderConfig?.HttpHeaderName,
            ...plain(condition.HttpHeaderConfig),
          }),
        };
      case "http-request-method":
        return { httpRequestMethod: plain(condition.HttpRequestMethodConfig) };
      case "source-ip":
        return { sourceIp: plain(condition.SourceIpConfig) };
      case "query-string":
        return {
          queryStrings: (condition.QueryStringConfig?.Values ?? []).map((pair) =>
            defined({ key: pair.Key || undefined, value: pair.Value }),
          ),
        };
      default:
        return { unknownField: condition.Field ?? "" };
    }
  });
}
