import type { CapacityProof as Proof } from "@cutover/clients/capacity/wait";
import type { AwsPlace } from "@cutover/domain/aws-place";
import * as pulumi from "@pulumi/pulumi";

type Inputs = Proof & { readonly demanded: boolean; readonly aws: AwsPlace };
type Client = typeof import("@cutover/clients/capacity/wait");

/** Glue only: what it does is in clients/capacity, required when it runs, so that the text in the state never changes. */
const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async diff(_id, olds, news) {
    return {
      changes:
        olds.cluster !== news.cluster ||
        olds.service !== news.service ||
        olds.minimum !== news.minimum ||
        olds.taskDefinition !== news.taskDefinition ||
        JSON.stringify(olds.targetGroupArns) !== JSON.stringify(news.targetGroupArns),
    };
  },
  async create(inputs) {
    const { waitForCapacity }: Client = require("@cutover/clients/capacity/wait");
    if (inputs.demanded) await waitForCapacity(inputs, inputs.aws);
    return { id: `${inputs.cluster}/${inputs.service}`, outs: inputs };
  },
  async update(_id, _olds, inputs) {
    const { waitForCapacity }: Client = require("@cutover/clients/capacity/wait");
    if (inputs.demanded) await waitForCapacity(inputs, inputs.aws);
    return { outs: inputs };
  },
};

export interface CapacityProofArgs {
  readonly cluster: pulumi.Input<string>;
  readonly service: pulumi.Input<string>;
  /** ARN of the task definition that must be the running one. */
  readonly taskDefinition: pulumi.Input<string>;
  /** Tasks that must run, and targets that must be healthy in every group. */
  readonly minimum: pulumi.Input<number>;
  readonly targetGroupArns: pulumi.Input<pulumi.Input<string>[]>;
  readonly deadlineSeconds: pulumi.Input<number>;
  /** False on the way down: nothing waits for a service that loses its share. A change of it alone is no difference. */
  readonly demanded: boolean;
  readonly aws: AwsPlace;
}

/** Holds once the service runs its minimum, all healthy; on the way up the weight depends on it. */
export class CapacityProof extends pulumi.dynamic.Resource {
  constructor(name: string, args: CapacityProofArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts, "cutover", "CapacityProof");
  }
}
