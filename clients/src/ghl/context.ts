import { type Greeting, greet } from "./answers";
import { GhlClient, type GhlClientOptions, GhlError } from "./client";

/** What the methods of the `GhlValue` resource work with. */
export interface ResourceContext {
  readonly client: GhlClient;
  /** How a URL answers a GET; undefined when nothing does. */
  readonly greet: (url: string) => Promise<Greeting | undefined>;
  /** `cutover:destroy: lose-traffic`, as it is set now. */
  readonly loseTraffic: boolean;
  /** Tells the person at the terminal. */
  readonly say: (sentence: string) => void;
}

/** Parts of a context given by tests. */
export interface ContextOverrides {
  readonly client?: Partial<GhlClientOptions>;
  readonly greet?: ResourceContext["greet"];
  readonly say?: (sentence: string) => void;
}

/** The stack's configuration as a dynamic provider sees it. */
export interface StackConfig {
  get(key: string): string | undefined;
}

/**
 * Client and settings from the stack's configuration (`cutover:ghl`, `cutover:destroy`). `CUTOVER_GHL_TOKEN` counts before
 * the token of the configuration, so that a rotated token works even where an old one is kept. With `CUTOVER_READ_ONLY=1`,
 * as the workflows that only look set it, the configuration's token, which writes, is not taken at all.
 * @throws GhlError where there is no token to take
 */
export function contextFrom(
  config: StackConfig | undefined,
  locationId: string,
  overrides: ContextOverrides = {},
): ResourceContext {
  const ghl = parseObject(config?.get("ghl"));
  const readOnly = process.env.CUTOVER_READ_ONLY === "1";
  const token = process.env.CUTOVER_GHL_TOKEN || (readOnly ? undefined : text(ghl.token));
  if (!token && readOnly) {
    throw new GhlError(
      "token",
      "CUTOVER_READ_ONLY is set, and CUTOVER_GHL_TOKEN, a token that only reads, is not: in the workflows it is the secret GHL_READONLY_TOKEN (docs/ci.md)",
    );
  }
  if (!token) {
    throw new GhlError(
      "token",
      "no GHL token: pulumi config set --secret --path 'cutover:ghl.token' (or set CUTOVER_GHL_TOKEN for one run)",
    );
  }
  const readBack = Number(process.env.CUTOVER_GHL_READ_BACK_MS);
  return {
    client: new GhlClient({
      token,
      locationId,
      baseUrl: text(ghl.baseUrl),
      ...(readBack > 0 ? { readBackMs: readBack } : {}),
      ...overrides.client,
    }),
    greet: overrides.greet ?? ((url) => greet(url)),
    loseTraffic: losesTraffic(config),
    say: overrides.say ?? ((sentence) => console.error(sentence)),
  };
}

/** `cutover:destroy` is `lose-traffic`, in the configuration or in the environment. */
export function losesTraffic(config: StackConfig | undefined): boolean {
  return config?.get("destroy") === "lose-traffic" || process.env.CUTOVER_DESTROY === "lose-traffic";
}

function parseObject(json: string | undefined): Readonly<Record<string, unknown>> {
  if (json === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    throw new GhlError(
      "invalid",
      "cutover:ghl is not an object; set its parts with: pulumi config set --path 'cutover:ghl.<part>'",
    );
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
