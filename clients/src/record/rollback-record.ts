import {
  DeleteParametersCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  type Parameter,
  PutParameterCommand,
  type SSMClient,
} from "@aws-sdk/client-ssm";
import {
  inboxToPythonPath,
  mergeRecords,
  newest,
  nextId,
  openRecord,
  pagedPath,
  type RollbackRecord,
  recordPath,
  recordsFrom,
  releasedPath,
  releasingPath,
  rollbackPath,
  type StoredParameter,
} from "@cutover/domain/rollback/record";
import { type PersistOptions, persist } from "../aws/persist";

type Ssm = Pick<SSMClient, "send">;

/** Everything below the rollback path. */
export interface RollbackShelf {
  /** Oldest first. */
  readonly records: readonly RollbackRecord[];
  /** What people were last paged for without a rollback. */
  readonly paged?: string;
}

/** A record as it is before it has an id. */
export type RollbackDraft = Omit<RollbackRecord, "id" | "version">;

const PATIENT: PersistOptions = { deadlineMs: 20_000 };

/** Reads all records of a stack. By path: no record is an empty list, and every error is a real one. */
export async function readRollbacks(stack: string, ssm: Ssm, options = PATIENT): Promise<RollbackShelf> {
  return (await readAll(stack, ssm, options)).shelf;
}

/** The shelf, and which version of each parameter it was. */
async function readAll(stack: string, ssm: Ssm, options: PersistOptions) {
  const parameters: StoredParameter[] = [];
  const versions = new Map<string, number>();
  let next: string | undefined;
  const giveUpAt = Date.now() + options.deadlineMs;
  do {
    const command = new GetParametersByPathCommand({
      // Without the slash at the end: the IAM resource of the call is the path itself.
      Path: rollbackPath(stack).slice(0, -1),
      Recursive: true,
      ...(next ? { NextToken: next } : {}),
    });
    const page = await persist(
      "reading the rollback records",
      (abortSignal) => ssm.send(command, { abortSignal }),
      // All pages together: after some rollbacks there are several.
      { ...options, deadlineMs: Math.max(1, giveUpAt - Date.now()) },
    );
    for (const parameter of page.Parameters ?? []) {
      parameters.push(...stored(parameter));
      if (parameter.Name && parameter.Version) versions.set(parameter.Name, parameter.Version);
    }
    next = page.NextToken;
  } while (next);
  const paged = parameters.find(({ name }) => name === pagedPath(stack))?.value;
  const shelf: RollbackShelf = {
    records: recordsFrom(stack, parameters),
    ...(paged === undefined ? {} : { paged }),
  };
  return { shelf, versions };
}

/**
 * Records a rollback under the next number. `Overwrite: false` is the compare-and-set: of two functions that decide at the
 * same time one records, the other joins that record.
 * @param after A record that is open but does not count, because its release has begun.
 * @returns the record that is open now, ours or the other's
 */
export async function createRecord(
  stack: string,
  draft: RollbackDraft,
  ssm: Ssm,
  options = PATIENT,
  after?: string,
): Promise<{ readonly record: RollbackRecord; readonly joined: boolean }> {
  for (;;) {
    const { records } = await readRollbacks(stack, ssm, options);
    const open = openRecord(records);
    // Ours when the answer to an earlier attempt was lost.
    if (open && open.id !== after) return { record: open, joined: open.at !== draft.at };
    const record: RollbackRecord = { ...draft, version: 1, id: nextId(records) };
    if (await createOnly(recordPath(stack, record.id), JSON.stringify(record), ssm, options)) {
      return { record, joined: false };
    }
  }
}

/** Writers that meet at one record are a handful at the most. */
const ROUNDS = 6;

/**
 * Adds what was done since to a record; what somebody else added meanwhile stays. Parameter Store can't compare before it
 * writes, but it numbers versions: where ours is not the next after the one that was read, what was written in between is
 * read by its number, merged and written again.
 */
