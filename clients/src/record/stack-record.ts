import { GetParametersByPathCommand, type Parameter, SSMClient } from "@aws-sdk/client-ssm";
import { AFFINITIES } from "@cutover/domain/affinity";
import type { AwsPlace } from "@cutover/domain/aws-place";
import type { Applied } from "@cutover/domain/decide";
import { isPhaseName } from "@cutover/domain/phases";
import { appliedPath, type Manifest, manifestPath, stackPath } from "@cutover/domain/stack-record";

/** What the stack keeps in SSM Parameter Store. */
export interface StackRecord {
  /** Undefined before the first update. */
  readonly manifest?: Manifest;
  /** Undefined before the first complete update. */
  readonly applied?: Applied;
}

/** A parameter is there but does not say what this version of Cutover writes. */
export class RecordError extends Error {
  override readonly name = "RecordError";
}

/**
 * Reads everything below `/cutover/<stack>/`. By path, because a missing parameter is then an empty list and every
 * error is a real one (denied, throttled, no credentials): unknown must never look like "nothing there".
 */
export async function readStackRecord(
  stack: string,
  aws: AwsPlace,
  ssm: Pick<SSMClient, "send"> = new SSMClient(aws),
): Promise<StackRecord> {
  const values = new Map<string, string>();
  let next: string | undefined;
  do {
    const page = await ssm.send(
      new GetParametersByPathCommand({ Path: stackPath(stack), Recursive: true, ...(next ? { NextToken: next } : {}) }),
    );
    for (const parameter of page.Parameters ?? []) remember(values, parameter);
    next = page.NextToken;
  } while (next);
  const manifest = values.get(manifestPath(stack));
  const applied = values.get(appliedPath(stack));
  return {
    ...(manifest === undefined ? {} : { manifest: parse<Manifest>(manifestPath(stack), manifest) }),
    ...(applied === undefined ? {} : { applied: parseApplied(appliedPath(stack), applied) }),
  };
}

function remember(values: Map<string, string>, parameter: Parameter): void {
  if (parameter.Name !== undefined && parameter.Value !== undefined) values.set(parameter.Name, parameter.Value);
}

function parse<T extends object>(path: string, text: string): T {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as T;
  } catch {
    // said below
  }
  throw new RecordError(
    `SSM parameter ${path} is not the JSON object that Cutover writes; restore an earlier version of it (aws ssm get-parameter-history --name ${path})`,
  );
}

/** @throws RecordError for a text that names no phase */
export function parseApplied(path: string, text: string): Applied {
  const value = parse<Partial<Applied>>(path, text);
  if (typeof value.phase === "string" && isPhaseName(value.phase) && typeof value.pythonShare === "number") {
    const { phase, pythonShare, pythonDigest = "", alarmsLookBackMinutes: minutes, notices } = value;
    const affinity = AFFINITIES.find((one) => one === value.affinity);
    return {
      phase,
      pythonShare,
      ...(affinity === undefined ? {} : { affinity }),
      pythonDigest: String(pythonDigest),
      ...(typeof minutes === "number" ? { alarmsLookBackMinutes: minutes } : {}),
      ...(typeof notices?.dates === "object" ? { notices } : {}),
    };
  }
  throw new RecordError(
    `SSM parameter ${path} names no phase of this version of Cutover: expected {"phase", "pythonShare", "pythonDigest"}`,
  );
}
