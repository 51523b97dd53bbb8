import type { Runtime } from "@aws-sdk/client-lambda";
import { archiveBytes } from "../assets";
import type { Bag } from "../bag";
import { found } from "../errors";
import { defined, type Json, parseJson } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import {
  any,
  bool,
  COMPUTED,
  FIXED,
  KEY,
  LOCAL,
  list,
  map,
  num,
  obj,
  REPLACE,
  REQUIRED,
  set,
  str,
  tags,
} from "../schema";
import { must } from "./ec2-common";
import { asOneOf } from "./elb-common";

const RUNTIMES = ["nodejs20.x", "nodejs22.x", "nodejs24.x", "python3.12", "python3.13"] as const;
const CONFIGURED = [
  "role",
  "handler",
  "runtime",
  "description",
  "timeout",
  "memorySize",
  "environment",
  "ephemeralStorage",
  "deadLetterConfig",
  "tracingConfig",
  "vpcConfig",
  "loggingConfig",
] as const;

function configurationOf(a: Bag) {
  const [dead, tracing, vpc] = [a.bag("deadLetterConfig"), a.bag("tracingConfig"), a.bag("vpcConfig")];
  const [storage, logging] = [a.bag("ephemeralStorage"), a.bag("loggingConfig")];
  return {
    Role: a.need("role"),
    Handler: a.str("handler"),
    Runtime: asOneOf<Runtime>(RUNTIMES, a.str("runtime")),
    Description: a.str("description") ?? "",
    Timeout: a.num("timeout"),
    MemorySize: a.num("memorySize"),
    Environment: { Variables: a.bag("environment")?.map("variables") ?? {} },
    ...(storage ? { EphemeralStorage: { Size: storage.num("size") } } : {}),
    ...(dead ? { DeadLetterConfig: { TargetArn: dead.need("targetArn") } } : {}),
    ...(tracing ? { TracingConfig: { Mode: asOneOf(["Active", "PassThrough"], tracing.need("mode")) } } : {}),
    ...(vpc ? { VpcConfig: { SubnetIds: vpc.strs("subnetIds"), SecurityGroupIds: vpc.strs("securityGroupIds") } } : {}),
    ...(logging
      ? {
          LoggingConfig: {
            LogFormat: asOneOf(["JSON", "Text"], logging.need("logFormat")),
            LogGroup: logging.str("logGroup"),
          },
        }
      : {}),
  };
}

async function waitReady(ctx: Context, FunctionName: string): Promise<void> {
  await ctx.wait(`Lambda function ${FunctionName} to be ready`, async () => {
    const state = (await ctx.aws.lambda.getFunction({ FunctionName })).Configuration;
    if (state?.State === "Failed" || state?.LastUpdateStatus === "Failed") {
      throw new Error(`function ${FunctionName}: ${state.StateReason ?? state.LastUpdateStatusReason ?? "failed"}`);
    }
    const ready = (state?.State ?? "Active") === "Active" && (state?.LastUpdateStatus ?? "Successful") === "Successful";
    return ready ? { done: true } : { pending: `state ${state?.State}, last update ${state?.LastUpdateStatus}` };
  });
}