export async function updateRecord(
  stack: string,
  record: RollbackRecord,
  ssm: Ssm,
  options = PATIENT,
): Promise<RollbackRecord> {
  const path = recordPath(stack, record.id);
  const { shelf, versions } = await readAll(stack, ssm, options);
  const kept = shelf.records.find(({ id }) => id === record.id);
  let merged = kept ? mergeRecords(kept, record) : record;
  let seen = versions.get(path);
  for (let round = 0; round < ROUNDS; round++) {
    // Kept in parameters of their own.
    const { releasingAt: _begun, releasedAt: _done, inboxToPython: _word, ...own } = merged;
    const written = await put(path, JSON.stringify(own), true, ssm, options);
    if (seen === undefined || written === undefined || written <= seen + 1) return merged;
    for (let version = seen + 1; version < written; version++) {
      const between = await readVersion(stack, path, version, ssm, options);
      if (between) merged = mergeRecords(between, merged);
    }
    seen = written;
  }
  return merged;
}

async function readVersion(
  stack: string,
  path: string,
  version: number,
  ssm: Ssm,
  options: PersistOptions,
): Promise<RollbackRecord | undefined> {
  const command = new GetParameterCommand({ Name: `${path}:${version}` });
  const read = (abortSignal: AbortSignal) => ssm.send(command, { abortSignal });
  const { Parameter } = await persist("reading a version of the record", read, options);
  return recordsFrom(stack, [{ name: path, value: Parameter?.Value ?? "" }])[0];
}

/** Says that a release begins; its time is when it looks at the alarms. */
export async function markReleasing(stack: string, id: string, ssm: Ssm, options = PATIENT): Promise<void> {
  await put(releasingPath(stack, id), new Date().toISOString(), true, ssm, options);
}

/** Takes back that a release begins: it ended without having put the switch off. Passes over a mark that is not there. */
export async function unmarkReleasing(stack: string, id: string, ssm: Ssm, options = PATIENT): Promise<void> {
  const command = new DeleteParametersCommand({ Names: [releasingPath(stack, id)] });
  const remove = (abortSignal: AbortSignal) => ssm.send(command, { abortSignal });
  await persist("removing the mark of the release", remove, options);
}

/** Marks a record released: a parameter of its own that is only ever created, so that no late update takes it back. */
export async function markReleased(stack: string, id: string, ssm: Ssm, options = PATIENT): Promise<void> {
  await createOnly(releasedPath(stack, id), new Date().toISOString(), ssm, options);
}

/** Remembers what people were paged for. */
export async function rememberPaged(stack: string, what: string, ssm: Ssm, options = PATIENT): Promise<void> {
  await put(pagedPath(stack), what, true, ssm, options);
}

/** Removes every record of a stack; part of its destroy. */
export async function removeRollbacks(stack: string, ssm: Ssm, options = PATIENT): Promise<void> {
  const { records, paged } = await readRollbacks(stack, ssm, options);
  // DeleteParameters passes over names that are not there.
  const names = records.flatMap(({ id }) => [
    recordPath(stack, id),
    releasingPath(stack, id),
    releasedPath(stack, id),
    inboxToPythonPath(stack, id),
  ]);
  if (paged !== undefined) names.push(pagedPath(stack));
  for (let at = 0; at < names.length; at += 10) {
    const command = new DeleteParametersCommand({ Names: names.slice(at, at + 10) });
    await persist("removing the rollback records", (abortSignal) => ssm.send(command, { abortSignal }), options);
  }
}

/** The newest record, released or not. */
export async function newestRollback(stack: string, ssm: Ssm, options = PATIENT): Promise<RollbackRecord | undefined> {
  return newest((await readRollbacks(stack, ssm, options)).records);
}

/** @returns false where the parameter is there already */
async function createOnly(name: string, value: string, ssm: Ssm, options: PersistOptions): Promise<boolean> {
  try {
    await put(name, value, false, ssm, options);
    return true;
  } catch (error) {
    if (error instanceof Error && error.name === "ParameterAlreadyExists") return false;
    throw error;
  }
}

/** @returns the version that was written */
async function put(
  Name: string,
  Value: string,
  Overwrite: boolean,
  ssm: Ssm,
  options: PersistOptions,
): Promise<number | undefined> {
  const command = new PutParameterCommand({ Name, Value, Type: "String", Overwrite });
  return (await persist(`writing ${Name}`, (abortSignal) => ssm.send(command, { abortSignal }), options)).Version;
}

function stored({ Name, Value, LastModifiedDate }: Parameter): StoredParameter[] {
  if (Name === undefined || Value === undefined) return [];
  return [{ name: Name, value: Value, ...(LastModifiedDate ? { modifiedAt: LastModifiedDate.getTime() } : {}) }];
}
