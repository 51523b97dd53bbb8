import { createHash } from "node:crypto";
import type { Route as AwsRoute } from "@aws-sdk/client-ec2";
import type { Bag } from "../bag";
import { found } from "../errors";
import type { Json } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { COMPUTED, KEY, obj, REPLACE, set, str, tags } from "../schema";
import { ec2Arn, must, retag, tagMap, tagSpecifications } from "./ec2-common";

/** A route's target; exactly one is given. */
function targetOf(route: Bag) {
  return {
    GatewayId: route.str("gatewayId"),
    NatGatewayId: route.str("natGatewayId"),
    NetworkInterfaceId: route.str("networkInterfaceId"),
    VpcEndpointId: route.str("vpcEndpointId"),
  };
}

const TARGETS = { gatewayId: str(), natGatewayId: str(), networkInterfaceId: str(), vpcEndpointId: str() };

function liveTarget(route: AwsRoute) {
  return {
    gatewayId: route.GatewayId,
    natGatewayId: route.NatGatewayId,
    networkInterfaceId: route.NetworkInterfaceId,
  };
}

async function findTable(ctx: Context, id: string) {
  return (await found(ctx.aws.ec2.describeRouteTables({ RouteTableIds: [id] })))?.RouteTables?.[0];
}

/** Routes someone made, not the local ones of the VPC. */
function ownRoutes(routes: readonly AwsRoute[] | undefined): AwsRoute[] {
  return (routes ?? []).filter((route) => route.GatewayId !== "local" && route.DestinationCidrBlock);
}

const RouteTable: ResourceType = {
  inputs: {
    vpcId: str(KEY),
    routes: set(obj({ cidrBlock: str(), ...TARGETS }), COMPUTED),
    tags: tags(),
  },
  outputs: ["arn", "ownerId"],
  async create(ctx, a) {
    const made = await ctx.aws.ec2.createRouteTable({
      VpcId: a.need("vpcId"),
      TagSpecifications: tagSpecifications("route-table", a.map("tags")),
    });
    const id = must(made.RouteTable?.RouteTableId, "a route table id");
    ctx.created(id);
    for (const route of a.bags("routes")) await addRoute(ctx, id, route);
    return id;
  },
  async read(ctx, id, known) {
    const table = await findTable(ctx, id);
    if (!table) return undefined;
    const routes: Json[] = ownRoutes(table.Routes).map((route) => ({
      cidrBlock: route.DestinationCidrBlock ?? "",
      ...Object.fromEntries(Object.entries(liveTarget(route)).filter(([, value]) => value !== undefined)),
    }));
    return {
      vpcId: table.VpcId,
      // Declared inline only: Route resources of the same table would show up as drift otherwise.
      ...(known.has("routes") ? { routes } : {}),
      tags: tagMap(table.Tags),
      arn: ec2Arn(ctx, table.OwnerId, "route-table", id),
      ownerId: table.OwnerId,
    };
  },
  async update(ctx, id, change) {
    if (change.changed("routes")) {
      for (const old of ownRoutes((await findTable(ctx, id))?.Routes)) {
        const declared = change.olds.bags("routes").some((one) => one.str("cidrBlock") === old.DestinationCidrBlock);
        if (declared)
          await ctx.aws.ec2.deleteRoute({ RouteTableId: id, DestinationCidrBlock: old.DestinationCidrBlock });
      }
      for (const route of change.news.bags("routes")) await addRoute(ctx, id, route);
    }
    await retag(ctx, id, change);
  },
  async delete(ctx, id) {
    await ctx.aws.ec2.deleteRouteTable({ RouteTableId: id });
  },
};

async function addRoute(ctx: Context, table: string, route: Bag): Promise<void> {
  const DestinationCidrBlock = route.need("cidrBlock");
  await ctx.aws.ec2.createRoute({ RouteTableId: table, DestinationCidrBlock, ...targetOf(route) });
}

function routeId(table: string, destination: string): string {
  return `r-${table}${createHash("sha1").update(destination).digest("hex").slice(0, 10)}`;
}

const Route: ResourceType = {
  inputs: { routeTableId: str(KEY), destinationCidrBlock: str({ ...REPLACE, required: true }), ...TARGETS },
  outputs: ["origin", "state"],
  deleteBeforeReplace: true,
  async create(ctx, a) {
    const [table, DestinationCidrBlock] = [a.need("routeTableId"), a.need("destinationCidrBlock")];
    await ctx.aws.ec2.createRoute({ RouteTableId: table, DestinationCidrBlock, ...targetOf(a) });
    return routeId(table, DestinationCidrBlock);
  },
  async importedId(_ctx, _id, known) {
    return routeId(known.need("routeTableId"), known.need("destinationCidrBlock"));
  },
  async read(ctx, _id, known) {
    const table = await findTable(ctx, known.need("routeTableId"));
    const wanted = known.need("destinationCidrBlock");
    const route = table?.Routes?.find((one) => one.DestinationCidrBlock === wanted);
    if (!route) return undefined;
    return {
      routeTableId: known.need("routeTableId"),
      destinationCidrBlock: wanted,
      ...liveTarget(route),
      origin: route.Origin,
      state: route.State,
    };
  },
  async update(ctx, _id, { news }) {
    await ctx.aws.ec2.replaceRoute({
      RouteTableId: news.need("routeTableId"),
      DestinationCidrBlock: news.need("destinationCidrBlock"),
      ...targetOf(news),
    });
  },
  async delete(ctx, _id, state) {
    const [RouteTableId, DestinationCidrBlock] = [state.need("routeTableId"), state.need("destinationCidrBlock")];
    await ctx.aws.ec2.deleteRoute({ RouteTableId, DestinationCidrBlock });
  },
};

const RouteTableAssociation: ResourceType = {
  // AWS gives a changed association a new id, so it is replaced here (the real provider changes it in place).
  inputs: { routeTableId: str(KEY), subnetId: str(REPLACE), gatewayId: str(REPLACE) },
  deleteBeforeReplace: true,
  async create(ctx, a) {
    const made = await ctx.aws.ec2.associateRouteTable({
      RouteTableId: a.need("routeTableId"),
      SubnetId: a.str("subnetId"),
      GatewayId: a.str("gatewayId"),
    });
    return must(made.AssociationId, "an association id");
  },
  async importedId(ctx, id) {
    const [subnet, table] = id.split("/");
    if (table === undefined) return id;
    const link = (await findTable(ctx, table))?.Associations?.find(({ SubnetId }) => SubnetId === subnet);
    return link?.RouteTableAssociationId;
  },
  async read(ctx, id) {
    const Filters = [{ Name: "association.route-table-association-id", Values: [id] }];
    const table = (await ctx.aws.ec2.describeRouteTables({ Filters })).RouteTables?.[0];
    const link = table?.Associations?.find((one) => one.RouteTableAssociationId === id);
    if (!table || !link) return undefined;
    return { routeTableId: table.RouteTableId, subnetId: link.SubnetId, gatewayId: link.GatewayId };
  },
  async delete(ctx, id) {
    await ctx.aws.ec2.disassociateRouteTable({ AssociationId: id });
  },
};

/** Route tables, routes and what uses them. */
export const EC2_ROUTES: Registry = {
  "aws:ec2/routeTable:RouteTable": RouteTable,
  "aws:ec2/route:Route": Route,
  "aws:ec2/routeTableAssociation:RouteTableAssociation": RouteTableAssociation,
};
