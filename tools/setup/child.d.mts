export interface RunOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: string;
  readonly onText?: (text: string) => void;
  readonly deadlineMs?: number;
  readonly failure?: string;
}
export function run(command: string, args: readonly string[], options: RunOptions): Promise<string>;
