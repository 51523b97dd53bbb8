import type * as lb from "@pulumi/aws/lb";
import * as route53 from "@pulumi/aws/route53";
import type * as pulumi from "@pulumi/pulumi";
import { FrontDoorProof } from "../providers/front-door-proof";

/** Answers in a row by Node through the public name before any customer is sent there. */
const PROBES = 20;
/** A new load balancer and a new name need minutes. */
const DEADLINE_SECONDS = 600;

export interface FrontDoorArgs {
  readonly domain: string;
  readonly hostedZoneId: string | undefined;
  readonly loadBalancer: lb.LoadBalancer;
}

/** The alias record of the public name. Without a zone the record is the user's to make. */
export function frontDoorRecord(
  name: string,
  args: FrontDoorArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  if (args.hostedZoneId === undefined) return [];
  return [
    new route53.Record(
      name,
      {
        zoneId: args.hostedZoneId,
        name: args.domain,
        type: "A",
        aliases: [{ name: args.loadBalancer.dnsName, zoneId: args.loadBalancer.zoneId, evaluateTargetHealth: false }],
      },
      opts,
    ),
  ];
}

export interface ProofArgs {
  readonly domain: string;
  /** Node's health path: a service of level 0 promises no more. */
  readonly path: string;
  readonly probeKey: pulumi.Input<string>;
  readonly loadBalancerArn: pulumi.Input<string>;
}

/** The public name leads to Node, 20 times in a row. */
export function frontDoorProof(name: string, args: ProofArgs, opts: pulumi.CustomResourceOptions): FrontDoorProof {
  const { loadBalancerArn, ...rest } = args;
  return new FrontDoorProof(
    name,
    { ...rest, probes: PROBES, deadlineSeconds: DEADLINE_SECONDS, subject: loadBalancerArn },
    opts,
  );
}
