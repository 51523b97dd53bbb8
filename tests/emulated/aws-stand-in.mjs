// Stands in for the AWS command line where a test runs a command of docs/runbook.md: the two calls that are there, as the real one
// takes them from a shell. Anything else is refused, so that no line passes unread.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ElasticLoadBalancingV2Client, ModifyRuleCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";

const [service, action, ...rest] = process.argv.slice(2);
const text = { type: "string" };
const of = (options, positionals) => parseArgs({ args: rest, options, strict: true, allowPositionals: positionals });

switch (`${service} ${action}`) {
  case "lambda invoke": {
    const options = { "function-name": text, "cli-binary-format": text, payload: text };
    const { values, positionals } = of(options, true);
    // Without this format the real one takes the payload for base64.
    const encoding = values["cli-binary-format"] === "raw-in-base64-out" ? "utf8" : "base64";
    const Payload = Buffer.from(values.payload, encoding);
    const answer = await new LambdaClient().send(new InvokeCommand({ FunctionName: values["function-name"], Payload }));
    // A test's standard output is a socket, which can't be opened by this name as a terminal or a pipe can.
    writeFileSync(positionals[0] === "/dev/stdout" ? 1 : positionals[0], Buffer.from(answer.Payload ?? []));
    process.stdout.write(`${JSON.stringify({ StatusCode: answer.StatusCode, FunctionError: answer.FunctionError })}\n`);
    break;
  }
  case "elbv2 modify-rule": {
    const { values } = of({ "rule-arn": text, actions: text, conditions: text }, false);
    // The shorthand: Key=value,Key=value.
    const action = Object.fromEntries(values.actions.split(",").map((pair) => pair.split("=")));
    const Conditions = JSON.parse(values.conditions);
    const command = new ModifyRuleCommand({ RuleArn: values["rule-arn"], Actions: [action], Conditions });
    await new ElasticLoadBalancingV2Client().send(command);
    break;
  }
  default:
    process.stderr.write(`aws ${service} ${action}: not a call that this stand-in knows\n`);
    process.exitCode = 252;
}
