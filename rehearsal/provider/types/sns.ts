import type { Bag } from "../bag";
import { found } from "../errors";
import { type Json, parseJson } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { bool, COMPUTED, type Field, KEY, num, str, tags } from "../schema";
import { must, tagMap } from "./ec2-common";
import { elbTags } from "./elb-common";
import { policy } from "./iam";

const document = (): Field => str({ document: true, canonical: (value): Json => parseJson(String(value)) ?? value });

/** Inputs that are attributes of a topic (API reference, SetTopicAttributes). */
const TOPIC: { readonly [property: string]: { readonly key: string; readonly field: Field } } = {
  displayName: { key: "DisplayName", field: str() },
  kmsMasterKeyId: { key: "KmsMasterKeyId", field: str() },
  policy: { key: "Policy", field: policy(COMPUTED) },
  deliveryPolicy: { key: "DeliveryPolicy", field: document() },
  signatureVersion: { key: "SignatureVersion", field: num(COMPUTED) },
  tracingConfig: { key: "TracingConfig", field: str(COMPUTED) },
};

async function putTopic(ctx: Context, TopicArn: string, a: Bag, wanted: (property: string) => boolean): Promise<void> {
  for (const [property, { key }] of Object.entries(TOPIC)) {
    if (!wanted(property)) continue;
    await ctx.aws.sns.setTopicAttributes({ TopicArn, AttributeName: key, AttributeValue: a.str(property) ?? "" });
  }
}

const Topic: ResourceType = {
  inputs: {
    name: str({ autoname: 256, replace: true }),
    ...Object.fromEntries(Object.entries(TOPIC).map(([property, { field }]) => [property, field])),
    tags: tags(),
  },
  outputs: ["arn", "owner"],
  async create(ctx, a) {
    const made = await ctx.aws.sns.createTopic({ Name: a.need("name"), Tags: elbTags(a.map("tags")) });
    const arn = must(made.TopicArn, "a topic ARN");
    ctx.created(arn);
    await putTopic(ctx, arn, a, (property) => a.has(property));
    return arn;
  },
  async read(ctx, TopicArn) {
    const attributes = (await found(ctx.aws.sns.getTopicAttributes({ TopicArn })))?.Attributes;
    if (!attributes) return undefined;
    const { Tags } = await ctx.aws.sns.listTagsForResource({ ResourceArn: TopicArn });
    return {
      name: TopicArn.split(":").pop(),
      ...Object.fromEntries(
        Object.entries(TOPIC).map(([property, { key }]) => [property, attributes[key] || undefined]),
      ),
      tags: tagMap(Tags),
      arn: TopicArn,
      owner: attributes.Owner,
    };
  },
  async update(ctx, TopicArn, change) {
    await putTopic(ctx, TopicArn, change.news, (property) => {
      return change.changed(property) && (change.news.has(property) || change.state.has(property));
    });
    const { set, remove } = change.tags;
    if (remove.length > 0) await ctx.aws.sns.untagResource({ ResourceArn: TopicArn, TagKeys: remove });
    const Tags = elbTags(set);
    if (Tags) await ctx.aws.sns.tagResource({ ResourceArn: TopicArn, Tags });
  },
  async delete(ctx, TopicArn) {
    await ctx.aws.sns.deleteTopic({ TopicArn });
  },
};

async function putPolicy(ctx: Context, a: Bag): Promise<void> {
  const [TopicArn, AttributeValue] = [a.need("arn"), a.need("policy")];
  await ctx.aws.sns.setTopicAttributes({ TopicArn, AttributeName: "Policy", AttributeValue });
}

