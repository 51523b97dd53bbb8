import type { QueueAttributeName } from "@aws-sdk/client-sqs";
import type { Bag } from "../bag";
import { found } from "../errors";
import { type Json, type Live, parseJson } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, type Field, KEY, num, REPLACE, str, tags } from "../schema";
import { must } from "./ec2-common";
import { policy } from "./iam";

/** Numbers in a redrive policy may be written as texts. */
function redrive(value: Json): Json {
  const parsed = parseJson(String(value));
  return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
    ? Object.fromEntries(Object.entries(parsed).map(([key, member]) => [key, String(member)]))
    : value;
}

/** Inputs that are attributes of a queue (API reference, SetQueueAttributes). */
const ATTRIBUTES: { readonly [property: string]: { readonly key: QueueAttributeName; readonly field: Field } } = {
  delaySeconds: { key: "DelaySeconds", field: num({ default: 0 }) },
  maxMessageSize: { key: "MaximumMessageSize", field: num(COMPUTED) },
  messageRetentionSeconds: { key: "MessageRetentionPeriod", field: num({ default: 345_600 }) },
  receiveWaitTimeSeconds: { key: "ReceiveMessageWaitTimeSeconds", field: num({ default: 0 }) },
  visibilityTimeoutSeconds: { key: "VisibilityTimeout", field: num({ default: 30 }) },
  policy: { key: "Policy", field: policy(COMPUTED) },
  redrivePolicy: { key: "RedrivePolicy", field: str({ ...COMPUTED, document: true, canonical: redrive }) },
  redriveAllowPolicy: { key: "RedriveAllowPolicy", field: str({ ...COMPUTED, document: true, canonical: redrive }) },
  kmsMasterKeyId: { key: "KmsMasterKeyId", field: str() },
  fifoQueue: { key: "FifoQueue", field: bool(REPLACE) },
  contentBasedDeduplication: { key: "ContentBasedDeduplication", field: bool() },
  deduplicationScope: { key: "DeduplicationScope", field: str(COMPUTED) },
  fifoThroughputLimit: { key: "FifoThroughputLimit", field: str(COMPUTED) },
  sqsManagedSseEnabled: { key: "SqsManagedSseEnabled", field: bool(COMPUTED) },
};

/** Attributes that AWS knows of a FIFO queue only. */
const FIFO_ONLY: readonly string[] = [
  "fifoQueue",
  "contentBasedDeduplication",
  "deduplicationScope",
  "fifoThroughputLimit",
];

function attributesOf(a: Bag, wanted: (property: string) => boolean): Partial<Record<QueueAttributeName, string>> {
  const fifo = a.bool("fifoQueue") === true;
  const entries = Object.entries(ATTRIBUTES).flatMap(([property, { key }]) => {
    const value = a.str(property);
    const known = fifo || !FIFO_ONLY.includes(property);
    return value === undefined || !known || !wanted(property) ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}

function live(attributes: { readonly [key: string]: string | undefined }): Live {
  return Object.fromEntries(
    Object.entries(ATTRIBUTES).map(([property, { key, field }]) => {
      const value = attributes[key];
      if (value === undefined || value === "") return [property, undefined];
      return [property, field.kind === "number" ? Number(value) : field.kind === "boolean" ? value === "true" : value];
    }),
  );
}

async function findQueue(ctx: Context, QueueUrl: string) {
  return (await found(ctx.aws.sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] })))?.Attributes;
}

const Queue: ResourceType = {
  inputs: {
    name: str({ autoname: 80, replace: true }),
    ...Object.fromEntries(Object.entries(ATTRIBUTES).map(([property, { field }]) => [property, field])),
    tags: tags(),
  },
  outputs: ["arn", "url"],
  validate(a) {
    const [name, fifo] = [a.str("name") ?? "", a.bool("fifoQueue") === true];
    return name !== "" && name.endsWith(".fifo") !== fifo
      ? [`name: a FIFO queue's name, and no other, ends with ".fifo"; got ${name} with fifoQueue ${fifo}`]
      : [];
  },
  async create(ctx, a) {
    const made = await ctx.aws.sqs.createQueue({
      QueueName: a.need("name"),
      Attributes: attributesOf(a, () => true),
      tags: a.map("tags"),
    });
    return must(made.QueueUrl, "a queue URL");
  },
  async read(ctx, QueueUrl) {
    const attributes = await findQueue(ctx, QueueUrl);
    if (!attributes) return undefined;
    const answer = await ctx.aws.sqs.listQueueTags({ QueueUrl });
    return {
      name: QueueUrl.split("/").pop(),
      ...live(attributes),
      tags: { ...answer.Tags },
      arn: attributes.QueueArn,
      url: QueueUrl,
    };
  },
  async update(ctx, QueueUrl, change) {
    const Attributes = attributesOf(change.news, (property) => change.changed(property));
    if (Object.keys(Attributes).length > 0) await ctx.aws.sqs.setQueueAttributes({ QueueUrl, Attributes });
    const { set: Tags, remove } = change.tags;
    if (remove.length > 0) await ctx.aws.sqs.untagQueue({ QueueUrl, TagKeys: remove });
    if (Object.keys(Tags).length > 0) await ctx.aws.sqs.tagQueue({ QueueUrl, Tags });
  },
  async delete(ctx, QueueUrl) {
    await ctx.aws.sqs.deleteQueue({ QueueUrl });
  },
};

const QueuePolicy: ResourceType = {
  inputs: { queueUrl: str(KEY), policy: policy({ required: true }) },
  async create(ctx, a) {
    const QueueUrl = a.need("queueUrl");
    await ctx.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: a.need("policy") } });
    return QueueUrl;
  },
  async read(ctx, QueueUrl) {
    const attributes = await findQueue(ctx, QueueUrl);
    return attributes?.Policy ? { queueUrl: QueueUrl, policy: attributes.Policy } : undefined;
  },
  async update(ctx, QueueUrl, { news }) {
    await ctx.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: news.need("policy") } });
  },
  async delete(ctx, QueueUrl) {
    await ctx.aws.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: "" } });
  },
};

/** Queues. */
export const SQS: Registry = { "aws:sqs/queue:Queue": Queue, "aws:sqs/queuePolicy:QueuePolicy": QueuePolicy };
