import { writeFileSync } from "node:fs";
import { messageOf } from "../errors";
import { playPullRequests } from "./pull-request-play";

/**
 * `npm run -s proof:pull-request`: the workflows' preview and drift steps on a deployed stack; prints what they made as JSON.
 * `-- --preview FILE` keeps the step's preview for a fixture: read it before it is committed, secrets may stand in it.
 */
async function main(args: readonly string[]): Promise<void> {
  const at = args.indexOf("--preview");
  const file = at < 0 ? undefined : args[at + 1];
  const { preview, ...result } = await playPullRequests();
  if (file !== undefined) writeFileSync(file, preview);
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
