import type { MigrationFile } from "@cutover/domain/migrations/files";
import { compareVersions } from "@cutover/domain/migrations/identity";
import { HISTORY_TABLE, readState } from "./catalog";
import { connect } from "./connect";
import { historySql } from "./history";
import { sqlParser } from "./parser";
import { releaseRunnerLock, takeRunnerLock } from "./runner-lock";
import { prepareSession } from "./session";
import { DatabaseError, type DatabaseSettings } from "./target";
import { DEFAULT_TIMING } from "./timing";

/**
 * `accept`: the file as it is now counts as what was applied. `forget`: the row of a file that no longer exists is removed.
 * `rerun`: the next run executes the file again. `mark`: a file counts as applied without being run.
 */
export type RepairAction = "accept" | "forget" | "rerun" | "mark";

export interface RepairOptions {
  readonly database: DatabaseSettings;
  readonly files: readonly MigrationFile[];
  readonly action: RepairAction;
  readonly version: string;
  readonly runnerVersion: string;
}

/**
 * Corrects the history by hand, one version at a time, under the runner's lock. Touches nothing but the history.
 * @returns what was done, in a sentence
 * @throws DatabaseError when version and action don't fit what is there
 */
export async function repairHistory(options: RepairOptions): Promise<string> {
  const { database, files, action, version } = options;
  const client = await connect(database, { applicationName: "cutover-repair", needsSession: true });
  try {
    await prepareSession(client, { lockMs: 5_000, statementMs: 60_000 }, database);
    await takeRunnerLock(client, { deadlineMs: DEFAULT_TIMING.runnerLockMs }, database);
    const { history } = await readState(client, files, await sqlParser());
    const row = history.find((r) => compareVersions(r.version, version) === 0);
    const file = files.find((f) => compareVersions(f.version, version) === 0);
    const refuse = (why: string) => new DatabaseError(`repair ${action} ${version}: ${why}. Nothing was changed.`);
    if (action === "forget") {
      if (!row) throw refuse("the history has no such version");
      if (file) throw refuse(`${file.file} exists; use rerun to have it run again`);
      await client.query(`DELETE FROM ${HISTORY_TABLE} WHERE version = $1`, [row.version]);
    } else if (!file) {
      throw refuse("there is no such file in migrations/");
    } else if (action === "rerun") {
      if (!row) throw refuse("it never ran; the next run applies it anyway");
      const again = "status = 'failed', error = 'to run again, by repair'";
      await client.query(`UPDATE ${HISTORY_TABLE} SET ${again} WHERE version = $1`, [row.version]);
    } else {
      if (action === "accept" && row?.status !== "applied")
        throw refuse("only an applied migration can be accepted as changed");
      await client.query(
        historySql(client, {
          file,
          status: "applied",
          statements: 0,
          adopted: action === "mark",
          runnerVersion: options.runnerVersion,
        }),
      );
    }
    await releaseRunnerLock(client);
    return {
      accept: `${version} counts as applied in its present form.`,
      forget: `${version} is no longer in the history.`,
      rerun: `${version} runs again with the next update.`,
      mark: `${version} counts as applied; it was not run.`,
    }[action];
  } finally {
    await client.end().catch(() => {});
  }
}
