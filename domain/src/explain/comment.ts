import { barFor, isGated } from "../evidence/gate";
import type { WebhookTarget } from "../phases";
import type { Position } from "./change";
import { alarmDetails, evidenceDetails, migrationDetails, resourceDetails } from "./details";
import type { Explanation } from "./explain";
import type { Headline } from "./headline";
import { locksUnknown } from "./migrations";
import { type Part, trimmed } from "./trim";
import { amount, counted, duration, money, plain, shortDigest } from "./words";
import type { WorstCase } from "./worst-case";

/** The most characters that GitHub takes in one comment ("Body is too long (maximum is 65536 characters)"). */
export const MAX_LENGTH = 65_536;

/** The comment for people: Markdown, at most `maxLength` characters. What has to go goes from the end, and it says so. */
export function comment(explanation: Explanation, maxLength: number = MAX_LENGTH): string {
  const head = [explanation.marker, `## ${title(explanation)}`].join("\n");
  const parts: Part[] = [
    ...[head, summary(explanation), ...explanation.headlines.map(headline)].flatMap(kept),
    ...[table(explanation), answers(explanation).join("\n")].flatMap(kept),
    ...evidenceDetails(explanation),
    ...migrationDetails(explanation),
    ...alarmDetails(explanation),
    ...resourceDetails(explanation),
    { text: footer(explanation), keep: true },
  ];
  return trimmed(parts, maxLength);
}

function kept(text: string): Part[] {
  return text === "" ? [] : [{ text, keep: true }];
}

function title({ stack, change, headlines, resources, migrations }: Explanation): string {
  const { before, after, destroys, images, waitingRollback } = change;
  if (isFailed(headlines)) return `${stack}: the preview failed`;
  if (destroys) return `${stack}: remove everything`;
  if (!before && after) return `${stack}: build it (\`${after.phase.name}\`)`;
  if (!before || !after) return `${stack}: change`;
  if (waitingRollback !== undefined) return `${stack}: rolled back (${waitingRollback})`;
  if (before.phase.name !== after.phase.name) return `${stack}: \`${before.phase.name}\` → \`${after.phase.name}\``;
  if (before.share !== after.share) return `${stack}: Python ${before.share} % → ${after.share} %`;
  const count = resources.changes.length;
  if (count + resources.bookkeeping === 0) return `${stack}: nothing changes`;
  const [image] = images;
  if (image) return `${stack}: new ${image.engine === "python" ? "Python" : "Node"} image in \`${after.phase.name}\``;
  const { pending } = migrations;
  if (pending.length > 0)
    return `${stack}: ${counted(pending.length, "database migration")} in \`${after.phase.name}\``;
  return `${stack}: same phase, ${counted(count, "resource")} change${count === 1 ? "s" : ""}`;
}

function headline({ level, text, quoted }: Headline): string {
  const lines = [`**${text}**`, ...(quoted ?? []).filter((line) => line.trim() !== "").map(quotedLine)];
  return [`> [!${level === "danger" ? "CAUTION" : "IMPORTANT"}]`, ...lines.map((line) => `> ${line}<br>`)]
    .join("\n")
    .replace(/<br>$/, "");
}

function isFailed(headlines: readonly Headline[]): boolean {
  return headlines.some((one) => one.code === "failed");
}

/** Indented lines are commands. */
function quotedLine(line: string): string {
  return /^\s{2,}/.test(line) ? `→ ${plain(line)}` : plain(line);
}

/** The change in one sentence. */
function summary({ change, resources, headlines }: Explanation): string {
  const { before, after, destroys, waitingRollback } = change;
  if (destroys) return "The stack is removed.";
  if (!after || isFailed(headlines)) return "";
  if (!before) {
    return after.webhook === "as-found"
      ? `${after.phase.means} Customers' messages are not touched.`
      : after.phase.means;
  }
  if (after.share > before.share) {
    const byContact = after.affinity === "contact" ? " A conversation that moves, moves once and as a whole." : "";
    return `Python's share of the customers' messages **rises from ${before.share} % to ${after.share} %**.${byContact}`;
  }
  if (waitingRollback !== undefined && after.share === 0) {
    const weights = before.share > 0 ? ` This change writes that into the weights too: ${before.share} % → 0 %.` : "";
    return `**Python gets no message: rolled back to Node.**${weights}`;
  }
  if (after.share < before.share) {
    return `Python's share of the customers' messages **falls from ${before.share} % to ${after.share} %**.`;
  }
  if (before.phase.name !== after.phase.name) return after.phase.means;
  if (resources.changes.length + resources.bookkeeping === 0) {
    return `What is declared is what there is: \`pulumi up\` would change nothing. \`${after.phase.name}\` goes on with ${after.share} % for Python.`;
  }
  const { share } = after;
  const rate = `${amount((change.messagesPerHour * share) / 100)} of ${amount(change.messagesPerHour)} messages an hour`;
  if (headlines.some(({ code }) => code === "rule" || code === "kill-switch")) {
    return `The share stays ${share} %, but the load balancer's rules change, and they decide before it: whose messages move can't be told from the share.`;
  }
  return `Nobody's messages move: Python keeps ${share} %${share > 0 ? `, about ${rate}` : ""}; Node is ${after.phase.node}.`;
}

