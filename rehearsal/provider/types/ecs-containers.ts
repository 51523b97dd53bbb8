import { isEmpty, isObject, type Json, type Props, parseJson, stableText } from "../json";

/** What ECS fills into a container definition that does not say so (API reference, ContainerDefinition). */
const FILLED: { readonly [key: string]: Json } = { cpu: 0, essential: true };

/** Lists in which the order of the elements means nothing. */
const UNORDERED = new Set(["environment", "secrets", "mountPoints", "volumesFrom", "portMappings", "environmentFiles"]);

/** Container definitions, as text or data, in one form for equal meaning. */
export function canonicalContainers(value: Json): Json {
  const parsed = typeof value === "string" ? parseJson(value) : value;
  if (!Array.isArray(parsed)) return value;
  const containers = parsed.map((container) => (isObject(container) ? canonicalContainer(container) : container));
  return containers.sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

function nameOf(container: Json): string {
  return isObject(container) ? String(container.name ?? "") : "";
}

function canonicalContainer(container: Props): Props {
  const out: Props = {};
  for (const [key, value] of Object.entries(container)) {
    const stripped = strip(key, value);
    if (isEmpty(stripped) || stableText(stripped) === stableText(FILLED[key])) continue;
    out[key] = stripped;
  }
  return out;
}

function strip(key: string, value: Json): Json {
  if (Array.isArray(value)) {
    const items = value.map((item) =>
      isObject(item) ? stripObject(key === "portMappings" ? mapping(item) : item) : item,
    );
    return UNORDERED.has(key) ? items.sort((a, b) => stableText(a).localeCompare(stableText(b))) : items;
  }
  return isObject(value) ? stripObject(value) : value;
}

function stripObject(value: Props): Props {
  const entries = Object.entries(value).map(([key, member]): [string, Json] => [key, strip(key, member)]);
  return Object.fromEntries(entries.filter(([key, member]) => key === "value" || !isEmpty(member)));
}

/** With awsvpc the host port is the container port, and TCP the default. */
function mapping(port: Props): Props {
  const { hostPort, protocol, ...rest } = port;
  const host = hostPort === undefined || hostPort === 0 || hostPort === port.containerPort ? {} : { hostPort };
  return { ...rest, ...host, ...(protocol === undefined || protocol === "tcp" ? {} : { protocol }) };
}
