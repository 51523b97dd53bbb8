import { ladder, nextRung } from "../phases";
import type { AlarmChange } from "./alarms";
import { numberIn } from "./allowed";
import { type DangerInput, danger, type Headline, notice } from "./headline";
import type { KnownMessages } from "./messages";
import { locksUnknown } from "./migrations";
import { plainSecrets } from "./plain-secrets";
import type { PreviewStep } from "./preview";
import { ofRoutes } from "./routes";

/** All headlines, dangers first. */
export function headlines(input: DangerInput): Headline[] {
  const all = [
    ...stopped(input),
    ...ofSteps(input),
    ...ofNode(input),
    ...ofRoutes(input),
    ...ofAlarms(input),
    ...ofDatabase(input),
    ...plainSecrets(input.preview).map((place): Headline => {
      const text = `A secret is in plain text: ${place}. Whoever can read the repository or the state can read it. Set it anew with \`--secret\` and take the old one out of use.`;
      return { level: "danger", code: "plain-secret", text };
    }),
    ...notices(input),
  ];
  return [...all.filter(({ level }) => level === "danger"), ...all.filter(({ level }) => level === "notice")];
}

function stopped({ preview, messages, change }: DangerInput): Headline[] {
  const failed = "The preview failed, so what follows is not the whole change. Mend that first.";
  const where =
    messages.failedAt.length > 0 ? ` It failed at ${messages.failedAt.join(", ")}; the job's log says why.` : "";
  return [
    ...(preview.failed ? [danger("failed", `${failed}${where}`, messages.failures)] : []),
    ...(messages.refused.length > 0 && !messages.onlyWaiting
      ? [danger("refused", "`pulumi up` will refuse this and change nothing. Why, and what helps:", messages.refused)]
      : []),
    ...(change.destroys
      ? [danger("destroy", "Removes the whole stack: load balancer, services, secrets and the rollback.")]
      : []),
  ];
}

/** Rungs and shares that are jumped over. */
function ofSteps({ change: { before, after, released } }: DangerInput): Headline[] {
  if (!before || !after || released !== undefined) return [];
  const next = nextRung(before.phase);
  const skips = after.phase.rung !== undefined && next?.rung !== undefined && after.phase.rung > next.rung;
  const nextShare = Math.min(...ladder.map((p) => p.pythonShare).filter((share) => share > before.share), 100);
  if (skips) {
    const text = `Skips a rung: after \`${before.phase.name}\` comes \`${next.name}\` (${next.pythonShare} %), not \`${after.phase.name}\` (${after.phase.pythonShare} %). Each rung is there to find faults while few customers meet them.`;
    return [danger("skipped-rung", text)];
  }
  if (after.share <= Math.max(nextShare, before.share)) return [];
  const text = `Python's share jumps from ${before.share} % to ${after.share} %; the next step is ${nextShare} %.`;
  return [danger("skipped-rung", text)];
}

function ofNode({ preview, change: { before, after, destroys } }: DangerInput): Headline[] {
  if (destroys) return [];
  const removes = after?.phase.node === "removed" && before?.phase.node !== "removed";
  if (removes) {
    const text =
      "Removes Node for good. After this there is no way back to it: no rollback, neither by itself nor by hand. Its code is archived first.";
    return [danger("node-removed", text)];
  }
  if (after?.phase.node === "removed") return [];
  const gone = preview.steps.filter(
    ({ type, op, name }) => op === "delete" && type === "aws:ecs/service:Service" && name === "node-service",
  );
  const early = gone.map(() =>
    danger("node-early", "Deletes the Node service while it is still the way back: a rollback would find nobody."),
  );
  return [...early, ...preview.steps.flatMap(fewerNodeTasks)];
}

function fewerNodeTasks({ type, op, name, old, new: made }: PreviewStep): Headline[] {
  if (type !== "aws:appautoscaling/target:Target" || name !== "node-capacity") return [];
  if (op === "delete") {
    return [danger("node-capacity", "Nothing keeps Node's tasks at its peak any more: a rollback may find too few.")];
  }
  const [before, now] = [numberIn(old?.inputs.minCapacity), numberIn(made?.inputs.minCapacity)];
  if (before === undefined || now === undefined || now >= before) return [];
  const text = `Node keeps ${now} tasks instead of ${before}: a rollback sends it all messages at once, and new tasks need minutes.`;
  return [danger("node-capacity", text)];
}

