export interface Summary {
  readonly lines: readonly string[];
  readonly passed?: number;
  readonly failed?: number;
}
/** The part of vitest's JSON report that is counted. */
export interface VitestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}
export function vitestSummary(output: string, report: VitestReport | undefined): Summary;
export function unittestSummary(output: string): Summary;
export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Lines of the output that are printed as they come. */
  readonly follow?: RegExp;
}
/** What `make check` runs. */
export function staticSteps(): Step[];
export function runSteps(
  steps: readonly Step[],
  print?: (line: string) => void,
  width?: number,
): Promise<{ readonly step: Step; readonly ok: boolean; readonly output: string }[]>;
