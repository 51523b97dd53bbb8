import { type Declared, json, list, record, text, UNKNOWN } from "./model";
import { TYPES } from "./types";

type Statement = Readonly<Record<string, unknown>>;

/**
 * Actions that may name every resource. Source: AWS, "Service Authorization Reference": those know no resource (or, the
 * three of ECR beside the token, only read an image's layers, wherever the image is).
 */
const ANYWHERE: readonly RegExp[] = [
  /^(elasticloadbalancing|cloudwatch|ecs|ec2|application-autoscaling|logs):Describe\w+$/,
  /^(ecs|cloudwatch):List\w+$/,
  /^cloudwatch:GetMetricData$/,
  /^ecr:(GetAuthorizationToken|BatchCheckLayerAvailability|GetDownloadUrlForLayer|BatchGetImage)$/,
];

/** Rights that reach beyond what the name says. */
const TOO_WIDE = /\/(AdministratorAccess|PowerUserAccess|IAMFullAccess|\w+FullAccess)$/;

/** Nobody may more than it needs: no wildcard for actions but those of {@link ANYWHERE}, none for resources where AWS knows one. */
export function leastPrivilege({ type, name, props }: Declared): string[] {
  switch (type) {
    case TYPES.rolePolicy:
    case TYPES.policy:
      return statements(props.policy).flatMap((one) => [...actions(name, one), ...resources(name, one)]);
    case TYPES.rolePolicyAttachment:
      return attached(name, props.policyArn);
    case TYPES.role:
      return [
        ...list(props.managedPolicyArns).flatMap((arn) => attached(name, arn)),
        ...statements(props.assumeRolePolicy).flatMap((one) => principals(name, one, "sts:AssumeRole")),
        ...list(props.inlinePolicies).flatMap((inline) =>
          statements(record(inline)?.policy).flatMap((one) => [...actions(name, one), ...resources(name, one)]),
        ),
      ];
    case TYPES.topicPolicy:
      return statements(props.policy).flatMap((one) => principals(name, one, "sns:Publish"));
    case TYPES.functionPermission:
      return invokers(name, props);
    default:
      return [];
  }
}

function statements(policy: unknown): readonly Statement[] {
  const document = record(typeof policy === "string" ? json(policy) : policy);
  return list(document?.Statement).flatMap((one) => {
    const statement = record(one);
    return statement && statement.Effect !== "Deny" ? [statement] : [];
  });
}

function actions(name: string, statement: Statement): string[] {
  if (statement.NotAction !== undefined || statement.NotResource !== undefined) {
    return [`${name}: NotAction and NotResource allow what nobody listed; name the actions and resources instead.`];
  }
  return list(statement.Action)
    .filter((action) => isTooWide(text(action) ?? ""))
    .map((action) => `${name}: allows ${String(action)}; name the actions that are called.`);
}

/** Whether a wildcard allows more than actions of {@link ANYWHERE}. */
function isTooWide(action: string): boolean {
  return /[*?]/.test(action) && !isAnywhere(action);
}

/** A wildcard counts where the list leaves the rest of the name open: no action has the "_" that stands for it here. */
function isAnywhere(action: string): boolean {
  const sample = action.replace(/[*?]/g, "_");
  return ANYWHERE.some((allowed) => allowed.test(sample));
}

function resources(name: string, statement: Statement): string[] {
  if (!list(statement.Resource).includes("*")) return [];
  const wide = list(statement.Action).filter((action) => !mayBeAnywhere(text(action) ?? "", statement));
  return wide.map(
    (action) =>
      `${name}: allows ${String(action)} on every resource; name the ARN (policy/checks/rights.ts lists what may be "*").`,
  );
}

function mayBeAnywhere(action: string, { Condition }: Statement): boolean {
  if (action === "cloudwatch:PutMetricData") {
    // It knows no resource; the namespace is the only fence there is.
    return record(record(Condition)?.StringEquals)?.["cloudwatch:namespace"] !== undefined;
  }
  // What is too wide is told of already.
  return isAnywhere(action) || isTooWide(action);
}

function attached(name: string, arn: unknown): string[] {
  return TOO_WIDE.test(text(arn) ?? "")
    ? [
        `${name}: ${text(arn)?.split("/").pop()} allows far more than is called; write a policy with the actions it needs.`,
      ]
    : [];
}

/** "*" as principal lets every account in, unless a condition names whose. */
function principals(name: string, statement: Statement, action: string): string[] {
  const { Principal, Condition } = statement;
  const everybody = Principal === "*" || list(record(Principal)?.AWS).includes("*");
  if (
    !everybody ||
    /aws:(SourceArn|SourceAccount|PrincipalOrgID|PrincipalAccount)/i.test(JSON.stringify(Condition ?? {}))
  ) {
    return [];
  }
  return [`${name}: lets every account ${action}; name the service or account, or a condition on aws:SourceArn.`];
}

/** A service acts for all its customers: without a source, any of them could have it call our function. */
function invokers(name: string, { principal, sourceArn, sourceAccount, principalOrgId }: Declared["props"]): string[] {
  if (principal === "*" && principalOrgId === undefined) {
    return [`${name}: lets everybody invoke the function; name the service and its sourceArn.`];
  }
  const service = principal !== UNKNOWN && /\.amazonaws\.com$/.test(text(principal) ?? "");
  return service && sourceArn === undefined && sourceAccount === undefined
    ? [`${name}: ${text(principal)} may invoke the function for anybody; set sourceArn to the topic, rule or group.`]
    : [];
}
