import { readFileSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** What the rehearsal's fault switch can do to an application; see docs/app-contract.md. */
export type FaultKind = "none" | "5xx" | "slow" | "hang" | "routing" | "booking";

/** Content of the switch's file. */
export interface Fault {
  readonly kind: FaultKind;
  /** Share of requests or messages hit, 0 to 1; default 1. */
  readonly share: number;
  /** The health path shows it, too; default false. */
  readonly health: boolean;
}

/** Real ms a "slow" request or message takes longer: above the plan's trigger (3 s), below the sender's limit (10 s). */
export const SLOW_MS = 4000;
const HANG_LOOKS = 240;
const HANG_EVERY_MS = 250;
const NONE: Fault = { kind: "none", share: 0, health: false };
const KINDS: ReadonlySet<string> = new Set<FaultKind>(["none", "5xx", "slow", "hang", "routing", "booking"]);

/** The rehearsal's fault switch: a JSON file read again whenever it changes. Absent, or not named: no fault. */
export class Faults {
  readonly #path: string | undefined;
  #stamp = "";
  #fault: Fault = NONE;
  #seed = 20_260_101;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** The fault as the file says now. */
  current(): Fault {
    if (this.#path === undefined) return NONE;
    const status = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    if (!status) {
      this.#stamp = "";
      this.#fault = NONE;
      return NONE;
    }
    const stamp = `${status.mtimeNs}/${status.size}`;
    if (stamp !== this.#stamp) {
      const read = parseFault(this.#path);
      if (read) {
        this.#fault = read;
        this.#stamp = stamp;
      } // else it is being written just now: keep the last one, look again at the next request
    }
    return this.#fault;
  }

  /** The kind, when one of these faults is on and the draw falls into its share. The draw has a fixed seed a process. */
  hits<K extends FaultKind>(...kinds: readonly K[]): K | undefined {
    const fault = this.current();
    const kind = kinds.find((candidate) => candidate === fault.kind);
    return kind !== undefined && this.#draw() < fault.share ? kind : undefined;
  }

  /** Resolves when the hang is switched off, at the latest after a minute. */
  async hang(): Promise<void> {
    for (let i = 0; i < HANG_LOOKS && this.current().kind === "hang"; i++) {
      await delay(HANG_EVERY_MS, undefined, { ref: false });
    }
  }

  // mulberry32: small, and the same draws in every run
  #draw(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}

function parseFault(path: string): Fault | undefined {
  try {
    const raw: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof raw !== "object" || raw === null || !("kind" in raw)) return undefined;
    const { kind, share = 1, health = false } = raw as { kind: unknown; share?: unknown; health?: unknown };
    if (typeof kind !== "string" || !KINDS.has(kind)) return undefined;
    return { kind: kind as FaultKind, share: Number(share), health: health === true };
  } catch {
    return undefined;
  }
}