const LambdaFunction: ResourceType = {
  inputs: {
    name: str({ autoname: 64, replace: true }),
    role: str(REQUIRED),
    code: any(LOCAL),
    handler: str(),
    runtime: str(),
    architectures: list(str(), FIXED),
    packageType: str({ default: "Zip", replace: true }),
    description: str(),
    timeout: num({ default: 3 }),
    memorySize: num({ default: 128 }),
    environment: obj({ variables: map() }),
    ephemeralStorage: obj({ size: num(COMPUTED) }, COMPUTED),
    reservedConcurrentExecutions: num({ default: -1 }),
    deadLetterConfig: obj({ targetArn: str(REQUIRED) }),
    tracingConfig: obj({ mode: str(REQUIRED) }, COMPUTED),
    vpcConfig: obj({ subnetIds: set(str(), REQUIRED), securityGroupIds: set(str(), REQUIRED) }),
    loggingConfig: obj({ logFormat: str(REQUIRED), logGroup: str(COMPUTED) }, COMPUTED),
    sourceCodeHash: str({ ...LOCAL, ...COMPUTED }),
    publish: bool(LOCAL),
    skipDestroy: bool(LOCAL),
    tags: tags(),
  },
  outputs: ["arn", "invokeArn", "qualifiedArn", "lastModified", "version", "sourceCodeSize", "codeSha256"],
  volatile: ["lastModified", "sourceCodeSize", "codeSha256"],
  momentary: ["lastModified"],
  async create(ctx, a) {
    const FunctionName = a.need("name");
    await ctx.aws.lambda.createFunction({
      FunctionName,
      ...configurationOf(a),
      Code: { ZipFile: archiveBytes(a.json("code"), ctx.programDir) },
      Architectures: a.strs("architectures").map((one) => must(asOneOf(["x86_64", "arm64"] as const, one), "one")),
      Publish: a.bool("publish"),
      Tags: a.map("tags"),
    });
    ctx.created(FunctionName);
    await waitReady(ctx, FunctionName);
    await putConcurrency(ctx, FunctionName, a);
    return FunctionName;
  },
  async read(ctx, FunctionName) {
    const answer = await found(ctx.aws.lambda.getFunction({ FunctionName }));
    const live = answer?.Configuration;
    if (!live) return undefined;
    const arn = live.FunctionArn ?? "";
    const invoke = `arn:aws:apigateway:${ctx.region}:lambda:path/2015-03-31/functions/${arn}/invocations`;
    const [variables, vpc] = [live.Environment?.Variables ?? {}, live.VpcConfig];
    return {
      name: live.FunctionName,
      role: live.Role,
      handler: live.Handler,
      runtime: live.Runtime,
      architectures: live.Architectures,
      packageType: live.PackageType ?? "Zip",
      description: live.Description,
      timeout: live.Timeout,
      memorySize: live.MemorySize,
      environment: Object.keys(variables).length > 0 ? { variables: { ...variables } } : undefined,
      ephemeralStorage: live.EphemeralStorage?.Size ? { size: live.EphemeralStorage.Size } : undefined,
      reservedConcurrentExecutions: answer?.Concurrency?.ReservedConcurrentExecutions ?? -1,
      deadLetterConfig: live.DeadLetterConfig?.TargetArn ? { targetArn: live.DeadLetterConfig.TargetArn } : undefined,
      tracingConfig: live.TracingConfig?.Mode ? { mode: live.TracingConfig.Mode } : undefined,
      vpcConfig: vpc?.SubnetIds?.length
        ? { subnetIds: vpc.SubnetIds, securityGroupIds: vpc.SecurityGroupIds ?? [] }
        : undefined,
      loggingConfig: live.LoggingConfig?.LogFormat
        ? defined({ logFormat: live.LoggingConfig.LogFormat, logGroup: live.LoggingConfig.LogGroup })
        : undefined,
      tags: { ...answer?.Tags },
      arn,
      invokeArn: invoke,
      qualifiedArn: `${arn}:${live.Version ?? "$LATEST"}`,
      lastModified: live.LastModified,
      version: live.Version,
      sourceCodeSize: live.CodeSize,
      codeSha256: live.CodeSha256,
    };
  },
  async update(ctx, FunctionName, change) {
    const { news } = change;
    if (change.changed("code", "sourceCodeHash")) {
      const ZipFile = archiveBytes(news.json("code"), ctx.programDir);
      await ctx.aws.lambda.updateFunctionCode({ FunctionName, ZipFile, Publish: news.bool("publish") });
      await waitReady(ctx, FunctionName);
    }
    if (change.changed(...CONFIGURED)) {
      await ctx.aws.lambda.updateFunctionConfiguration({ FunctionName, ...configurationOf(news) });
      await waitReady(ctx, FunctionName);
    }
    if (change.changed("reservedConcurrentExecutions")) await putConcurrency(ctx, FunctionName, news);
    const Resource = change.state.need("arn");
    const { set: Tags, remove } = change.tags;
    if (remove.length > 0) await ctx.aws.lambda.untagResource({ Resource, TagKeys: remove });
    if (Object.keys(Tags).length > 0) await ctx.aws.lambda.tagResource({ Resource, Tags });
  },
  async delete(ctx, FunctionName, state) {
    if (!state.bool("skipDestroy")) await ctx.aws.lambda.deleteFunction({ FunctionName });
  },
};

