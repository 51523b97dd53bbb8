import { describeChanges } from "../engine/events";
import { messageOf } from "../errors";
import { dataKept } from "../postgres/postgres";
import { Checks } from "./checks";
import { webhookAsFound } from "./expectations";
import { added, inventory, removed } from "./inventory";
import type { Scene } from "./play-step";

/** What `pulumi destroy` did, and what it left. */
export interface PlayedDestroy {
  readonly beganAt: number;
  appliedAt?: number;
  endedAt: number;
  changes: string;
  webhookRestored: boolean | null;
  dataKept: boolean | null;
  resourcesLeft: number | null;
  readonly checks: Checks;
}

/** What stays on purpose; shown in the report, and looked at by the expectations below. */
export const LEFT_ON_PURPOSE: readonly string[] = [
  "message_queue with every row and the columns that the migrations added: a destroy keeps data",
  "the migrations' own schema with their history, so that the next stack does not run them again",
  "the custom value with the webhook's URL: it was there before, and holds the URL it held before",
  "inactive task definitions: AWS keeps their revisions for good",
];

/** `pulumi destroy`: webhook first, data kept, and nothing of the stack left in the emulators, SSM or the state. */
export async function playDestroy(scene: Scene): Promise<PlayedDestroy> {
  const { terminal, stage, memory } = scene;
  const checks = new Checks(({ what, ok, seen }) =>
    (ok ? terminal.good : terminal.bad).call(terminal, `${what}: ${seen}`),
  );
  const beganAt = Date.now();
  const played: PlayedDestroy = {
    beganAt,
    endedAt: beganAt,
    changes: "",
    webhookRestored: null,
    dataKept: null,
    resourcesLeft: null,
    checks,
  };
  terminal.heading("destroy: pulumi destroy");
  const activity = terminal.activity("pulumi destroy");
  try {
    const result = await stage.engine.destroy({ onProgress: activity.progress });
    played.appliedAt = Date.now();
    played.changes = describeChanges(result.changes);
    activity.done(played.changes);
  } catch (error) {
    activity.failed("failed");
    stage.signal.throwIfAborted();
    checks.add("pulumi destroy succeeds", false, messageOf(error));
  }
  await lookAtWebhook(scene, played);
  await checks.attempt("message_queue keeps every row and column", async () => {
    const { kept, why } = dataKept(memory.queue, await stage.postgres.snapshot());
    played.dataKept = kept;
    return { ok: kept, seen: why ?? "nothing is missing" };
  });
  await lookForLeftovers(scene, played);
  played.endedAt = Date.now();
  return played;
}

async function lookAtWebhook({ stage, memory }: Scene, played: PlayedDestroy): Promise<void> {
  await played.checks.attempt(webhookAsFound.what, async () => {
    const seen = await webhookAsFound.look(stage, memory);
    played.webhookRestored = seen.ok;
    return seen;
  });
  await played.checks.attempt("GoHighLevel holds the same custom values as before", () => {
    const now = ghlValues(stage.ghl.store.all());
    return { ok: now === memory.ghlValues, seen: now === memory.ghlValues ? "the same" : "others; see its journal" };
  });
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
        ...added(memory.account, now),
        ...state.map(({ urn }) => `state ${urn.split("::").slice(-2).join(" ")}`),
      ];
      played.resourcesLeft = left.length;
      const shown = [...left.slice(0, 8), ...(left.length > 8 ? [`and ${left.length - 8} more`] : [])].join(", ");
      return { ok: left.length === 0, seen: shown || "nothing" };
    },
    stage.signal,
  );
  await played.checks.attempt("nothing that was there before is gone", async () => {
    const gone = removed(memory.account, await inventory(stage.aws));
    return { ok: gone.length === 0, seen: gone.join(", ") || "all there" };
  });
}
