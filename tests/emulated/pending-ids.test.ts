import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EC2 } from "@aws-sdk/client-ec2";
import { findNetworkId } from "@cutover/clients/aws/pending-network-ids";
import { idSource, type NetworkIdSource } from "@cutover/domain/pending-creates";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Emulators } from "../../rehearsal/aws/emulators";
import { projectRoot } from "../../tools/toolchain";
import { makeNetwork, NETWORK_NAME, type Network, tagsOf } from "./network";
import { emulatorsVenv } from "./world";

let emulators: Emulators;
let ec2: EC2;
let folder: string;
let network: Network;

beforeAll(async () => {
  mkdirSync(join(projectRoot(), ".rehearsal"), { recursive: true });
  folder = mkdtempSync(join(projectRoot(), ".rehearsal/pending-test-"));
  emulators = new Emulators({ venv: emulatorsVenv(), runFolder: folder, gatewayUrl: "http://127.0.0.1:9" });
  const { moto: endpoint } = await emulators.start();
  ec2 = new EC2({ endpoint, region: "us-east-1", credentials: { accessKeyId: "x", secretAccessKey: "x" } });
  network = await makeNetwork(ec2);
});

afterAll(async () => {
  ec2?.destroy();
  await emulators?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function find(type: string, inputs: Record<string, unknown>): Promise<string | undefined> {
  return findNetworkId(idSource({ urn: "urn", type, inputs }) as NetworkIdSource, ec2);
}

it.each([
  ["aws:ec2/vpc:Vpc", "vpc"],
  ["aws:ec2/internetGateway:InternetGateway", "gateway"],
  ["aws:ec2/eip:Eip", "address"],
  ["aws:ec2/natGateway:NatGateway", "nat"],
  ["aws:ec2/routeTable:RouteTable", "table"],
] as const)("%s is found by its tags, and only with all of them", async (type, key) => {
  expect(await find(type, { tags: tagsOf(NETWORK_NAME) })).toBe(network[key]);
  expect(await find(type, { tags: { ...tagsOf(NETWORK_NAME), "cutover:stack": "another" } })).toBeUndefined();
});

it("subnet, security group, route and association are found by what they connect", async () => {
  const { vpc, subnet, group, table } = network;
  const route = { routeTableId: table, destinationCidrBlock: "0.0.0.0/0" };
  const link = { routeTableId: table, subnetId: subnet };
  expect(await find("aws:ec2/subnet:Subnet", { vpcId: vpc, cidrBlock: "10.0.1.0/24" })).toBe(subnet);
  expect(await find("aws:ec2/subnet:Subnet", { vpcId: vpc, cidrBlock: "10.0.2.0/24" })).toBeUndefined();
  expect(await find("aws:ec2/securityGroup:SecurityGroup", { vpcId: vpc, name: NETWORK_NAME })).toBe(group);
  expect(await find("aws:ec2/securityGroup:SecurityGroup", { vpcId: vpc, name: "x" })).toBeUndefined();
  expect(await find("aws:ec2/route:Route", route)).toBe(`${table}_0.0.0.0/0`);
  expect(await find("aws:ec2/route:Route", { ...route, destinationCidrBlock: "10.9.0.0/16" })).toBeUndefined();
  const associations = "aws:ec2/routeTableAssociation:RouteTableAssociation";
  expect(await find(associations, link)).toBe(`${subnet}/${table}`);
  expect(await find(associations, { ...link, subnetId: "subnet-0" })).toBeUndefined();
});

it("rules of a security group are found by what they allow", async () => {
  const securityGroupId = network.group;
  const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
  const https = { securityGroupId, ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "0.0.0.0/0" };
  const tasks = {
    ...{ securityGroupId, ipProtocol: "tcp", fromPort: 8080, toPort: 8080 },
    referencedSecurityGroupId: securityGroupId,
  };
  const out = { securityGroupId, ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" };
  const found = [
    await find(ingress, https),
    await find(ingress, tasks),
    await find("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", out),
  ];
  expect(found).toEqual([network.rules.https, network.rules.tasks, network.rules.out]);
  expect(await find(ingress, { ...https, fromPort: 80, toPort: 80 })).toBeUndefined();
});
