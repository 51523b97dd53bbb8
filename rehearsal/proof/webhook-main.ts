import { messageOf } from "../errors";
import { filesHolding } from "../run/planted";
import { RUN_MARKER } from "../run/processes";
import type { MachineState } from "./faults-page";
import { machineState } from "./machine";
import { addToProof } from "./report";
import { playManual } from "./webhook-manual";
import { playRotation } from "./webhook-rotation";
import type { WebhookSection } from "./webhook-section";
import { inProofWorld, type ProofScene } from "./world";

/** What `npm run -s proof:webhook` prints. */
export interface WebhookProof extends MachineState {
  readonly sections: readonly WebhookSection[];
  readonly worldProblems: readonly string[];
  readonly seconds: number;
}

const STORIES = { rotation: playRotation, manual: playManual } as const;

/** `npm run -s proof:webhook [rotation|manual]`: the stories of the webhook's secret and of a step edited by hand, each on a world. */
async function main([only]: readonly string[]): Promise<number> {
  const began = Date.now();
  const sections: WebhookSection[] = [];
  const worldProblems: string[] = [];
  for (const [name, play] of Object.entries(STORIES)) {
    if (only !== undefined && only !== name) continue;
    const story = async (scene: ProofScene) => {
      sections.push(...(await play(scene)));
      const shown = filesHolding(process.env[RUN_MARKER] ?? "", scene.stage.secrets());
      worldProblems.push(
        ...scene.problems,
        ...shown.map((file) => `${file} holds a token, a webhook secret or a query string`),
      );
    };
    await inProofWorld(story);
  }
  const seconds = Math.round((Date.now() - began) / 1000);
  const result: WebhookProof = { ...machineState(), sections, worldProblems, seconds };
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  if (only === undefined) addToProof("webhook", result);
  return sections.every(({ problems }) => problems.length === 0) && worldProblems.length === 0 ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
