import { expect, it } from "vitest";
import { comment } from "./comment";
import { explain } from "./explain";
import { fixedPromise, previewText, step } from "./testkit";

it.each([
  ["eu-south-2", "prices of eu-central-1, for want of the region's own"],
  ["ap-southeast-2", "prices of us-east-1, for want of the region's own"],
  ["eu-west-1", "prices of eu-west-1;"],
])("the cost in %s says %s", (region, expected) => {
  const steps = [step("create", "aws:lb/loadBalancer:LoadBalancer", "traffic", { new: {} })];
  const to = { phase: "prepare", share: 0, webhook: "as-found" } as const;
  const preview = previewText({ to, steps, config: { "aws:region": region } });
  expect(comment(explain({ preview, promise: fixedPromise }))).toContain(expected);
});