function ofAlarms({ alarms }: DangerInput): Headline[] {
  const of = (kind: AlarmChange["kind"]) =>
    alarms.filter((one) => one.kind === kind).map(({ name, says }) => `\`${name}\`: ${says.join(", ")}`);
  const [looser, unclear] = [of("looser"), of("unclear")];
  return [
    ...(looser.length > 0
      ? [danger("looser-trigger", `Loosens what rolls back by itself. ${looser.join("; ")}.`)]
      : []),
    ...(unclear.length > 0
      ? [notice("unclear-trigger", `Whether these still ring in time can't be told from here. ${unclear.join("; ")}.`)]
      : []),
  ];
}

function ofDatabase({ migrations: { pending, warnings, left } }: DangerInput): Headline[] {
  const unknown = pending.filter(locksUnknown).map(({ file }) => `\`${file}\``);
  const contract = pending.filter(({ kind }) => kind === "contract").map(({ file }) => `\`${file}\``);
  const rewrite = pending.filter(({ statements }) => statements.some((one) => one.rewrite === "yes"));
  return [
    ...(contract.length > 0
      ? [
          danger(
            "contract-migration",
            `Takes from the database what Node needs, and no step down brings it back: ${contract.join(", ")}.`,
          ),
        ]
      : []),
    ...(rewrite.length > 0
      ? [
          danger(
            "rewrite",
            `Rewrites a whole table; nobody can write to it meanwhile: ${rewrite.map(({ file }) => `\`${file}\``).join(", ")}.`,
          ),
        ]
      : []),
    ...(unknown.length > 0
      ? [notice("locks-unknown", `What it locks can't be told from here, so read the file: ${unknown.join(", ")}.`)]
      : []),
    ...(warnings.length > 0 ? [notice("migration-warning", "The migrations' planner warns:", warnings)] : []),
    ...(left
      ? [
          notice(
            "migrations-left",
            "The database could not be asked, or has a reason against its migrations. They are left for the next update that raises the share; the job's log says why.",
          ),
        ]
      : []),
  ];
}

function notices({ change, messages }: DangerInput): Headline[] {
  const { before, after, waitingRollback, released, images } = change;
  const toFrontDoor = before?.webhook === "as-found" && after?.webhook === "front-door";
  const newImage = images.find(({ engine, from }) => engine === "python" && from !== undefined);
  const share = after?.share ?? 0;
  return [
    ...(waitingRollback === undefined
      ? []
      : [
          notice(
            "rolled-back",
            "Traffic is rolled back: all customers' messages go to Node, and this change leaves it so.",
            messages.warnings,
          ),
        ]),
    ...(released === undefined
      ? []
      : [
          notice(
            "released",
            `Releases the rollback ${released}.`,
            messages.warnings.length > 0 ? messages.warnings : [`Python gets ${share} % at once when the update ends.`],
          ),
        ]),
    ...(messages.waits.length > 0
      ? [notice("waits", "`pulumi up` will stop before the share rises, as things are now:", messages.waits)]
      : []),
    ...(messages.webhook.length > 0
      ? [notice("webhook", "GoHighLevel points elsewhere than this stack thinks:", messages.webhook)]
      : []),
    ...gateNotices(messages),
    ...(messages.alternates.length > 0
      ? [notice("alternates", "One conversation will have two engines:", messages.alternates)]
      : []),
    ...(toFrontDoor
      ? [
          notice(
            "front-door",
            "All customers' messages move to the new load balancer, Node still answers them. It is the biggest single step; leaving the phase puts the old URL back.",
          ),
        ]
      : []),
    ...(newImage && share > 0
      ? [
          notice(
            "image",
            `A new Python image answers ${share} % of the messages at once; what was seen of the old one is no evidence for it.`,
          ),
        ]
      : []),
  ];
}

/** Only the preview knows whether `pulumi up` will refuse: `cutover next` sees neither override nor new image. */
function gateNotices({ refused, onlyWaiting, overridden }: KnownMessages): Headline[] {
  const closed = "The gate is closed for this step: `pulumi up` will refuse it as things are now.";
  const aside = "A person puts the gate's judgement aside for this step, by `cutover:override`:";
  return [
    ...(overridden.length > 0 ? [notice("overridden", aside, overridden)] : []),
    ...(onlyWaiting ? [notice("gate", closed, refused)] : []),
  ];
}
