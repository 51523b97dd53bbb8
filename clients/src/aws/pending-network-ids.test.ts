import type { EC2Client } from "@aws-sdk/client-ec2";
import type { NetworkIdSource } from "@cutover/domain/pending-creates";
import { describe, expect, it } from "vitest";
import { findNetworkId } from "./pending-network-ids";

interface Asked {
  readonly command: string;
  readonly input: unknown;
}

/** EC2 that answers every question with this, and what it was asked. */
function ec2(answer: object) {
  const asked: Asked[] = [];
  const send = async (command: { readonly constructor: { readonly name: string }; readonly input: unknown }) => {
    asked.push({ command: command.constructor.name, input: command.input });
    return answer;
  };
  return { asked, client: { send } as unknown as Pick<EC2Client, "send"> };
}

const find = (source: NetworkIdSource, answer: object) => findNetworkId(source, ec2(answer).client);
const HTTPS = { IsEgress: false, IpProtocol: "tcp", FromPort: 443, ToPort: 443, CidrIpv4: "0.0.0.0/0" };
const RULE: NetworkIdSource = {
  ...{ kind: "security-group-rule", groupId: "sg-1", egress: false, protocol: "tcp" },
  ...{ ports: [443, 443], cidrIpv4: "0.0.0.0/0" },
};

describe("parts of a network that an interrupted update was making", () => {
  it("are asked for by every tag that they carry", async () => {
    const tags = { Name: "cutover-prod", "cutover:stack": "prod" };
    const others = { VpcId: "vpc-0", Tags: [{ Key: "Name", Value: "cutover-prod" }] };
    const ours = { VpcId: "vpc-1", Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
    const { asked, client } = ec2({ Vpcs: [others, ours] });
    expect(await findNetworkId({ kind: "vpc", tags }, client)).toBe("vpc-1");
    expect(asked).toEqual([
      {
        command: "DescribeVpcsCommand",
        input: {
          Filters: [
            { Name: "tag:Name", Values: ["cutover-prod"] },
            { Name: "tag:cutover:stack", Values: ["prod"] },
          ],
        },
      },
    ]);
  });

  it("are nobody's without tags, and AWS is not even asked", async () => {
    const { asked, client } = ec2({ Vpcs: [{ VpcId: "vpc-of-another" }] });
    expect(await findNetworkId({ kind: "vpc", tags: {} }, client)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it("are no NAT gateway that is being deleted", async () => {
    const Tags = [{ Key: "Name", Value: "n" }];
    const gateways = [
      { NatGatewayId: "nat-1", State: "deleted", Tags },
      { NatGatewayId: "nat-2", State: "pending", Tags },
    ];
    const source = { kind: "nat-gateway", tags: { Name: "n" } } as const;
    expect(await find(source, { NatGateways: gateways })).toBe("nat-2");
    expect(await find(source, { NatGateways: gateways.slice(0, 1) })).toBeUndefined();
  });

  it("are imported by what Pulumi's provider calls routes and associations", async () => {
    const answer = {
      RouteTables: [{ Routes: [{ DestinationCidrBlock: "0.0.0.0/0" }], Associations: [{ SubnetId: "subnet-1" }] }],
    };
    const route = { kind: "route", routeTableId: "rtb-1", destination: "0.0.0.0/0" } as const;
    expect(await find(route, answer)).toBe("rtb-1_0.0.0.0/0");
    expect(await find({ ...route, destination: "10.0.0.0/8" }, answer)).toBeUndefined();
    const link = { kind: "route-table-association", routeTableId: "rtb-1", subnetId: "subnet-1" } as const;
    expect(await find(link, answer)).toBe("subnet-1/rtb-1");
    expect(await find({ ...link, subnetId: "subnet-2" }, answer)).toBeUndefined();
  });

  it.each([
    [HTTPS, "sgr-1"],
    [{ ...HTTPS, IsEgress: true }, undefined],
    [{ ...HTTPS, ToPort: 444 }, undefined],
    [{ ...HTTPS, CidrIpv4: "10.0.0.0/8" }, undefined],
    [{ ...HTTPS, CidrIpv4: undefined, ReferencedGroupInfo: { GroupId: "sg-2" } }, undefined],
  ])("are a rule that allows the very same: %o", async (rule, id) => {
    expect(await find(RULE, { SecurityGroupRules: [{ ...rule, SecurityGroupRuleId: "sgr-1" }] })).toBe(id);
  });

  it("let a rule for all protocols have whatever ports AWS says", async () => {
    const all: NetworkIdSource = { kind: "security-group-rule", groupId: "sg-1", egress: true, protocol: "-1" };
    const rule = { IsEgress: true, IpProtocol: "-1", FromPort: -1, ToPort: -1, SecurityGroupRuleId: "sgr-2" };
    expect(await find(all, { SecurityGroupRules: [rule] })).toBe("sgr-2");
  });
});
