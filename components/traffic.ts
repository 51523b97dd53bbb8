import { type Affinity, CONTACT_HEADER, contactRules } from "@cutover/domain/affinity";
import { KILL_SWITCH_HEADER } from "@cutover/domain/kill-switch";
import * as lb from "@pulumi/aws/lb";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { physicalName } from "./naming";
import { forward, header, headerLike, WEBHOOK_PATHS, weights } from "./rule-parts";

/** Where one application listens and how the load balancer sees that it can work. */
export interface BackendArgs {
  readonly port: number;
  readonly healthPath: string;
}

export interface TrafficArgs {
  readonly stack: string;
  readonly vpcId: pulumi.Input<string>;
  readonly publicSubnetIds: pulumi.Input<string>[];
  readonly securityGroupId: pulumi.Input<string>;
  /** Internet gateway, routes and security group rules: without them AWS refuses the load balancer or nobody reaches it. */
  readonly ingress: readonly pulumi.Resource[];
  readonly certificateArn: pulumi.Input<string>;
  /** Undefined once Node is removed. */
  readonly node: BackendArgs | undefined;
  readonly python: BackendArgs;
  /** Secret header value of the probe rules. */
  readonly probeKey: pulumi.Input<string>;
  /** Target group that `hold` sends messages to. */
  readonly inboxTargetGroupArn: pulumi.Input<string>;
}

/** The customer, probe and (Node only) unmatched target group of one backend. */
export interface BackendGroups {
  readonly customer: lb.TargetGroup;
  readonly probe: lb.TargetGroup;
}

export interface NodeGroups extends BackendGroups {
  /** Messages without the right secret header: to Node, counted apart. */
  readonly unmatched: lb.TargetGroup;
  /** Messages that ask for Node by `?backend=node`: counted apart, since no weight and no header decided on them. */
  readonly pinned: lb.TargetGroup;
}

/**
 * The front door: load balancer, listeners, target groups and every rule but the weighted one, which is `TrafficSplit`:
 * services must be able to start before the weight moves and may depend on `attached` only.
 */
export class Traffic extends pulumi.ComponentResource {
  readonly loadBalancer: lb.LoadBalancer;
  readonly listener: lb.Listener;
  readonly node: NodeGroups | undefined;
  readonly python: BackendGroups;
  /** With Node `off`, `node` or `hold`; once Node is removed another rule in its place: `off` or `hold`. */
  readonly killSwitch: lb.ListenerRule;
  /** Target group of the inbox. */
  readonly inboxArn: pulumi.Input<string>;
  /** Rules that put every target group on the load balancer: ECS refuses a service whose group is on none. */
  readonly attached: pulumi.Resource[];

  readonly #name: string;
  readonly #args: TrafficArgs;

  constructor(name: string, args: TrafficArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Traffic", name, { stack: args.stack }, opts);
    this.#name = name;
    this.#args = args;
    this.loadBalancer = this.makeLoadBalancer();
    this.python = this.backendGroups("python", "py", args.python);
    this.node = args.node && this.nodeGroups(args.node);
    this.listener = this.makeListeners();
    this.inboxArn = args.inboxTargetGroupArn;
    this.killSwitch = this.makeKillSwitch();
    this.attached = [
      ...this.probeRules(),
      this.killSwitch,
      ...this.pinnedRule(),
      this.unmatchedRule(),
      this.anchorRule(),
    ];
    this.registerOutputs({ dnsName: this.loadBalancer.dnsName, listenerArn: this.listener.arn });
  }

