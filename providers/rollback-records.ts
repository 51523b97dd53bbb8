import type * as Client from "@cutover/clients/rollback/release";
import type { AwsPlace } from "@cutover/domain/aws-place";
import * as pulumi from "@pulumi/pulumi";

interface Inputs {
  readonly stack: string;
  readonly aws: AwsPlace;
}

/** Glue only: what it does is in clients/rollback, required when it runs, so that the text in the state never changes. */
const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async diff(_id, olds, news) {
    return { changes: JSON.stringify(olds.aws) !== JSON.stringify(news.aws) };
  },
  async create(inputs) {
    return { id: inputs.stack, outs: inputs };
  },
  async update(_id, _olds, inputs) {
    return { outs: inputs };
  },
  async delete(_id, { stack, aws }) {
    const { forgetRollbacks } = require("@cutover/clients/rollback/release") as typeof Client;
    await forgetRollbacks(stack, aws);
  },
};

/**
 * Stands for the records that the rollback function writes: deleting it removes them. The function has to depend on it, so
 * that at destroy nothing is left that could write another one.
 */
export class RollbackRecords extends pulumi.dynamic.Resource {
  constructor(name: string, args: { stack: string; aws: AwsPlace }, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { stack: args.stack, aws: { ...args.aws } }, opts, "cutover", "RollbackRecords");
  }
}