async function putConcurrency(ctx: Context, FunctionName: string, a: Bag): Promise<void> {
  const reserved = a.num("reservedConcurrentExecutions") ?? -1;
  if (reserved >= 0) {
    await ctx.aws.lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: reserved });
    return;
  }
  const now = await ctx.aws.lambda.getFunction({ FunctionName });
  if (now.Concurrency?.ReservedConcurrentExecutions === undefined) return;
  await ctx.aws.lambda.deleteFunctionConcurrency({ FunctionName });
}

interface PolicyStatement {
  readonly Sid?: string;
  readonly Action?: string;
  readonly Principal?: string | { readonly Service?: string; readonly AWS?: string };
  readonly Condition?: { readonly [test: string]: { readonly [key: string]: string } };
}

async function findStatement(ctx: Context, known: Bag, sid: string): Promise<PolicyStatement | undefined> {
  const [FunctionName, Qualifier] = [known.need("function"), known.str("qualifier")];
  const answer = await found(ctx.aws.lambda.getPolicy({ FunctionName, Qualifier }));
  const policy = parseJson(answer?.Policy ?? "{}") as { Statement?: PolicyStatement[] };
  return policy.Statement?.find((one) => one.Sid === sid);
}

function condition(statement: PolicyStatement, key: string): string | undefined {
  const tests = Object.values(statement.Condition ?? {});
  return tests
    .map((members) => Object.entries(members).find(([name]) => name.toLowerCase() === key)?.[1])
    .find(Boolean);
}

/** A function may be declared by name or ARN; AWS's answer says neither. */
function shortName(value: Json): Json {
  const text = String(value);
  return text.startsWith("arn:") ? (text.split(":")[6] ?? text) : text;
}

const Permission: ResourceType = {
  inputs: {
    statementId: str({ autoname: 100, replace: true }),
    function: str({ ...KEY, canonical: shortName }),
    action: str(KEY),
    principal: str(KEY),
    sourceArn: str(REPLACE),
    sourceAccount: str(REPLACE),
    qualifier: str(REPLACE),
  },
  async create(ctx, a) {
    const StatementId = a.need("statementId");
    await ctx.aws.lambda.addPermission({
      FunctionName: a.need("function"),
      StatementId,
      Action: a.need("action"),
      Principal: a.need("principal"),
      SourceArn: a.str("sourceArn"),
      SourceAccount: a.str("sourceAccount"),
      Qualifier: a.str("qualifier"),
    });
    return StatementId;
  },
  async importedId(_ctx, id) {
    return id.split("/").at(-1) ?? id;
  },
  async read(ctx, id, known) {
    const statement = await findStatement(ctx, known, id);
    if (!statement) return undefined;
    const { Principal } = statement;
    return {
      statementId: id,
      function: known.need("function"),
      action: statement.Action,
      principal: typeof Principal === "object" ? (Principal.Service ?? Principal.AWS) : Principal,
      sourceArn: condition(statement, "aws:sourcearn"),
      sourceAccount: condition(statement, "aws:sourceaccount"),
      qualifier: known.str("qualifier"),
    };
  },
  async delete(ctx, StatementId, state) {
    const [FunctionName, Qualifier] = [state.need("function"), state.str("qualifier")];
    await ctx.aws.lambda.removePermission({ FunctionName, StatementId, Qualifier });
  },
};

/** Functions and who may call them. */
export const LAMBDA: Registry = {
  "aws:lambda/function:Function": LambdaFunction,
  "aws:lambda/permission:Permission": Permission,
};
