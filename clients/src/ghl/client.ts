import type { ValueMatch } from "@cutover/domain/webhook";
import { HttpClient, type HttpReply } from "../http/client";
import { HttpError } from "../http/errors";
import { DEFAULT_RETRY, nextWaitMs, REAL_SURROUNDINGS, type RetryPolicy, type Surroundings } from "../http/retry";
import { errorFor, GhlError, notJson, type Operation, unreachable, usedUp } from "./errors";
import { checkedBaseUrl, checkedToken, isAltered, normal } from "./text";
import { type CustomValue, readCustomValue, readCustomValues } from "./wire";

export { GhlError } from "./errors";
export type { CustomValue } from "./wire";

/** Where HighLevel's API is. */
export const GHL_BASE_URL = "https://services.leadconnectorhq.com";
/** Accepted on these paths since 2021 (facts: ghl-supabase A2). */
export const GHL_API_VERSION = "2021-07-28";

/** How a `GhlClient` behaves. */
export interface GhlClientOptions {
  /** Private integration token of the sub-account, with `locations/customValues.readonly` and `.write`; or a ready access token. */
  readonly token: string;
  readonly locationId: string;
  /** Default `GHL_BASE_URL`. Plain http is taken for loopback addresses only. */
  readonly baseUrl?: string | undefined;
  /** Time for one attempt in ms; default 10 000. */
  readonly deadlineMs?: number;
  readonly retry?: Partial<RetryPolicy>;
  /** How long a write may take to show up in reads, in ms; default 30 000. */
  readonly readBackMs?: number;
  /** Wait between two reads while reading back, in ms; default 500. */
  readonly readBackEveryMs?: number;
  readonly surroundings?: Partial<Surroundings>;
  /** See `AgentOptions.connectTo`. */
  readonly connectTo?: string;
  /** See `AgentOptions.ca`. */
  readonly ca?: string;
}

/** Which custom value is meant. */
export type Match = ValueMatch;

/** What `write` did. */
export interface WriteResult {
  readonly before: CustomValue;
  readonly after: CustomValue;
  /** False when it held the value already and nothing was sent. */
  readonly wrote: boolean;
}

/**
 * The custom values of one GHL location. Sends only `name` (as GHL holds it) and `value`, writes only what differs, and
 * believes a write when a read shows it. Every method throws `GhlError`.
 */
export class GhlClient {
  readonly #http: HttpClient;
  readonly #token: string;
  readonly #locationId: string;
  readonly #policy: RetryPolicy;
  readonly #surroundings: Surroundings;
  readonly #readBackMs: number;
  readonly #readBackEveryMs: number;

