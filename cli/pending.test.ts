import type { IdSource } from "@cutover/domain/pending-creates";
import { describe, expect, it } from "vitest";
import { pendingCommand } from "./pending";

const urn = (type: string, name: string) => `urn:pulumi:prod::cutover::cutover:index:Cutover$${type}::${name}`;
const pending = (type: string, name: string, inputs: object, operation = "creating") => ({
  type: operation,
  resource: { urn: urn(type, name), type, inputs },
});
const RULE = pending("aws:lb/listenerRule:ListenerRule", "traffic-split", { listenerArn: "arn:l", priority: 50 });
const ROLE = pending("aws:iam/role:Role", "rollback-role", { name: "cutover-prod-rollback" });
const ALARM = pending("aws:cloudwatch/metricAlarm:MetricAlarm", "errors", { name: "cutover-prod-errors" });
const SWITCH = pending("aws:lb/listenerRule:ListenerRule", "kill-switch", { listenerArn: "arn:l" }, "updating");

async function call(
  operations: readonly object[] | string,
  args: string[] = [],
  answer: string | Error | null = "arn:rule",
) {
  const written: string[] = [];
  const asked: IdSource[] = [];
  const text =
    typeof operations === "string" ? operations : JSON.stringify({ deployment: { pending_operations: operations } });
  const io = {
    write: (line: string) => void written.push(line),
    env: { AWS_REGION: "eu-central-1" },
    stdin: () => text,
    read: (file: string) => (file === "state.json" ? text : ""),
  };
  const code = await pendingCommand(args, io, async (source) => {
    asked.push(source);
    if (answer instanceof Error) throw answer;
    return source.kind === "known" ? source.id : (answer ?? undefined);
  });
  return { code, text: written.join(""), asked };
}

describe("cutover pending", () => {
  it("says what AWS has, and the command that tells the state", async () => {
    const { code, text, asked } = await call([RULE, ROLE]);
    expect(code).toBe(1);
    expect(asked).toEqual([
      { kind: "listener-rule", listenerArn: "arn:l", priority: 50 },
      { kind: "known", id: "cutover-prod-rollback" },
    ]);
    expect(text).toContain("aws:lb/listenerRule:ListenerRule traffic-split: arn:rule");
    expect(text).toContain(
      `pulumi refresh --yes --skip-preview --import-pending-creates '${RULE.resource.urn}' --import-pending-creates 'arn:rule' --import-pending-creates '${ROLE.resource.urn}' --import-pending-creates 'cutover-prod-rollback'\n`,
    );
  });

  it("knows a notice's schedule by its group and name", async () => {
    const schedule = pending("aws:scheduler/schedule:Schedule", "notices-progress", { name: "cutover-prod-progress" });
    expect((await call([schedule])).text).toContain("--import-pending-creates 'default/cutover-prod-progress'");
  });

  it("clears what AWS does not have, and what is simply written over", async () => {
    const { text } = await call([RULE, ALARM], [], null);
    expect(text).toContain("pulumi refresh --yes --skip-preview --clear-pending-creates\n");
    expect(text).toContain("errors: is made anew");
  });

  it("has nothing to say where nothing was being made", async () => {
    expect(await call([])).toMatchObject({ code: 0, text: expect.stringContaining("No creation is pending") });
    expect(await call([SWITCH], ["--json"])).toMatchObject({ code: 0, text: '{"pending":[]}\n' });
  });

  it("reads a file, too", async () => {
    expect(await call([ROLE], ["state.json"])).toMatchObject({
      code: 1,
      text: expect.stringContaining("rollback-role"),
    });
  });

  it("never takes a refusal of AWS for an absence", async () => {
    const { code, text } = await call([RULE], [], new Error("AccessDenied"));
    expect({ code, text }).toEqual({ code: 3, text: "What is pending can't be said: AccessDenied\n" });
  });

  it.each(["", "no JSON", "{}"])("explains that it reads an export: %j", async (text) => {
    expect(await call(text)).toMatchObject({ code: 2, text: expect.stringContaining("can't be said") });
  });
});
