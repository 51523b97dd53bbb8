import { readFileSync } from "node:fs";

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

/**
 * The violations of a run as Markdown, from its event log: `pulumi preview --json` leaves them out. Without violations one
 * line says so; without a pack in the log it says that nobody looked, and counts as stopped.
 */
export function policyReport(eventLog: string): PolicyReport {
  const events = eventLog.split("\n").flatMap(eventOf);
  if (
    !events.some(
      (event) => "policyLoadEvent" in event || "policyEvent" in event || "policyAnalyzeSummaryEvent" in event,
    )
  ) {
    const markdown =
      "### Policies\n\n**The policy pack did not run**, so nobody knows whether this change is allowed.\n";
    return { markdown, stopped: true };
  }
  const found = events.flatMap(violationOf);
  if (found.length === 0) return { markdown: "### Policies\n\nEvery policy passes.\n", stopped: false };
  const stopped = found.some(({ mandatory }) => mandatory);
  const verdict = stopped ? "**An update would be stopped.** " : "";
  const lines = found.map(({ policy, mandatory, resource, message }) => {
    const where = resource === "" ? "" : ` (\`${resource}\`)`;
    return `- ${mandatory ? "**must**" : "should"} \`${policy}\`${where}: ${message}`;
  });
  return { markdown: cut(`### Policies\n\n${verdict}${found.length} to mend:\n\n`, lines), stopped };
}

function cut(head: string, lines: readonly string[]): string {
  let text = head;
  for (const [i, line] of lines.entries()) {
    if (text.length + line.length > LONGEST) return `${text}- … and ${lines.length - i} more: see the job's log\n`;
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

if (process.argv[1]?.endsWith("policy/report.ts")) {
  const [file] = process.argv.slice(2);
  if (file === undefined) {
    process.stderr.write("usage: node tools/run.mjs policy/report.ts EVENT-LOG\n");
    process.exitCode = 2;
  } else {
    const { markdown, stopped } = policyReport(readFileSync(file, "utf8"));
    process.stdout.write(markdown);
    process.exitCode = stopped ? 1 : 0;
  }
}
