import { describe, expect, it } from "vitest";
import { idSource } from "./pending-creates";

const source = (type: string, inputs: Record<string, unknown>) => idSource({ urn: `urn::${type}`, type, inputs });
const RULE = { securityGroupId: "sg-1", ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "0.0.0.0/0" };
const TAGS = { Name: "cutover-prod", "cutover:stack": "prod" };

describe("where the id of a pending creation comes from", () => {
  it.each([
    ["aws:ec2/vpc:Vpc", { cidrBlock: "10.0.0.0/16", tags: TAGS }, { kind: "vpc", tags: TAGS }],
    ["aws:ec2/natGateway:NatGateway", { tags: TAGS }, { kind: "nat-gateway", tags: TAGS }],
    [
      "aws:ec2/subnet:Subnet",
      { vpcId: "vpc-1", cidrBlock: "10.0.1.0/24" },
      { kind: "subnet", vpcId: "vpc-1", cidrBlock: "10.0.1.0/24" },
    ],
    [
      "aws:ec2/securityGroup:SecurityGroup",
      { vpcId: "vpc-1", name: "lb-3fe" },
      { kind: "security-group", vpcId: "vpc-1", name: "lb-3fe" },
    ],
    [
      "aws:ec2/route:Route",
      { routeTableId: "rtb-1", destinationCidrBlock: "0.0.0.0/0" },
      { kind: "route", routeTableId: "rtb-1", destination: "0.0.0.0/0" },
    ],
    [
      "aws:ec2/routeTableAssociation:RouteTableAssociation",
      { routeTableId: "rtb-1", subnetId: "subnet-1" },
      { kind: "route-table-association", routeTableId: "rtb-1", subnetId: "subnet-1" },
    ],
    [
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      RULE,
      {
        ...{ kind: "security-group-rule", groupId: "sg-1", egress: false },
        ...{ protocol: "tcp", ports: [443, 443], cidrIpv4: "0.0.0.0/0" },
      },
    ],
    [
      "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
      { securityGroupId: "sg-1", ipProtocol: "-1", referencedSecurityGroupId: "sg-2" },
      { kind: "security-group-rule", groupId: "sg-1", egress: true, protocol: "-1", otherGroupId: "sg-2" },
    ],
    [
      "aws:ecs/service:Service",
      { cluster: "arn:aws:ecs:eu-central-1:1:cluster/cutover", name: "node" },
      { kind: "service", cluster: "arn:aws:ecs:eu-central-1:1:cluster/cutover", name: "node" },
    ],
    [
      "aws:route53/record:Record",
      { zoneId: "Z1", name: "messages.example.com", type: "A" },
      { kind: "known", id: "Z1_messages.example.com_A" },
    ],
    [
      "aws:lambda/permission:Permission",
      { function: "cutover-prod-rollback", statementId: "alarms" },
      { kind: "known", id: "cutover-prod-rollback/alarms" },
    ],
  ])("%s", (type, inputs, expected) => {
    expect(source(type, inputs)).toEqual(expected);
  });

  it.each([
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:acm/certificate:Certificate",
    "pulumi-nodejs:dynamic/cutover:GhlValue",
  ])("%s is made anew", (type) => {
    expect(source(type, { name: "x" })).toBeUndefined();
  });
});
