import { RehearsalClock } from "../../clock";

/** The plan's appendix, "Environment Variables Migration": what the Node service has today. */
export const REQUIRED_ENVIRONMENT = [
  "OPENAI_API_KEY",
  "SUPABASE_URL",
  "SUPABASE_ANON_KEY",
  "GHL_API_TOKEN",
  "GHL_LOCATION_ID",
  "GHL_CALENDAR_ID",
  "GHL_ASSIGNED_USER_ID",
] as const;

/** What the service needs to know; times in real milliseconds. */
export interface Settings {
  /** A postgresql:// URL: the rehearsal emulates no PostgREST. */
  readonly databaseUrl: string;
  readonly locationId: string;
  readonly host: string;
  readonly port: number;
  readonly poolSize: number;
  /** Rehearsal time for what is recorded; without it the database's now() is used. */
  readonly clock: RehearsalClock | undefined;
  /** A row in work whose claim was not renewed for so long is taken over by another task of this engine. */
  readonly claimLeaseMs: number;
  /** How long new requests are still served after SIGTERM, while the load balancer takes the task out. */
  readonly lingerMs: number;
  /** How long requests, and after them messages in work, may take to end after that. */
  readonly drainMs: number;
  readonly faultFile: string | undefined;
  readonly maxConcurrent: number | undefined;
  /** Emulated service time of one accept: makes `maxConcurrent` a rate. */
  readonly workMs: number;
}

/** The environment can't be used. The text names variables, never their values' secrets. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks the environment. @throws SettingsError with every problem found */
export function readSettings(env: Environment): Settings {
  const problems: string[] = REQUIRED_ENVIRONMENT.filter((name) => !env[name]).map((name) => `${name} is not set`);
  const databaseUrl = env.SUPABASE_URL ?? "";
  if (databaseUrl && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    problems.push("SUPABASE_URL: expected a postgresql:// URL (the rehearsal emulates no PostgREST)");
  }
  const number = (name: string, fallback: number, low: number, high: number): number => {
    const text = env[name];
    if (!text) return fallback;
    const value = Number(text);
    if (value >= low && value <= high) return value;
    problems.push(`${name}: found "${text}", expected a number from ${low} to ${high}`);
    return fallback;
  };
  const settings: Settings = {
    databaseUrl,
    locationId: env.GHL_LOCATION_ID ?? "",
    host: env.HOST || "127.0.0.1",
    port: number("PORT", 8080, 1, 65535),
    poolSize: number("DATABASE_POOL_SIZE", 4, 2, 50),
    clock: readClock(env.CUTOVER_CLOCK, problems),
    claimLeaseMs: number("CLAIM_LEASE_SECONDS", 10, 1, 300) * 1000,
    lingerMs: number("SHUTDOWN_LINGER_SECONDS", 0.5, 0, 30) * 1000,
    drainMs: number("SHUTDOWN_DRAIN_SECONDS", 4, 0.1, 110) * 1000,
    faultFile: env.REHEARSAL_FAULT_FILE || undefined,
    maxConcurrent: number("REHEARSAL_MAX_CONCURRENT", 0, 0, 100_000) || undefined,
    workMs: number("REHEARSAL_WORK_MS", 0, 0, 60_000),
  };
  if (problems.length > 0) {
    const lines = problems.map((problem) => `  - ${problem}`).join("\n");
    throw new SettingsError(`The Node service can't start; in its environment:\n${lines}\nSee docs/app-contract.md.`);
  }
  return settings;
}

function readClock(text: string | undefined, problems: string[]): RehearsalClock | undefined {
  if (!text) return undefined;
  const [originMs, factor] = text.split(",").map(Number);
  try {
    return new RehearsalClock({ originMs: originMs ?? Number.NaN, factor: factor ?? Number.NaN });
  } catch {
    problems.push(`CUTOVER_CLOCK: found "${text}", expected <originMs>,<factor from 1 to 600>`);
    return undefined;
  }
}
