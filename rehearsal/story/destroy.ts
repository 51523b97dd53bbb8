import { readLedger } from "@cutover/clients/evidence/ledger";
import { ledgerPath } from "@cutover/domain/evidence/ledger";
import { type PhaseName, phaseOf } from "@cutover/domain/phases";
import { appliedPath } from "@cutover/domain/stack-record";
import { frontDoorUrl } from "@cutover/domain/webhook";
import { describeChanges, describeErrors, type TimelineEntry } from "../engine/events";
import { EngineError } from "../engine/stack";
import { messageOf } from "../errors";
import { dataKept } from "../postgres/postgres";
import { waitFor } from "../support/wait";
import { Checks, type Seen } from "./checks";
import { webhookAsFound, webhookAtFrontDoor } from "./expectations";
import { added, inventory, removed } from "./inventory";
import { isAccepted } from "./ledger";
import { judgeRestoreOrder } from "./restore-order";
import type { Scene } from "./scene";

/** What `pulumi destroy` did, and what it left. */
export interface PlayedDestroy {
  /** Title of the story it ends. */
  readonly chapter: string;
  readonly beganAt: number;
  appliedAt?: number;
  endedAt: number;
  changes: string;
  /** Null: the webhook was never moved. */
  webhookRestored: boolean | null;
  dataKept: boolean | null;
  resourcesLeft: number | null;
  /** It had to refuse, and nothing was to go. */
  readonly refused: boolean;
  readonly checks: Checks;
}

/** What stays on purpose; shown in the report, and looked at by the expectations below. */
export const LEFT_ON_PURPOSE: readonly string[] = [
  "message_queue with every row and the columns that the migrations added: a destroy keeps data",
  "the migrations' own schema with their history, so that the next stack does not run them again",
  "the custom value with the webhook's URL: it was there before, and holds the URL it held before",
  "the gate's ledger in SSM: who let which step pass, on what evidence",
  "inactive task definitions: AWS keeps their revisions for good",
];

/** Real ms by which senders see the restored URL late: some minutes of the rehearsal's clock. */
const RESOLVE_DELAY_MS = 3_000;

/** Real ms in which a message has to reach the existing Node service after the destroy. */
const BACK_AT_NODE_DEADLINE_MS = 15_000;

/**
 * `pulumi destroy`, messages flowing all the while: webhook first, data kept, and nothing of the stack left in the
 * emulators, SSM or the state.
 * @param applied the phase to destroy; undefined where an update failed and nobody can say
 */
export async function playDestroy(
  scene: Scene,
  applied: PhaseName | undefined,
  chapter: string,
): Promise<PlayedDestroy> {
  const { terminal, stage, memory } = scene;
  const atFrontDoor = applied !== undefined && phaseOf(applied).webhook === "front-door";
  const checks = new Checks(({ what, ok, seen }) =>
    (ok ? terminal.good : terminal.bad).call(terminal, `${what}: ${seen}`),
  );
  const beganAt = Date.now();
  const played: PlayedDestroy = {
    chapter,
    beganAt,
    endedAt: beganAt,
    changes: "",
    webhookRestored: null,
    dataKept: null,
    resourcesLeft: null,
    refused: false,
    checks,
  };
  terminal.heading("destroy: pulumi destroy");
  if (atFrontDoor) {
    const what = `when the destroy begins, ${webhookAtFrontDoor.what}`;
    await checks.attempt(what, () => webhookAtFrontDoor.look(stage, memory));
  }
  // GoHighLevel may show a restored URL to running workflows late: until they see it, the front door has to answer.
  stage.sender.resolveDelayMs = RESOLVE_DELAY_MS;
  const timeline = await destroy(scene, played);
  if (atFrontDoor) {
    const what = "the webhook is restored before anything goes that the front door needs";
    await checks.attempt(what, () => judgeRestoreOrder(timeline));
  }
  await lookAtWebhook(scene, played);
  if (played.appliedAt !== undefined) await lookForMessagesAtNode(scene, played, played.appliedAt);
  await checks.attempt("message_queue keeps every row and column", async () => {
    const { kept, why } = dataKept(memory.queue, await stage.postgres.snapshot());
    played.dataKept = kept;
    return { ok: kept, seen: why ?? "nothing is missing" };
  });
  await lookForLeftovers(scene, played);
  stage.sender.resolveDelayMs = 0;
  played.endedAt = Date.now();
  return played;
}

