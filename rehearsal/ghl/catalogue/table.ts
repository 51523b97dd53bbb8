import { ENGINE } from "./engine";
import { LONG, ODD_TODAY } from "./people";
import { BY_HAND, OURS, type Played, type Scenario, TODAY } from "./scenario";
import { SECRETS } from "./secret";

/** A scenario and what it came to. */
export interface Row {
  readonly topic: string;
  readonly scenario: Scenario;
  readonly played: Played;
}

/** Where the table lies, from the project's folder. */
export const TABLE_FILE = "docs/measured/ghl.md";
/** Command that writes it. */
export const TABLE_COMMAND = "node tools/run.mjs rehearsal/ghl/write-table.ts";

const VALUES = new Map([
  [TODAY, "today's URL"],
  [OURS, "our URL"],
  [`${OURS}&debug=1`, "our URL, as edited"],
  [BY_HAND, "the value set by hand"],
  [ODD_TODAY, "today's URL, character by character"],
  [LONG, "the long URL"],
  [`${OURS}&backend=node`, "our URL, pinned to Node"],
  [SECRETS[0], "our secret"],
  [SECRETS[1], "our secret, the next generation"],
  [SECRETS[2], "the secret set by hand"],
]);

/** The table as Markdown: failure mode, how the command ends, what the person reads, what holds after it. */
export function renderTable(rows: readonly Row[]): string {
  const topics = [...new Set(rows.map((row) => row.topic))];
  const sections = topics.map((topic) => {
    const lines = rows.filter((row) => row.topic === topic).map(renderRow);
    return `## ${topic}\n\n| What happens | Command | What the person reads | State after | Real engine |\n|---|---|---|---|---|\n${lines.join("\n")}\n`;
  });
  return (
    `<!-- Written by: ${TABLE_COMMAND} -->\n\n# GHL: every failure mode, played through HTTP\n\n` +
    "Against the stand-in GHL (not GHL itself), with the code the provider, the rollback and the commands share. Each row is a test in\n" +
    "`rehearsal/ghl/catalogue`, run with 400 and with 404 for a missing id; the texts were the same in both. The last column is the step\n" +
    "in `tests/engine` that plays the same with the real Pulumi engine; where it is empty, only the provider's methods were played. Rows of\n" +
    "the last topic have their messages from a made-up CloudWatch here; real senders play them in `npm run -s proof:webhook`.\n\n" +
    sections.join("\n")
  );
}

function renderRow({ scenario, played }: Row): string {
  const { result } = played;
  const read = result.read === "" ? "(nothing special)" : steady(result.read);
  return `| ${cell(scenario.mode)} | ${result.ok ? "succeeds" : "**fails**"} | ${cell(read)} | ${cell(stateAfter(played))} | ${cell(engineCell(scenario.mode))} |`;
}

function engineCell(mode: string): string {
  const played = ENGINE[mode];
  return played === undefined ? "" : `${played.file.replace(".test.ts", "")}: ${played.step}`;
}

function stateAfter(played: Played): string {
  const holds = played.holds === undefined ? "no such value" : (VALUES.get(played.holds) ?? "another value");
  const parts = [`GHL: ${holds}${played.count > 1 ? ` (${played.count} of the name)` : ""}`];
  parts.push(`${played.writes} write${played.writes === 1 ? "" : "s"} in all`);
  const remembers = VALUES.get(played.remembers);
  if (remembers !== undefined) parts.push(`remembered: ${remembers}`);
  if (played.recovered) parts.push("the next up succeeds");
  return parts.join("; ");
}

/** Without what differs from run to run. */
function steady(text: string): string {
  return text
    .replaceAll(/ \(GHL trace [\w-]+\)/g, " (GHL trace …)")
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:…")
    .replaceAll(
      /\b(custom values?|customValues\/|the id|ids?|id:|,) ?(?=[\w-]{20}\b)([\w-]{20})/g,
      (_all, before: string) => (/[/:]$/.test(before) ? `${before}…` : `${before} …`),
    )
    .replaceAll(/(cutover:ghl\.overwrite') [0-9a-f]{12}/g, "$1 …");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", "<br>");
}