/** Shown where it is not the usual. */
const DEALT_ROW: [string, (position: Position) => string] = [
  "Messages are dealt",
  ({ affinity }) => (affinity === "contact" ? "by contact: one engine per conversation" : "one by one, by weight"),
];

const WEBHOOK_ROW = "GoHighLevel sends to";
const WEBHOOK: Record<WebhookTarget, string> = {
  "as-found": "as it was found",
  "front-door": "our load balancer",
  node: "Node's own URL",
};

function table({ change, resources }: Explanation): string {
  const { after, messagesPerHour, images, waitingRollback } = change;
  // The kill switch stands above the weights.
  const before = change.before && waitingRollback !== undefined ? { ...change.before, share: 0 } : change.before;
  if (!after || (before && resources.changes.length + resources.bookkeeping === 0)) return "";
  const rate = (share: number) =>
    share === 0 ? "none" : `${share} %, about ${amount((messagesPerHour * share) / 100)} messages an hour`;
  const rows: [string, (position: Position) => string][] = [
    ["Phase", ({ phase }) => `\`${phase.name}\``],
    ["Python gets", ({ share }) => rate(share)],
    ["Node gets", ({ share }) => rate(100 - share)],
    [
      "Node is",
      ({ phase }) => ({ live: "live", standby: "standby, at full capacity", removed: "removed" })[phase.node],
    ],
    [WEBHOOK_ROW, ({ webhook }) => WEBHOOK[webhook]],
    ...([before, after].some((position) => position?.affinity === "contact") ? [DEALT_ROW] : []),
  ];
  const lines = rows.map(([name, say]) => {
    const moved = waitingRollback !== undefined && name === WEBHOOK_ROW;
    const [now, then] = [moved ? "Node, by the rollback" : before ? say(before) : "–", say(after)];
    return `| ${name} | ${now} | ${now === then ? then : `**${then}**`} |`;
  });
  const digests = images.map(({ engine, from, to }) => {
    const name = engine === "python" ? "Python" : "Node";
    return `| ${name}'s image | ${from ? shortDigest(from) : "–"} | **${shortDigest(to)}** |`;
  });
  const same = before !== undefined && rows.every(([, say]) => say(before) === say(after));
  if (same)
    return digests.length === 0 ? "" : ["| | now | after `pulumi up` |", "|---|---|---|", ...digests].join("\n");
  return ["| | now | after `pulumi up` |", "|---|---|---|", ...lines, ...digests].join("\n");
}

function answers(explanation: Explanation): string[] {
  const { change, resources, headlines } = explanation;
  // What a broken-off preview does not show may still be there: no reassuring answers then.
  if (isFailed(headlines)) return [];
  if (change.before && change.after && resources.changes.length + resources.bookkeeping === 0) return [];
  if (change.destroys) {
    const kept = "**Database:** everything in it stays.";
    const gone = "**Alarms:** all go; nothing watches and nothing rolls back any more.";
    return [...takingItBack(explanation), gone, kept, cost(explanation)].map((line) => `- ${line}`);
  }
  return [
    ...ifPythonFails(explanation),
    ...ifFrontDoorFails(explanation),
    ...takingItBack(explanation),
    ...evidence(explanation),
    alarms(explanation),
    database(explanation),
    notices(explanation),
    cost(explanation),
  ].map((line) => `- ${line}`);
}

