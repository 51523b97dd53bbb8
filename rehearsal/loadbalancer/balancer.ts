import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RehearsalClock } from "../clock";
import { freePort } from "../support/ports";
import type { RehearsalCa } from "./certificates";
import { chooseWeighted, type Rng, seededRng } from "./choose";
import type { BalancerConfig, ListenerConfig, LoadBalancerConfig, RuleAction, TargetAddress } from "./config";
import { answerItself, forward, type Route } from "./forward";
import { Frontend } from "./frontend";
import { NOT_REGISTERED, type TargetHealth } from "./health";
import { forwardToLambda, type InvokeLambda } from "./lambda-target";
import { firstMatch } from "./match";
import { BalancerMetrics, type HostCounts, type Span, type TargetGroupCounts } from "./metrics";
import { redirectLocation } from "./redirect";
import { type Resolve, TargetGroup } from "./target-group";

export interface LoadBalancerOptions {
  readonly clock: RehearsalClock;
  /** Signs the certificates of HTTPS listeners. */
  readonly ca: RehearsalCa;
  /** Reads what the load balancer has to do; without it the caller uses {@link LoadBalancer.apply}. */
  readonly source?: () => Promise<BalancerConfig>;
  /** Listener port → port on 127.0.0.1; a listener that is not named here gets a free port. */
  readonly ports?: Readonly<Record<number, number>>;
  /** Where target addresses really listen; default: loopback addresses are themselves, others lead nowhere. */
  readonly resolve?: Resolve;
  /** Draws target groups and targets; default: seeded from the time. */
  readonly rng?: Rng;
  /** Shortest real ms between two health checks of a target; default 500. */
  readonly minCheckMs?: number;
  /** Real ms between two looks at the source besides those on `notify`; default a minute, since all changes are notified. */
  readonly rereadMs?: number;
  /** Calls Lambda targets. */
  readonly invokeLambda?: InvokeLambda;
}

export interface LoadBalancerEvents {
  /** One line for people: a listener opened, a target changed its health. */
  progress: [line: string];
  /** Something that must not happen in a rehearsal, such as a taken port. */
  problem: [error: Error];
  /** A target's health changed. */
  health: [targetGroupArn: string, target: TargetAddress, health: TargetHealth];
}

const IDLE_MS = 60_000;
/** Every change is notified; a look is some twenty calls of the emulator. */
const REREAD_MS = 60_000;

/**
 * The rehearsal's Elastic Load Balancer: one data plane for all load balancers of the emulated account. It does what
 * the given definition says, no more: routes by rule and weight, checks targets, drains them, answers 502, 503 and 504
 * itself, retries nothing, and counts under AWS's metric names.
 */
export class LoadBalancer extends EventEmitter<LoadBalancerEvents> {
  readonly metrics: BalancerMetrics;
  readonly #options: LoadBalancerOptions;
  readonly #rng: Rng;
  readonly #resolve: Resolve;
  readonly #groups = new Map<string, TargetGroup>();
  readonly #frontends = new Map<string, Frontend>();
  readonly #listeners = new Map<string, { listener: ListenerConfig; owner: LoadBalancerConfig }>();
  readonly #bindPorts = new Map<string, number>();
  #attached: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  #config: BalancerConfig = { loadBalancers: [], targetGroups: [] };
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(options: LoadBalancerOptions) {
    super();
    this.#options = options;
    this.#rng = options.rng ?? seededRng(Date.now());
    this.#resolve = options.resolve ?? loopbackOnly;
    this.metrics = new BalancerMetrics(options.clock);
  }

