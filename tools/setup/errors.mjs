/** An expected failure: its message is all the person needs; no stack trace is printed. */
export class SetupError extends Error {
  name = "SetupError";
}
