import { Agent } from "node:http";
import type { RehearsalClock } from "../clock";
import { chooseLeastOutstanding, type Rng } from "./choose";
import { type TargetAddress, type TargetGroupConfig, targetKey } from "./config";
import { checkOnce, DRAINING, HealthState, NOT_CHECKED, NOT_IN_USE, NOT_REGISTERED, type TargetHealth } from "./health";

/** Where a target's address in the emulated network really listens; undefined = nothing answers there. */
export type Resolve = (target: TargetAddress) => { readonly host: string; readonly port: number } | undefined;

export interface TargetGroupContext {
  readonly clock: RehearsalClock;
  readonly resolve: Resolve;
  readonly rng: Rng;
  /** Shortest real time between two checks of a target, whatever the definition says. */
  readonly minCheckMs: number;
  readonly onHealth: (group: TargetGroup, target: Target, health: TargetHealth) => void;
}

/** One registered (or draining) target with its connections, its requests in progress and its health checks. */
export class Target {
  readonly address: TargetAddress;
  readonly agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  readonly checks = new HealthState();
  inFlight = 0;
  draining = false;
  #timer: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;
  #stopped = false;
  #watched = false;

  constructor(address: TargetAddress) {
    this.address = address;
  }

  /** Begins checking, first at once; `delay` gives the real ms until the next check. Once only: later calls do nothing. */
  watch(check: () => Promise<void>, delay: () => number): void {
    if (this.#watched) return;
    this.#watched = true;
    const round = async () => {
      await check();
      if (!this.#stopped && !this.draining) this.#timer = setTimeout(() => void round(), delay());
    };
    void round();
  }

  /** A request was answered or given up. */
  release(): void {
    this.inFlight--;
    if (this.inFlight === 0) this.#drained?.();
  }

  /** Resolves when no request is in progress, at the latest after `limitMs` real ms. */
  async drain(limitMs: number): Promise<void> {
    this.draining = true;
    clearTimeout(this.#timer);
    if (this.inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        this.#drained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.stop();
  }

  /** Ends checks and connections. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#drained?.();
    this.agent.destroy();
  }
}

/** A target group as its present definition says: who is registered, who is healthy, who gets the next request. */
export class TargetGroup {
  readonly #context: TargetGroupContext;
  readonly #targets = new Map<string, Target>();
  readonly #draining = new Set<Target>();
  #config: TargetGroupConfig;
  #inUse = false;
  #turn = 0;

  constructor(config: TargetGroupConfig, context: TargetGroupContext) {
    this.#config = config;
    this.#context = context;
  }

  get config(): TargetGroupConfig {
    return this.#config;
  }

  /** Takes a new definition. `inUse` = some listener or rule forwards to this group; only then targets are checked. */
  apply(config: TargetGroupConfig, inUse: boolean): void {
    this.#config = config;
    const wanted = new Map(config.targets.map((target) => [targetKey(target), target]));
    for (const [key, target] of this.#targets) {
      if (!wanted.has(key)) this.#deregister(key, target);
    }
    const restart = inUse && !this.#inUse;
    this.#inUse = inUse;
    for (const [key, address] of wanted) {
      const known = this.#targets.get(key);
      if (!known) this.#register(key, new Target(address));
      else if (restart) {
        known.checks.reset();
        this.#watch(known);
      }
    }
  }

  /** The target of the next request; undefined when nothing is registered. All unhealthy = all get requests (fail-open). */
  pick(): Target | undefined {
    const registered = [...this.#targets.values()];
    const healthy = registered.filter((target) => /^(healthy|unavailable)$/.test(this.healthOf(target).state));
    const candidates = healthy.length > 0 ? healthy : registered;
    if (candidates.length === 0) return undefined;
    if (this.#config.algorithm === "least_outstanding_requests") {
      return chooseLeastOutstanding(candidates, this.#context.rng);
    }
    this.#turn = (this.#turn + 1) % candidates.length;
    return candidates[this.#turn];
  }

  /** Registered and draining targets with what is known of each. */
  describe(): readonly { readonly target: TargetAddress; readonly health: TargetHealth; readonly inFlight: number }[] {
    return [...this.#targets.values(), ...this.#draining].map((target) => ({
      target: target.address,
      health: this.healthOf(target),
      inFlight: target.inFlight,
    }));
  }

  /** Health of one address, registered or not. */
  healthAt(address: TargetAddress): TargetHealth {
    const key = targetKey(address);
    const known = this.#targets.get(key) ?? [...this.#draining].find((target) => targetKey(target.address) === key);
    return known ? this.healthOf(known) : NOT_REGISTERED;
  }

  healthOf(target: Target): TargetHealth {
    if (target.draining) return DRAINING;
    if (!this.#inUse) return NOT_IN_USE;
    if (!this.#config.healthCheck.enabled) return NOT_CHECKED;
    return target.checks.health;
  }

  stop(): void {
    for (const target of [...this.#targets.values(), ...this.#draining]) target.stop();
    this.#targets.clear();
    this.#draining.clear();
  }

  #register(key: string, target: Target): void {
    this.#targets.set(key, target);
    if (this.#inUse) this.#watch(target);
  }

  #deregister(key: string, target: Target): void {
    this.#targets.delete(key);
    this.#draining.add(target);
    this.#context.onHealth(this, target, DRAINING);
    void target.drain(this.#config.deregistrationDelaySeconds * 1000).then(() => this.#draining.delete(target));
  }

  #watch(target: Target): void {
    const { clock, minCheckMs, resolve, onHealth } = this.#context;
    if (this.#config.targetType === "lambda") return;
    target.watch(
      async () => {
        const config = this.#config.healthCheck;
        if (!config.enabled || !this.#inUse) return;
        const result = await checkOnce(resolve(target.address), config);
        if (target.draining) return;
        if (target.checks.take(result, config)) onHealth(this, target, target.checks.health);
      },
      () => Math.max(minCheckMs, clock.realSpan(this.#config.healthCheck.intervalSeconds * 1000)),
    );
  }
}
