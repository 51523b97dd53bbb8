import type { FileRef } from "@cutover/domain/migrations/identity";
import { isSettled } from "@cutover/domain/migrations/settled";
import type { Client } from "pg";
import { readCatalog, readHistory } from "./catalog";

/**
 * Whether the database is surely where `files` say, in two queries and without reading a file. False means "look
 * properly", not "something is wrong".
 */
export async function nothingToDo(client: Client, files: readonly FileRef[]): Promise<boolean> {
  const history = await readHistory(client);
  if (history === undefined || history.length !== files.length) return false;
  const checks = history.flatMap((row) => row.promises?.ensures ?? []);
  return isSettled(files, history, await readCatalog(client, checks, undefined));
}
