import { expect, it } from "vitest";
import { runProof } from "./run-proof";
import type { WebhookProof } from "./webhook-main";

/** What each section has to come to: messages lost, and whether some came without an accepted secret. */
const STORIES = {
  rotation: [
    ["an app's webhooks delivered three times", 0, false],
    ["rotation in two steps", 0, false],
    ["rotation in one step, past the fence: has to be seen", 0, true],
  ],
  manual: [
    ["nobody edits the step", 0, false],
    ["a person edits the step while pulumi up waits", 0, false],
    ["somebody forgot the header: no share", 0, true],
    ["the header is there again", 0, false],
    ["GoHighLevel's API was never called", 0, false],
  ],
} as const;

it.each(["rotation", "manual"] as const)(
  "the webhook's story of %s loses no message, and what is to be seen is seen",
  {
    timeout: 1_800_000,
  },
  async (story) => {
    const { sections, worldProblems } = await runProof<WebhookProof>("webhook-main.ts", story);
    expect(sections.flatMap(({ section, problems }) => problems.map((problem) => `${section}: ${problem}`))).toEqual(
      [],
    );
    expect(worldProblems).toEqual([]);
    expect(sections.map(({ section, lost, withoutSecret }) => [section, lost, withoutSecret > 0])).toEqual(
      STORIES[story],
    );
  },
);
