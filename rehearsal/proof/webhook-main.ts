import { messageOf, UsageError } from "../errors";
import { filesHolding } from "../run/planted";
import { RUN_MARKER } from "../run/processes";
import type { MachineState } from "./faults-page";
import { machineState } from "./machine";
import { addToProof } from "./report";
import { playManual } from "./webhook-manual";
import { playRotation } from "./webhook-rotation";
import type { WebhookSection } from "./webhook-section";
import { inProofWorld } from "./world";

/** What a story of `npm run -s proof:webhook` prints. */
export interface WebhookProof extends MachineState {
  readonly sections: readonly WebhookSection[];
  readonly worldProblems: readonly string[];
  readonly seconds: number;
}

const STORIES = { rotation: playRotation, manual: playManual } as const;

/** `webhook-main.ts rotation|manual`: one of the webhook's stories, on a world of its own. */
async function main([name = ""]: readonly string[]): Promise<number> {
  if (!isStory(name)) throw new UsageError(`"${name}" is no story: expected one of ${Object.keys(STORIES).join(", ")}`);
  const began = Date.now();
  const result = await inProofWorld(async (scene): Promise<WebhookProof> => {
    const sections = await STORIES[name](scene);
    const shown = filesHolding(process.env[RUN_MARKER] ?? "", scene.stage.secrets());
    const kept = shown.map((file) => `${file} holds a token, a webhook secret or a query string`);
    const seconds = Math.round((Date.now() - began) / 1000);
    return { ...machineState(), sections, worldProblems: [...scene.problems, ...kept], seconds };
  });
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  addToProof(`webhook-${name}`, result);
  return [...result.sections.flatMap(({ problems }) => problems), ...result.worldProblems].length === 0 ? 0 : 1;
}

function isStory(name: string): name is keyof typeof STORIES {
  return name in STORIES;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
