import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { readRollbacks } from "@cutover/clients/record/rollback-record";
import type { RollbackReport } from "@cutover/clients/rollback/ports";
import { lastRelease, type RollbackRecord } from "@cutover/domain/rollback/record";
import { AWS_REGION } from "../aws/account";
import { messageOf } from "../errors";
import { processesMarked } from "../run/processes";
import type { Stage } from "../story/stage";

/** The rollback function as proofs call it, watch it and hurt it. */
export class RollbackFunction {
  readonly name: string;
  /** The access key that its calls carry in the emulated account. */
  readonly accessKeyId: string;

  readonly #lambda: LambdaClient;

  constructor(private readonly stage: Stage) {
    this.#lambda = new LambdaClient({
      endpoint: stage.gateway.url,
      region: AWS_REGION,
      credentials: { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" },
      maxAttempts: 1,
    });
    this.name = `cutover-${stage.stack}-rollback`;
    this.accessKeyId = `FUNCTION.${this.name}`;
  }

  /** Delivers an alarm's event as SNS would. @param at When the alarm says it rang; ms since the epoch, real time. */
  alarm(at: number): Promise<Partial<RollbackReport>> {
    const Message = JSON.stringify({
      AlarmName: `cutover-${this.stage.stack}-rollback-hard`,
      NewStateValue: "ALARM",
      StateChangeTime: new Date(at).toISOString().replace("Z", "+0000"),
      NewStateReason: "an event that the proof delivers",
    });
    return this.#invoke({ Records: [{ EventSource: "aws:sns", Sns: { Message } }] });
  }

  manual(reason: string): Promise<Partial<RollbackReport>> {
    return this.#invoke({ source: "manual", reason });
  }

  async records(): Promise<readonly RollbackRecord[]> {
    return (await readRollbacks(this.stage.stack, this.stage.aws.ssm)).records;
  }

  /** When the newest release was, ms since the epoch; 0 when there was none. */
  async lastRelease(): Promise<number> {
    return lastRelease(await this.records());
  }

  /** How often the reconciler or an event has made the function look at the load balancer since then. */
  looks(since: number): number {
    const { gateway } = this.stage;
    return gateway
      .journal({ since, service: "elasticloadbalancing", action: "DescribeRules" })
      .filter(({ accessKeyId, status }) => accessKeyId === this.accessKeyId && status === 200).length;
  }

  /** Ends the function's own processes with SIGKILL, as Lambda does at its time limit. @returns how many there were */
  kill(): number {
    const ours = new Set(this.stage.processes());
    const found = processesMarked("AWS_LAMBDA_FUNCTION_NAME", this.name).filter(({ pid }) => ours.has(pid));
    for (const { pid } of found) process.kill(pid, "SIGKILL");
    return found.length;
  }

  close(): void {
    this.#lambda.destroy();
  }

  /** Once, as SNS delivers; what went wrong is the answer's sentence. */
  async #invoke(payload: object): Promise<Partial<RollbackReport>> {
    try {
      const { Payload, FunctionError } = await this.#lambda.send(
        new InvokeCommand({ FunctionName: this.name, Payload: Buffer.from(JSON.stringify(payload)) }),
      );
      const answer = JSON.parse(Buffer.from(Payload ?? []).toString("utf8") || "{}") as Partial<RollbackReport>;
      return FunctionError ? { sentence: JSON.stringify(answer) } : answer;
    } catch (error) {
      return { sentence: messageOf(error) };
    }
  }
}
