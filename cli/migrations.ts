import { parseArgs } from "node:util";
import { loadMigrations } from "@cutover/clients/postgres/parse-folder";
import { previewMigrations } from "@cutover/clients/postgres/preview";
import { type RepairAction, repairHistory } from "@cutover/clients/postgres/repair";
import { openMigrations } from "@cutover/clients/postgres/source";
import { phaseOf, phases } from "@cutover/domain/phases";

const ACTIONS: readonly RepairAction[] = ["accept", "forget", "rerun", "mark"];

const USAGE = `usage: npx cutover migrations plan [--phase NAME] [--allow-out-of-order VERSION] [--region NAME]
       npx cutover migrations repair accept|forget|rerun|mark VERSION
  --phase               the phase that is applied: after decommission, contract migrations run, too
  --allow-out-of-order  as cutover:database.allowOutOfOrder
  --region              of the Supabase project, for the session pooler's address in an error
The database's URL is read from CUTOVER_DATABASE_URL:
  export CUTOVER_DATABASE_URL="$(pulumi config get --path cutover:database.url)"`;

interface Wanted {
  readonly repair?: { readonly action: RepairAction; readonly version: string };
  readonly allowContract: boolean;
  readonly allowOutOfOrder?: string | undefined;
  readonly region?: string | undefined;
}

/** What the arguments ask for; undefined where they can't be understood. */
function wantedOf(args: readonly string[]): Wanted | undefined {
  const { values, positionals } = parsed(args);
  const { phase, region, "allow-out-of-order": allowOutOfOrder } = values;
  const [command, action, version, ...rest] = positionals;
  const known = phases.find(({ name }) => name === phase);
  if ((phase !== undefined && !known) || (allowOutOfOrder !== undefined && !/^\d+$/.test(allowOutOfOrder)))
    return undefined;
  const wanted = { allowContract: known ? phaseOf(known.name).contractMigrations : false, allowOutOfOrder, region };
  if (command === "plan" && action === undefined) return wanted;
  const repair = ACTIONS.find((one) => one === action);
  if (command !== "repair" || !repair || !version || rest.length > 0) return undefined;
  if (phase !== undefined || allowOutOfOrder !== undefined) return undefined;
  return { ...wanted, repair: { action: repair, version } };
}

/** An option that is not known is like no command at all. */
function parsed(args: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    const options = { phase: text, "allow-out-of-order": text, region: text };
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch {
    return { values: {}, positionals: [] };
  }
}

/**
 * What is pending, and corrections of the history by hand (docs/migrations.md).
 * @returns exit code: 0 done, 1 refused or failed, 2 wrong arguments
 */
export async function migrationsCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
  preview: typeof previewMigrations = previewMigrations,
): Promise<number> {
  const url = env.CUTOVER_DATABASE_URL;
  const wanted = wantedOf(args);
  if (!wanted || !url) {
    say(USAGE);
    return 2;
  }
  const { repair, region, allowContract, allowOutOfOrder } = wanted;
  try {
    const database = { url, ...(region ? { region } : {}) };
    if (repair) {
      say(await repairHistory({ database, files: await loadMigrations(), ...repair, runnerVersion: "cli" }));
      return 0;
    }
    const asked = { database, files: openMigrations(), allowContract, allowOutOfOrder };
    const { lines, problems } = await preview(asked);
    for (const line of lines) say(line);
    return problems.length > 0 ? 1 : 0;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  }
}
