/** One runner's numbers. Times in real milliseconds. */
export interface Measured {
  readonly runner: string;
  /** The longest a single INSERT or UPDATE of a live writer took while the runner worked. */
  readonly longestWriterStallMs: number;
  /** From the start of the runner's process to its end, the idle transaction's time included. */
  readonly totalMs: number;
  /** The same with nothing to do: median of several processes. */
  readonly noopMs: number;
  /** "applied", or what went wrong. */
  readonly outcome: string;
}

export interface BenchSettings {
  readonly rows: number;
  readonly writers: number;
  /** How long the idle transaction stays open after a runner has started. */
  readonly idleSeconds: number;
  readonly noopRuns: number;
}

/** The page docs/measured/migrations.md. */
export function migrationsPage(measured: readonly Measured[], baselineMs: number, settings: BenchSettings): string {
  const rows = measured.map(
    (one) =>
      `| ${one.runner} | ${one.longestWriterStallMs.toLocaleString("en")} | ${one.totalMs.toLocaleString("en")} | ${one.noopMs.toLocaleString("en")} | ${one.outcome.replaceAll("|", "\\|")} |`,
  );
  return `# Migration runners beside live writers

Made by \`npm run -s bench:migrations\` (numbers as JSON: \`-- --json\`). Do not edit.

The plan's three columns and its partial index, on ${settings.rows.toLocaleString("en")} messages, while ${settings.writers} writers insert and update without a
pause worth naming, and one session sits in a transaction that has read the table and ends ${settings.idleSeconds} s after the runner has
started. Real PostgreSQL 18 on loopback, fsync off; each runner is a process of its own, used as its documentation
recommends. Writers alone on this machine: longest statement ${baselineMs} ms.

| Runner | Longest writer stall, ms | Total, ms | No-op, ms | Outcome |
|---|---:|---:|---:|---|
${rows.join("\n")}

- *Longest writer stall*: the longest single INSERT or UPDATE. ALTER TABLE queues for ACCESS EXCLUSIVE behind the idle
  transaction, and every writer queues behind it; a runner without lock_timeout keeps them there until that transaction ends.
  Ours sees the old transaction, waits outside of the queue, and then asks for the lock for 50 to 400 ms at a time.
- *Total* includes waiting for the idle transaction, which nobody can avoid.
- *No-op*: whole process, nothing to apply, median of ${settings.noopRuns}; dbmate is a compiled program, the others start Node.js.
`;
}
