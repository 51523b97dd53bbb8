export interface InstallOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly log: string;
  readonly report: (text: string) => void;
  readonly onWait?: (pid: number | undefined) => void;
  readonly onOrigin?: (why: string) => void;
}
export function pulumiHome(root: string, env: NodeJS.ProcessEnv): string;
export function installPulumi(
  root: string,
  options: InstallOptions,
): Promise<{ readonly binDir: string; readonly version: string; readonly origin: "official" | "built" }>;
