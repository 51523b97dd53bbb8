import type { StackStatus as Standing } from "@cutover/clients/evidence/stack-status";
import { utc } from "@cutover/domain/evidence/gate";
import type { Read } from "@cutover/domain/evidence/model";
import type { ServingSince } from "@cutover/domain/evidence/serving";
import { describeTarget, type GhlTarget, type NotAsked, targetDrift, wantedTarget } from "@cutover/domain/ghl-target";
import { comingNotices, NOTICE_WORDS } from "@cutover/domain/notices";
import { phaseOf } from "@cutover/domain/phases";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const INDENT = " ".repeat(10);

/** How a stack stands, and where GoHighLevel points. */
export interface StackStatus extends Standing {
  /** Absent where nobody wants to know. */
  readonly ghl?: Read<GhlTarget> | NotAsked;
}

/** How a stack stands, as lines for people. */
export function statusLines(status: StackStatus): string[] {
  return [
    headline(status),
    ...shareLines(status),
    ...rollbackLines(status),
    ...ghlLines(status),
    ...noticeLines(status),
  ];
}

/** True where nobody has to do anything: nothing disproved, and a rollback possible while Python gets messages. */
export function isWell(status: StackStatus): boolean {
  const { share, armed, rollback, applied, ghl } = status;
  if (rollback || share.outcome === "disproved" || driftOf(status)) return false;
  if (ghl && "unavailable" in ghl) return false;
  const needed = applied.pythonShare > 0 && phaseOf(applied.phase).node !== "removed";
  return armed.armed || !needed;
}

/** The facts of the screen for other programs. */
export function statusJson(status: StackStatus): Record<string, unknown> {
  const { stack, now, applied, since, share, armed, standby, rollback, ghl } = status;
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    stack,
    at: iso(now),
    phase: applied.phase,
    pythonShare: applied.pythonShare,
    pythonDigest: applied.pythonDigest,
    since: "value" in since ? sinceJson(since.value, iso) : since,
    share,
    rollback: { ...armed, open: rollback ?? null },
    standby,
    ...(ghl ? { ghl: "value" in ghl ? { ...ghl.value, drift: driftOf(status) ?? null } : ghl } : {}),
    ...(applied.notices
      ? { notices: Object.fromEntries(comingNotices(applied.notices, now).map(({ notice, at }) => [notice, iso(at)])) }
      : {}),
    well: isWell(status),
  };
}

function sinceJson({ image, phase, bake, share }: ServingSince, iso: (ms: number) => string) {
  return { image: iso(image), phase: iso(phase), bake: iso(bake), share: iso(share) };
}

function headline({ stack, applied, since }: StackStatus): string {
  const begin =
    "value" in since ? `since ${dayAndTime(since.value.phase)}` : `since nobody knows when: ${since.unavailable}`;
  return `${stack}  ${applied.phase} ${begin} (image ${shortDigest(applied.pythonDigest)})`;
}

function shareLines({ share }: StackStatus): string[] {
  const says = (what: string) => share.links.find((link) => link.what === what)?.says ?? "";
  const verdict = { proved: "proved", disproved: "NOT TRUE", unknown: "not proved yet" }[share.outcome];
  return [
    `share     ${[says("declared"), says("rule"), says("requests") || says("contacts")].join(" = ")}: ${verdict}`,
    `${INDENT}${says("tasks")}; ${says("probes")}`,
  ];
}

function rollbackLines({ armed, rollback, applied }: StackStatus): string[] {
  const lines: string[] = [];
  if (rollback) {
    const at = rollback.at === undefined ? "" : ` at ${utc(Date.parse(rollback.at))}`;
    lines.push(`ROLLED BACK${at} (${rollback.id}): ${rollback.trigger}`);
    lines.push(`${INDENT}read what happened, then: pulumi config set cutover:acknowledgeRollback ${rollback.id}`);
  }
  if (phaseOf(applied.phase).node === "removed") return [...lines, "rollback  none: Node is removed"];
  const says = armed.says.join(", ");
  if (armed.armed) return [...lines, `rollback  armed: ${says}`];
  return [...lines, `rollback  NOT ARMED (${says})`, ...armed.because.map((reason) => `${INDENT}${reason}`)];
}

function driftOf({ ghl, applied, rollback, killSwitch }: StackStatus): string | undefined {
  if (!ghl || !("value" in ghl)) return undefined;
  const state = "value" in killSwitch ? killSwitch.value : undefined;
  return targetDrift(ghl.value, wantedTarget(applied.phase, rollback !== undefined, state));
}

function ghlLines(status: StackStatus): string[] {
  const { ghl } = status;
  if (!ghl) return [];
  if ("notAsked" in ghl) return [`GHL       not asked where it points: ${ghl.notAsked}`];
  if ("unavailable" in ghl) return [`GHL       COULD NOT BE READ: ${ghl.unavailable}`];
  return [`GHL       ${driftOf(status) ?? describeTarget(ghl.value)}`];
}

/** Those that are still to come; no line without one. */
function noticeLines({ applied, now }: StackStatus): string[] {
  return comingNotices(applied.notices, now).map(
    ({ notice, at }, i) => `${i === 0 ? "notices   " : INDENT}${dayAndTime(at)}: ${NOTICE_WORDS[notice]}`,
  );
}

/** "Tue 2026-11-24 09:14 UTC" */
export function dayAndTime(ms: number): string {
  return `${DAYS[new Date(ms).getUTCDay()]} ${utc(ms)}`;
}

/** "Tue 09:14 UTC", for times of the next days. */
export function dayTime(ms: number): string {
  return `${DAYS[new Date(ms).getUTCDay()]} ${utc(ms).slice(11)}`;
}

function shortDigest(digest: string): string {
  return `${digest.replace(/^sha256:/, "").slice(0, 12)}…`;
}
