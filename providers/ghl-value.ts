import type * as Methods from "@cutover/clients/ghl/provider";
import type { StackConfig } from "@cutover/clients/ghl/provider";
import type { OnDestroy, WebhookMode } from "@cutover/domain/webhook";
import * as pulumi from "@pulumi/pulumi";

/**
 * The text of this object is kept in Pulumi's state with every resource, so it is only glue: `configure` (which the engine
 * calls first, once a process) adds the methods from the code as it is now. So an old resource is destroyed by today's code,
 * and an edit of the code shows no difference in the state. Nothing but types may be imported from our own packages here.
 */
export const ghlValueStub = {
  // Done when it returns: the engine may use the provider before the promise settles.
  async configure(request: { readonly config: StackConfig }): Promise<void> {
    const { ghlValueProvider } = require("@cutover/clients/ghl/provider") as typeof Methods;
    Object.assign(this, ghlValueProvider(request.config));
  },
} as unknown as pulumi.dynamic.ResourceProvider;

/** Inputs of a `GhlValue`. Plain where the value decides what happens, `Input` where it may come from another resource. */
export interface GhlValueArgs {
  /** GHL location (sub-account) id. Changing it replaces the resource: the old location's value is given back. */
  readonly locationId: pulumi.Input<string>;
  /** Which custom value: by exact name, or by id when names are not unique. */
  readonly match: { readonly name: string } | { readonly id: string };
  /**
   * `as-found`: adopt the value and write nothing; coming from `set`, put the previous value back (refused when nothing
   * answers there). `set`: make it hold `value`.
   */
  readonly mode: WebhookMode;
  /** What it shall hold; needed in mode `set`. A URL must be https, without spaces, credentials or fragment. */
  readonly value?: pulumi.Input<string>;
  /** `restore`: put the previous value back; `delete`: remove it if we made it, else restore; `keep`: leave it. */
  readonly onDestroy: OnDestroy;
  /** Today's webhook URL: what the value is first made with when it does not exist (the value of a secret is made directly). */
  readonly createWith?: pulumi.Input<string> | undefined;
  /**
   * URL of our front door. Give it in every phase: an interrupted write of it is then recognised as ours, also by a
   * destroy. Counts with and without `backend=node`. @default none
   */
  readonly frontDoor?: pulumi.Input<string> | undefined;
  /**
   * Further values that count as written by us and are overwritten without asking: Node's own URL *while a rollback record
   * exists*, and only then, since a person may write it as well. @default none
   */
  readonly alsoOurs?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Id of the rollback that is released, as it stays declared: the update that brings a new one takes back what the
   * rollback function wrote, `rollbackUrl`. @default none
   */
  readonly release?: string | undefined;
  /**
   * Node's own URL, which the rollback function writes; counts as ours in that one update only. Where it is the value wanted
   * and nothing answers there, the pinned front door is written. @default none
   */
  readonly rollbackUrl?: pulumi.Input<string> | undefined;
  /** Path on which the service from before the cutover says that it is well: one way to tell that it still answers. @default none */
  readonly healthPath?: string | undefined;
  /** True from `decommission` on: the previous value is forgotten, destroy refused while GHL points here. @default false */
  readonly decommissioned?: boolean | undefined;
  /** `cutover:destroy` is `lose-traffic`. The provider also reads that key itself. @default false */
  readonly loseTraffic?: boolean | undefined;
  /** Fingerprint (12 hex digits, named in the refusal) of a value written by somebody else that may be overwritten. */
  readonly overwrite?: string | undefined;
  /** The value is a secret, not a URL: it is never shown in any form. @default false */
  readonly secret?: boolean | undefined;
}

/**
 * A custom value of a GHL location, adopted or made, and given back at destroy. Type token
 * `pulumi-nodejs:dynamic/cutover:GhlValue`. Token and base URL come from `cutover:ghl` (or `CUTOVER_GHL_TOKEN`), never from
 * the inputs. Values are secrets in state; `shown` says where GHL points without query string.
 */
export class GhlValue extends pulumi.dynamic.Resource {
  /** GHL's id of the value as it is now. */
  declare readonly valueId: pulumi.Output<string>;
  /** The name as GHL holds it. */
  declare readonly name: pulumi.Output<string>;
  /** What goes into the workflow step, such as `{{ custom_values.cutover_webhook_url }}`. */
  declare readonly mergeField: pulumi.Output<string>;
  /** What GHL held when last seen. Secret. */
  declare readonly value: pulumi.Output<string>;
  /** What GHL held before we first wrote; undefined when we made it or after `decommission`. Secret. */
  declare readonly previousValue: pulumi.Output<string | undefined>;
  /** What we last wrote; undefined while the value is as found. Secret. */
  declare readonly lastWritten: pulumi.Output<string | undefined>;
  /** The value as people may see it: no query string, nothing at all of a secret. */
  declare readonly shown: pulumi.Output<string>;
  /** A change by somebody else, in words, as last seen; undefined when there is none. */
  declare readonly drift: pulumi.Output<string | undefined>;

  constructor(name: string, args: GhlValueArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      valueId: undefined,
      name: undefined,
      mergeField: undefined,
      previousValue: undefined,
      previousAnswer: undefined,
      lastWritten: undefined,
      maybeWritten: undefined,
      shown: undefined,
      drift: undefined,
    };
    const inputs = {
      locationId: args.locationId,
      match: args.match,
      mode: args.mode,
      // URLs may carry tokens in their query string, so they are secrets as well.
      value: args.value === undefined ? undefined : pulumi.secret(args.value),
      onDestroy: args.onDestroy,
      createWith: args.createWith === undefined ? undefined : pulumi.secret(args.createWith),
      frontDoor: args.frontDoor === undefined ? undefined : pulumi.secret(args.frontDoor),
      alsoOurs: args.alsoOurs === undefined ? undefined : pulumi.secret(args.alsoOurs),
      release: args.release,
      rollbackUrl: args.rollbackUrl === undefined ? undefined : pulumi.secret(args.rollbackUrl),
      healthPath: args.healthPath,
      decommissioned: args.decommissioned,
      loseTraffic: args.loseTraffic,
      overwrite: args.overwrite,
      secret: args.secret,
    };
    const secrets = {
      additionalSecretOutputs: [
        "value",
        "previousValue",
        "lastWritten",
        "maybeWritten",
        "createWith",
        "frontDoor",
        "alsoOurs",
        "rollbackUrl",
      ],
    };
    super(ghlValueStub, name, { ...outputs, ...inputs }, pulumi.mergeOptions(opts, secrets), "cutover", "GhlValue");
  }
}
