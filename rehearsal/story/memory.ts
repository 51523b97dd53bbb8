import type { Affinity } from "@cutover/domain/affinity";
import type { PhaseName } from "@cutover/domain/phases";
import type { QueueSnapshot } from "../postgres/postgres";
import type { SocketCheck } from "../run/sockets";
import type { Inventory } from "./inventory";

/** A row of the migrations' history. */
export interface HistoryRow {
  readonly version: string;
  readonly finishedAt: Date | null;
}

/** Digits of images, in the order in which they come; "a" is Node's, the first Python image is "b". */
const IMAGES = "cdef0123456789";

/** What the story has to remember from one step to a later one. */
export class Memory {
  sockets: SocketCheck | undefined;
  /** Id of the rollback that waits for its acknowledgement. */
  openRollback: string | undefined;
  /** Entries of the evidence's ledger; a destroy keeps them. */
  ledger = 0;
  /** The phase that is applied. */
  applied: PhaseName | undefined;
  /** When the update that was played last began; real time, ms since the epoch. */
  updateAt = 0;
  /** Phases whose update the policy pack has judged. */
  readonly judged = new Set<PhaseName>();
  /** `cutover:affinity` of the chapter that is played. */
  affinity: Affinity = "none";
  #images = 0;
  #migrations: ReadonlyMap<string, string> | undefined;
  #rerun = 0;

  constructor(
    /** The emulated account before the first update. */
    readonly account: Inventory,
    /** GoHighLevel's custom values before the first update, as JSON. */
    readonly ghlValues: string,
    readonly queue: QueueSnapshot,
    /** Writes that GoHighLevel had seen when the chapter began. */
    public ghlWrites = 0,
  ) {}

  /** What {@link nextImage} will be. */
  get comingImage(): string {
    const digit = IMAGES[this.#images];
    if (digit === undefined) throw new RangeError("more images were mended than there are digits");
    return digit;
  }

  /** The digit of the next image's made-up digest; the first image is "b". */
  nextImage(): string {
    const digit = this.comingImage;
    this.#images++;
    return digit;
  }

  /** Compares with the history seen before: rows that are new or were finished anew. Returns the number over all looks. */
  rememberMigrations(history: readonly HistoryRow[]): number {
    const now = new Map(history.map((m) => [m.version, String(m.finishedAt?.getTime())]));
    const before = this.#migrations;
    if (before) this.#rerun += [...now].filter(([version, finished]) => before.get(version) !== finished).length;
    this.#migrations = now;
    return this.#rerun;
  }

  /** Migrations in the history; null before the first look. */
  get migrationsApplied(): number | null {
    return this.#migrations?.size ?? null;
  }

  get rerunApplied(): number | null {
    return this.#migrations ? this.#rerun : null;
  }
}
