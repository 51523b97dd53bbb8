import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { find, registrations } from "../tests/support/mocks";
import type { Inbox } from "./inbox";
import { Replayer } from "./replayer";

const queue = (name: string) => ({
  arn: pulumi.output(`arn:aws:sqs:us-east-1:123456789012:${name}`),
  url: pulumi.output(`https://sqs.mock/${name}`),
});
const inbox = { queue: queue("inbox.fifo"), refused: queue("refused") } as Inbox;

describe("the replayer", () => {
  it("may do exactly this: of the rollback records it reads its own stack's, and writes none", async () => {
    const all = await registrations(
      () =>
        void new Replayer("replayer", {
          stack: "test",
          region: "us-east-1",
          domain: "messages.example.com",
          inbox,
          engines: [],
          peopleTopicArn: "arn:people",
          probeKey: "planted-key",
          webhookSecret: "planted-secret",
        }),
    );
    for (const resource of all) expect(resource.visible).not.toContain("planted");
    expect(JSON.parse(String(find(all, ":RolePolicy", "replayer-role").policy)).Statement).toEqual([
      {
        Effect: "Allow",
        Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"],
        Resource: "arn:aws:sqs:us-east-1:123456789012:inbox.fifo",
      },
      { Effect: "Allow", Action: "sqs:SendMessage", Resource: "arn:aws:sqs:us-east-1:123456789012:refused" },
      { Effect: "Allow", Action: "sns:Publish", Resource: "arn:people" },
      { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "arn:mock:Secret/replayer-secret" },
      {
        Effect: "Allow",
        Action: "ssm:GetParametersByPath",
        Resource: "arn:aws:ssm:us-east-1:123456789012:parameter/cutover/test/rollback",
      },
      {
        Effect: "Allow",
        Action: "cloudwatch:PutMetricData",
        Resource: "*",
        Condition: { StringEquals: { "cloudwatch:namespace": "Cutover/test" } },
      },
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: "arn:mock:LogGroup/replayer-logs:*",
      },
    ]);
  });
});
