import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRolePolicyCommand,
  IAMClient,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
} from "@aws-sdk/client-iam";
import { AWS_ACCOUNT_ID, AWS_REGION } from "../account";
import type { AwsCall } from "./call";
import type { AwsError } from "./errors";
import { evaluate, type PolicyDocument, PolicyNotRehearsed } from "./iam";
import { wishOf } from "./iam-request";
import { lookUp, ownHeaders, type Upstreams } from "./upstream";

/** What the access key id of a Lambda function begins with; the function's name follows. */
export const FUNCTION_KEY_PREFIX = "FUNCTION.";

/** Name of the function whose credentials these are; undefined for any other caller. */
export const functionOf = (accessKeyId: string): string | undefined =>
  accessKeyId.startsWith(FUNCTION_KEY_PREFIX) ? accessKeyId.slice(FUNCTION_KEY_PREFIX.length) : undefined;

interface Role {
  readonly name: string;
  readonly policies: readonly PolicyDocument[];
}

/** Lets a Lambda function do what its role's policies allow, as IAM would; the emulators let everybody do everything. */
export class FunctionPermissions {
  readonly #roles = new Map<string, Promise<Role>>();
  readonly #secrets = new Map<string, string>();

  /** Functions, roles or policies changed. */
  forget(): void {
    this.#roles.clear();
  }

  /** AccessDenied where a function calls what its role does not allow; undefined for callers that are no functions. */
  async refuse(call: AwsCall, upstreams: Upstreams): Promise<AwsError | undefined> {
    const name = functionOf(call.accessKeyId);
    if (name === undefined) return undefined;
    const wish = await wishOf(call, (id) => this.#secretArn(id, upstreams));
    if (wish === undefined) return undefined;
    if (typeof wish === "string") return denied(call, wish);
    const role = await this.#role(name, upstreams);
    try {
      const decision = evaluate(role.policies, wish);
      if (decision === "allowed") return undefined;
      const caller = `arn:aws:sts::${AWS_ACCOUNT_ID}:assumed-role/${role.name}/${name}`;
      const why =
        decision === "denied"
          ? "with an explicit deny"
          : `because no identity-based policy allows the ${wish.action} action`;
      const what = wish.resource === "*" ? "" : ` on resource: ${wish.resource}`;
      return denied(call, `User: ${caller} is not authorized to perform: ${wish.action}${what} ${why}`);
    } catch (error) {
      if (error instanceof PolicyNotRehearsed) return denied(call, `${error.message} (role ${role.name})`);
      throw error;
    }
  }

  #role(functionName: string, upstreams: Upstreams): Promise<Role> {
    let role = this.#roles.get(functionName);
    if (!role) {
      role = readRole(functionName, upstreams);
      this.#roles.set(functionName, role);
      role.catch(() => this.#roles.delete(functionName));
    }
    return role;
  }

  async #secretArn(id: string, { ministack }: Upstreams): Promise<string> {
    if (id.startsWith("arn:")) return id;
    const known = this.#secrets.get(id);
    if (known) return known;
    const headers = ownHeaders("secretsmanager", "secretsmanager.DescribeSecret");
    const answer = await lookUp(ministack, { headers, body: JSON.stringify({ SecretId: id }) });
    const { ARN } = JSON.parse(answer.body.toString("utf8")) as { ARN?: string };
    if (!ARN) return `arn:aws:secretsmanager:${AWS_REGION}:${AWS_ACCOUNT_ID}:secret:${id}`;
    this.#secrets.set(id, ARN);
    return ARN;
  }
}

async function readRole(functionName: string, { ministack }: Upstreams): Promise<Role> {
  const path = `/2015-03-31/functions/${encodeURIComponent(functionName)}/configuration`;
  const answer = await lookUp(ministack, { method: "GET", path, headers: ownHeaders("lambda") });
  const { Role: arn } = JSON.parse(answer.body.toString("utf8")) as { Role?: string };
  if (!arn) throw new Error(`function ${functionName} has no role: its permissions can't be known`);
  const name = arn.slice(arn.lastIndexOf("/") + 1);
  const credentials = { accessKeyId: "GATEWAY", secretAccessKey: "rehearsal" };
  const client = new IAMClient({ endpoint: ministack, region: AWS_REGION, credentials });
  try {
    return { name, policies: await policiesOf(name, client) };
  } finally {
    client.destroy();
  }
}

/** Everything that a role's own and attached policies say. */
export async function policiesOf(RoleName: string, client: IAMClient): Promise<PolicyDocument[]> {
  const policies: PolicyDocument[] = [];
  for await (const page of paginateListRolePolicies({ client }, { RoleName })) {
    for (const PolicyName of page.PolicyNames ?? []) {
      const found = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      policies.push(documentOf(found.PolicyDocument));
    }
  }
  for await (const page of paginateListAttachedRolePolicies({ client }, { RoleName })) {
    for (const { PolicyArn } of page.AttachedPolicies ?? []) {
      const { Policy } = await client.send(new GetPolicyCommand({ PolicyArn }));
      const VersionId = Policy?.DefaultVersionId;
      const found = await client.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
      policies.push(documentOf(found.PolicyVersion?.Document));
    }
  }
  return policies;
}

/** IAM gives documents in the encoding of URLs. */
function documentOf(text = "{}"): PolicyDocument {
  return JSON.parse(text.startsWith("%7B") ? decodeURIComponent(text) : text) as PolicyDocument;
}

const denied = (call: AwsCall, message: string): AwsError => {
  const json = call.protocol === "json" || call.protocol === "rest-json";
  const code = call.service === "sns" ? "AuthorizationError" : json ? "AccessDeniedException" : "AccessDenied";
  return { status: json ? 400 : 403, code, message };
};
