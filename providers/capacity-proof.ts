import type { CapacityProof as Proof } from "@cutover/clients/capacity/wait";
import * as pulumi from "@pulumi/pulumi";

type Client = typeof import("@cutover/clients/capacity/wait");

/** Glue only: what it does is in clients/capacity, required when it runs, so that the text in the state never changes. */
const provider: pulumi.dynamic.ResourceProvider<Proof, Proof> = {
  async diff(_id, olds, news) {
    return {
      changes:
        olds.cluster !== news.cluster ||
        olds.service !== news.service ||
        olds.minimum !== news.minimum ||
        JSON.stringify(olds.targetGroupArns) !== JSON.stringify(news.targetGroupArns),
    };
  },
  async create(inputs) {
    const { waitForCapacity }: Client = require("@cutover/clients/capacity/wait");
    await waitForCapacity(inputs);
    return { id: `${inputs.cluster}/${inputs.service}`, outs: inputs };
  },
  async update(_id, _olds, inputs) {
    const { waitForCapacity }: Client = require("@cutover/clients/capacity/wait");
    await waitForCapacity(inputs);
    return { outs: inputs };
  },
};

export interface CapacityProofArgs {
  readonly cluster: pulumi.Input<string>;
  readonly service: pulumi.Input<string>;
  /** Tasks that must run, and targets that must be healthy in every group. */
  readonly minimum: pulumi.Input<number>;
  readonly targetGroupArns: pulumi.Input<pulumi.Input<string>[]>;
  readonly deadlineSeconds: pulumi.Input<number>;
}

/** Holds once the service runs its minimum, all healthy; on the way up the weight depends on it. */
export class CapacityProof extends pulumi.dynamic.Resource {
  constructor(name: string, args: CapacityProofArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts, "cutover", "CapacityProof");
  }
}
