import { readLedger } from "@cutover/clients/evidence/ledger";
import { phaseOf } from "@cutover/domain/phases";
import type { Seen } from "./checks";
import type { Expectation } from "./expectations";
import type { Memory } from "./memory";
import { OVERRIDE_NAME } from "./play-gate";
import type { Stage } from "./stage";
import { declaredShare, type UpStep } from "./steps";

/**
 * A step up, the removal of Node, a release and a new image leave one entry each, everything else none; counted over the
 * chapters, because a destroy keeps the ledger.
 */
export async function ledgerGrew({ stack, aws }: Stage, memory: Memory, step: UpStep): Promise<Seen> {
  const { ledger: before, applied } = memory;
  const entries = await readLedger(stack, aws.ssm);
  memory.ledger = entries.length;
  memory.applied = step.phase;
  const removes = phaseOf(step.phase).node === "removed" && applied !== step.phase;
  const rises = declaredShare(step) > (applied === undefined ? 0 : phaseOf(applied).pythonShare);
  const expected = step.release || step.newImage || removes || rises ? 1 : 0;
  const newest = entries.at(-1);
  const fits = expected === 0 || (newest?.to === step.phase && newest.shareAfter === declaredShare(step));
  const seen = `${entries.length} entries, ${entries.length - before} new, expected ${expected}`;
  return {
    ok: entries.length - before === expected && fits,
    seen: fits ? seen : `${seen}; the newest leads to ${newest?.to}`,
  };
}

/** Who put what aside, where nobody can say later that it was not so. */
export const overrideRecorded: Expectation = {
  what: "the override is in the ledger with name and what was put aside, and people were told",
  look: async ({ stack, aws, gateway }, { updateAt }) => {
    const override = (await readLedger(stack, aws.ssm)).at(-1)?.override;
    const aside = override?.aside.some((line) => line.startsWith("FAIL to leave")) ?? false;
    // The engine's key: functions have keys of their own.
    const told = gateway
      .journal({ service: "sns", action: "Publish", accessKeyId: "rehearsal", since: updateAt })
      .filter(({ status }) => status === 200);
    const seen = `${override?.name ?? "nobody"}: ${override?.aside.join(" ") ?? "nothing"}; ${told.length} notice`;
    return { ok: override?.name === OVERRIDE_NAME && aside && told.length === 1, seen };
  },
};
