import { expect, it } from "vitest";
import { runProof } from "./run-proof";
import type { WebhookProof } from "./webhook-main";

it("a step edited by hand, an app's redeliveries and a rotated secret lose no message, and a rotation in one step is seen", {
  timeout: 1_800_000,
}, async () => {
  const { sections, worldProblems } = await runProof<WebhookProof>("webhook-main.ts");
  expect(sections.flatMap(({ section, problems }) => problems.map((problem) => `${section}: ${problem}`))).toEqual([]);
  expect(worldProblems).toEqual([]);
  expect(sections.map(({ section, lost, withoutSecret }) => [section, lost, withoutSecret > 0])).toEqual([
    ["an app's webhooks delivered three times", 0, false],
    ["rotation in two steps", 0, false],
    ["rotation in one step, past the fence: has to be seen", 0, true],
    ["nobody edits the step", 0, false],
    ["a person edits the step while pulumi up waits", 0, false],
    ["somebody forgot the header: no share", 0, true],
    ["the header is there again", 0, false],
    ["GoHighLevel's API was never called", 0, false],
  ]);
});
