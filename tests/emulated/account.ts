import { join } from "node:path";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, ParameterNotFound, SSMClient } from "@aws-sdk/client-ssm";
import { build } from "esbuild";
import { zip } from "../../rehearsal/provider/assets";

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Functions, topics and notes of a test, in an emulated account. */
export class Account {
  readonly cloudwatch: CloudWatchClient;
  readonly events: EventBridgeClient;
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
  readonly #iam: IAMClient;
  readonly #sns: SNSClient;
  readonly #ssm: SSMClient;
  #code: Promise<Buffer> | undefined;

  constructor(endpoint: string) {
    const credentials = { accessKeyId: "TESTER", secretAccessKey: "x" };
    const config = { endpoint, region: "us-east-1", credentials, maxAttempts: 1 };
    this.cloudwatch = new CloudWatchClient(config);
    this.events = new EventBridgeClient(config);
    this.lambda = new LambdaClient(config);
    this.sqs = new SQSClient(config);
    this.#iam = new IAMClient(config);
    this.#sns = new SNSClient(config);
    this.#ssm = new SSMClient(config);
  }

  /** A function that acts as its events say, with a role of these permissions and the one to take notes. */
  async actingFunction(name: string, statements: readonly Statement[] = []): Promise<string> {
    this.#code ??= bundled();
    await this.#iam.send(
      new CreateRoleCommand({ RoleName: `role-${name}`, AssumeRolePolicyDocument: JSON.stringify(TRUST) }),
    );
    await this.permit(name, statements);
    const made = await this.lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Role: `arn:aws:iam::123456789012:role/role-${name}`,
        Runtime: "nodejs22.x",
        Handler: "index.handler",
        Timeout: 20,
        Code: { ZipFile: await this.#code },
      }),
    );
    return made.FunctionArn ?? "";
  }

  /** Gives a function's role these permissions instead of its former ones. */
  async permit(name: string, statements: readonly Statement[]): Promise<void> {
    const notes = { Effect: "Allow", Action: "ssm:PutParameter", Resource: "arn:aws:ssm:*:*:parameter/test/*" };
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [notes, ...statements] });
    await this.#iam.send(new PutRolePolicyCommand({ RoleName: `role-${name}`, PolicyName: "own", PolicyDocument }));
  }

  /** Calls a function and returns what it says came of it. */
  async act(FunctionName: string, what: object): Promise<string> {
    const answer = await this.lambda.send(
      new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(what)) }),
    );
    return String(JSON.parse(Buffer.from(answer.Payload ?? []).toString("utf8")));
  }

  /** A topic that calls this function. */
  async topic(Name: string, functionArn: string): Promise<string> {
    const { TopicArn = "" } = await this.#sns.send(new CreateTopicCommand({ Name }));
    await this.#sns.send(new SubscribeCommand({ TopicArn, Protocol: "lambda", Endpoint: functionArn }));
    return TopicArn;
  }

  /** What a function noted under this name. */
  async note(name: string): Promise<string | undefined> {
    try {
      return (await this.#ssm.send(new GetParameterCommand({ Name: `/test/${name}` }))).Parameter?.Value;
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }
  }

  close(): void {
    for (const client of [this.cloudwatch, this.events, this.lambda, this.sqs, this.#iam, this.#sns, this.#ssm])
      client.destroy();
  }
}

const TRUST = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
};

async function bundled(): Promise<Buffer> {
  const result = await build({
    entryPoints: [join(__dirname, "fixtures/acting-function.ts")],
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    write: false,
    logLevel: "error",
  });
  return zip(new Map([["index.js", Buffer.from(result.outputFiles[0]?.contents ?? [])]]));
}
