/** A creation that an interrupted update did not see the end of, as `pulumi stack export` shows it. */
export interface PendingCreate {
  readonly urn: string;
  /** Such as `aws:lb/targetGroup:TargetGroup`. */
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/**
 * How the provider's id of a resource is found that may exist in AWS and is not in the state. `known`: its id is its name, so a
 * refresh finds out whether it exists. The others have an ARN, which AWS has to be asked for.
 */
export type IdSource =
  | { readonly kind: "known"; readonly id: string }
  | { readonly kind: "target-group" | "load-balancer" | "secret"; readonly name: string }
  | { readonly kind: "listener"; readonly loadBalancerArn: string; readonly port: number }
  | { readonly kind: "listener-rule"; readonly listenerArn: string; readonly priority: number };

/** Types of which AWS makes no second one of the same name, and the input that is their id. */
const NAMED: Readonly<Record<string, string>> = {
  "aws:iam/role:Role": "name",
  "aws:lambda/function:Function": "name",
  "aws:ssm/parameter:Parameter": "name",
  "aws:cloudwatch/logGroup:LogGroup": "name",
  "aws:s3/bucket:Bucket": "bucket",
};

/**
 * Where the id of a pending creation comes from; undefined where nothing stands in the way of making it anew: AWS overwrites it
 * (alarms, filters, rules of events), our own providers look for themselves, or a second one may exist (networks).
 */
export function idSource({ type, inputs }: PendingCreate): IdSource | undefined {
  const text = (key: string) => (typeof inputs[key] === "string" ? (inputs[key] as string) : "");
  const number = (key: string) => (typeof inputs[key] === "number" ? (inputs[key] as number) : Number.NaN);
  const named = NAMED[type];
  if (named !== undefined) return text(named) === "" ? undefined : { kind: "known", id: text(named) };
  switch (type) {
    case "aws:lb/targetGroup:TargetGroup":
      return { kind: "target-group", name: text("name") };
    case "aws:lb/loadBalancer:LoadBalancer":
      return { kind: "load-balancer", name: text("name") };
    case "aws:secretsmanager/secret:Secret":
      return { kind: "secret", name: text("name") };
    case "aws:lb/listener:Listener":
      return { kind: "listener", loadBalancerArn: text("loadBalancerArn"), port: number("port") };
    case "aws:lb/listenerRule:ListenerRule":
      return { kind: "listener-rule", listenerArn: text("listenerArn"), priority: number("priority") };
    default:
      return undefined;
  }
}

/**
 * Reads the pending creations out of the text of `pulumi stack export`.
 * @throws SyntaxError for a text that is no such export
 */
export function pendingCreates(exported: string): readonly PendingCreate[] {
  const { deployment } = JSON.parse(exported) as { deployment?: { pending_operations?: unknown } };
  if (typeof deployment !== "object") throw new SyntaxError("it has no deployment: is it from pulumi stack export?");
  const operations = Array.isArray(deployment.pending_operations) ? deployment.pending_operations : [];
  return operations.flatMap((operation: { type?: unknown; resource?: Partial<PendingCreate> }) => {
    const { urn, type, inputs = {} } = operation.resource ?? {};
    if (operation.type !== "creating" || urn === undefined || type === undefined) return [];
    return [{ urn, type, inputs }];
  });
}

/** A pending creation with the id under which it exists; without one it does not, or may be made anew. */
export interface ResolvedCreate extends PendingCreate {
  readonly id?: string | undefined;
}

/** The command that brings the state up to date; undefined where nothing is pending. */
export function refreshCommand(creates: readonly ResolvedCreate[]): string | undefined {
  if (creates.length === 0) return undefined;
  const known = creates.flatMap(({ urn, id }) => (id === undefined ? [] : [urn, id]));
  const imports = known.map((text) => ` --import-pending-creates '${text.replaceAll("'", `'\\''`)}'`).join("");
  const clear = creates.some(({ id }) => id === undefined) ? " --clear-pending-creates" : "";
  return `pulumi refresh --yes --skip-preview${imports}${clear}`;
}
