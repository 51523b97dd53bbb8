import type * as Client from "@cutover/clients/rollback/release";
import type { ReleaseInputs } from "@cutover/clients/rollback/release";
import type { AwsPlace } from "@cutover/domain/aws-place";
import * as pulumi from "@pulumi/pulumi";

/** Glue only: what it does is in clients/rollback, required when it runs, so that the text in the state never changes. */
const provider: pulumi.dynamic.ResourceProvider<ReleaseInputs, ReleaseInputs> = {
  async diff(_id, olds, news) {
    const seen = (inputs: ReleaseInputs) =>
      JSON.stringify([
        inputs.stack,
        inputs.ruleArn,
        inputs.nodeTargetGroupArn,
        inputs.inboxTargetGroupArn,
        inputs.alarmNames,
        inputs.release,
      ]);
    return { changes: seen(olds) !== seen(news) };
  },
  async create(inputs) {
    const { releaseKillSwitch } = require("@cutover/clients/rollback/release") as typeof Client;
    await releaseKillSwitch(inputs);
    return { id: inputs.stack, outs: inputs };
  },
  async update(_id, _olds, inputs) {
    const { releaseKillSwitch } = require("@cutover/clients/rollback/release") as typeof Client;
    await releaseKillSwitch(inputs);
    return { outs: inputs };
  },
};

export interface KillSwitchArgs {
  readonly stack: string;
  readonly aws: AwsPlace;
  /** ARN of the kill switch's rule. */
  readonly ruleArn: pulumi.Input<string>;
  /** Absent once Node is removed. */
  readonly nodeTargetGroupArn?: pulumi.Input<string>;
  readonly inboxTargetGroupArn?: pulumi.Input<string>;
  /** Composite alarms that roll back: the release is refused while one is in ALARM. */
  readonly alarmNames: readonly string[];
  /**
   * Id of the acknowledged rollback, or `unrecorded`. Without it nothing is ever written. Leave it declared after the
   * release: the same id is no difference, and an id that is released already does nothing.
   */
  readonly release?: string | undefined;
}

/**
 * The one thing in an update that may put the kill switch off. It has to be the last but the webhook: make it depend on the
 * traffic rule and its proof. Deleting it writes nothing.
 */
export class KillSwitch extends pulumi.dynamic.Resource {
  constructor(name: string, args: KillSwitchArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts, "cutover", "KillSwitch");
  }
}
