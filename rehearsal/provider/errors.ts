import type { Props } from "./json";

/** The resource exists but is not what was asked for; the engine keeps its id, so that it is not orphaned. */
export class InitializationFailed extends Error {
  override readonly name = "InitializationFailed";
  constructor(
    readonly id: string,
    readonly outputs: Props,
    readonly inputs: Props,
    message: string,
  ) {
    super(message);
  }
}

/** AWS's error code (`PriorityInUse`) or, without one, the kind of error. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "Error";
  const code = (error as { Code?: unknown; code?: unknown }).Code ?? (error as { code?: unknown }).code;
  return typeof code === "string" && error.name === "Error" ? code : error.name;
}

/** AWS's code and message, as they are. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = errorCode(error);
  const message = error.message || "no message";
  const inner = error instanceof AggregateError ? error.errors.map(errorText).join("; ") : "";
  const text = code === "Error" || message.startsWith(code) ? message : `${code}: ${message}`;
  return inner ? `${text} (${inner})` : text;
}

const NOT_FOUND =
  /NotFound|NoSuchEntity|NoSuchBucket|NoSuchHostedZone|NoSuchUpload|NoSuch[A-Z]\w+|NonExistentQueue|QueueDoesNotExist|DoesNotExist/;

/** Whether AWS says that the thing is not there. */
export function isNotFound(error: unknown): boolean {
  return NOT_FOUND.test(errorCode(error));
}

const IN_USE =
  /DependencyViolation|ResourceInUse|DeleteConflict|OperationInProgress|ConflictException|UpdateInProgress/;

/** Whether AWS says that the thing can't go yet because another one still uses it. */
export function isInUse(error: unknown): boolean {
  return IN_USE.test(errorCode(error));
}

/** What a describe call finds, or undefined where AWS says it is not there. */
export async function found<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
