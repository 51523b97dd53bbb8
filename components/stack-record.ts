import type { Applied } from "@cutover/domain/decide";
import type { Manifest } from "@cutover/domain/stack-record";
import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";

/** ARNs and names for the CLI and the functions, which work without Pulumi. */
export function manifestParameter(
  name: string,
  path: string,
  manifest: pulumi.Input<Manifest>,
  opts: pulumi.CustomResourceOptions,
): ssm.Parameter {
  return new ssm.Parameter(name, { name: path, type: "String", value: pulumi.jsonStringify(manifest) }, opts);
}

/** What this update applied: the last thing it writes, so that an interrupted update is not taken for a complete one. */
export function appliedParameter(
  name: string,
  path: string,
  applied: Applied,
  opts: pulumi.CustomResourceOptions,
): ssm.Parameter {
  return new ssm.Parameter(name, { name: path, type: "String", value: JSON.stringify(applied) }, opts);
}
