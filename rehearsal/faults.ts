import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EmulatedAws } from "./aws/emulated-aws";
import type { GhlStandIn } from "./ghl/server";

/** What the rehearsal can break. */
export const FAULTS = [
  "python-5xx",
  "python-slow",
  "python-sluggish",
  "python-hang",
  "routing",
  "booking",
  "python-dead",
  "node-dead",
  "ghl-down",
  "elb-throttled",
  "ssm-down",
] as const;
export type FaultName = (typeof FAULTS)[number];

/** The two applications, as their fault files are named. */
export type Engine = "node" | "python";

/** Kinds of the applications' own fault switch (docs/app-contract.md), by fault. */
const PYTHON_KINDS = {
  "python-5xx": "5xx",
  "python-slow": "slow",
  "python-sluggish": "sluggish",
  "python-hang": "hang",
  routing: "routing",
  booking: "booking",
} as const satisfies Partial<Record<FaultName, string>>;

/** For REHEARSAL_FAULT_FILE of an application's image: the file that switches its faults. */
export const faultFile = (runFolder: string, engine: Engine): string => join(runFolder, "faults", `${engine}.json`);

export interface RehearsalFaultsOptions {
  readonly runFolder: string;
  readonly aws: Pick<EmulatedAws, "breakImage" | "gateway">;
  readonly ghl: Pick<GhlStandIn, "fail" | "heal">;
  /** Image repository of each application. */
  readonly repositories: Readonly<Record<Engine, string>>;
}

export interface FaultOptions {
  /** Share of requests or messages that an application's fault hits, 0 to 1; default 1. */
  readonly share?: number;
  /** The application's health path shows the fault, too; default false. */
  readonly health?: boolean;
}

/** Breaks one thing at a time or several together, and mends them. */
export class RehearsalFaults {
  readonly #options: RehearsalFaultsOptions;
  readonly #lifts = new Map<FaultName, () => void>();

  constructor(options: RehearsalFaultsOptions) {
    this.#options = options;
  }

  /** Faults that are on. */
  get active(): readonly FaultName[] {
    return [...this.#lifts.keys()];
  }

  /**
   * Switches a fault on at once and returns what lifts it again. Of the faults inside Python one can be on at a time.
   * @throws Error when it is on already, or another one inside Python is
   */
  inject(name: FaultName, options: FaultOptions = {}): () => void {
    const inside = (it: FaultName) => it in PYTHON_KINDS;
    const there = this.active.find((it) => it === name || (inside(it) && inside(name)));
    if (there) throw new Error(`fault ${name}: ${there} is on already; lift it first`);
    const mend = this.#break(name, options);
    const lift = () => {
      if (this.#lifts.get(name) !== lift) return;
      this.#lifts.delete(name);
      mend();
    };
    this.#lifts.set(name, lift);
    return lift;
  }

  /** Lifts one fault, or all. Safe to call when none is on. */
  lift(name?: FaultName): void {
    for (const [it, lift] of [...this.#lifts]) if (name === undefined || it === name) lift();
  }

  #break(name: FaultName, options: FaultOptions): () => void {
    const { aws, ghl, repositories } = this.#options;
    switch (name) {
      case "python-dead":
        return aws.breakImage(repositories.python);
      case "node-dead":
        return aws.breakImage(repositories.node);
      case "ghl-down":
        ghl.fail({ times: Number.POSITIVE_INFINITY }, { kind: "status", status: 503, message: "Service Unavailable" });
        return () => ghl.heal();
      case "elb-throttled":
        return aws.gateway.inject({ service: "elasticloadbalancing", respond: "throttle" });
      case "ssm-down":
        return aws.gateway.inject({ service: "ssm", respond: "unavailable" });
      default:
        return this.#switch("python", PYTHON_KINDS[name], options);
    }
  }

  #switch(engine: Engine, kind: string, { share = 1, health = false }: FaultOptions): () => void {
    const file = faultFile(this.#options.runFolder, engine);
    mkdirSync(join(file, ".."), { recursive: true });
    // Whole or not at all: the applications read it at any moment.
    writeFileSync(`${file}.new`, JSON.stringify({ kind, share, health }));
    renameSync(`${file}.new`, file);
    return () => rmSync(file, { force: true });
  }
}
