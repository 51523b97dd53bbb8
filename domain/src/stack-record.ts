import type { BusinessMetric } from "./evidence/criteria";
import type { AppliedNotices } from "./notices";
import { matchOf, showUrl, type ValueMatch } from "./webhook";

/** Everything a stack keeps in SSM lies below this path. */
export function stackPath(stack: string): string {
  return `/cutover/${stack}/`;
}

/** ARNs and names that the CLI and the functions need; written by the stack. */
export function manifestPath(stack: string): string {
  return `${stackPath(stack)}manifest`;
}

/** Phase, share and image of the last complete update: the last thing an update writes. */
export function appliedPath(stack: string): string {
  return `${stackPath(stack)}applied`;
}

/** Key of the tag that says which stack a thing in AWS belongs to: bills, searches and left-overs are found by it. */
export const STACK_TAG = "cutover:stack";

/** The stack's manifest: lets the CLI and the functions work without Pulumi. Holds no secret. */
export interface Manifest {
  readonly version: 1;
  readonly stack: string;
  readonly region: string;
  /** Public name of the front door. */
  readonly domain: string;
  readonly loadBalancerArn: string;
  /** Absent where an older version removed Node: today there is a switch without Node, too, to the inbox. */
  readonly killSwitchRuleArn?: string;
  readonly trafficRuleArn: string;
  /** Rule that deals by contact; absent without affinity and once Node is removed. */
  readonly contactRuleArn?: string;
  readonly clusterName: string;
  /** Name of the secret that holds the probe key. */
  readonly probeKeySecret: string;
  readonly targetGroups: {
    readonly nodeCustomer?: string;
    readonly nodeProbe?: string;
    readonly nodeUnmatched?: string;
    readonly pythonCustomer: string;
    readonly pythonProbe: string;
    /** Where `hold` sends messages. */
    readonly inbox?: string;
  };
  readonly services: { readonly node?: string; readonly python: string };
  readonly listenerArn: string;
  /** Rollback by itself: the function, its composite alarms, and the alarms under them with the length of their windows. */
  readonly rollback: {
    readonly functionName: string;
    readonly compositeAlarms: readonly string[];
    readonly alarms: readonly { readonly name: string; readonly windowSeconds: number }[];
  };
  /** Customers' messages an hour, as configured. */
  readonly expectedMessagesPerHour: number;
  /** GoHighLevel's custom value with the webhook's URL, for `cutover status`; absent where an older version wrote this. */
  readonly ghl?: ManifestGhl;
  /** The notices that are planned, for the update after a destroy that was refused: that takes `applied` and leaves this. */
  readonly notices?: AppliedNotices;
  /** What the configuration says of the gate. */
  readonly gate?: { readonly bakeHours?: number; readonly business?: readonly BusinessMetric[] };
}

/** Which custom value holds the URL; in mode `manual` a person edits the step, and nobody can read it. */
export type ManifestGhl =
  | { readonly manual: true }
  | {
      readonly locationId: string;
      readonly match: ValueMatch;
      /** Of GoHighLevel's API; absent for the usual one. */
      readonly baseUrl?: string;
      /** Node's own URL without query string. */
      readonly nodeUrl?: string;
    };

/** The configuration's part of the manifest that concerns GoHighLevel. */
export function manifestGhl(
  ghl: {
    readonly mode: string;
    readonly locationId?: string;
    readonly webhookValue: string;
    readonly baseUrl?: string;
  },
  nodeUrl: string | undefined,
): ManifestGhl {
  if (ghl.mode === "manual") return { manual: true };
  return {
    locationId: ghl.locationId ?? "",
    match: matchOf(ghl.webhookValue),
    ...(ghl.baseUrl === undefined ? {} : { baseUrl: ghl.baseUrl }),
    ...(nodeUrl === undefined ? {} : { nodeUrl: showUrl(nodeUrl) }),
  };
}

/** The configuration's part of the manifest that concerns the gate; empty where everything is as usual. */
export function manifestGate(config: {
  readonly bakeHours?: number;
  readonly businessMetrics?: readonly BusinessMetric[];
}): Pick<Manifest, "gate"> {
  const { bakeHours, businessMetrics: business } = config;
  if (bakeHours === undefined && business === undefined) return {};
  return { gate: { ...(bakeHours === undefined ? {} : { bakeHours }), ...(business ? { business } : {}) } };
}
