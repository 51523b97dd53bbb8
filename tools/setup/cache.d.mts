export interface Watched<Facts> {
  readonly facts: Facts;
  readonly watch: readonly string[];
}
export interface LockOptions {
  readonly onWait?: (pid: number | undefined) => void;
  readonly pollMs?: number;
  readonly staleAfter?: (lock: string) => boolean;
}
export function cleanUp(): void;
export function withLock<T>(lock: string, task: () => Promise<T> | T, options?: LockOptions): Promise<T>;
export function completeFacts(folder: string): unknown;
export function buildOnce<Facts>(
  folder: string,
  build: (temporary: string) => Promise<Watched<Facts>>,
  options?: Pick<LockOptions, "onWait">,
): Promise<{ readonly facts: Facts; readonly built: boolean }>;
export function explainFileError(error: NodeJS.ErrnoException, folder: string): Error;
