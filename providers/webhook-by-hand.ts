import type * as Methods from "@cutover/clients/frontdoor/by-hand";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { WebhookTarget } from "@cutover/domain/phases";
import * as pulumi from "@pulumi/pulumi";

/** Glue only, so that the text in the state never changes: `configure` adds the methods from the code as it is now. */
export const webhookByHandStub = {
  // Done when it returns: the engine may use the provider before the promise settles.
  async configure(request: { readonly config: { get(key: string): string | undefined } }): Promise<void> {
    const { byHandProvider } = require("@cutover/clients/frontdoor/by-hand") as typeof Methods;
    Object.assign(this, byHandProvider({ destroy: request.config?.get("destroy") }));
  },
} as unknown as pulumi.dynamic.ResourceProvider;

export interface WebhookByHandArgs {
  readonly target: WebhookTarget;
  /** What the step's URL field shall hold; undefined for the URL from before the cutover where that is not known. */
  readonly url: string | undefined;
  /** How a person gets the header's value, in words; never the value. */
  readonly headerFrom: string;
  /** Generations of the secret that are accepted, newest first. */
  readonly accepted: readonly number[];
  /** Messages in a row that prove the step. */
  readonly messages: number;
  readonly deadlineMinutes: number;
  readonly loadBalancerArn: pulumi.Input<string>;
  /** Groups of the weighted rule. */
  readonly matchedArns: pulumi.Input<pulumi.Input<string>[]>;
  /** The group of messages without the right header, while Node lives. */
  readonly unmatchedArn: pulumi.Input<string> | undefined;
  /** `cutover:destroy` is `lose-traffic`. The provider also reads that key itself. */
  readonly loseTraffic: boolean;
  readonly aws: AwsPlace;
}

/**
 * A workflow step that a person edits (`cutover:ghl.mode: manual`): preview and up say what to set, up waits for messages
 * that prove it, destroy is refused while messages arrive. Type token `pulumi-nodejs:dynamic/cutover:WebhookByHand`.
 */
export class WebhookByHand extends pulumi.dynamic.Resource {
  constructor(name: string, args: WebhookByHandArgs, opts?: pulumi.CustomResourceOptions) {
    const secrets = { additionalSecretOutputs: ["url"] };
    const url = args.url === undefined ? undefined : pulumi.secret(args.url);
    super(webhookByHandStub, name, { ...args, url }, pulumi.mergeOptions(opts, secrets), "cutover", "WebhookByHand");
  }
}
