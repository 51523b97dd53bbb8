import {
  CreateTargetGroupCommand,
  type ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { IAMClient } from "@aws-sdk/client-iam";
import { AddPermissionCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { CreateSecretCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { CreateQueueCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { Inbox } from "../../components/inbox";
import { Replayer } from "../../components/replayer";
import { find, registrations } from "../support/mocks";
import { deployFunction } from "./deploy";

export const INBOX = "cutover-test-inbox";
export const REPLAY = "cutover-test-replay";

export interface InboxClients {
  readonly elb: ElasticLoadBalancingV2Client;
  readonly iam: IAMClient;
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
  readonly secrets: SecretsManagerClient;
}

/** An inbox as the component declares it, in the emulated account. */
export interface InboxPlace {
  readonly targetGroupArn: string;
  readonly queueUrl: string;
  readonly refusedUrl: string;
  readonly queueArn: string;
  /** What AWS said when the function was to be registered before it let the load balancer call it. */
  readonly refusedWithoutPermission: string;
}

const arnOf = (name: string) => `arn:aws:sqs:us-east-1:123456789012:${name}`;
const text = (value: unknown) => String(value);

/** Queues, function and target group of the inbox, and the permission without which AWS registers no function. */
export async function deployInbox(clients: InboxClients, webhookSecret: string): Promise<InboxPlace> {
  const declared = await registrations(
    () => void new Inbox("inbox", { stack: "test", region: "us-east-1", acceptedWebhookSecrets: [webhookSecret] }),
  );
  const queue = async (name: string, fifo: boolean) => {
    const { deduplicationScope, fifoThroughputLimit, visibilityTimeoutSeconds, messageRetentionSeconds } = find(
      declared,
      ":Queue",
      name,
    );
    const Attributes = fifo
      ? {
          FifoQueue: "true",
          DeduplicationScope: text(deduplicationScope),
          FifoThroughputLimit: text(fifoThroughputLimit),
          VisibilityTimeout: text(visibilityTimeoutSeconds),
          MessageRetentionPeriod: text(messageRetentionSeconds),
        }
      : { MessageRetentionPeriod: text(messageRetentionSeconds) };
    const made = await clients.sqs.send(
      new CreateQueueCommand({ QueueName: text(find(declared, ":Queue", name).name), Attributes }),
    );
    return made.QueueUrl ?? "";
  };
  const [queueUrl, refusedUrl] = [await queue("inbox-queue", true), await queue("inbox-refused", false)];
  const queueArn = arnOf("cutover-test-inbox.fifo");
  const functionArn = await deployFunction(clients.iam, clients.lambda, {
    declared,
    component: "inbox",
    bundle: "inbox",
    functionName: INBOX,
    real: (value) =>
      text(value)
        .replaceAll("arn:mock:Queue/inbox-queue", queueArn)
        .replaceAll(mockUrl("inbox-queue"), queueUrl)
        .replaceAll("arn:mock:LogGroup/inbox-logs", logGroup(INBOX)),
  });
  const { TargetGroups } = await clients.elb.send(new CreateTargetGroupCommand({ Name: INBOX, TargetType: "lambda" }));
  const targetGroupArn = TargetGroups?.[0]?.TargetGroupArn ?? "";
  const register = new RegisterTargetsCommand({ TargetGroupArn: targetGroupArn, Targets: [{ Id: functionArn }] });
  const refusedWithoutPermission = await clients.elb.send(register).then(() => "", String);
  const { statementId, action, principal } = find(declared, ":Permission", "inbox-permission");
  await clients.lambda.send(
    new AddPermissionCommand({
      FunctionName: INBOX,
      StatementId: text(statementId),
      Action: text(action),
      Principal: text(principal),
      SourceArn: targetGroupArn,
    }),
  );
  await clients.elb.send(register);
  return { targetGroupArn, queueUrl, refusedUrl, queueArn, refusedWithoutPermission };
}

export interface ReplayerPlace {
  readonly domain: string;
  readonly probeKey: string;
  readonly webhookSecret: string;
  readonly peopleTopicArn: string;
  readonly connectTo: string;
}

/** The replayer as the component declares it. */
export async function deployReplayer(clients: InboxClients, inbox: InboxPlace, place: ReplayerPlace): Promise<void> {
  const { domain, probeKey, webhookSecret } = place;
  const content = { probeKey, webhookSecret };
  const made = await clients.secrets.send(
    new CreateSecretCommand({ Name: "cutover/test/replay", SecretString: JSON.stringify(content) }),
  );
  const declared = await registrations(() => {
    const args = { stack: "test", region: "us-east-1" };
    new Replayer("replayer", {
      ...args,
      ...place,
      inbox: new Inbox("inbox", { ...args, acceptedWebhookSecrets: [webhookSecret] }),
      domain,
      engines: [
        { engine: "node", healthPath: "/healthz" },
        { engine: "python", healthPath: "/healthz" },
      ],
    });
  });
  await deployFunction(clients.iam, clients.lambda, {
    declared,
    component: "replayer",
    bundle: "replay",
    functionName: REPLAY,
    real: (value) =>
      text(value)
        .replaceAll("arn:mock:Queue/inbox-queue", inbox.queueArn)
        .replaceAll("arn:mock:Queue/inbox-refused", arnOf("cutover-test-inbox-refused"))
        .replaceAll(mockUrl("inbox-queue"), inbox.queueUrl)
        .replaceAll(mockUrl("inbox-refused"), inbox.refusedUrl)
        .replaceAll("arn:mock:Secret/replayer-secret", made.ARN ?? "")
        .replaceAll("arn:mock:ssm::", "arn:aws:ssm:us-east-1:123456789012")
        .replaceAll("arn:mock:LogGroup/replayer-logs", logGroup(REPLAY)),
    env: { CUTOVER_CONNECT_TO: place.connectTo },
  });
}

const mockUrl = (name: string) => `https://sqs.mock/${name}`;
const logGroup = (name: string) => `arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/${name}`;
