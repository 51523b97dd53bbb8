import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CreateRoleCommand, type IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { zip } from "../../rehearsal/provider/assets";
import { find, type Registered } from "../support/mocks";

export interface Deployment {
  /** What the component registered. */
  readonly declared: Registered[];
  /** Name of the component, which its resources' names begin with. */
  readonly component: string;
  /** Folder of the bundle in functions/dist. */
  readonly bundle: string;
  readonly functionName: string;
  /** Replaces the mocks' ARNs by those of this account. */
  readonly real: (text: unknown) => string;
  readonly env?: Readonly<Record<string, string>>;
}

let built = false;

/** A component's function with the role, rights, limits and configuration that it declares; returns its ARN. */
export async function deployFunction(iam: IAMClient, lambda: LambdaClient, what: Deployment): Promise<string> {
  const { declared, component, functionName, real } = what;
  const role = find(declared, ":Role", `${component}-role`);
  await iam.send(
    new CreateRoleCommand({ RoleName: functionName, AssumeRolePolicyDocument: String(role.assumeRolePolicy) }),
  );
  const PolicyDocument = real(find(declared, ":RolePolicy", `${component}-role`).policy);
  await iam.send(new PutRolePolicyCommand({ RoleName: functionName, PolicyName: "own", PolicyDocument }));
  const { environment, timeout } = find(declared, ":Function", `${component}-function`) as {
    environment: { variables: Record<string, string> };
    timeout: number;
  };
  if (!built) execFileSync(process.execPath, [join(__dirname, "../../tools/build-functions.mjs")]);
  built = true;
  const made = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: functionName,
      Role: `arn:aws:iam::123456789012:role/${functionName}`,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Timeout: timeout,
      Code: {
        ZipFile: zip(
          new Map([["index.mjs", readFileSync(join(__dirname, `../../functions/dist/${what.bundle}/index.mjs`))]]),
        ),
      },
      Environment: { Variables: { CUTOVER_FUNCTION: real(environment.variables.CUTOVER_FUNCTION), ...what.env } },
    }),
  );
  return made.FunctionArn ?? "";
}
