import type { RollbackReport } from "@cutover/clients/rollback/ports";
import { describe, expect, it } from "vitest";
import { type Invoked, type RollbackCommandParts, rollbackCommand } from "./rollback";

const report: RollbackReport = {
  outcome: "rolled-back",
  id: "rb-0001",
  to: "node",
  sentence: 'The kill switch is "node": a person asked for it.',
  steps: { switch: { state: "done", at: "2026-11-22T10:00:00.000Z", detail: "moved" } },
};

async function run(
  args: string[],
  answer: Invoked | Error = { report },
  env: Record<string, string> = { AWS_REGION: "eu-central-1" },
) {
  const invoked: unknown[] = [];
  const looked: unknown[] = [];
  const parts: RollbackCommandParts = {
    invoke: async (...call) => {
      invoked.push(call);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    look: async (...call) => {
      looked.push(call);
      if (call[0] === "broken") throw new Error("AccessDenied");
      return ["Kill switch: off."];
    },
  };
  const written: string[] = [];
  const code = await rollbackCommand(args, { write: (text) => void written.push(text), env }, parts);
  return { code, text: written.join(""), invoked, looked };
}

const GO = ["--stack", "prod", "--reason", "answers are wrong"];

describe("cutover rollback", () => {
  it("only says what it would do without --yes", async () => {
    const { code, text, invoked } = await run(GO);
    expect(invoked).toEqual([]);
    expect(code).toBe(2);
    expect(text).toMatch(/Kill switch: off/);
    expect(text).toMatch(/Would invoke cutover-prod-rollback in eu-central-1, reason: answers are wrong/);
    expect(text).toMatch(/or to the inbox where Node is dead/);
    expect(text).toMatch(/those on call and the stakeholders/);
    expect(text).toMatch(/Nothing was done/);
  });

  it("says it also where the stack can't be read", async () => {
    const { text } = await run(["--stack", "broken", "--reason", "x"]);
    expect(text).toMatch(/could not be read \(AccessDenied\)[\s\S]*Would invoke/);
  });

  it("with --yes invokes the alarms' own function and reads nothing before", async () => {
    const { code, text, invoked, looked } = await run([...GO, "--yes", "--profile", "admin"]);
    expect(invoked).toEqual([
      [
        "cutover-prod-rollback",
        { source: "manual", reason: "answers are wrong" },
        { region: "eu-central-1", profile: "admin" },
      ],
    ]);
    expect(looked).toEqual([]);
    expect(code).toBe(0);
    expect(text).toBe(
      'rolled-back: The kill switch is "node": a person asked for it.\n  record   rb-0001\n  switch   done: moved\nNow: every customer\'s message goes to Node.\n',
    );
  });

  it("gives programs one JSON object", async () => {
    expect(JSON.parse((await run([...GO, "--yes", "--json"])).text)).toEqual(report);
    expect(JSON.parse((await run([...GO, "--json"])).text)).toMatchObject({ dryRun: true });
    expect(JSON.parse((await run([...GO, "--json", "--yes"], new Error("no"))).text)).toHaveProperty("error");
  });

  it.each<[string, Invoked | Error, number, RegExp]>([
    ["already rolled back", { report: { ...report, outcome: "joined" } }, 0, /^joined/],
    ["left alone", { report: { outcome: "left", sentence: "Node is dead." } }, 1, /^left: Node is dead/],
    ["ignored", { report: { outcome: "ignored", sentence: "x" } }, 1, /^ignored/],
    ["failed inside", { error: "The kill switch has not moved" }, 1, /The function failed: The kill switch/],
    ["no answer", new Error("ECONNREFUSED"), 3, /did not answer .*docs\/runbook.md, "Roll back now"/],
  ])("says what became of it: %s", async (_what, answer, code, text) => {
    const seen = await run([...GO, "--yes"], answer);
    expect(seen.code).toBe(code);
    expect(seen.text).toMatch(text);
  });

  it.each<[RollbackReport["outcome"], RollbackReport["to"], RegExp]>([
    ["rolled-back", "hold", /^Now: .*kept in the inbox, and nobody answers customers/m],
    ["joined", "hold", /^Now: .*kept in the inbox, and nobody answers customers/m],
    ["completed", "node", /^Now: every customer's message goes to Node/m],
    ["joined", undefined, /^Where messages go now is not in the answer/m],
  ])("after %s says where messages go now: %s", async (outcome, to, now) => {
    const { to: _, ...rest } = report;
    const { code, text } = await run([...GO, "--yes"], { report: { ...rest, outcome, ...(to ? { to } : {}) } });
    expect(code).toBe(0);
    expect(text).toMatch(now);
    expect(text.match(/^(Now|Where)/gm)).toHaveLength(1);
  });

  it.each([
    ["no stack", ["--reason", "x"], /--stack/],
    ["no reason", ["--stack", "prod"], /--reason/],
    ["an empty reason", ["--stack", "prod", "--reason", " "], /reason is empty/],
    ["an unknown option", [...GO, "--force"], /--force/],
  ])("refuses %s", async (_what, args, text) => {
    const seen = await run(args);
    expect(seen.code).toBe(2);
    expect(seen.text).toMatch(text);
    expect(seen.invoked).toEqual([]);
  });

  it("asks for the region where there is none", async () => {
    expect(await run(GO, { report }, {})).toMatchObject({ code: 2, text: expect.stringMatching(/no region/) });
  });
});
