import { writeFileSync } from "node:fs";
import { messageOf } from "../errors";
import { playPullRequests } from "./pull-request-play";

/**
 * `npm run -s proof:pull-request`: the workflows' preview and drift steps on a deployed stack; prints what they made as JSON.
 * `-- --preview FILE` writes real previews for domain/src/explain/__fixtures__, by name, as one JSON object.
 */
async function main(args: readonly string[]): Promise<void> {
  const at = args.indexOf("--preview");
  const file = at < 0 ? undefined : args[at + 1];
  const { previews, ...result } = await playPullRequests(file !== undefined);
  if (file !== undefined) writeFileSync(file, JSON.stringify(previews));
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
