import { loadMigrations } from "@cutover/clients/postgres/parse-folder";
import { previewMigrations } from "@cutover/clients/postgres/preview";
import { type RepairAction, repairHistory } from "@cutover/clients/postgres/repair";
import { openMigrations } from "@cutover/clients/postgres/source";

const ACTIONS: readonly RepairAction[] = ["accept", "forget", "rerun", "mark"];

const USAGE = `usage: npx cutover migrations plan
       npx cutover migrations repair accept|forget|rerun|mark VERSION
The database's URL is read from CUTOVER_DATABASE_URL:
  export CUTOVER_DATABASE_URL="$(pulumi config get --path cutover:database.url)"`;

/**
 * What is pending, and corrections of the history by hand (docs/migrations.md).
 * @returns exit code: 0 done, 1 refused or failed, 2 wrong arguments
 */
export async function migrationsCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<number> {
  const url = env.CUTOVER_DATABASE_URL;
  const [command, action, version, ...rest] = args;
  const repair = ACTIONS.find((one) => one === action);
  const known =
    (command === "plan" && args.length === 1) || (command === "repair" && repair && version && rest.length === 0);
  if (!known || !url) {
    say(USAGE);
    return 2;
  }
  try {
    const database = { url };
    if (repair && version) {
      const files = await loadMigrations();
      say(await repairHistory({ database, files, action: repair, version, runnerVersion: "cli" }));
      return 0;
    }
    const { lines, problems } = await previewMigrations({ database, files: openMigrations(), allowContract: false });
    for (const line of lines) say(line);
    return problems.length > 0 ? 1 : 0;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  }
}
