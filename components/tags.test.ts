import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { registrations } from "../tests/support/mocks";
import { stackTags, TAGGED } from "./tags";

const declarations = dirname(require.resolve("@pulumi/aws/package.json"));

/** Whether the provider's own declarations know `tags` for this type. */
function knowsTags(type: string): boolean {
  const [, module, name] = /^aws:([^:]+):(\w+)$/.exec(type) ?? [];
  const text = readFileSync(join(declarations, `${module}.d.ts`), "utf8");
  expect(text).toContain(`export interface ${name}Args`);
  return text.slice(text.indexOf(`export interface ${name}Args`)).includes("tags?: pulumi.Input<");
}

describe("the stack's tag", () => {
  it.each([...TAGGED])("fits %s: the provider knows tags for it", (type) => {
    expect(knowsTags(type)).toBe(true);
  });

  it("stands on every child that can carry it, beside the child's own tags, and on nothing else", async () => {
    const all = await registrations(() => {
      const parent = new pulumi.ComponentResource("t:i:Parent", "parent", {}, { transformations: [stackTags("prod")] });
      const middle = new pulumi.ComponentResource("t:i:Middle", "middle", {}, { parent });
      new aws.sns.Topic("topic", {}, { parent: middle });
      new aws.ec2.Vpc("net", { tags: { Name: "net" } }, { parent: middle });
      new aws.sns.TopicPolicy("policy", { arn: "arn:topic", policy: "{}" }, { parent: middle });
    });
    expect(Object.fromEntries(all.map((r) => [r.name, r.inputs.tags]))).toEqual({
      topic: { "cutover:stack": "prod" },
      net: { "cutover:stack": "prod", Name: "net" },
      policy: undefined,
    });
  });
});
