import { readFileSync } from "node:fs";
import { hider } from "@cutover/domain/explain/hide";
import { PreviewError, readPreview } from "@cutover/domain/explain/preview";

/** One violation as the engine's event log tells it. */
interface Violation {
  readonly policy: string;
  readonly mandatory: boolean;
  /** Name of the resource; empty for the stack. */
  readonly resource: string;
  readonly message: string;
}

/** What is added to the comment, and whether an update would be stopped. */
export interface PolicyReport {
  readonly markdown: string;
  readonly stopped: boolean;
}

/** The comment takes 65,536 characters, and most of them belong to the explanation. */
const LONGEST = 4000;

/** For the job's log: no violation is left out. */
const WHOLE = "--whole";

/** The pack's name, as policy/pack.ts gives it. */
const PACK = "cutover";

/**
 * The violations of a run as Markdown, from its event log: `pulumi preview --json` leaves them out. Without violations one
 * line says so. Where the pack's summary over the whole stack is missing, somebody looked at a part at most: it says that,
 * and counts as stopped.
 * @param hide Takes out what is secret; nothing of ours says such things, but messages come by way of the engine.
 * @param longest Characters after which violations are only counted.
 */
export function policyReport(
  eventLog: string,
  hide: (text: string) => string = (text) => text,
  longest: number = LONGEST,
): PolicyReport {
  const events = eventLog.split("\n").flatMap(eventOf);
  const found = events.flatMap(violationOf).map((one) => ({ ...one, message: hide(one.message) }));
  const summary = judgement(events);
  if (summary === "all" && found.length === 0) {
    return { markdown: "### Policies\n\nEvery policy passes.\n", stopped: false };
  }
  const incomplete = {
    none: "**The policy pack did not run**, so nobody knows whether this change is allowed.\n",
    part: "**Not everything was judged**: the preview ended before the policies had seen the whole stack.\n",
    all: "",
  }[summary];
  if (found.length === 0) return { markdown: `### Policies\n\n${incomplete}`, stopped: true };
  const stopped = found.some(({ mandatory }) => mandatory);
  const verdict = stopped ? "**An update would be stopped.** " : "";
  const lines = found.map(({ policy, mandatory, resource, message }) => {
    const where = resource === "" ? "" : ` (\`${resource}\`)`;
    return `- ${mandatory ? "**must**" : "should"} \`${policy}\`${where}: ${message}`;
  });
  const head = `### Policies\n\n${incomplete}${incomplete && "\n"}${verdict}${found.length} to mend:\n\n`;
  return { markdown: cut(head, lines, longest), stopped: stopped || summary !== "all" };
}

/** How much our pack has seen. That a pack is being loaded says nothing: the engine tells so before it starts. */
function judgement(events: readonly Readonly<Record<string, unknown>>[]): "none" | "part" | "all" {
  const ours = (kind: string) =>
    events.some((event) => {
      const of = event[kind];
      return typeof of === "object" && of !== null && "policyPackName" in of && of.policyPackName === PACK;
    });
  if (ours("policyAnalyzeStackSummaryEvent")) return "all";
  return ours("policyAnalyzeSummaryEvent") || ours("policyEvent") ? "part" : "none";
}

function cut(head: string, lines: readonly string[], longest: number): string {
  let text = head;
  for (const [i, line] of lines.entries()) {
    if (text.length + line.length > longest) return `${text}- … and ${lines.length - i} more: see the job's log\n`;
    text += `${line}\n`;
  }
  return text;
}

function eventOf(line: string): Readonly<Record<string, unknown>>[] {
  if (line.trim() === "") return [];
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === "object" && event !== null ? [event as Readonly<Record<string, unknown>>] : [];
  } catch {
    // The last line of a run that was ended may be half a line.
    return [];
  }
}

function violationOf({ policyEvent }: Readonly<Record<string, unknown>>): Violation[] {
  if (typeof policyEvent !== "object" || policyEvent === null) return [];
  const { policyName, enforcementLevel, resourceUrn, message } = policyEvent as Readonly<Record<string, unknown>>;
  const urn = typeof resourceUrn === "string" ? resourceUrn : "";
  return [
    {
      policy: String(policyName),
      mandatory: enforcementLevel === "mandatory" || enforcementLevel === "remediate",
      resource: /pulumi:pulumi:Stack/.test(urn) ? "" : (urn.split("::").pop() ?? ""),
      message: sentence(String(message)),
    },
  ];
}

/** The violation without colours, the policy's description (which stands above it) and line breaks. */
function sentence(message: string): string {
  const lines = message
    .replace(/<\{%[^%]*%\}>/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return (lines.length > 1 ? lines.slice(1) : lines).join(" ");
}

/** Hides what the preview beside the log knows as secret; without one, what looks like a secret. */
function hiderFor(previewFile: string | undefined): (text: string) => string {
  try {
    return hider(readPreview(previewFile === undefined ? "" : readFileSync(previewFile, "utf8")));
  } catch (error) {
    if (!(error instanceof PreviewError)) throw error;
    return hider({ stack: "", config: {}, steps: [], messages: [], failed: true });
  }
}

if (process.argv[1]?.endsWith("policy/report.ts")) {
  const words = process.argv.slice(2);
  const [file, preview] = words.filter((word) => word !== WHOLE);
  if (file === undefined) {
    process.stderr.write("usage: node tools/run.mjs policy/report.ts EVENT-LOG [PREVIEW-JSON] [--whole]\n");
    process.exitCode = 2;
  } else {
    const { markdown, stopped } = policyReport(
      readFileSync(file, "utf8"),
      hiderFor(preview),
      words.includes(WHOLE) ? Number.POSITIVE_INFINITY : LONGEST,
    );
    process.stdout.write(markdown);
    process.exitCode = stopped ? 1 : 0;
  }
}