  private makeLoadBalancer(): lb.LoadBalancer {
    return new lb.LoadBalancer(
      this.#name,
      {
        name: physicalName(this.#args.stack, ""),
        loadBalancerType: "application",
        internal: false,
        subnets: this.#args.publicSubnetIds,
        securityGroups: [this.#args.securityGroupId],
        // A webhook sender waits 10 s; with the default of 60 s a hanging backend would show nothing for a minute.
        idleTimeout: 15,
        dropInvalidHeaderFields: true,
      },
      { parent: this, dependsOn: [...this.#args.ingress] },
    );
  }

  private nodeGroups(backend: BackendArgs): NodeGroups {
    return {
      ...this.backendGroups("node", "no", backend),
      unmatched: this.targetGroup("node-unmatched", `no-u-${backend.port}`, backend),
      pinned: this.targetGroup("node-pinned", `no-b-${backend.port}`, backend),
    };
  }

  /** Customers and probes are counted apart: probes must not enter the split, the metrics or "0 requests". */
  private backendGroups(engine: "node" | "python", short: string, backend: BackendArgs): BackendGroups {
    return {
      customer: this.targetGroup(`${engine}-customer`, `${short}-c-${backend.port}`, backend),
      probe: this.targetGroup(`${engine}-probe`, `${short}-p-${backend.port}`, backend),
    };
  }

  private targetGroup(logical: string, physical: string, backend: BackendArgs): lb.TargetGroup {
    return new lb.TargetGroup(
      `${this.#name}-${logical}`,
      {
        name: physicalName(this.#args.stack, physical),
        vpcId: this.#args.vpcId,
        targetType: "ip",
        port: backend.port,
        protocol: "HTTP",
        // Slow start is left out: AWS refuses it together with least outstanding requests.
        loadBalancingAlgorithmType: "least_outstanding_requests",
        deregistrationDelay: 30,
        healthCheck: {
          path: backend.healthPath,
          matcher: "200-299",
          interval: 10,
          timeout: 5,
          healthyThreshold: 2,
          unhealthyThreshold: 2,
        },
      },
      { parent: this },
    );
  }

  private makeListeners(): lb.Listener {
    new lb.Listener(
      `${this.#name}-http`,
      {
        loadBalancerArn: this.loadBalancer.arn,
        port: 80,
        protocol: "HTTP",
        defaultActions: [{ type: "redirect", redirect: { port: "443", protocol: "HTTPS", statusCode: "HTTP_301" } }],
      },
      { parent: this },
    );
    return new lb.Listener(
      `${this.#name}-https`,
      {
        loadBalancerArn: this.loadBalancer.arn,
        port: 443,
        protocol: "HTTPS",
        sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
        certificateArn: this.#args.certificateArn,
        defaultActions: [
          {
            type: "fixed-response",
            fixedResponse: { contentType: "text/plain", messageBody: "not found", statusCode: "404" },
          },
        ],
      },
      { parent: this },
    );
  }

  /** Above everything else, the kill switch included: what is broken can still be looked at. */
  private probeRules(): lb.ListenerRule[] {
    const rule = (what: "node" | "python" | "inbox", priority: number, arn: pulumi.Input<string>) =>
      this.rule(
        `probe-${what}`,
        priority,
        [header("x-cutover-target", what), header("x-cutover-key", this.#args.probeKey)],
        [forward(arn)],
      );
    return [
      rule("python", 10, this.python.probe.arn),
      ...(this.node ? [rule("node", 20, this.node.probe.arn)] : []),
      // Keeps the inbox on the load balancer and proves, before a message is held, that it takes one.
      rule("inbox", 25, this.inboxArn),
    ];
  }

  /**
   * Made once, in `off`: a header value that nobody sends. Afterwards its conditions and actions belong to the rollback
   * function and to one fenced release, so Pulumi never writes them again; their live state says whether we are rolled back.
   * Without Node it is another resource: the old rule would keep Node's target group, whatever is declared.
   */
  private makeKillSwitch(): lb.ListenerRule {
    const [what, priority, arn] = this.node
      ? (["kill-switch", 30, this.node.customer.arn] as const)
      : (["hold", 35, this.inboxArn] as const);
    const never = new random.RandomId(`${this.#name}-${what}`, { byteLength: 16 }, { parent: this });
    return this.rule(what, priority, [WEBHOOK_PATHS, header(KILL_SWITCH_HEADER, never.hex)], [forward(arn)], {
      ignoreChanges: ["conditions", "actions"],
    });
  }

  /** `?backend=node`: a webhook URL that reaches Node whatever the weights say. */
  private pinnedRule(): lb.ListenerRule[] {
    if (!this.node) return [];
    const pinned = { queryStrings: [{ key: "backend", value: "node" }] };
    return [this.rule("pinned", 40, [WEBHOOK_PATHS, pinned], [forward(this.node.pinned.arn)])];
  }

  /** Without the right secret: to Node while it lives, because a header somebody forgot must not lose a message. */
  private unmatchedRule(): lb.ListenerRule {
    const group = this.node?.unmatched ?? this.python.customer;
    return this.rule("unmatched", 60, [WEBHOOK_PATHS], [forward(group.arn)]);
  }

  /** Never matched: keeps both customer groups on the load balancer, so that services can start before the weight moves. */
  private anchorRule(): lb.ListenerRule {
    const never = new random.RandomId(`${this.#name}-anchor`, { byteLength: 16 }, { parent: this });
    return this.rule(
      "anchor",
      90,
      [header("x-cutover-anchor", never.hex)],
      [weights(this.node?.customer.arn, this.python.customer.arn, 0)],
    );
  }

  private rule(
    what: string,
    priority: number,
    conditions: lb.ListenerRuleArgs["conditions"],
    actions: lb.ListenerRuleArgs["actions"],
    opts: pulumi.CustomResourceOptions = {},
  ): lb.ListenerRule {
    return new lb.ListenerRule(
      `${this.#name}-${what}`,
      {
        listenerArn: this.listener.arn,
        priority,
        conditions,
        actions,
        tags: { Name: `${this.#name}-${what}` },
      },
      pulumi.mergeOptions({ parent: this }, opts),
    );
  }
}

export interface TrafficSplitArgs {
  readonly listenerArn: pulumi.Input<string>;
  readonly node: NodeGroups | undefined;
  readonly python: BackendGroups;
  /** Percent of customer messages that Python gets. */
  readonly pythonShare: number;
  readonly affinity: Affinity;
  /** Values of x-webhook-secret that count as right: the current one and, during a rotation, the one before. */
  readonly webhookSecrets: pulumi.Input<string>[];
}

/** The rules that share customers' messages. */
export interface TrafficSplit {
  /** Comes after the one for contacts: whoever waits for it waits for both. */
  readonly weighted: lb.ListenerRule;
  /** With affinity and while Node exists: contacts that are Python's. */
  readonly contact?: lb.ListenerRule;
}

/**
 * The weighted rule, and with affinity the one for Python's contacts before it. Both weights are declared always, as
 * percent, never ignored (pulumi-aws#5772, #5798), with stickiness off: a webhook sender sends no cookie back. With
 * affinity the weight is 0 or 100, and from rung to rung one rule alone changes (`contactRules`).
 */
export function trafficSplit(name: string, args: TrafficSplitArgs, opts: pulumi.CustomResourceOptions): TrafficSplit {
  const { node, python, pythonShare } = args;
  const right = [WEBHOOK_PATHS, header("x-webhook-secret", ...args.webhookSecrets)];
  const rule = (
    called: string,
    priority: number,
    conditions: lb.ListenerRuleArgs["conditions"],
    share: number,
    after: pulumi.Resource[] = [],
  ) =>
    new lb.ListenerRule(
      called,
      {
        listenerArn: args.listenerArn,
        priority,
        conditions,
        actions: [weights(node?.customer.arn, python.customer.arn, share)],
        tags: { Name: called },
      },
      pulumi.mergeOptions(opts, { dependsOn: after }),
    );
  if (args.affinity === "none" || !node) return { weighted: rule(name, 50, right, pythonShare) };
  const { contacts, weight } = contactRules(pythonShare);
  const named = [...right, headerLike(CONTACT_HEADER, contacts.regex)];
  const contact = rule(`${name}-contact`, 45, named, contacts.weight);
  return { weighted: rule(name, 50, right, weight, [contact]), contact };
}
