import type * as Client from "@cutover/clients/evidence/record";
import type { EvidenceRecordInputs, EvidenceRecordState } from "@cutover/clients/evidence/record";
import * as pulumi from "@pulumi/pulumi";

/** Glue only: what it does is in clients/evidence, required when it runs, so that the text in the state never changes. */
const provider: pulumi.dynamic.ResourceProvider<EvidenceRecordInputs, EvidenceRecordState> = {
  async diff(_id, olds, news) {
    const { recordDiffers } = require("@cutover/clients/evidence/record") as typeof Client;
    return { changes: recordDiffers(olds, news) };
  },
  async create(inputs) {
    const { writeRecord } = require("@cutover/clients/evidence/record") as typeof Client;
    return { id: inputs.stack, outs: await writeRecord(inputs) };
  },
  async update(_id, olds, inputs) {
    const { writeRecord } = require("@cutover/clients/evidence/record") as typeof Client;
    return { outs: await writeRecord(inputs, olds) };
  },
  async delete(_id, olds) {
    const { removeRecord } = require("@cutover/clients/evidence/record") as typeof Client;
    await removeRecord(olds);
  },
};

/** The client's inputs; the topic may be made by the same update. */
export type EvidenceRecordArgs = Omit<EvidenceRecordInputs, "peopleTopicArn"> & {
  readonly peopleTopicArn?: pulumi.Input<string>;
};

/**
 * What the last step up, release or new image rested on, in the state and in an append-only ledger in SSM. It must depend on the weight: a step
 * that was not made is not recorded.
 */
export class EvidenceRecord extends pulumi.dynamic.Resource {
  /** SSM parameter of the last entry. */
  declare readonly parameter: pulumi.Output<string | undefined>;

  constructor(name: string, args: EvidenceRecordArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, aws: { ...args.aws }, parameter: undefined }, opts, "cutover", "EvidenceRecord");
  }
}
