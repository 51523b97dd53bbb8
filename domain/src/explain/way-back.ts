import type { PlannedChange } from "./change";
import type { Headline, HeadlineCode } from "./headline";
import type { MigrationChange } from "./migrations";

/** Whether the change can be taken back, and how. */
export interface WayBack {
  readonly reversible: boolean;
  readonly says: string;
  /** What a person types for it. */
  readonly commands: readonly string[];
}

/** What of a danger stays, however the traffic is moved. */
const STAYS: Partial<Record<HeadlineCode, string>> = {
  replaced: "what is replaced does not come back as it was",
  deleted: "what is deleted has to be made anew",
  "plain-secret": "a secret that has been seen stays known",
};

/** Down a rung, or at once to Node; where neither leads back; and what the dangers of this change leave behind. */
export function wayBack(change: PlannedChange, migrations: MigrationChange, headlines: readonly Headline[]): WayBack {
  const back = ofTraffic(change, migrations);
  const stays = Object.entries(STAYS).filter(([code]) => headlines.some((one) => one.code === code));
  if (!back.reversible || stays.length === 0) return back;
  const says = `Not wholly: ${stays.map(([, what]) => what).join("; ")}. The traffic: ${back.says}`;
  return { ...back, reversible: false, says };
}

function ofTraffic(change: PlannedChange, { pending }: MigrationChange): WayBack {
  const { stack, before, after, destroys, images, waitingRollback } = change;
  const never = (says: string): WayBack => ({ reversible: false, says, commands: [] });
  if (destroys) return never("No: what is removed has to be built anew.");
  if (after?.phase.node === "removed" && before?.phase.node !== "removed") {
    return never("No: Node is removed. Read docs/life-after.md before saying yes.");
  }
  if (after?.phase.node === "removed") return never("Not to Node: it is gone. Undo this change by the next one.");
  if (pending.some(({ kind }) => kind === "contract")) {
    return never("Not wholly: the traffic can go back, what the contract migrations drop can't.");
  }
  const kept = pending.length > 0 ? " The database stays as the migrations leave it; Node works with it." : "";
  if (!before || !after) {
    return {
      reversible: true,
      says: `Yes: no customer's message is moved.${kept}`,
      commands: [`pulumi destroy --stack ${stack}`],
    };
  }
  if (waitingRollback !== undefined) {
    const says = "It only writes down what the rollback did. On it goes with the acknowledgement above.";
    return { reversible: true, says, commands: [] };
  }
  const moves = before.webhook !== after.webhook;
  if (after.share > before.share || (moves && after.webhook === "front-door")) {
    return {
      reversible: true,
      says: `Yes: at once to Node${back(change).length > 1 ? ", or a step down" : ""}.${kept}`,
      commands: back(change),
    };
  }
  if (after.share < before.share || moves) {
    return { reversible: true, says: `Yes: up again, rung by rung, with evidence.${kept}`, commands: [] };
  }
  const python = images.find(({ engine, from }) => engine === "python" && from !== undefined);
  const says = python?.from
    ? `Yes: put the digest \`${python.from}\` back into \`cutover:python.image\`.${kept}`
    : `Yes: undo the commit.${kept}`;
  return { reversible: true, says, commands: [] };
}

function back({ stack, before, after }: PlannedChange): string[] {
  const atOnce = `npx cutover rollback --stack ${stack} --reason "…" --yes`;
  const below = (before?.phase.rung ?? -1) < (after?.phase.rung ?? -1) && before?.phase.rung !== undefined;
  if (!before || !after || !below) return [atOnce];
  return [
    atOnce,
    `pulumi config set cutover:from ${after.phase.name} --stack ${stack} && pulumi config set cutover:phase ${before.phase.name} --stack ${stack} && pulumi up --stack ${stack}`,
  ];
}
