import type * as Methods from "@cutover/clients/frontdoor/secret-proof";
import type { AwsPlace } from "@cutover/domain/aws-place";
import * as pulumi from "@pulumi/pulumi";

/** Glue only, so that the text in the state never changes: `configure` adds the methods from the code as it is now. */
export const secretProofStub = {
  // Done when it returns: the engine may use the provider before the promise settles.
  async configure(): Promise<void> {
    const { secretProofProvider } = require("@cutover/clients/frontdoor/secret-proof") as typeof Methods;
    Object.assign(this, secretProofProvider());
  },
} as unknown as pulumi.dynamic.ResourceProvider;

export interface SecretProofArgs {
  readonly loadBalancerArn: pulumi.Input<string>;
  /** Groups of the weighted rule: Node's and Python's customer group. */
  readonly matchedArns: pulumi.Input<pulumi.Input<string>[]>;
  /** The group of messages without the right header. */
  readonly unmatchedArn: pulumi.Input<string>;
  /** Percent of the messages that Python is to get. */
  readonly share: number;
  /** Whether this update raises it; a change of it alone is no difference. */
  readonly rising: boolean;
  /** A rollback keeps the proof: messages don't come this way while it lasts. */
  readonly rolledBack: boolean;
  /** Where the header's value comes from, for the sentence a person reads: `the custom value "…"`. */
  readonly headerFrom: string;
  readonly aws: AwsPlace;
}

/**
 * Holds once the newest 20 messages of customers carried the right `x-webhook-secret`; the weighted rule depends on it when
 * Python's share rises from 0. Type token `pulumi-nodejs:dynamic/cutover:SecretProof`.
 */
export class SecretProof extends pulumi.dynamic.Resource {
  constructor(name: string, args: SecretProofArgs, opts?: pulumi.CustomResourceOptions) {
    super(secretProofStub, name, { ...args, proved: undefined, sinceMs: undefined }, opts, "cutover", "SecretProof");
  }
}
