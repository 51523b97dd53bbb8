import type * as Methods from "@cutover/clients/frontdoor/quiet";
import type { AwsPlace } from "@cutover/domain/aws-place";
import * as pulumi from "@pulumi/pulumi";

/** Glue only, so that the text in the state never changes: `configure` adds the methods from the code as it is now. */
export const webhookQuietStub = {
  // Done when it returns: the engine may use the provider before the promise settles.
  async configure(request: { readonly config: { get(key: string): string | undefined } }): Promise<void> {
    const { quietProvider } = require("@cutover/clients/frontdoor/quiet") as typeof Methods;
    Object.assign(this, quietProvider({ destroy: request.config?.get("destroy") }));
  },
} as unknown as pulumi.dynamic.ResourceProvider;

export interface WebhookQuietArgs {
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
 * Stands between the webhook's custom value and the front door: at destroy it waits, once the value is put back, until no
 * message arrives any more. Type token `pulumi-nodejs:dynamic/cutover:WebhookQuiet`.
 */
export class WebhookQuiet extends pulumi.dynamic.Resource {
  constructor(name: string, args: WebhookQuietArgs, opts?: pulumi.CustomResourceOptions) {
    super(webhookQuietStub, name, { ...args }, opts, "cutover", "WebhookQuiet");
  }
}
