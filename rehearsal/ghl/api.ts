import { randomUUID } from "node:crypto";
import type { GhlFault } from "./faults";
import type { StoredValue, ValueStore } from "./store";
import { READ_SCOPE, type TokenRights, WRITE_SCOPE } from "./tokens";

/** A request to the stand-in's API, read completely. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** What the API answers. */
export interface ApiReply {
  readonly status: number;
  readonly body: Record<string, unknown> | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the API knows while it answers. */
export interface ApiWorld {
  readonly store: ValueStore;
  readonly tokens: ReadonlyMap<string, TokenRights>;
  readonly locationId: string;
  /** What an unknown id is answered with; GHL's choice is not documented. */
  readonly missing: 400 | 404;
  /** How often a missing id was answered; counts up with each call. */
  readonly missingSaid: () => number;
  /** Called when a PUT changes a name. */
  readonly renamed: (from: string, to: string) => void;
}

const VERSIONS = new Set(["2021-04-15", "2021-07-28", "2023-02-21", "v3"]);
const ROUTE = /^\/locations\/([^/?]+)\/customValues(?:\/([^/?]+))?$/;

/** Where a request goes: the collection, one value, or nowhere. */
export function route(request: ApiRequest): { on: "list" | "item"; locationId: string; id: string } | undefined {
  const match = ROUTE.exec(request.path.split("?")[0] ?? "");
  if (!match) return undefined;
  const on = match[2] === undefined ? "list" : "item";
  const allowed = on === "list" ? ["GET", "POST"] : ["GET", "PUT", "DELETE"];
  if (!allowed.includes(request.method)) return undefined;
  return { on, locationId: decodeURIComponent(match[1] ?? ""), id: decodeURIComponent(match[2] ?? "") };
}

/** What a missing id is answered with: the text is not documented, so nothing may go by it. */
const MISSING = ["Custom value does not exist for the given id", "Invalid id", "Bad Request Exception: does not exist"];

/** Answers a request as GHL does, in GHL's order: route, token, version, scope, body, id (facts: ghl-supabase A5). */
export function answer(world: ApiWorld, request: ApiRequest, fault?: GhlFault): ApiReply {
  const to = route(request);
  if (!to) return problem(404, `Cannot ${request.method} ${request.path}`, "Not Found");
  const refused = refuse(world, request, to.locationId);
  if (refused) return refused;
  const write = request.method === "POST" || request.method === "PUT" ? readBody(request.body) : undefined;
  if (write && "problems" in write) return problem(422, write.problems, "Unprocessable Entity");
  if (to.on === "list") return write ? create(world, kept(write, fault), fault) : list(world, fault);
  const stored = world.store.byId(to.id);
  if (!stored) {
    return world.missing === 404
      ? problem(404, `Custom value with id ${to.id} not found`, "Not Found")
      : problem(400, MISSING[world.missingSaid() % MISSING.length] ?? "", "Bad Request");
  }
  if (request.method === "DELETE") {
    world.store.delete(to.id);
    return { status: 200, body: { succeded: true } };
  }
  return write
    ? update(world, stored, kept(write, fault), fault)
    : { status: 200, body: wrap(world, read(stored), fault) };
}

function refuse(world: ApiWorld, request: ApiRequest, locationId: string): ApiReply | undefined {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const rights = token === undefined ? undefined : world.tokens.get(token);
  if (!rights) return problem(401, "Invalid token: access token is invalid", "Unauthorized");
  const version = request.headers.version;
  if (version === undefined) return versionProblem("version header was not found.");
  if (!VERSIONS.has(version)) return versionProblem("version header is invalid");
  const scope = request.method === "GET" ? READ_SCOPE : WRITE_SCOPE;
  if (rights.locationId !== locationId || locationId !== world.locationId || !rights.scopes.includes(scope)) {
    return problem(401, "The token is not authorized for this scope.", "Unauthorized");
  }
  return undefined;
}

/** What GHL makes of a value. */
function kept<T extends { value: string }>(write: T, fault?: GhlFault): T {
  if (fault?.kind !== "normalises") return write;
  return { ...write, value: fault.how === "trim" ? write.value.trim() : write.value.replaceAll("&", "&amp;") };
}

function list(world: ApiWorld, fault?: GhlFault): ApiReply {
  const shown = world.store.all().filter((stored) => {
    if (!stored.hiddenLists) return true;
    stored.hiddenLists -= 1;
    return false;
  });
  return { status: 200, body: { customValues: shown.map((stored) => bare(world, read(stored), fault)) } };
}

function create(world: ApiWorld, write: { name: string; value: string }, fault?: GhlFault): ApiReply {
  const stored = world.store.add(write.name, write.value);
  if (fault && "lists" in fault && fault.kind !== "late-commit" && fault.lists) stored.hiddenLists = fault.lists;
  return { status: 201, body: wrap(world, { ...stored }, fault) };
}

function update(
  world: ApiWorld,
  stored: StoredValue,
  write: { name: string; value: string },
  fault?: GhlFault,
): ApiReply {
  const old = stored.value;
  if (fault?.kind === "echo-old") return { status: 200, body: wrap(world, { ...stored }, fault) };
  if (stored.name !== write.name) world.renamed(stored.name, write.name);
  stored.name = write.name;
  stored.value = write.value;
  if (fault?.kind === "stale") stored.stale = { reads: fault.reads, value: old };
  return { status: 200, body: wrap(world, { ...stored }, fault) };
}

/** A read, which may still show the value from before the last write. */
function read(stored: StoredValue): StoredValue {
  if (!stored.stale || stored.stale.reads <= 0) return stored;
  stored.stale.reads -= 1;
  return { ...stored, value: stored.stale.value };
}

function wrap(world: ApiWorld, stored: StoredValue, fault?: GhlFault): Record<string, unknown> {
  const body = bare(world, stored, fault);
  return fault?.kind === "no-wrapper" ? body : { customValue: body };
}

function bare(world: ApiWorld, stored: StoredValue, fault?: GhlFault): Record<string, unknown> {
  const { id, name, value, fieldKey } = stored;
  const key = fault?.kind === "no-field-key" ? {} : { fieldKey };
  return { id, name, ...key, value, locationId: world.locationId };
}

function readBody(text: string): { name: string; value: string } | { problems: string[] } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { problems: ["body must be a JSON object"] };
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    return { problems: ["body must be a JSON object"] };
  const given = new Map(Object.entries(body));
  const name: unknown = given.get("name");
  const value: unknown = given.get("value");
  const problems: string[] = [];
  for (const key of given.keys())
    if (key !== "name" && key !== "value") problems.push(`property ${key} should not exist`);
  if (typeof name !== "string" || name === "") problems.push("name must be a string", "name should not be empty");
  if (typeof value !== "string") problems.push("value must be a string");
  return problems.length === 0 && typeof name === "string" && typeof value === "string"
    ? { name, value }
    : { problems };
}

/** The usual error body. */
export function problem(status: number, message: string | readonly string[], error: string): ApiReply {
  return { status, body: { statusCode: status, message, error, traceId: randomUUID() } };
}

/** The other 401 body that was seen: `status` in place of `statusCode`. */
function versionProblem(message: string): ApiReply {
  return { status: 401, body: { status: 401, message, error: "Unauthorized", traceId: randomUUID() } };
}
