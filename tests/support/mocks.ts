// Before anything declares: see the files.
import "../../tools/without-solver.cjs";
import "../../tools/promise-traces.cjs";
import * as pulumi from "@pulumi/pulumi";
import { getMonitor } from "@pulumi/pulumi/runtime/settings";

/** One registration as the engine would have got it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  /** What was declared, secrets unwrapped. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Inputs, the id, and what AWS would compute. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The same as text, every secret in it replaced by "[secret]". */
  readonly visible: string;
  /** Names of the resources that it waits for, named or because it uses what they give. */
  readonly waitsFor: readonly string[];
}

/** What the mocks' monitor is sent of a registration, as far as it is looked at here. */
interface Request {
  getType(): string;
  getName(): string;
  getDependenciesList(): string[];
}

/** Mocks don't tell what a resource depends on; the request that they answer does. */
function recordDependencies(into: Map<string, readonly string[]>): void {
  const monitor = getMonitor() as unknown as { registerResource(request: Request, ...rest: unknown[]): unknown };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, ...rest) => {
    const names = request.getDependenciesList().map((urn) => urn.split("::").at(-1) ?? "");
    into.set(`${request.getType()} ${request.getName()}`, names);
    return register(request, ...rest);
  };
}

/** Marks an object as a special value on the wire; this one's kind says that it holds a secret. */
const SPECIAL = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

function mapSecrets(value: unknown, secret: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((v) => mapSecrets(v, secret));
  if (typeof value !== "object" || value === null) return value;
  if ((value as Record<string, unknown>)[SPECIAL] === SECRET) return secret((value as { value: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mapSecrets(v, secret)]));
}

function unwrap(value: unknown): unknown {
  return mapSecrets(value, unwrap);
}

/** Outputs that AWS would compute and that components pass on. */
function computed(type: string, name: string, inputs: Record<string, unknown>): Record<string, unknown> {
  const arn = `arn:mock:${type.split(":").pop()}/${name}`;
  if (type === "aws:acm/certificate:Certificate") {
    const option = { resourceRecordName: "_x.example.com", resourceRecordType: "CNAME", resourceRecordValue: "_y.aws" };
    return { arn, domainValidationOptions: [option] };
  }
  if (type === "aws:lb/targetGroup:TargetGroup") return { arn, arnSuffix: `targetgroup/${name}/1` };
  if (type === "aws:lb/loadBalancer:LoadBalancer") {
    return { arn, arnSuffix: `app/${name}/1`, dnsName: `${name}.elb.example.com`, zoneId: "Z1" };
  }
  if (type.startsWith("random:")) return { hex: `hex-of-${name}`, result: `result-of-${name}` };
  if (type === "aws:secretsmanager/secretVersion:SecretVersion") return { arn, versionId: `version-of-${name}` };
  if (type === "aws:sqs/queue:Queue") return { arn, url: `https://sqs.mock/${name}` };
  if (type.endsWith(":GhlValue"))
    return { shown: "https://shown.example.com/webhooks/ghl", mergeField: "{{ custom_values.x }}" };
  // An event target and a topic policy are given the ARN of another.
  return { arn: inputs.arn ?? arn, name: inputs.name ?? name };
}

/**
 * Runs `declare` under Pulumi's mocks and returns every custom resource it registered. What this does not prove: options
 * (ignoreChanges), the providers' own checks, and what AWS makes of it; the rehearsal does.
 * @param during Runs inside each registration: while it waits for one resource, what depends on that one can't come.
 */
export async function registrations(
  declare: () => void,
  preview = false,
  during?: (name: string) => Promise<void>,
): Promise<Registered[]> {
  const seen: Registered[] = [];
  const dependencies = new Map<string, readonly string[]>();
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs, custom }) => {
        const visible = JSON.stringify(mapSecrets(inputs, () => "[secret]"));
        const waitsFor = dependencies.get(`${type} ${name}`) ?? [];
        const state = { ...inputs, ...computed(type, name, inputs) };
        const outputs = { id: `id-of-${name}`, ...(unwrap(state) as Registered["outputs"]) };
        if (custom)
          seen.push({ type, name, inputs: unwrap(inputs) as Registered["inputs"], outputs, visible, waitsFor });
        await during?.(name);
        return { id: `id-of-${name}`, state };
      },
      call: ({ token, inputs }) =>
        token === "aws:index/getAvailabilityZones:getAvailabilityZones" ? { names: ["zone-a", "zone-b"] } : inputs,
    },
    "cutover",
    "test",
    preview,
  );
  recordDependencies(dependencies);
  declare();
  await pulumi.runtime.disconnect();
  return seen;
}

/** The one resource of that type and name. */
export function find(all: readonly Registered[], type: string, name: string): Registered["inputs"] {
  const found = all.filter((r) => r.type.endsWith(type) && r.name === name);
  if (found.length !== 1 || !found[0]) {
    throw new Error(`${found.length} resources ${type} "${name}" among ${all.map((r) => r.name).join(", ")}`);
  }
  return found[0].inputs;
}