/**
 * `pulumi destroy` after `decommission`: the stack is production then, so it has to refuse before anything goes that a
 * message needs, and customers must notice nothing.
 */
export async function playRefusedDestroy(scene: Scene, chapter: string): Promise<PlayedDestroy> {
  const { terminal, stage, memory, traffic } = scene;
  const checks = new Checks(({ what, ok, seen }) =>
    (ok ? terminal.good : terminal.bad).call(terminal, `${what}: ${seen}`),
  );
  const beganAt = Date.now();
  terminal.heading("destroy after decommission: has to be refused");
  const before = await inventory(stage.aws);
  const activity = terminal.activity("pulumi destroy");
  const result = await traffic.duringUpdate(() => stage.engine.destroy({ allowFailure: true }));
  const said = describeErrors(result.diagnostics);
  const refused = result.exitCode !== 0 && said.includes("production");
  if (refused) activity.done("refused");
  else activity.failed("not refused");
  checks.add("pulumi destroy is refused: the stack is production now", refused, said.split("\n")[0] || "no error");
  await checks.attempt("nothing that customers' messages need is gone", async () => {
    const gone = removed(before, await inventory(stage.aws)).filter(
      (line) => line !== `SSM parameter ${appliedPath(stage.stack)}`,
    );
    return { ok: gone.length === 0, seen: gone.join(", ") || "all there" };
  });
  await checks.attempt(webhookAtFrontDoor.what, () => webhookAtFrontDoor.look(stage, memory));
  await checks.attempt("Python still answers", () => pythonStillAnswers(scene), stage.signal);
  await heal(scene, checks);
  return {
    chapter,
    beganAt,
    endedAt: Date.now(),
    changes: "refused",
    webhookRestored: null,
    dataKept: null,
    resourcesLeft: null,
    refused: true,
    checks,
  };
}

