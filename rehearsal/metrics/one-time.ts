import type { IAMClient } from "@aws-sdk/client-iam";
import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import {
  GetScheduleCommand,
  type GetScheduleCommandOutput,
  paginateListSchedules,
  ResourceNotFoundException,
  type SchedulerClient,
} from "@aws-sdk/client-scheduler";
import { policiesOf } from "../aws/gateway/function-permissions";
import { evaluate } from "../aws/gateway/iam";

export interface OneTimeOptions {
  /** All at the gateway. */
  readonly scheduler: SchedulerClient;
  readonly iam: IAMClient;
  readonly lambda: LambdaClient;
  /** What on AWS would not come, and why. */
  readonly onProblem: (error: Error) => void;
}

const ATTEMPTS = 3;

/** One date of one schedule. */
interface Due {
  readonly key: string;
  /** Rehearsal ms. */
  readonly at: number;
  readonly schedule: GetScheduleCommandOutput;
}

/**
 * EventBridge Scheduler's one-time schedules by the rehearsal's clock, which the emulator does not know: its own dates lie far in
 * the future. Each date fires once, in its minute.
 */
export class OneTimeSchedules {
  readonly #options: OneTimeOptions;
  readonly #fired = new Set<string>();
  #waiting: readonly Due[] = [];
  #stale = true;

  constructor(options: OneTimeOptions) {
    this.#options = options;
  }

  /** Schedules may have changed: they are read again before the next minute. */
  invalidate(): void {
    this.#stale = true;
  }

  /** Calls what is due up to the end of the minute at `minute` (rehearsal ms); resolves when it is called, not when it ends. */
  async begin(minute: number): Promise<void> {
    if (this.#stale) {
      this.#stale = false;
      try {
        this.#waiting = await this.#read();
      } catch (error) {
        this.#stale = true;
        throw error;
      }
    }
    for (const due of this.#waiting.filter(({ key, at }) => at < minute + 60_000 && !this.#fired.has(key))) {
      this.#fired.add(due.key);
      await this.#fire(due);
    }
  }

  async #read(): Promise<Due[]> {
    const { scheduler, onProblem } = this.#options;
    const found: Due[] = [];
    for await (const page of paginateListSchedules({ client: scheduler }, {})) {
      for (const { Name, GroupName } of page.Schedules ?? []) {
        const schedule = await scheduler
          .send(new GetScheduleCommand({ Name, GroupName }))
          .catch((error: Error) => (error instanceof ResourceNotFoundException ? undefined : Promise.reject(error)));
        if (!schedule) continue; // deleted meanwhile
        const { ScheduleExpression: expression = "", ScheduleExpressionTimezone: zone = "UTC", State } = schedule;
        const [, date] = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(expression) ?? [];
        if (State === "DISABLED") continue;
        if (date === undefined || zone !== "UTC") {
          onProblem(
            new Error(`schedule ${Name}: the rehearsal keeps one-time schedules in UTC, not ${expression} ${zone}`),
          );
        } else found.push({ key: `${GroupName} ${Name} ${date}`, at: Date.parse(`${date}Z`), schedule });
      }
    }
    return found;
  }

  async #fire({ schedule: { Name, Target } }: Due): Promise<void> {
    const { iam, lambda, onProblem } = this.#options;
    const FunctionName = Target?.Arn ?? "";
    const role = Target?.RoleArn?.split("/").at(-1) ?? "";
    const wish = { action: "lambda:InvokeFunction", resource: FunctionName, keys: {} };
    if (evaluate(await policiesOf(role, iam), wish) !== "allowed") {
      onProblem(new Error(`schedule ${Name}: on AWS its role ${role} may not call ${FunctionName}`));
      return;
    }
    const call = new InvokeCommand({ FunctionName, Payload: Buffer.from(Target?.Input ?? "{}") });
    void this.#call(String(Name), call, lambda, onProblem);
  }

  /** As Lambda does with an event: twice again where the function fails. */
  async #call(
    name: string,
    call: InvokeCommand,
    lambda: LambdaClient,
    onProblem: (error: Error) => void,
  ): Promise<void> {
    let failure = "";
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = await lambda.send(call).catch((error: Error) => ({ FunctionError: error.message }));
      if (!answer.FunctionError) return;
      failure = answer.FunctionError;
    }
    onProblem(new Error(`schedule ${name}: the function failed ${ATTEMPTS} times: ${failure}`));
  }
}
