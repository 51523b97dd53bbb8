import { expect, it } from "vitest";
import { killSwitchState, type LiveRule } from "./kill-switch";

const targets = { nodeTargetGroupArn: "arn:node", inboxTargetGroupArn: "arn:inbox" };
const path = { field: "path-pattern", values: ["/webhooks/*"] };
const never = { field: "http-header", headerName: "X-Cutover-Kill-Switch", values: ["7f3a"] };
const rule = (fenced: boolean, ...forwardsTo: string[]): LiveRule => ({
  conditions: fenced ? [path, never] : [path],
  forwardsTo,
  weights: {},
});

it.each([
  ["made: only a random header matches", rule(true, "arn:node"), "off"],
  ["rolled back", rule(false, "arn:node"), "node"],
  ["both engines dead", rule(false, "arn:inbox"), "hold"],
  ["half edited: still fenced, so no customer reaches it", rule(true, "arn:elsewhere"), "off"],
  ["forwards elsewhere", rule(false, "arn:python"), undefined],
  ["forwards to two", rule(false, "arn:node", "arn:python"), undefined],
  ["forwards nowhere", rule(false), undefined],
])("%s", (_, live, state) => {
  expect(killSwitchState(live, targets)).toBe(state);
});
