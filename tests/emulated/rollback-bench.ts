import type { RollbackWorld } from "./rollback-world";

/** What many rollbacks took, each from its decision to the proof by reading back and probing; ms of this machine. */
export interface RollbackTimes {
  readonly rollbacks: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

/**
 * Rolls back by hand and releases, again and again, and takes the times from the records: `at` is the moment of the decision,
 * the step `verify` that of the proof. After each, customers' messages are looked at, too.
 * @throws Error where one did not end verified, with all customers at Node
 */
export async function timeRollbacks(world: RollbackWorld, rollbacks: number): Promise<RollbackTimes> {
  const times: number[] = [];
  for (let i = 0; i < rollbacks; i += 1) {
    const { report, error } = await world.manual();
    if (report?.outcome !== "rolled-back") throw new Error(`rollback ${i + 1}: ${error ?? JSON.stringify(report)}`);
    const record = (await world.records()).at(-1);
    const verify = record?.steps.verify;
    if (!record || record.id !== report.id || verify?.state !== "done") {
      throw new Error(`rollback ${i + 1} is not verified: ${JSON.stringify(record)}`);
    }
    const answering = [...(await world.answeredBy())];
    if (answering.join() !== "node") throw new Error(`${record.id}: answered by ${answering.join(", ")}`);
    times.push(Date.parse(verify.at) - Date.parse(record.at));
    await world.release(record.id);
  }
  const sorted = times.sort((a, b) => a - b);
  const rank = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { rollbacks, p50Ms: rank(0.5), p95Ms: rank(0.95), maxMs: rank(1) };
}
