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

/** What was run with what, so that a number can be measured again. */
export interface BenchVersions {
  /** As the server calls itself, such as "18.4". */
  readonly postgres: string;
  readonly node: string;
  readonly cores: number;
  /** By the peer's name. */
  readonly peers: Readonly<Record<string, string>>;
}

export interface Goal {
  readonly goal: string;
  readonly reached: boolean;
}

export interface BenchResult {
  readonly measured: readonly Measured[];
  /** The longest statement of the writers alone, in ms: what this machine's own jitter is. */
  readonly baselineMs: number;
  readonly settings: BenchSettings;
  readonly versions: BenchVersions;
}

/** What the comparison has to show, and whether it did. */
export function goalsOf(measured: readonly Measured[]): Goal[] {
  const ours = measured.find((one) => one.runner === "cutover");
  const peers = measured.filter((one) => one.runner !== "cutover");
  const node = peers.filter((one) => one.runner !== "dbmate");
  if (!ours || peers.length === 0) return [{ goal: "all runners were measured", reached: false }];
  return [
    { goal: "ours is applied", reached: ours.outcome === "applied" },
    { goal: "longest stall at most 1 s", reached: ours.longestWriterStallMs <= 1000 },
    {
      goal: "longest stall below every peer's",
      reached: peers.every((peer) => ours.longestWriterStallMs < peer.longestWriterStallMs),
    },
    {
      goal: "no-op not slower than the fastest Node peer's",
      reached: node.every((peer) => ours.noopMs <= peer.noopMs),
    },
  ];
}

/** The page docs/measured/migrations.md. */
export function migrationsPage({ measured, baselineMs, settings, versions }: BenchResult): string {
  const rows = measured.map(
    (one) =>
      `| ${one.runner} | ${one.longestWriterStallMs.toLocaleString("en")} | ${one.totalMs.toLocaleString("en")} | ${one.noopMs.toLocaleString("en")} | ${one.outcome.replaceAll("|", "\\|")} |`,
  );
  const peers = Object.entries(versions.peers).map(([name, version]) => `${name} ${version}`);
  const goals = goalsOf(measured).map(({ goal, reached }) => `${goal}: ${reached ? "reached" : "**missed**"}`);
  return `# Migration runners beside live writers

Made by \`npm run -s bench:migrations\` (numbers as JSON: \`-- --json\`). Do not edit.

The plan's three columns and its partial index, on ${settings.rows.toLocaleString("en")} messages, while ${settings.writers} writers insert and update without a
pause worth naming, and one session sits in a transaction that has read the table and ends ${settings.idleSeconds} s after the runner has
started. Real PostgreSQL on loopback, fsync off; each runner is a process of its own, used as its documentation
recommends. Writers alone on this machine: longest statement ${baselineMs} ms.
PostgreSQL ${versions.postgres}, Node.js ${versions.node}, ${versions.cores} cores; ${peers.join(", ")}.

| Runner | Longest writer stall, ms | Total, ms | No-op, ms | Outcome |
|---|---:|---:|---:|---|
${rows.join("\n")}

Goals: ${goals.join("; ")}.

- *Longest writer stall*: the longest single INSERT or UPDATE. ALTER TABLE queues for ACCESS EXCLUSIVE behind the idle
  transaction, and every writer queues behind it; a runner without lock_timeout keeps them there until that transaction ends.
  Ours sees the old transaction, waits outside of the queue, and then asks for the lock for 50 to 400 ms at a time.
- *Total* includes waiting for the idle transaction, which nobody can avoid.
- *No-op*: whole process, nothing to apply, median of ${settings.noopRuns}; dbmate is a compiled program, the others start Node.js.
`;
}
