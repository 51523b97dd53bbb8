export interface InstallOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly log: string;
  readonly report: (text: string) => void;
  readonly onWait?: (pid: number | undefined) => void;
  readonly onOrigin?: (why: string) => void;
}
/** The launcher of the built language host, from the project's root. */
export const LAUNCHER: string;
export function pulumiHome(root: string, env: NodeJS.ProcessEnv): string;
export function installPulumi(
  root: string,
  options: InstallOptions,
): Promise<{ readonly binDir: string; readonly version: string; readonly origin: "official" | "built" }>;
