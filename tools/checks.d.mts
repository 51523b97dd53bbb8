export interface Summary {
  readonly lines: readonly string[];
  readonly passed?: number;
  readonly failed?: number;
}
export function vitestSummary(output: string): Summary;
export function unittestSummary(output: string): Summary;
export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}
export function runSteps(
  steps: readonly Step[],
  print?: (line: string) => void,
  width?: number,
): Promise<{ readonly step: Step; readonly ok: boolean; readonly output: string }[]>;