  /** Reads the definition and goes on reading it until `stop`. */
  async start(): Promise<void> {
    await this.refresh();
    const loop = () => {
      this.#timer = setTimeout(() => {
        this.notify();
        loop();
      }, this.#options.rereadMs ?? REREAD_MS);
      this.#timer.unref();
    };
    loop();
  }

  /** Something may have changed: reads again soon, without waiting for it. */
  notify(): void {
    this.refresh().catch((error: Error) => {
      if (!this.#stopped) this.emit("problem", error);
    });
  }

  /** Resolves when every change notified so far is in force. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Reads the definition that is valid now and takes it over; concurrent calls share one further reading. */
  refresh(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#readUntilCalm().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #readUntilCalm(): Promise<void> {
    do {
      this.#again = false;
      const config = await this.#options.source?.();
      if (config && !this.#stopped) await this.apply(config);
    } while (this.#again && !this.#stopped);
  }

  /** Does what `config` says from now on. */
  async apply(config: BalancerConfig): Promise<void> {
    this.#config = config;
    this.#attached = attachments(config);
    this.#applyGroups(config);
    const wanted = new Set<string>();
    for (const owner of config.loadBalancers) {
      for (const listener of owner.listeners) {
        wanted.add(listener.arn);
        this.#listeners.set(listener.arn, { listener, owner });
        await this.#applyListener(listener, owner);
      }
    }
    for (const [arn, frontend] of this.#frontends) {
      if (wanted.has(arn)) continue;
      this.#frontends.delete(arn);
      this.#listeners.delete(arn);
      await frontend.close();
    }
  }

  /** Health of all registered and draining targets of a group; undefined for an unknown group. */
  describeTargetHealth(groupArn: string): ReturnType<TargetGroup["describe"]> | undefined {
    return this.#groups.get(groupArn)?.describe();
  }

  /** Health of one target in one group. */
  targetHealth(groupArn: string, target: TargetAddress): TargetHealth {
    return this.#groups.get(groupArn)?.healthAt(target) ?? NOT_REGISTERED;
  }

  /** ARNs of the load balancers that forward to a group now. */
  loadBalancersOf(groupArn: string): readonly string[] {
    return [...(this.#attached.get(groupArn) ?? [])];
  }

  /** Healthy and unhealthy targets of a group at this moment. */
  hostCounts(groupArn: string): HostCounts {
    const states = (this.describeTargetHealth(groupArn) ?? []).map(({ health }) => health.state);
    const healthy = states.filter((state) => state === "healthy").length;
    return {
      HealthyHostCount: healthy,
      UnHealthyHostCount: states.filter((s) => s === "unhealthy" || s === "initial").length,
    };
  }

  /** Counts of every target group by its name, within a span of rehearsal time. */
  requestCounts(span: Span = {}): Readonly<Record<string, TargetGroupCounts & { readonly arn: string }>> {
    return Object.fromEntries(
      this.#config.targetGroups.map(({ arn, name }) => [name, { arn, ...this.metrics.targetGroup(arn, span) }]),
    );
  }

  /** The definition in force. */
  get config(): BalancerConfig {
    return this.#config;
  }

  /** The real port of a listener, or undefined while it is not open. `name` chooses among several load balancers. */
  boundPort(listenerPort: number, name?: string): number | undefined {
    for (const [arn, { listener, owner }] of this.#listeners) {
      if (listener.port === listenerPort && (name === undefined || owner.name === name)) {
        return this.#frontends.get(arn)?.bindPort;
      }
    }
    return undefined;
  }

  /** Closes all ports and connections and ends all checks. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running?.catch(() => undefined);
    await Promise.all([...this.#frontends.values()].map((frontend) => frontend.close(200)));
    for (const group of this.#groups.values()) group.stop();
    this.#frontends.clear();
    this.#groups.clear();
  }

  #applyGroups(config: BalancerConfig): void {
    for (const definition of config.targetGroups) {
      const inUse = this.#attached.has(definition.arn);
      let group = this.#groups.get(definition.arn);
      if (!group) {
        group = new TargetGroup(definition, {
          clock: this.#options.clock,
          resolve: this.#resolve,
          rng: this.#rng,
          minCheckMs: this.#options.minCheckMs ?? 500,
          onHealth: (of, { address }, health) => {
            this.emit("progress", `${of.config.name}: ${address.id}:${address.port} ${healthWords(health)}`);
            this.emit("health", of.config.arn, address, health);
          },
        });
        this.#groups.set(definition.arn, group);
      }
      group.apply(definition, inUse);
    }
    const known = new Set(config.targetGroups.map(({ arn }) => arn));
    for (const [arn, group] of this.#groups) {
      if (known.has(arn)) continue;
      group.stop();
      this.#groups.delete(arn);
    }
  }

  async #applyListener(listener: ListenerConfig, owner: LoadBalancerConfig): Promise<void> {
    const idleTimeoutMs = owner.idleTimeoutSeconds * 1000;
    const open = this.#frontends.get(listener.arn);
    if (open) {
      open.idleTimeoutMs = idleTimeoutMs;
      if (listener.protocol === "HTTPS" && !open.hasCertificateFor(listener.certificateNames)) {
        open.renew(listener.certificateNames, await this.#options.ca.issue(listener.certificateNames));
      }
      return;
    }
    const keyPair = listener.protocol === "HTTPS" ? await this.#options.ca.issue(listener.certificateNames) : undefined;
    const bindPort = await this.#bindPort(listener, owner);
    const onRequest = (request: IncomingMessage, response: ServerResponse) =>
      this.#serve(listener.arn, request, response);
    this.#frontends.set(listener.arn, await Frontend.open({ listener, bindPort, keyPair, idleTimeoutMs, onRequest }));
    this.emit("progress", `${owner.name}: ${listener.protocol} ${listener.port} is 127.0.0.1:${bindPort}`);
  }

  /** The same listener port of the same load balancer keeps its real port, also when it is made anew. */
  async #bindPort(listener: ListenerConfig, owner: LoadBalancerConfig): Promise<number> {
    const key = `${owner.name}:${listener.port}`;
    const before = this.#bindPorts.get(key);
    if (before !== undefined) return before;
    const given = this.#options.ports?.[listener.port];
    const taken = given !== undefined && [...this.#bindPorts.values()].includes(given);
    const port = given !== undefined && !taken ? given : await freePort();
    this.#bindPorts.set(key, port);
    return port;
  }

  #serve(listenerArn: string, request: IncomingMessage, response: ServerResponse): void {
    const entry = this.#listeners.get(listenerArn);
    const rule =
      entry &&
      firstMatch(entry.listener.rules, {
        method: request.method ?? "GET",
        url: request.url ?? "/",
        headers: request.headers,
        sourceIp: request.socket.remoteAddress ?? "",
      });
    if (!entry || !rule) {
      request.resume();
      response.destroy();
      return;
    }
    this.metrics.record(entry.owner.arn, "RequestCount");
    this.#act(rule.action, entry, request, response);
  }

  #act(
    action: RuleAction,
    entry: { listener: ListenerConfig; owner: LoadBalancerConfig },
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const { listener, owner } = entry;
    if (action.type === "fixed-response") {
      request.resume();
      this.metrics.record(owner.arn, "HTTP_Fixed_Response_Count");
      response.writeHead(action.statusCode, { server: "awselb/2.0", "content-type": action.contentType });
      response.end(action.body);
      return;
    }
    if (action.type === "redirect") {
      request.resume();
      this.metrics.record(owner.arn, "HTTP_Redirect_Count");
      const location = redirectLocation(action, listener, request.headers.host ?? "", request.url ?? "/");
      response.writeHead(action.statusCode, { server: "awselb/2.0", location }).end();
      return;
    }
    const chosen = chooseWeighted(action.targetGroups, this.#rng);
    const group = chosen && this.#groups.get(chosen.arn);
    const target = group?.pick();
    if (!group || !target) {
      request.resume();
      answerItself({ loadBalancerArn: owner.arn, metrics: this.metrics }, response, 503);
      return;
    }
    const route: Route = {
      loadBalancerArn: owner.arn,
      protocol: listener.protocol === "HTTPS" ? "https" : "http",
      port: listener.port,
      idleTimeoutMs: owner.idleTimeoutSeconds * 1000 || IDLE_MS,
      group,
      target,
      resolve: this.#resolve,
      metrics: this.metrics,
    };
    if (group.config.targetType === "lambda")
      void forwardToLambda(route, this.#options.invokeLambda, request, response);
    else forward(route, request, response);
  }
}

/** The rehearsal never leaves this machine, whatever address was registered. */
const loopbackOnly: Resolve = ({ id, port }) => (id.startsWith("127.") ? { host: id, port } : undefined);

/** Which load balancers forward to which target groups. */
function attachments(config: BalancerConfig): ReadonlyMap<string, ReadonlySet<string>> {
  const attached = new Map<string, Set<string>>();
  for (const { arn, listeners } of config.loadBalancers) {
    for (const { action } of listeners.flatMap(({ rules }) => rules)) {
      if (action.type !== "forward") continue;
      for (const group of action.targetGroups) {
        attached.set(group.arn, (attached.get(group.arn) ?? new Set()).add(arn));
      }
    }
  }
  return attached;
}

const healthWords = (health: TargetHealth): string =>
  health.description && health.state !== "draining" ? `${health.state} (${health.description})` : health.state;
