import type { Greeting } from "@cutover/clients/ghl/answers";
import type { GhlClientOptions } from "@cutover/clients/ghl/client";
import { ghlValueProvider } from "@cutover/clients/ghl/provider";
import type { GhlValueInputs, GhlValueState } from "@cutover/clients/ghl/state";
import type { GhlStandIn } from "./server";

type Bag = Record<string, unknown>;

/** What one operation came to. */
export interface LabResult {
  readonly ok: boolean;
  /** Everything a person would have read: the error, or what the provider said. */
  readonly read: string;
}

/** Key and text of the provider's code: the engine gives it with the inputs, and runs the state's at refresh and destroy. */
const CODE = { __provider: "exports.handler = …" } as const;

/** Settings of the stack that the provider reads. */
export interface LabConfig {
  token: string;
  destroy?: string;
}

export interface LabOptions {
  /** Real time for one attempt, in ms; default 5 000. */
  readonly deadlineMs?: number;
  /** How a URL answers; default: as a webhook of Node's does. Undefined: nothing answers. */
  readonly greet?: (url: string) => Promise<Greeting | undefined>;
}

/**
 * Drives the methods of the `GhlValue` provider over real HTTP in the order the engine calls them, and keeps state as the
 * engine does, partial failures included. The real engine is used in tests/engine/ghl.test.ts; this is for many cases fast.
 */
export class Lab {
  readonly config: LabConfig;
  state: { id: string; outputs: Bag } | undefined;
  /** Every wait the client asked for, in ms. */
  readonly waits: number[] = [];
  #now = 1_800_000_000_000;
  readonly #ghl: GhlStandIn;
  readonly #options: LabOptions;

  constructor(ghl: GhlStandIn, options: LabOptions = {}) {
    this.#ghl = ghl;
    this.#options = options;
    this.config = { token: ghl.token };
  }

  /** Outputs as the state holds them. */
  get outputs(): GhlValueState {
    if (!this.state) throw new Error("nothing is in the state");
    return this.state.outputs as unknown as GhlValueState;
  }

  /** How its clients work: waits are production's, but nobody waits them. */
  get client(): Partial<GhlClientOptions> {
    return {
      connectTo: "",
      deadlineMs: this.#options.deadlineMs ?? 5_000,
      surroundings: {
        random: () => 0.5,
        now: () => this.#now,
        sleep: async (ms) => {
          this.waits.push(ms);
          this.#now += ms;
        },
      },
    };
  }

  /** `pulumi up` with these inputs. */
  up(inputs: GhlValueInputs): Promise<LabResult> {
    return this.#run(async (provider) => {
      const olds = this.state?.outputs ?? {};
      const checked = await provider.check(olds, { ...inputs });
      if (checked.failures.length > 0)
        throw new Error(checked.failures.map((f) => `${f.property}: ${f.reason}`).join("; "));
      if (!this.state) {
        const made = await provider.create({ ...checked.inputs, ...CODE });
        this.state = { id: made.id, outputs: { ...made.outs, ...CODE } };
        return;
      }
      const { changes } = await provider.diff(this.state.id, olds, checked.inputs);
      if (!changes) return;
      const updated = await provider.update(this.state.id, olds, { ...checked.inputs, ...CODE });
      this.state = { id: this.state.id, outputs: { ...updated.outs, ...CODE } };
    });
  }

  /** Whether the next `up` with these inputs would do anything. */
  async changes(inputs: GhlValueInputs): Promise<boolean> {
    const provider = this.#provider([]);
    const checked = await provider.check({}, { ...inputs });
    return !this.state || (await provider.diff(this.state.id, this.state.outputs, checked.inputs)).changes;
  }

  /** `pulumi refresh`. */
  refresh(): Promise<LabResult> {
    return this.#run(async (provider) => {
      if (!this.state) return;
      requireCode(this.state.outputs);
      const seen = await provider.read(this.state.id, this.state.outputs);
      this.state = { id: seen.id, outputs: { ...seen.props, ...CODE } };
    });
  }

  /** `pulumi destroy`. */
  destroy(): Promise<LabResult> {
    return this.#run(async (provider) => {
      if (!this.state) return;
      requireCode(this.state.outputs);
      await provider.delete(this.state.id, this.state.outputs);
      this.state = undefined;
    });
  }

  /** Runs an operation and forgets what it would have saved, as kill -9 before the state is written does. */
  async killed(operation: () => Promise<LabResult>): Promise<LabResult> {
    const before = this.state;
    const result = await operation();
    this.state = before;
    return result;
  }

  async #run(operate: (provider: ReturnType<typeof ghlValueProvider>) => Promise<void>): Promise<LabResult> {
    const said: string[] = [];
    try {
      await operate(this.#provider(said));
      return { ok: true, read: said.join("\n") };
    } catch (error) {
      this.#keepPartial(error);
      return { ok: false, read: error instanceof Error ? error.message : String(error) };
    }
  }

  /** The engine keeps id and properties that come with an error. */
  #keepPartial(error: unknown): void {
    if (typeof error !== "object" || error === null || !("id" in error) || !("properties" in error)) return;
    this.state = { id: String(error.id), outputs: { ...(error.properties as Bag) } };
  }

  #provider(said: string[]): ReturnType<typeof ghlValueProvider> {
    const ghl = JSON.stringify({ token: this.config.token, locationId: this.#ghl.locationId, baseUrl: this.#ghl.url });
    const config = {
      get: (key: string) => (key === "ghl" ? ghl : key === "destroy" ? this.config.destroy : undefined),
    };
    return ghlValueProvider(config, {
      say: (sentence) => void said.push(sentence),
      greet: this.#options.greet ?? (async () => ({ status: 404, server: "node" })),
      client: this.client,
    });
  }
}

/** What the engine's plugin says where the state holds no code. */
function requireCode(outputs: Bag): void {
  if (typeof outputs.__provider !== "string") throw new Error("code must be a string, not undefined");
}