/** What the refused destroy had taken before it was stopped comes back with the next update, and nothing else is touched. */
async function heal({ stage, terminal, traffic }: Scene, checks: Checks): Promise<void> {
  const activity = terminal.activity("pulumi up");
  const result = await traffic.duringUpdate(() => stage.engine.up({ allowFailure: true }));
  const touched = result.steps
    .filter(({ op }) => op !== "same")
    .map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`);
  const ok = result.exitCode === 0 && touched.every((step) => step === "create applied");
  if (ok) activity.done(touched.join(", ") || "no change");
  else activity.failed("not as expected");
  const seen = result.exitCode === 0 ? touched.join(", ") || "no change" : describeErrors(result.diagnostics);
  checks.add("the next pulumi up writes the record of what is applied again, and nothing else", ok, seen);
}

async function pythonStillAnswers({ stage, traffic }: Scene): Promise<Seen> {
  const from = Date.now();
  const answered = () =>
    traffic.messages.filter((m) => m.sentAt >= from && m.servedBy === "python" && isAccepted(m)).length;
  await waitFor(() => answered() > 0, {
    what: "a message to be accepted by Python",
    deadlineMs: BACK_AT_NODE_DEADLINE_MS,
    signal: stage.signal,
  });
  return { ok: true, seen: `${answered()} accepted so far` };
}

/** Runs the engine; returns in which order it worked, also where it failed. */
async function destroy({ stage, terminal, traffic }: Scene, played: PlayedDestroy): Promise<readonly TimelineEntry[]> {
  const activity = terminal.activity("pulumi destroy");
  try {
    const options = { onProgress: activity.progress };
    const { changes, timeline } = await traffic.duringUpdate(() => stage.engine.destroy(options));
    played.appliedAt = Date.now();
    played.changes = describeChanges(changes);
    activity.done(played.changes);
    return timeline;
  } catch (error) {
    activity.failed("failed");
    stage.signal.throwIfAborted();
    played.checks.add("pulumi destroy succeeds", false, messageOf(error));
    return error instanceof EngineError ? error.result.timeline : [];
  }
}

/** Was something restored? Null where the value was never moved away from what was found. */
export function isRestored(asFound: string, moved: boolean, after: string | undefined): boolean | null {
  return moved ? after === asFound : null;
}

async function lookAtWebhook({ stage, memory }: Scene, played: PlayedDestroy): Promise<void> {
  // Also where the last phase had moved it back before: what counts is how the destroy leaves it.
  const moved = stage.ghl.writes().some(({ body }) => body.includes(frontDoorUrl({ domain: stage.domain })));
  played.webhookRestored = isRestored(stage.urlAsFound, moved, stage.ghl.valueOf(stage.webhookValue));
  await played.checks.attempt(webhookAsFound.what, () => webhookAsFound.look(stage, memory));
  await played.checks.attempt("GoHighLevel holds the same custom values as before", () => {
    const now = ghlValues(stage.ghl.store.all());
    return { ok: now === memory.ghlValues, seen: now === memory.ghlValues ? "the same" : "others; see its journal" };
  });
}

/** The senders go on: what they send now has to be answered where it was before the first update. */
async function lookForMessagesAtNode(
  { stage, traffic }: Scene,
  { checks }: PlayedDestroy,
  from: number,
): Promise<void> {
  const { host, pathname } = new URL(stage.urlAsFound);
  const target = `${host}${pathname}`;
  await checks.attempt(
    "messages after the destroy are answered by the existing Node service",
    async () => {
      const answered = () =>
        traffic.messages.filter((m) => m.sentAt >= from && m.target === target && isAccepted(m)).length;
      await waitFor(() => answered() > 0, {
        what: `a message to be accepted by ${target}`,
        deadlineMs: BACK_AT_NODE_DEADLINE_MS,
        signal: stage.signal,
      });
      return { ok: true, seen: `${answered()} accepted by ${target} so far` };
    },
    stage.signal,
  );
}

/** Names and values of all custom values, in a form that can be compared; never shown, one of them is a secret. */
export function ghlValues(values: readonly { readonly name: string; readonly value: string }[]): string {
  return JSON.stringify(values.map(({ name, value }) => [name, value]).sort());
}

async function lookForLeftovers({ stage, memory }: Scene, played: PlayedDestroy): Promise<void> {
  await played.checks.attempt(
    "nothing of the stack is left in the account, SSM or the state",
    async () => {
      const now = await inventory(stage.aws);
      const state = (await stage.engine.exportState()).deployment?.resources ?? [];
      const left = [
        ...added(memory.account, now).filter((line) => !line.startsWith(`SSM parameter ${ledgerPath(stage.stack)}`)),
        ...state.map(({ urn }) => `state ${urn.split("::").slice(-2).join(" ")}`),
      ];
      played.resourcesLeft = left.length;
      const shown = [...left.slice(0, 8), ...(left.length > 8 ? [`and ${left.length - 8} more`] : [])].join(", ");
      return { ok: left.length === 0, seen: shown || "nothing" };
    },
    stage.signal,
  );
  await played.checks.attempt("the gate's ledger is kept", async () => {
    const kept = (await readLedger(stage.stack, stage.aws.ssm)).length;
    return { ok: kept === memory.ledger, seen: `${kept} of ${memory.ledger} entries` };
  });
  await played.checks.attempt("nothing that was there before is gone", async () => {
    const gone = removed(memory.account, await inventory(stage.aws));
    return { ok: gone.length === 0, seen: gone.join(", ") || "all there" };
  });
}
