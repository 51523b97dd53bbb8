import { type Declared, list, number, record, text, UNKNOWN } from "./model";
import { TYPES } from "./types";

const WORLD = new Set(["0.0.0.0/0", "::/0"]);
/** Ports of the front door. */
const FRONT_DOOR = new Set([80, 443]);

/** Tasks have no public address: the load balancer is the only way in. */
export function publicTasks({ type, name, props }: Declared): string[] {
  if (type === TYPES.service && record(props.networkConfiguration)?.assignPublicIp === true) {
    return [`${name}: tasks would get public addresses; set networkConfiguration.assignPublicIp to false.`];
  }
  if (type === TYPES.subnet && props.mapPublicIpOnLaunch === true) {
    return [`${name}: whatever starts in it would get a public address; set mapPublicIpOnLaunch to false.`];
  }
  if (type === TYPES.functionUrl && props.authorizationType === "NONE") {
    return [`${name}: anybody could call the function; remove the URL, or set authorizationType to "AWS_IAM".`];
  }
  return [];
}

/** Open to the world are ports 443 and 80 of the load balancer, nothing else. */
export function openPorts({ type, name, props }: Declared): string[] {
  if (type === TYPES.ingressRule) return openRange(name, [props.cidrIpv4, props.cidrIpv6], props, props.ipProtocol);
  if (type === TYPES.securityGroupRule && props.type === "ingress") {
    return openRange(name, [...list(props.cidrBlocks), ...list(props.ipv6CidrBlocks)], props, props.protocol);
  }
  if (type !== TYPES.securityGroup) return [];
  return list(props.ingress).flatMap((one) => {
    const rule = record(one) ?? {};
    return openRange(name, [...list(rule.cidrBlocks), ...list(rule.ipv6CidrBlocks)], rule, rule.protocol);
  });
}

function openRange(
  name: string,
  from: readonly unknown[],
  ports: Readonly<Record<string, unknown>>,
  protocol: unknown,
) {
  const { fromPort, toPort } = ports;
  if (!from.some((range) => WORLD.has(text(range) ?? "")) || fromPort === UNKNOWN || toPort === UNKNOWN) return [];
  const first = number(fromPort);
  if (protocol === "tcp" && first !== undefined && first === toPort && FRONT_DOOR.has(first)) return [];
  const what = protocol === "-1" || first === undefined ? "all ports are" : `${first} to ${number(toPort)} is`;
  return [
    `${name}: ${what} open to the world; only 443 and 80 of the load balancer may be. Name the security group that may come in (referencedSecurityGroupId).`,
  ];
}
