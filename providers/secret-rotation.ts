import type * as Methods from "@cutover/clients/rotation/provider";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { WebhookSecretConfig } from "@cutover/domain/secret-rotation";
import * as pulumi from "@pulumi/pulumi";

/** Glue only, so that the text in the state never changes: `configure` adds the methods from the code as it is now. */
export const secretRotationStub = {
  // Done when it returns: the engine may use the provider before the promise settles.
  async configure(): Promise<void> {
    const { secretRotationProvider } = require("@cutover/clients/rotation/provider") as typeof Methods;
    Object.assign(this, secretRotationProvider());
  },
} as unknown as pulumi.dynamic.ResourceProvider;

export interface SecretRotationArgs extends WebhookSecretConfig {
  /** Name of the SSM parameter that says which generation GoHighLevel has. */
  readonly parameter: string;
  readonly aws: AwsPlace;
}

/**
 * Stands before everything that holds the webhook secret and refuses, in preview too, a rotation after which a message that
 * GoHighLevel sends would no longer be accepted. Type token `pulumi-nodejs:dynamic/cutover:SecretRotation`.
 */
export class SecretRotation extends pulumi.dynamic.Resource {
  constructor(name: string, args: SecretRotationArgs, opts?: pulumi.CustomResourceOptions) {
    super(secretRotationStub, name, { ...args }, opts, "cutover", "SecretRotation");
  }
}
