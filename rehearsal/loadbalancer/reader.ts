import { ACMClient, DescribeCertificateCommand } from "@aws-sdk/client-acm";
import {
  type Action,
  DescribeListenerCertificatesCommand,
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  type Listener,
  type LoadBalancer,
  type Rule,
  type RuleCondition as SdkCondition,
  type TargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type {
  BalancerConfig,
  ListenerConfig,
  LoadBalancerConfig,
  RuleAction,
  RuleCondition,
  RuleConfig,
  TargetGroupConfig,
} from "./config";
import { valuesOf } from "./regex-values";

export interface BalancerReaderOptions {
  /** The emulator itself, not the gateway: the gateway answers from what is read here. */
  readonly endpoint: string;
  readonly region: string;
}

/** Reads what the emulated Elastic Load Balancing and ACM say into plain data. */
export class BalancerReader {
  readonly #elb: ElasticLoadBalancingV2Client;
  readonly #acm: ACMClient;
  readonly #names = new Map<string, readonly string[]>();

  constructor(options: BalancerReaderOptions) {
    const credentials = { accessKeyId: "LOADBALANCER", secretAccessKey: "rehearsal" };
    this.#elb = new ElasticLoadBalancingV2Client({ ...options, credentials, maxAttempts: 2 });
    this.#acm = new ACMClient({ ...options, credentials, maxAttempts: 2 });
  }

  /** Everything the account's load balancers have to do now. Throws what the emulator throws. */
  async read(): Promise<BalancerConfig> {
    const [balancers, groups] = await Promise.all([
      this.#elb.send(new DescribeLoadBalancersCommand({})),
      this.#elb.send(new DescribeTargetGroupsCommand({})),
    ]);
    const [loadBalancers, targetGroups] = await Promise.all([
      Promise.all((balancers.LoadBalancers ?? []).map((balancer) => this.#loadBalancer(balancer))),
      Promise.all((groups.TargetGroups ?? []).map((group) => this.#targetGroup(group))),
    ]);
    return {
      loadBalancers: loadBalancers.filter((it) => it !== undefined),
      targetGroups: targetGroups.filter((it) => it !== undefined),
    };
  }

  close(): void {
    this.#elb.destroy();
    this.#acm.destroy();
  }

  /** Undefined when it was deleted between two calls. */
  async #loadBalancer(balancer: LoadBalancer): Promise<LoadBalancerConfig | undefined> {
    const arn = balancer.LoadBalancerArn ?? "";
    return ifThere(async () => {
      const [attributes, listeners] = await Promise.all([
        this.#elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn })),
        this.#elb.send(new DescribeListenersCommand({ LoadBalancerArn: arn })),
      ]);
      const idle = attributes.Attributes?.find(({ Key }) => Key === "idle_timeout.timeout_seconds")?.Value;
      const read = await Promise.all((listeners.Listeners ?? []).map((listener) => this.#listener(listener)));
      return {
        arn,
        name: balancer.LoadBalancerName ?? "",
        idleTimeoutSeconds: Number(idle ?? 60),
        listeners: read.filter((it) => it !== undefined),
      };
    });
  }

  async #listener(listener: Listener): Promise<ListenerConfig | undefined> {
    const arn = listener.ListenerArn ?? "";
    return ifThere(async () => {
      const [rules, names] = await Promise.all([this.#rules(arn), this.#certificateNames(listener)]);
      return {
        arn,
        port: listener.Port ?? 0,
        protocol: listener.Protocol === "HTTPS" ? "HTTPS" : "HTTP",
        certificateNames: names,
        rules: inOrder(rules).map(toRule),
      };
    });
  }

  async #rules(listenerArn: string): Promise<Rule[]> {
    const rules: Rule[] = [];
    let Marker: string | undefined;
    do {
      const page = await this.#elb.send(new DescribeRulesCommand({ ListenerArn: listenerArn, Marker }));
      rules.push(...(page.Rules ?? []));
      Marker = page.NextMarker;
    } while (Marker);
    return rules;
  }

  /** A certificate's names never change, so each is asked for once. */
  async #certificateNames(listener: Listener): Promise<readonly string[]> {
    if (listener.Protocol !== "HTTPS") return [];
    const listed = await this.#elb.send(new DescribeListenerCertificatesCommand({ ListenerArn: listener.ListenerArn }));
    const arns = (listed.Certificates ?? listener.Certificates ?? []).map(({ CertificateArn }) => CertificateArn ?? "");
    const names = await Promise.all(
      arns.map(async (arn) => {
        const known = this.#names.get(arn);
        if (known) return known;
        const { Certificate } = await this.#acm.send(new DescribeCertificateCommand({ CertificateArn: arn }));
        const found = [Certificate?.DomainName ?? "", ...(Certificate?.SubjectAlternativeNames ?? [])].filter(Boolean);
        this.#names.set(arn, [...new Set(found)]);
        return found;
      }),
    );
    return [...new Set(names.flat())];
  }

  async #targetGroup(group: TargetGroup): Promise<TargetGroupConfig | undefined> {
    const TargetGroupArn = group.TargetGroupArn ?? "";
    return ifThere(async () => {
      const [attributes, health] = await Promise.all([
        this.#elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn })),
        this.#elb.send(new DescribeTargetHealthCommand({ TargetGroupArn })),
      ]);
      const value = (key: string) => attributes.Attributes?.find(({ Key }) => Key === key)?.Value;
      if (value("stickiness.enabled") === "true")
        throw unsupported(`stickiness of target group ${group.TargetGroupName}`);
      return {
        arn: TargetGroupArn,
        name: group.TargetGroupName ?? "",
        targetType: group.TargetType === "lambda" || group.TargetType === "ip" ? group.TargetType : "instance",
        algorithm: algorithm(value("load_balancing.algorithm.type") ?? "round_robin"),
        deregistrationDelaySeconds: Number(value("deregistration_delay.timeout_seconds") ?? 300),
        healthCheck: {
          enabled: group.HealthCheckEnabled ?? true,
          path: group.HealthCheckPath ?? "/",
          intervalSeconds: group.HealthCheckIntervalSeconds ?? 30,
          timeoutSeconds: group.HealthCheckTimeoutSeconds ?? 5,
          healthyThreshold: group.HealthyThresholdCount ?? 5,
          unhealthyThreshold: group.UnhealthyThresholdCount ?? 2,
          matcher: group.Matcher?.HttpCode ?? "200",
        },
        targets: (health.TargetHealthDescriptions ?? []).map(({ Target }) => ({
          id: Target?.Id ?? "",
          // A function has no port, whatever the emulator makes of it.
          port: group.TargetType === "lambda" ? 0 : (Target?.Port ?? group.Port ?? 80),
        })),
      };
    });
  }
}

/** Rules by number, the default rule last. */
function inOrder(rules: readonly Rule[]): readonly Rule[] {
  const number = (rule: Rule) => (rule.Priority === "default" ? Number.POSITIVE_INFINITY : Number(rule.Priority));
  return [...rules].sort((a, b) => number(a) - number(b));
}

/** A rule as plain data. Throws for anything the rehearsal's load balancer does not do. */
export function toRule(rule: Rule): RuleConfig {
  const actions = [...(rule.Actions ?? [])].sort((a, b) => (a.Order ?? 0) - (b.Order ?? 0));
  const [action] = actions;
  if (!action || actions.length > 1) throw unsupported(`${actions.length} actions in rule ${rule.RuleArn}`);
  return {
    arn: rule.RuleArn ?? "",
    priority: rule.Priority ?? "default",
    conditions: (rule.Conditions ?? []).map(toCondition),
    action: toAction(action),
  };
}

function toAction(action: Action): RuleAction {
  if (action.Type === "forward") {
    if (action.ForwardConfig?.TargetGroupStickinessConfig?.Enabled)
      throw unsupported("stickiness between target groups");
    const groups = action.ForwardConfig?.TargetGroups ?? [{ TargetGroupArn: action.TargetGroupArn, Weight: 1 }];
    return {
      type: "forward",
      targetGroups: groups.map(({ TargetGroupArn, Weight }) => ({ arn: TargetGroupArn ?? "", weight: Weight ?? 1 })),
    };
  }
  if (action.Type === "redirect") {
    const { Protocol, Host, Port, Path, Query, StatusCode } = action.RedirectConfig ?? {};
    return {
      type: "redirect",
      protocol: Protocol ?? "#{protocol}",
      host: Host ?? "#{host}",
      port: Port ?? "#{port}",
      path: Path ?? "/#{path}",
      query: Query ?? "#{query}",
      statusCode: StatusCode === "HTTP_301" ? 301 : 302,
    };
  }
  if (action.Type === "fixed-response") {
    const { StatusCode, ContentType, MessageBody } = action.FixedResponseConfig ?? {};
    return {
      type: "fixed-response",
      statusCode: Number(StatusCode),
      contentType: ContentType ?? "text/plain",
      body: MessageBody ?? "",
    };
  }
  throw unsupported(`the action type ${action.Type}`);
}

function toCondition(condition: SdkCondition): RuleCondition {
  const { Field } = condition;
  switch (Field) {
    case "path-pattern":
    case "host-header": {
      const config = Field === "path-pattern" ? condition.PathPatternConfig : condition.HostHeaderConfig;
      return { field: Field, ...valuesOf(config, condition) };
    }
    case "http-header": {
      const config = condition.HttpHeaderConfig;
      return { field: Field, name: config?.HttpHeaderName ?? "", ...valuesOf(config, condition) };
    }
    case "http-request-method":
      return { field: Field, values: condition.HttpRequestMethodConfig?.Values ?? [] };
    case "source-ip":
      return { field: Field, values: condition.SourceIpConfig?.Values ?? [] };
    case "query-string":
      return {
        field: Field,
        values: (condition.QueryStringConfig?.Values ?? []).map(({ Key, Value }) => ({
          ...(Key === undefined ? {} : { key: Key }),
          value: Value ?? "",
        })),
      };
    default:
      throw unsupported(`the condition field ${Field}`);
  }
}

function algorithm(type: string): TargetGroupConfig["algorithm"] {
  if (type === "round_robin" || type === "least_outstanding_requests") return type;
  throw unsupported(`the algorithm ${type}`);
}

const unsupported = (what: string): Error =>
  new Error(`the rehearsal's load balancer does not do ${what}: it would show something else than AWS`);

/** Undefined for a thing that was deleted while it was being read; the next reading shows what is left. */
async function ifThere<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Error && /NotFound/.test(error.name)) return undefined;
    throw error;
  }
}