function ifPythonFails({ worstCase, change, alarms: changes }: Explanation): string[] {
  const { after } = change;
  if (!after) return [];
  if (worstCase && changes.some(({ kind }) => kind === "looser")) {
    return ["**If Python fails:** with these looser alarms nobody knows when it would be noticed."];
  }
  if (!worstCase) return ["**If Python fails:** no customer notices, it gets no messages."];
  const seen = (exposure: { minutes: number; messages: number } | null) =>
    exposure === null
      ? "perhaps not noticed within a day"
      : `noticed within ${duration(exposure.minutes)}, and about ${counted(exposure.messages, "message")} ${exposure.messages === 1 ? "has" : "have"} gone wrong by then`;
  const then =
    after.phase.node === "removed"
      ? "Then people are called: there is no Node to go back to."
      : "Then everything goes back to Node by itself, within seconds.";
  const source =
    worstCase.source === "backtest"
      ? "Back-test of these alarms, 95 of 100 cases (docs/measured/backtest.md)."
      : "From the lengths of the alarms' windows; there is no back-test.";
  return [
    `**If Python fails:** with every message: ${seen(worstCase.everyMessage)}. With one message in five: ${seen(worstCase.oneInFive)}. ${then} ${falseRollbacks(worstCase, after.phase.node === "removed")}${shortened(worstCase)} <sub>${source}</sub>`,
  ];
}

/** Said when all messages begin to come by it, and when it is touched; it is the same on every other day. */
function ifFrontDoorFails({ frontDoorCase, change, headlines }: Explanation): string[] {
  const begins = change.before?.webhook !== "front-door";
  const touched = headlines.some(({ code }) => code === "replaced" || code === "deleted");
  if (!frontDoorCase || !(begins || touched)) return [];
  const { minutes, messages } = frontDoorCase;
  return [
    `**If the front door itself fails** (load balancer, certificate, DNS): no message arrives, Node's neither. The probes' alarms (\`python-probes\`, \`node-probes\`) tell people within ${duration(minutes)}, after about ${counted(messages, "message")} of all. No switch helps then: Node's own URL goes into GoHighLevel by hand (docs/runbook.md). <sub>From the alarms' windows.</sub>`,
  ];
}

/** After a rollback the alarms don't see its faults again, and for a while see less of everything. */
function shortened({ lookBackMinutes }: WorstCase): string {
  return lookBackMinutes === undefined
    ? ""
    : ` The alarms look back ${lookBackMinutes} min only, not beyond the last rollback: later updates make that longer.`;
}

/** The price of seeing faults early. */
function falseRollbacks({ falseRollbacksPerDay: perDay }: WorstCase, nodeRemoved: boolean): string {
  const does = nodeRemoved ? "calls people" : "rolls back";
  if (perDay === null) return `How often noise alone ${does} is not known.`;
  if (perDay === 0) return "Noise alone never did so in the days simulated.";
  const days = Math.floor(1 / perDay);
  const rhythm = days > 1 ? ` (one in ${days} days)` : "";
  return `Noise alone ${does} about ${Number(perDay.toPrecision(2))} times a day${rhythm}.`;
}

function takingItBack({ wayBack, change }: Explanation): string[] {
  if (!change.after && !change.destroys) return [];
  const [first, ...more] = wayBack.commands;
  const commands = first === undefined ? "" : ` \`${first}\`${more.map((one) => ` or \`${one}\``).join("")}`;
  return [`**Can it be taken back?** ${wayBack.says}${commands}`];
}

function evidence({ evidence: view, change, headlines }: Explanation): string[] {
  const { before, after } = change;
  if (!before || !after) return [];
  const says = (...codes: readonly string[]) => headlines.some(({ code }) => codes.includes(code));
  const overridden = says("overridden");
  const step = { from: before.phase, to: after.phase, shareBefore: before.share, shareAfter: after.share };
  // The first share asks for none: there is nothing of Python's to look at yet.
  const asked = isGated(step) && barFor(step) !== undefined;
  if (view.kind === "none") {
    return asked
      ? [
          `**Evidence:** none was given to this comment. \`cutover next\` shows it; ${overridden ? "the gate is overridden" : "without it the gate stays closed"}.`,
        ]
      : [];
  }
  if (view.kind === "other") return asked ? [`**Evidence:** none for this step: ${plain(view.why)}.`] : [];
  const outcome = view.outcome ?? "none is asked for this step";
  const passed = view.criteria.filter((one) => one.outcome === "PASS").length;
  const count = view.criteria.length > 0 ? ` (${passed} of ${view.criteria.length} criteria pass)` : "";
  const waits = view.openAt === undefined ? "" : `, until about ${view.openAt.slice(0, 16).replace("T", " ")} UTC`;
  const closed = says("refused", "gate")
    ? `The gate is closed${waits}.`
    : "`cutover next` calls it closed, the preview does not.";
  const open = says("refused", "gate")
    ? "`cutover next` calls the gate open, but by this preview `pulumi up` will refuse: the preview's word counts."
    : "The gate is open.";
  const gate = view.open ? open : overridden ? "The gate is overridden." : closed;
  const why = view.open ? [] : view.refusals.map(({ reason }) => plain(reason));
  return [[`**Evidence:** ${outcome}${count}. ${gate}`, ...why].join(" ")];
}

