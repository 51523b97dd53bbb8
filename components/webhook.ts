import type { AwsPlace } from "@cutover/domain/aws-place";
import type { WebhookTarget } from "@cutover/domain/phases";
import { webhookSecretPath } from "@cutover/domain/secret-rotation";
import { frontDoorUrl, matchOf, showUrl, withBackendNode } from "@cutover/domain/webhook";
import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import type { GhlConfig } from "../config";
import { GhlValue } from "../providers/ghl-value";
import { WebhookByHand } from "../providers/webhook-by-hand";
import { WebhookQuiet } from "../providers/webhook-quiet";
import type { NodeGroups, Traffic } from "./traffic";

/** Messages in a row that prove a step edited by hand, and how long they may take. */
const BY_HAND = { messages: 3, deadlineMinutes: 30 };

export interface WebhookArgs {
  readonly stack: string;
  readonly aws: AwsPlace;
  readonly ghl: GhlConfig;
  /** Where customers' messages are to go. */
  readonly target: WebhookTarget;
  /** Public name of the front door. */
  readonly domain: string;
  /** Node's own URL, a way back that does not need our load balancer. */
  readonly nodeUrl?: string;
  /** Path on which Node says that it is well. */
  readonly nodeHealthPath?: string;
  /** Value of x-webhook-secret. */
  readonly secret: pulumi.Input<string>;
  /** Generations of it that are accepted, newest first; the newest is `secret`. */
  readonly acceptedGenerations: readonly number[];
  /** Name of the Secrets Manager secret where a person finds it. */
  readonly secretName: string;
  /** Where messages are counted: what proves a step that is edited by hand. */
  readonly traffic: Pick<Traffic, "loadBalancer" | "python" | "node">;
  readonly nodeExists: boolean;
  /** While rolled back, Node's own URL counts as written by us; otherwise it is a person's move, not to be undone. */
  readonly rolledBack: boolean;
  /** Id of the rollback that is, or was last, released. */
  readonly release?: string;
  /** `cutover:destroy` is `lose-traffic`. */
  readonly loseTraffic: boolean;
  /**
   * Everything the front door needs. The values depend on it themselves, not the component: children inherit no
   * dependencies, and at destroy only recorded ones put the webhook back before the front door goes.
   */
  readonly after: readonly pulumi.Resource[];
  /**
   * What must accept a new secret before GoHighLevel sends it, Python above all. Empty while Python gets no message: then it
   * may be broken, and that may be why the webhook moves.
   */
  readonly secretAfter: readonly pulumi.Resource[];
}

/**
 * The URL that GoHighLevel's workflow step reads from a custom value, and the secret its header carries. In mode `manual`
 * a person edits the step, and messages prove it.
 */
export class Webhook extends pulumi.ComponentResource {
  /** Where GoHighLevel points, without query string. */
  readonly pointsAt: pulumi.Output<string>;
  /** What goes into the workflow step's URL field. */
  readonly mergeField: pulumi.Output<string>;

  constructor(name: string, args: WebhookArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Webhook", name, { target: args.target, mode: args.ghl.mode }, opts);
    const wanted = wantedUrl(args);
    if (args.ghl.mode === "manual") {
      this.pointsAt = pulumi.output(
        `set by hand in the workflow step: ${wanted === undefined ? "leave it as it is" : showUrl(wanted)}`,
      );
      this.mergeField = pulumi.output("none: the step holds the URL itself");
      const proof = this.byHand(`${name}-by-hand`, args, wanted);
      if (wanted !== undefined) this.inUse(`${name}-secret-generation`, args, proof);
    } else {
      // Before the webhook is ours nothing at all is written into GoHighLevel.
      const secret = wanted === undefined ? [] : [this.secretValue(`${name}-secret`, args)];
      const quiet = this.quiet(`${name}-quiet`, args, secret);
      const url = this.urlValue(`${name}-url`, args, wanted, [...secret, quiet]);
      this.pointsAt = url.shown;
      this.mergeField = url.mergeField;
      for (const value of secret) this.inUse(`${name}-secret-generation`, args, value);
    }
    this.registerOutputs({ pointsAt: this.pointsAt });
  }

