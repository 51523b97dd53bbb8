export interface SetupRecord {
  readonly cacheDir: string;
  readonly node: string;
  readonly pulumi: { readonly binDir: string; readonly version: string; readonly origin: "official" | "built" };
  readonly emulatorsPython: string;
  readonly appPython?: string;
}
export function cacheDir(env?: NodeJS.ProcessEnv): string;
export function readRecord(root: string): SetupRecord | undefined;
export function problems(root: string, record: SetupRecord | undefined, env?: NodeJS.ProcessEnv): string[];
