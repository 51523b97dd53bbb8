import * as ec2 from "@pulumi/aws/ec2";
import { getAvailabilityZonesOutput } from "@pulumi/aws/getAvailabilityZones";
import * as vpc from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { subnetRanges } from "./subnet-ranges";

export interface NetworkArgs {
  /** IPv4 range of the network, a /16. */
  readonly cidr: string;
  /** 1 or 2. With one, the private subnets of both zones leave through the first zone. */
  readonly natGateways: number;
  /** Ports of the containers that the load balancer must reach. */
  readonly servicePorts: readonly number[];
}

/** Two zones: public subnets for the load balancer, private ones for the tasks, and a security group for each. */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly publicSubnetIds: pulumi.Output<string>[];
  readonly privateSubnetIds: pulumi.Output<string>[];
  readonly loadBalancerSecurityGroupId: pulumi.Output<string>;
  readonly serviceSecurityGroupId: pulumi.Output<string>;
  /** What the load balancer needs before anybody can reach it. */
  readonly ingress: pulumi.Resource[] = [];
  /** What a task needs before it is reached and can reach anything outside. */
  readonly egress: pulumi.Resource[] = [];

  readonly #name: string;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("cutover:index:Network", name, { cidr: args.cidr, natGateways: args.natGateways }, opts);
    this.#name = name;
    const ranges = subnetRanges(args.cidr);
    const network = new ec2.Vpc(
      name,
      { cidrBlock: args.cidr, enableDnsHostnames: true, enableDnsSupport: true, tags: { Name: name } },
      { parent: this },
    );
    const zones = getAvailabilityZonesOutput({ state: "available" }, { parent: this }).names;
    const publicSubnets = ranges.public.map((cidr, i) => this.subnet("public", i, cidr, network, zones));
    const privateSubnets = ranges.private.map((cidr, i) => this.subnet("private", i, cidr, network, zones));
    const gateways = this.internet(network, publicSubnets, args.natGateways);
    this.egress.push(...this.privateRoutes(network, privateSubnets, gateways));

    this.vpcId = network.id;
    this.publicSubnetIds = publicSubnets.map((s) => s.id);
    this.privateSubnetIds = privateSubnets.map((s) => s.id);
    const loadBalancerGroup = this.loadBalancerSecurityGroup(network);
    this.loadBalancerSecurityGroupId = loadBalancerGroup.id;
    this.serviceSecurityGroupId = this.serviceSecurityGroup(network, loadBalancerGroup, args.servicePorts).id;
    this.registerOutputs({ vpcId: this.vpcId });
  }

  private subnet(
    kind: "public" | "private",
    index: number,
    cidrBlock: string,
    network: ec2.Vpc,
    zones: pulumi.Output<string[]>,
  ): ec2.Subnet {
    const name = `${this.#name}-${kind}-${index}`;
    const availabilityZone = zones.apply((names) => names[index] ?? "");
    return new ec2.Subnet(
      name,
      { vpcId: network.id, cidrBlock, availabilityZone, mapPublicIpOnLaunch: false, tags: { Name: name } },
      { parent: this },
    );
  }

  private internet(network: ec2.Vpc, publicSubnets: ec2.Subnet[], count: number): ec2.NatGateway[] {
    const gateway = new ec2.InternetGateway(
      `${this.#name}-internet`,
      { vpcId: network.id, tags: { Name: this.#name } },
      { parent: this },
    );
    const table = this.routeTable("public", network);
    const route = new ec2.Route(
      `${this.#name}-public-default`,
      { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id },
      { parent: this },
    );
    this.ingress.push(gateway, route, ...publicSubnets.map((subnet, i) => this.associate("public", i, subnet, table)));
    return publicSubnets.slice(0, count).map((subnet, i) => {
      const address = new ec2.Eip(
        `${this.#name}-nat-${i}`,
        { domain: "vpc", tags: { Name: `${this.#name}-nat-${i}` } },
        { parent: this },
      );
      return new ec2.NatGateway(
        `${this.#name}-nat-${i}`,
        { allocationId: address.allocationId, subnetId: subnet.id, tags: { Name: `${this.#name}-nat-${i}` } },
        { parent: this, dependsOn: [route] },
      );
    });
  }

  private privateRoutes(network: ec2.Vpc, subnets: ec2.Subnet[], gateways: ec2.NatGateway[]): pulumi.Resource[] {
    return subnets.flatMap((subnet, i) => {
      const gateway = gateways[i] ?? gateways[0];
      if (!gateway) throw new RangeError("a network needs at least one NAT gateway");
      const table = this.routeTable(`private-${i}`, network);
      const route = new ec2.Route(
        `${this.#name}-private-${i}-default`,
        { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: gateway.id },
        { parent: this },
      );
      return [route, this.associate("private", i, subnet, table)];
    });
  }

  private routeTable(kind: string, network: ec2.Vpc): ec2.RouteTable {
    const name = `${this.#name}-${kind}`;
    return new ec2.RouteTable(name, { vpcId: network.id, tags: { Name: name } }, { parent: this });
  }

  private associate(kind: string, index: number, subnet: ec2.Subnet, table: ec2.RouteTable): ec2.RouteTableAssociation {
    return new ec2.RouteTableAssociation(
      `${this.#name}-${kind}-${index}`,
      { subnetId: subnet.id, routeTableId: table.id },
      { parent: this },
    );
  }

  private loadBalancerSecurityGroup(network: ec2.Vpc): ec2.SecurityGroup {
    const group = this.securityGroup("lb", "Front door: HTTPS and HTTP from anywhere", network);
    for (const port of [443, 80]) {
      const rule = new vpc.SecurityGroupIngressRule(
        `${this.#name}-lb-in-${port}`,
        { securityGroupId: group.id, ipProtocol: "tcp", fromPort: port, toPort: port, cidrIpv4: "0.0.0.0/0" },
        { parent: this },
      );
      this.ingress.push(rule);
    }
    this.ingress.push(this.allowOut("lb", group));
    return group;
  }

  private serviceSecurityGroup(
    network: ec2.Vpc,
    loadBalancerGroup: ec2.SecurityGroup,
    ports: readonly number[],
  ): ec2.SecurityGroup {
    const group = this.securityGroup("service", "Tasks: reached by the load balancer only", network);
    for (const port of [...new Set(ports)].sort((a, b) => a - b)) {
      const rule = new vpc.SecurityGroupIngressRule(
        `${this.#name}-service-in-${port}`,
        {
          securityGroupId: group.id,
          ipProtocol: "tcp",
          fromPort: port,
          toPort: port,
          referencedSecurityGroupId: loadBalancerGroup.id,
        },
        { parent: this },
      );
      this.egress.push(rule);
    }
    this.egress.push(this.allowOut("service", group));
    return group;
  }

  private securityGroup(kind: string, description: string, network: ec2.Vpc): ec2.SecurityGroup {
    return new ec2.SecurityGroup(
      `${this.#name}-${kind}`,
      { description, vpcId: network.id, tags: { Name: `${this.#name}-${kind}` } },
      { parent: this },
    );
  }

  /** Tasks call OpenAI, Supabase and GoHighLevel, whose addresses change; the load balancer calls tasks. */
  private allowOut(kind: string, group: ec2.SecurityGroup): pulumi.Resource {
    return new vpc.SecurityGroupEgressRule(
      `${this.#name}-${kind}-out`,
      { securityGroupId: group.id, ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" },
      { parent: this },
    );
  }
}