  constructor(options: GhlClientOptions) {
    this.#surroundings = { ...REAL_SURROUNDINGS, ...options.surroundings };
    this.#policy = { ...DEFAULT_RETRY, ...options.retry };
    this.#token = options.token;
    this.#locationId = options.locationId;
    this.#readBackMs = options.readBackMs ?? 30_000;
    this.#readBackEveryMs = options.readBackEveryMs ?? 500;
    this.#http = new HttpClient({
      baseUrl: checkedBaseUrl(options.baseUrl ?? GHL_BASE_URL),
      headers: {
        authorization: `Bearer ${checkedToken(options.token)}`,
        version: GHL_API_VERSION,
        accept: "application/json",
        "content-type": "application/json",
      },
      deadlineMs: options.deadlineMs ?? 10_000,
      retry: this.#policy,
      surroundings: this.#surroundings,
      ...(options.connectTo === undefined ? {} : { connectTo: options.connectTo }),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    });
  }

  /** All custom values of the location. */
  async list(): Promise<CustomValue[]> {
    const reply = await this.#send("list", "GET", "", "the custom values");
    const values = readCustomValues(reply.json);
    if (!values) throw notJson(reply, "list", "the custom values", [this.#token]);
    return values;
  }

  /**
   * One custom value, or undefined when it is proved gone: GHL answers 404 or 400 for its id *and* a list does not have it.
   * What GHL answers for a missing id is not documented, so neither status is proof by itself.
   */
  async get(id: string): Promise<CustomValue | undefined> {
    try {
      const reply = await this.#send("read", "GET", `/${encodeURIComponent(id)}`, `custom value ${id}`);
      const value = readCustomValue(reply.json);
      if (value) return value;
    } catch (error) {
      if (!(error instanceof GhlError) || (error.status !== 404 && error.status !== 400)) throw error;
    }
    return (await this.list()).find((value) => value.id === id);
  }

  /**
   * The value meant, or undefined when there is none. Two of the same name, or another one with the same merge field, are an
   * error that lists them: which of them the workflow step gets is not known. An id is taken as it is: a person chose.
   */
  async find(match: Match): Promise<CustomValue | undefined> {
    return "id" in match ? this.get(match.id) : this.only(match.name, await this.list());
  }

  /** Of a list, the value of this name; the same errors as `find`. */
  only(name: string, values: readonly CustomValue[]): CustomValue | undefined {
    const found = values.filter((value) => value.name === name);
    if (found.length > 1) throw this.#duplicate(`named "${name}"`, found);
    const [value] = found;
    const twins = value?.mergeFieldKnown
      ? values.filter((other) => other.id !== value.id && other.mergeField === value.mergeField)
      : [];
    if (value && twins.length > 0) throw this.#duplicate(`with the merge field ${value.mergeField}`, [value, ...twins]);
    return value;
  }

  /** The value meant; an error that names near misses when there is none. */
  async adopt(match: Match): Promise<CustomValue> {
    const found = await this.find(match);
    if (found) return found;
    throw await this.#missing(match);
  }

  /** Custom values whose names differ from `name` by case or spaces only. GHL may give them the same merge field. */
  async near(name: string): Promise<CustomValue[]> {
    return (await this.list()).filter((value) => value.name !== name && normal(value.name) === normal(name));
  }

  /**
   * Makes a custom value unless one of this name exists; that one is returned untouched then. A POST whose fate is unknown
   * is never repeated: lists are read until one has the name, and after `readBackMs` it is an error. Lists may lag and a
   * POST may be done late, so only a person, by running again later, may decide that it was not done.
   */
  async ensure(name: string, value: string): Promise<{ readonly value: CustomValue; readonly created: boolean }> {
    const there = await this.find({ name });
    if (there) return { value: there, created: false };
    let made: CustomValue | undefined;
    let cause: GhlError | undefined;
    try {
      const reply = await this.#post(name, value);
      made = readCustomValue(reply.json);
      if (!made) cause = notJson(reply, "create", `custom value "${name}"`, [this.#token, value]);
    } catch (error) {
      if (!(error instanceof GhlError) || error.fate !== "unknown") throw error;
      cause = error;
    }
    if (cause) return { value: await this.#afterUnknown(name, value, cause), created: true };
    const id = made?.id ?? "";
    const seen = await this.#readBack(id, value, made?.value ?? "");
    // Another may have been made meanwhile. A list that still lacks ours at the end is looked at again by every refresh.
    await this.#listed(name, (found) => found.id === id);
    return { value: seen, created: true };
  }

  /** Repeated only where it is certain that nothing was made. */
  async #post(name: string, value: string): Promise<HttpReply> {
    const started = this.#surroundings.now();
    for (let failed = 1; ; failed++) {
      try {
        return await this.#send("create", "POST", "", `custom value "${name}"`, { name, value });
      } catch (error) {
        if (error instanceof GhlError && error.fate === "unknown") throw error;
        await this.#waitOrThrow(error, failed, started);
      }
    }
  }

  /**
   * Makes the value hold `value`: read, compare, write only what differs, read back until seen.
   * @param allowed Says whether the value found may be overwritten; throw inside it to refuse. Asked before each write.
   */
  async write(id: string, value: string, allowed: (found: CustomValue) => void = () => {}): Promise<WriteResult> {
    const started = this.#surroundings.now();
    let before: CustomValue | undefined;
    for (let failed = 0; ; ) {
      const found = await this.get(id);
      if (!found) throw await this.#missing({ id });
      if (found.value === value) return { before: before ?? found, after: found, wrote: before !== undefined };
      if (before === undefined || found.value !== before.value) allowed(found);
      before ??= found;
      try {
        await this.#send("update", "PUT", `/${encodeURIComponent(id)}`, `custom value "${found.name}"`, {
          name: found.name,
          value,
        });
        return { before, after: await this.#readBack(id, value, found.value), wrote: true };
      } catch (error) {
        failed += 1;
        await this.#waitOrThrow(error, failed, started);
      }
    }
  }

  /** Deletes a custom value; one that is gone already is fine. Returns when reads show it gone. */
  async remove(id: string): Promise<void> {
    try {
      await this.#send("delete", "DELETE", `/${encodeURIComponent(id)}`, `custom value ${id}`);
    } catch (error) {
      if (!(error instanceof GhlError) || (error.status !== 404 && error.status !== 400)) throw error;
      if ((await this.get(id)) === undefined) return;
      throw error;
    }
    const started = this.#surroundings.now();
    while ((await this.get(id)) !== undefined) {
      if (this.#surroundings.now() - started > this.#readBackMs) {
        throw new GhlError(
          "not-applied",
          `deleting custom value ${id}: GHL answered with success, but the value is still there. Look at Settings > Custom Values and delete it by hand.`,
        );
      }
      await this.#surroundings.sleep(this.#readBackEveryMs);
    }
  }

  /** Closes kept connections. */
  close(): void {
    this.#http.close();
  }

  /** Reads until `wanted` is seen. A third value means that somebody else wrote meanwhile. */
  async #readBack(id: string, wanted: string, before: string): Promise<CustomValue> {
    const { now, sleep } = this.#surroundings;
    const started = now();
    for (;;) {
      const seen = await this.get(id);
      if (seen?.value === wanted) return seen;
      if (seen && seen.value !== before && isAltered(seen.value, wanted)) {
        throw new GhlError(
          "altered",
          `custom value "${seen.name}": GHL does not keep what it was sent, it trims or escapes it, so messages would go to another address. ` +
            "Nothing else was changed. A URL without spaces and without special characters in its query string is kept as it is: " +
            "change cutover:ghl.currentUrl or cutover:node.url, wherever the URL comes from, and run again.",
          { holds: seen.value },
        );
      }
      if (seen && seen.value !== before) {
        throw new GhlError(
          "conflict",
          `custom value "${seen.name}" was changed by somebody else while it was being written. Look at it in GHL, then run again.`,
        );
      }
      if (now() - started > this.#readBackMs) {
        throw new GhlError(
          "not-applied",
          `custom value ${seen ? `"${seen.name}"` : id}: GHL answered with success, but ${this.#readBackMs / 1000} s later it still ${seen ? "holds the old value" : "is not there"}. Nothing else was changed; run again.`,
        );
      }
      await sleep(this.#readBackEveryMs);
    }
  }

  /** The value that a POST of unknown fate has made, once a list shows it; an error that says what to do otherwise. */
  async #afterUnknown(name: string, value: string, cause: GhlError): Promise<CustomValue> {
    const made = await this.#listed(name, () => true);
    if (made) return this.#readBack(made.id, value, made.value);
    throw new GhlError(
      "unavailable",
      `${cause.message} Whether GHL has made it is not known: ${this.#readBackMs / 1000} s later no list has it. It was not sent again, ` +
        "because two values of one name lose messages. Look at Settings > Custom Values in GHL in a few minutes, then run again.",
      { status: cause.status, fate: "unknown" },
    );
  }

  /** The value of this name once a list has it and it is the one wanted; undefined when none has within `readBackMs`. */
  async #listed(name: string, wanted: (found: CustomValue) => boolean): Promise<CustomValue | undefined> {
    const { now, sleep } = this.#surroundings;
    for (const started = now(); ; ) {
      try {
        const found = await this.find({ name });
        if (found && wanted(found)) return found;
      } catch (error) {
        if (!(error instanceof GhlError) || !passes(error)) throw error; // two of the name, above all
      }
      if (now() - started > this.#readBackMs) return undefined;
      await sleep(this.#readBackEveryMs);
    }
  }

  #duplicate(what: string, found: readonly CustomValue[]): GhlError {
    const listed = found.map((v) => `${JSON.stringify(v.name)} (id ${v.id})`).join(", ");
    return new GhlError(
      "duplicate",
      `location ${this.#locationId} has ${found.length} custom values ${what}: ${listed}. Which of them the workflow step gets is not known. ` +
        "Delete or rename all but one in GHL (Settings > Custom Values), or name the one to use by its id: " +
        "pulumi config set --path 'cutover:ghl.webhookValue' id:<its id> (of the secret: 'cutover:ghl.secretValue')",
    );
  }

  /** After a failed write: waits when the failure passes by itself, else throws it. */
  async #waitOrThrow(error: unknown, failed: number, started: number): Promise<void> {
    if (!(error instanceof GhlError) || !passes(error)) throw error;
    const { now, random, sleep } = this.#surroundings;
    const wait = nextWaitMs(this.#policy, { failed, spentMs: now() - started, askedMs: error.askedMs }, random);
    if (wait === undefined) throw error;
    await sleep(wait);
  }

  /** Reads are repeated by the HTTP client; writes by the loops above, which look before they repeat. */
  async #send(
    operation: Operation,
    method: "GET" | "POST" | "PUT" | "DELETE",
    tail: string,
    subject: string,
    body?: { readonly name: string; readonly value: string },
  ): Promise<HttpReply> {
    const secrets = [this.#token, ...(body ? [body.value] : [])];
    let reply: HttpReply;
    try {
      reply = await this.#http.send({
        method,
        path: `/locations/${encodeURIComponent(this.#locationId)}/customValues${tail}`,
        ...(body ? { body } : {}),
        retry: method === "GET" || method === "DELETE",
        hopeless: usedUp,
      });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      throw unreachable(error, operation, subject);
    }
    if (reply.status < 200 || reply.status > 299) {
      throw errorFor(reply, { operation, locationId: this.#locationId, subject }, secrets);
    }
    if (operation === "delete") return reply; // reads tell whether it is gone
    if (typeof reply.json !== "object" || reply.json === null) throw notJson(reply, operation, subject, secrets);
    return reply;
  }

  async #missing(match: Match): Promise<GhlError> {
    if ("id" in match) {
      return new GhlError(
        "missing",
        `location ${this.#locationId} has no custom value with the id ${match.id}: it is mistyped, of another location, or somebody deleted the value.`,
      );
    }
    const near = (await this.near(match.name)).map((value) => JSON.stringify(value.name));
    const hint =
      near.length === 0
        ? ""
        : ` There is ${near.join(" and ")}, which differs by case or spaces: names are compared exactly.`;
    return new GhlError("missing", `location ${this.#locationId} has no custom value named "${match.name}".${hint}`);
  }
}

/** Passes by itself. */
function passes({ failure }: GhlError): boolean {
  return failure === "unavailable" || failure === "rate-limited";
}
