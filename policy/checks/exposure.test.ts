import { describe, expect, it } from "vitest";
import { openPorts, publicTasks } from "./exposure";
import { UNKNOWN } from "./model";
import { resource } from "./testkit";
import { TYPES } from "./types";

describe("publicTasks", () => {
  const service = (assignPublicIp?: boolean) =>
    publicTasks(resource(TYPES.service, { networkConfiguration: { subnets: ["a"], assignPublicIp } }));

  it("wants tasks, subnets and functions without public addresses", () => {
    expect(service(true)).toEqual([expect.stringContaining("assignPublicIp to false")]);
    expect(publicTasks(resource(TYPES.subnet, { mapPublicIpOnLaunch: true }))).toHaveLength(1);
    expect(publicTasks(resource(TYPES.functionUrl, { authorizationType: "NONE" }))).toHaveLength(1);
  });

  it("passes everything else", () => {
    expect([...service(false), ...service()]).toEqual([]);
    expect(publicTasks(resource(TYPES.service, {}))).toEqual([]);
    expect(publicTasks(resource(TYPES.subnet, { mapPublicIpOnLaunch: false }))).toEqual([]);
    expect(publicTasks(resource(TYPES.functionUrl, { authorizationType: "AWS_IAM" }))).toEqual([]);
  });
});

describe("openPorts", () => {
  const world = { ipProtocol: "tcp", cidrIpv4: "0.0.0.0/0" };
  const rule = (props: Record<string, unknown>) => openPorts(resource(TYPES.ingressRule, props));

  it.each([
    [{ ...world, fromPort: 443, toPort: 443 }],
    [{ ...world, fromPort: 80, toPort: 80 }],
    [{ ipProtocol: "tcp", fromPort: 8080, toPort: 8080, referencedSecurityGroupId: "sg-1" }],
    [{ ipProtocol: "tcp", fromPort: 22, toPort: 22, cidrIpv4: "10.0.0.0/8" }],
    [{ ...world, fromPort: UNKNOWN, toPort: UNKNOWN }],
    [{}],
  ])("%j passes", (props) => {
    expect(rule(props)).toEqual([]);
  });

  it.each([
    [{ ...world, fromPort: 8080, toPort: 8080 }, /8080 to 8080 is open to the world/],
    [{ ...world, fromPort: 80, toPort: 443 }, /80 to 443/],
    [{ ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" }, /all ports are/],
    [{ ipProtocol: "udp", cidrIpv4: "0.0.0.0/0", fromPort: 443, toPort: 443 }, /443/],
    [{ ipProtocol: "tcp", cidrIpv6: "::/0", fromPort: 22, toPort: 22 }, /22/],
  ])("%j fails", (props, expected) => {
    expect(rule(props)).toEqual([expect.stringMatching(expected)]);
  });

  it("looks into the older ways to write a rule", () => {
    const open = { protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["0.0.0.0/0"] };
    expect(openPorts(resource(TYPES.securityGroup, { ingress: [open] }))).toHaveLength(1);
    expect(openPorts(resource(TYPES.securityGroup, { ingress: [{ ...open, fromPort: 443, toPort: 443 }] }))).toEqual(
      [],
    );
    expect(openPorts(resource(TYPES.securityGroup, {}))).toEqual([]);
    expect(openPorts(resource(TYPES.securityGroupRule, { ...open, type: "ingress" }))).toHaveLength(1);
    expect(openPorts(resource(TYPES.securityGroupRule, { ...open, type: "egress" }))).toEqual([]);
  });
});
