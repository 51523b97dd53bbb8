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
  const saved: Record<string, string> = {};
  const text =
    typeof operations === "string" ? operations : JSON.stringify({ deployment: { pending_operations: operations } });
  const io = {
    write: (line: string) => void written.push(line),
    env: { AWS_REGION: "eu-central-1" },
    stdin: () => text,
    read: (file: string) => (file === "state.json" ? text : ""),
    save: (file: string, contents: string) => {
      saved[file] = contents;
    },
  };
  const code = await pendingCommand(args, io, async (source) => {
    asked.push(source);
    if (answer instanceof Error) throw answer;
    return source.kind === "known" ? source.id : (answer ?? undefined);
  });
  return { code, text: written.join(""), asked, saved };
}

describe("cutover pending", () => {
  it("says what AWS has, and the commands that tell the state", async () => {
    const { code, text, asked, saved } = await call([RULE, ROLE], ["--region", "eu-west-1"]);
    expect(code).toBe(1);
    expect(asked).toEqual([
      { kind: "listener-rule", listenerArn: "arn:l", priority: 50 },
      { kind: "known", id: "cutover-prod-rollback" },
    ]);
    expect(text).toContain("aws:lb/listenerRule:ListenerRule traffic-split: arn:rule");
    expect(text.split("\n").slice(-6)).toEqual([
      "Tell the state, then update again:",
      "  pulumi stack export | npx cutover pending --write repaired.json --region eu-west-1",
      "  pulumi stack import --file repaired.json",
      "  pulumi refresh --yes --skip-preview",
      "  pulumi up",
      "",
    ]);
    expect(saved).toEqual({});
  });

  it("writes the state with what AWS has; what it has not, and what is written over, is no longer pending", async () => {
    const { code, text, saved } = await call([ROLE, ALARM, SWITCH], ["--write", "fixed.json"]);
    expect(JSON.parse(saved["fixed.json"] ?? "")).toEqual({
      deployment: { resources: [{ ...ROLE.resource, id: "cutover-prod-rollback" }], pending_operations: [SWITCH] },
    });
    expect({ code, first: text.split("update again:\n")[1]?.split("\n")[0] }).toEqual({
      code: 1,
      first: "  pulumi stack import --file fixed.json",
    });
  });

  it("leaves what was being replaced to be deleted", async () => {
    const before = { ...RULE.resource, id: "arn:old" };
    const other = { ...ROLE.resource, id: "cutover-prod-rollback" };
    const state = { version: 3, deployment: { resources: [other, before], pending_operations: [RULE] } };
    const { saved } = await call(JSON.stringify(state), ["--write", "fixed.json"]);
    expect(JSON.parse(saved["fixed.json"] ?? "")).toEqual({
      version: 3,
      deployment: {
        resources: [other, { ...before, delete: true }, { ...RULE.resource, id: "arn:rule" }],
        pending_operations: [],
      },
    });
  });

  it("knows a notice's schedule by its group and name", async () => {
    const schedule = pending("aws:scheduler/schedule:Schedule", "notices-progress", { name: "cutover-prod-progress" });
    expect((await call([schedule])).text).toContain("notices-progress: default/cutover-prod-progress");
  });

  it("clears what AWS does not have, and what is simply written over", async () => {
    const { text } = await call([RULE, ALARM], [], null);
    expect(text).toContain("traffic-split: is made anew");
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