function alarms({ alarms: changes, change }: Explanation): string {
  const count = (kind: string) => changes.filter((one) => one.kind === kind).length;
  const [looser, resized, made, removed, unclear] = ["looser", "resized", "new", "removed", "unclear"].map(count);
  const [tighter, other] = ["tighter", "other"].map(count);
  if (changes.length === 0) return "**Alarms:** as they are.";
  const rate = change.after?.share ? amount((change.messagesPerHour * change.after.share) / 100) : "no";
  return `**Alarms:** ${[
    ...(looser ? [`**${looser} looser**`] : []),
    ...(resized ? [`${resized} sized for ${rate} messages an hour`] : []),
    ...(tighter ? [`${tighter} tighter`] : []),
    ...(other ? [`${other} changed only in what does not make it ring`] : []),
    ...(made ? [`${made} new`] : []),
    ...(removed ? [`${removed} removed with Node`] : []),
    ...(unclear ? [`**${unclear} that nobody can judge from here**`] : []),
    ...(looser || unclear ? [] : ["none looser"]),
  ].join(", ")}.`;
}

function database({ migrations: { pending, waiting, left } }: Explanation): string {
  if (left) {
    return "**Database:** not asked, or not ready: its migrations are left for the next update that raises the share; the job's log says why.";
  }
  const later =
    waiting.length === 0
      ? ""
      : ` ${counted(waiting.length, "contract migration")} wait${waiting.length === 1 ? "s" : ""} for \`decommission\`.`;
  if (pending.length === 0) return `**Database:** no migration to apply.${later}`;
  const locks = pending.flatMap(({ statements }) => statements.flatMap((one) => one.locks));
  const tables = [...new Set(locks.filter(({ blocksWriters }) => blocksWriters).map(({ table }) => table))];
  const unknown = pending.some(locksUnknown);
  const blocked =
    tables.length === 0
      ? unknown
        ? "**what they lock is not wholly known**"
        : "none makes writers wait"
      : `writers to ${tables.map((table) => `\`${table}\``).join(", ")} wait for a moment${unknown ? ", **and what else they lock is not wholly known**" : ""}`;
  return `**Database:** ${counted(pending.length, "migration")} to apply, ${blocked}.${later}`;
}

function notices({ notices: changes }: Explanation): string {
  if (changes.length === 0) return "**Notices to people:** none planned or moved.";
  const one = changes.map(({ name, kind, at, about }) =>
    at
      ? `${plain(name)}${kind === "moved" ? ", moved to" : ":"} ${about ? "about " : ""}${at}`
      : `${plain(name)}: ${kind}`,
  );
  return `**Notices to people:** ${one.join("; ")}.`;
}

function cost({ cost: { perMonth, parts, pricesOf, otherRegion }, pricesSource }: Explanation): string {
  if (parts.length === 0) return "**Cost:** about the same.";
  const where = otherRegion ? `prices of ${pricesOf}, for want of the region's own` : `prices of ${pricesOf}`;
  const what = parts.map((part) => part.what).join(", ");
  return `**Cost:** ${money(perMonth)}: ${what}. <sub>Without traffic, logs, alarms; ${where}; ${pricesSource}.</sub>`;
}

function footer({ change, commit, unquotedWarnings }: Explanation): string {
  const assumed = change.messagesAssumed
    ? " `cutover:expectedMessagesPerHour` is not set: 60 is assumed."
    : ` Counted with ${amount(change.messagesPerHour)} messages an hour (\`cutover:expectedMessagesPerHour\`).`;
  const others =
    unquotedWarnings === 0 ? "" : ` ${counted(unquotedWarnings, "other warning")} of the preview: see the job's log.`;
  const of = commit === undefined ? "" : ` of commit ${commit}`;
  return `<sub>Written by \`cutover explain\` from \`pulumi preview\`${of}; no value of a property is shown, see docs/pull-requests.md.${assumed}${others}</sub>`;
}