  /** After the secret, so that a destroy that is refused for the URL has not taken the secret away before. */
  private urlValue(
    name: string,
    args: WebhookArgs,
    wanted: string | undefined,
    secret: readonly pulumi.Resource[],
  ): GhlValue {
    const { ghl } = args;
    return new GhlValue(
      name,
      {
        locationId: ghl.locationId,
        match: matchOf(ghl.webhookValue),
        mode: wanted === undefined ? "as-found" : "set",
        ...(wanted === undefined ? {} : { value: wanted }),
        ...(ghl.currentUrl ? { createWith: ghl.currentUrl } : {}),
        ...(ghl.overwrite ? { overwrite: ghl.overwrite } : {}),
        frontDoor: frontDoorOf(args),
        alsoOurs: args.rolledBack && args.nodeUrl ? [args.nodeUrl] : [],
        ...(args.release === undefined ? {} : { release: args.release }),
        ...(args.nodeUrl ? { rollbackUrl: args.nodeUrl } : {}),
        ...(args.nodeHealthPath === undefined ? {} : { healthPath: args.nodeHealthPath }),
        onDestroy: "restore",
        decommissioned: !args.nodeExists,
        loseTraffic: args.loseTraffic,
      },
      { parent: this, dependsOn: [...args.after, ...secret] },
    );
  }

  /** At destroy: the URL is put back, then nothing may arrive for a while, then secret and front door may go. */
  private quiet(name: string, args: WebhookArgs, secret: readonly GhlValue[]): WebhookQuiet {
    return new WebhookQuiet(
      name,
      { ...messageGroups(args.traffic), loseTraffic: args.loseTraffic, aws: args.aws },
      { parent: this, dependsOn: [...args.after, ...secret] },
    );
  }

  private secretValue(name: string, args: WebhookArgs): GhlValue {
    return new GhlValue(
      name,
      {
        locationId: args.ghl.locationId,
        match: matchOf(args.ghl.secretValue),
        mode: "set",
        value: args.secret,
        secret: true,
        ...(args.ghl.overwrite ? { overwrite: args.ghl.overwrite } : {}),
        onDestroy: "delete",
        decommissioned: !args.nodeExists,
        loseTraffic: args.loseTraffic,
      },
      { parent: this, dependsOn: [...args.after, ...args.secretAfter] },
    );
  }

  private byHand(name: string, args: WebhookArgs, wanted: string | undefined): WebhookByHand {
    return new WebhookByHand(
      name,
      {
        target: args.target,
        url: wanted ?? args.ghl.currentUrl,
        headerFrom: headerFrom(args.ghl, args.secretName),
        accepted: args.acceptedGenerations,
        ...BY_HAND,
        ...messageGroups(args.traffic),
        loseTraffic: args.loseTraffic,
        aws: args.aws,
      },
      { parent: this, dependsOn: [...args.after, ...args.secretAfter] },
    );
  }

  /** Says which generation of the secret GoHighLevel has, once it has it: a rotation goes by it. */
  private inUse(name: string, args: WebhookArgs, after: pulumi.Resource): void {
    const value = JSON.stringify({ generation: args.acceptedGenerations[0] });
    new ssm.Parameter(
      name,
      { name: webhookSecretPath(args.stack), type: "String", value },
      { parent: this, dependsOn: [after] },
    );
  }
}

/** Where the value of the header x-webhook-secret comes from, in words; never the value. */
export function headerFrom(ghl: Pick<GhlConfig, "mode" | "secretValue">, secretName: string): string {
  if (ghl.mode === "custom-value") return `the custom value "${ghl.secretValue}"`;
  return `the value WEBHOOK_SECRET of the Secrets Manager secret ${secretName}`;
}

/** The groups that count customers' messages with the right secret, and those without. */
export function messageGroups(traffic: {
  loadBalancer: Traffic["loadBalancer"];
  python: Traffic["python"];
  node: NodeGroups | undefined;
}) {
  return {
    loadBalancerArn: traffic.loadBalancer.arn,
    matchedArns: [...(traffic.node ? [traffic.node.customer.arn] : []), traffic.python.customer.arn],
    unmatchedArn: traffic.node?.unmatched.arn,
  };
}

/** The URL for the target, or undefined where the value stays as it was found. */
export function wantedUrl(args: Pick<WebhookArgs, "target" | "domain" | "nodeUrl" | "ghl">): string | undefined {
  if (args.target === "as-found") return undefined;
  if (args.target === "front-door") return frontDoorOf(args);
  return args.nodeUrl ?? withBackendNode(frontDoorOf(args));
}

function frontDoorOf(args: Pick<WebhookArgs, "domain" | "ghl">): string {
  return frontDoorUrl({ domain: args.domain, today: args.ghl.currentUrl });
}