const TopicPolicy: ResourceType = {
  inputs: { arn: str(KEY), policy: policy({ required: true }) },
  outputs: ["owner"],
  async create(ctx, a) {
    await putPolicy(ctx, a);
    return a.need("arn");
  },
  async read(ctx, TopicArn) {
    const attributes = (await found(ctx.aws.sns.getTopicAttributes({ TopicArn })))?.Attributes;
    if (!attributes?.Policy) return undefined;
    return { arn: TopicArn, policy: attributes.Policy, owner: attributes.Owner };
  },
  async update(ctx, _id, { news }) {
    await putPolicy(ctx, news);
  },
  async delete(ctx, TopicArn) {
    const attributes = (await found(ctx.aws.sns.getTopicAttributes({ TopicArn })))?.Attributes;
    if (!attributes) return;
    // A topic always has a policy: what is left is AWS's own, the owner may do everything.
    const Statement = [
      {
        Sid: "__default_statement_ID",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: ["SNS:Publish", "SNS:Subscribe", "SNS:GetTopicAttributes", "SNS:SetTopicAttributes"],
        Resource: TopicArn,
        Condition: { StringEquals: { "AWS:SourceOwner": attributes.Owner } },
      },
    ];
    const AttributeValue = JSON.stringify({ Version: "2008-10-17", Id: "__default_policy_ID", Statement });
    await ctx.aws.sns.setTopicAttributes({ TopicArn, AttributeName: "Policy", AttributeValue });
  },
};

const SUBSCRIPTION: { readonly [property: string]: { readonly key: string; readonly field: Field } } = {
  filterPolicy: { key: "FilterPolicy", field: document() },
  filterPolicyScope: { key: "FilterPolicyScope", field: str(COMPUTED) },
  rawMessageDelivery: { key: "RawMessageDelivery", field: bool() },
  redrivePolicy: { key: "RedrivePolicy", field: document() },
  deliveryPolicy: { key: "DeliveryPolicy", field: document() },
};

const PENDING = "pending confirmation";

const TopicSubscription: ResourceType = {
  inputs: {
    topic: str(KEY),
    protocol: str(KEY),
    endpoint: str(KEY),
    endpointAutoConfirms: bool({ local: true }),
    confirmationTimeoutInMinutes: num({ local: true, default: 1 }),
    ...Object.fromEntries(Object.entries(SUBSCRIPTION).map(([property, { field }]) => [property, field])),
  },
  outputs: ["arn", "ownerId", "pendingConfirmation", "confirmationWasAuthenticated"],
  momentary: ["pendingConfirmation", "confirmationWasAuthenticated"],
  async create(ctx, a) {
    const attributes = Object.entries(SUBSCRIPTION).flatMap(([property, { key, field }]) => {
      const value = a.str(property);
      return value === undefined || value === String(field.default) ? [] : [[key, value] as const];
    });
    const made = await ctx.aws.sns.subscribe({
      TopicArn: a.need("topic"),
      Protocol: a.need("protocol"),
      Endpoint: a.need("endpoint"),
      ReturnSubscriptionArn: true,
      ...(attributes.length > 0 ? { Attributes: Object.fromEntries(attributes) } : {}),
    });
    return must(made.SubscriptionArn, "a subscription ARN");
  },
  async read(ctx, SubscriptionArn, known) {
    if (SubscriptionArn === PENDING) return { ...known.props };
    const attributes = (await found(ctx.aws.sns.getSubscriptionAttributes({ SubscriptionArn })))?.Attributes;
    if (!attributes) return undefined;
    return {
      topic: attributes.TopicArn,
      protocol: attributes.Protocol,
      endpoint: attributes.Endpoint,
      ...Object.fromEntries(
        Object.entries(SUBSCRIPTION).map(([property, { key }]) => [property, attributes[key] || undefined]),
      ),
      rawMessageDelivery: attributes.RawMessageDelivery === "true",
      arn: SubscriptionArn,
      ownerId: attributes.Owner,
      pendingConfirmation: attributes.PendingConfirmation === "true",
      confirmationWasAuthenticated: attributes.ConfirmationWasAuthenticated === "true",
    };
  },
  async update(ctx, SubscriptionArn, change) {
    for (const [property, { key }] of Object.entries(SUBSCRIPTION)) {
      if (!change.changed(property) || !(change.news.has(property) || change.state.has(property))) continue;
      const AttributeValue = change.news.str(property) ?? "";
      await ctx.aws.sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName: key, AttributeValue });
    }
  },
  async delete(ctx, SubscriptionArn) {
    // AWS removes a subscription that nobody confirmed by itself.
    if (SubscriptionArn !== PENDING) await ctx.aws.sns.unsubscribe({ SubscriptionArn });
  },
};

/** Topics, their policies and subscriptions. */
export const SNS: Registry = {
  "aws:sns/topic:Topic": Topic,
  "aws:sns/topicPolicy:TopicPolicy": TopicPolicy,
  "aws:sns/topicSubscription:TopicSubscription": TopicSubscription,
};
