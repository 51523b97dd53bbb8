import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FUNCTION_KEY_PREFIX } from "./gateway/function-permissions";

/** The emulator overwrites the keys in a function's environment; what is loaded before its code has the last word. */
const SOURCE = `const name = process.env.AWS_LAMBDA_FUNCTION_NAME;
if (name) process.env.AWS_ACCESS_KEY_ID = ${JSON.stringify(FUNCTION_KEY_PREFIX)} + name;
`;

/** Writes the module (for NODE_OPTIONS) that gives each function credentials of its own, and returns its path. */
export function writeFunctionCredentials(runFolder: string): string {
  const folder = join(runFolder, "functions");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "credentials.cjs");
  writeFileSync(file, SOURCE);
  return file;
}
