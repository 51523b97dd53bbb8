import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { triggerPromise } from "../backtest/promise";
import { comment } from "./comment";
import { type Explanation, explain } from "./explain";
import { SAMPLES, sample } from "./samples";
import { capacity, evidenceText, fixedPromise, type Place, previewText, step, UNKNOWN, warning } from "./testkit";

const RAMP_25: Place = { phase: "ramp-25", share: 25 };
const RAMP_50: Place = { phase: "ramp-50", share: 50 };

function explained(parts: Parameters<typeof previewText>[0]): Explanation {
  return explain({ preview: previewText(parts), promise: fixedPromise });
}

const codes = ({ headlines }: Explanation) => headlines.map(({ code }) => code);

describe("a preview of the real engine", () => {
  const preview = readFileSync(join(__dirname, "__fixtures__/engine-preview.json"), "utf8");
  const found = explain({ preview, promise: fixedPromise });

  it("is read: phases, shares, webhook, refusal, alarms, and what waits", () => {
    expect(found.change.before).toMatchObject({ phase: { name: "prepare" }, share: 0, webhook: "as-found" });
    expect(found.change.after).toMatchObject({ phase: { name: "ramp-50" }, share: 50, webhook: "front-door" });
    expect(found.change.messagesPerHour).toBe(1200);
    expect(codes(found)).toEqual(["refused", "skipped-rung", "waits", "front-door"]);
    expect(found.alarms.map(({ name, kind }) => [name.replace("cutover-rehearsal-", ""), kind])).toContainEqual([
      "python-hosts",
      "resized",
    ]);
    expect(found.unquotedWarnings).toBe(0);
  });

  it("gives a comment with the refusal's own words and command", () => {
    const text = comment(found);
    expect(text.startsWith("<!-- cutover:rehearsal -->\n")).toBe(true);
    expect(text).toContain('the next phase is "parallel" (10 %); "ramp-50" skips a rung.');
    expect(text).toContain("→ pulumi config set cutover:phase parallel");
    expect(text).toContain("0 of 20 messages of customers in a row");
  });
});

it("a saved plan is refused by name, and nothing of it is quoted", () => {
  const plan = {
    resourcePlans: { "urn:pulumi:prod::cutover::x::y": { goal: { inputs: { token: "planted-token" } } } },
  };
  for (const text of [JSON.stringify({ version: 1, plan }), JSON.stringify(plan)]) {
    expect(() => explain({ preview: text })).toThrow(/found a plan saved by --save-plan/);
    expect(() => explain({ preview: text })).not.toThrow(/planted/);
  }
});

const RULE = "aws:lb/listenerRule:ListenerRule";
const moved = (from: number, to: number) => ({ old: { priority: from }, new: { priority: to } });

describe("dangers", () => {
  it.each<[string, Parameters<typeof step>, string]>([
    ["a load balancer replaced", ["replace", "aws:lb/loadBalancer:LoadBalancer", "traffic"], "replaced"],
    ["a listener rule deleted", ["delete", "aws:lb/listenerRule:ListenerRule", "traffic-split"], "deleted"],
    ["a target group deleted", ["delete", "aws:lb/targetGroup:TargetGroup", "traffic-node-customer"], "deleted"],
    ["a rule replaced", ["replace", "aws:lb/listenerRule:ListenerRule", "traffic-split"], "replaced"],
    ["Node's service replaced", ["replace", "aws:ecs/service:Service", "node-service"], "replaced"],
    ["Python's service replaced", ["replace", "aws:ecs/service:Service", "python-service"], "replaced"],
    ["Python's service deleted", ["delete", "aws:ecs/service:Service", "python-service"], "deleted"],
    ["Node's capacity deleted", ["delete", "aws:appautoscaling/target:Target", "node-capacity"], "node-capacity"],
    ["the front door's name deleted", ["delete", "aws:route53/record:Record", "front-door"], "deleted"],
    [
      "the way in closed",
      ["delete", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "cutover-prod-lb-in-443"],
      "deleted",
    ],
    ["the webhook let go", ["delete", "pulumi-nodejs:dynamic/cutover:GhlValue", "webhook-url"], "deleted"],
    ["the function's right gone", ["delete", "aws:iam/rolePolicy:RolePolicy", "rollback-role"], "disarmed"],
    ["the function gone", ["delete", "aws:lambda/function:Function", "rollback-function"], "looser-trigger"],
    [
      "the function's permission gone",
      ["delete", "aws:lambda/permission:Permission", "rollback-alarms"],
      "looser-trigger",
    ],
    ["the reconciler gone", ["delete", "aws:cloudwatch/eventTarget:EventTarget", "rollback-minute"], "looser-trigger"],
    ["Node's service deleted", ["delete", "aws:ecs/service:Service", "node-service"], "node-early"],
    [
      "the kill switch written",
      [
        "update",
        "aws:lb/listenerRule:ListenerRule",
        "traffic-kill-switch",
        { old: { actions: [1] }, new: { actions: [2] } },
      ],
      "kill-switch",
    ],
    ["the kill switch moved", ["update", RULE, "traffic-kill-switch", moved(30, 51)], "kill-switch"],
    ["the switch to the inbox moved", ["update", RULE, "traffic-hold", moved(35, 51)], "kill-switch"],
    ["the unmatched rule moved", ["update", RULE, "traffic-unmatched", moved(60, 42)], "rule"],
    ["the split moved", ["update", RULE, "traffic-split", moved(50, 28)], "rule"],
    [
      "other requests pinned",
      ["update", RULE, "traffic-pinned", { old: { conditions: [1] }, new: { conditions: [2] } }],
      "rule",
    ],
    [
      "other requests split",
      ["update", RULE, "traffic-split", { old: { conditions: 1 }, new: { conditions: 2 } }],
      "rule",
    ],
    ["a strange rule", ["create", RULE, "python-first", { new: { priority: 42 } }], "rule"],
    ["a strange rule of the older type", ["create", "aws:alb/listenerRule:ListenerRule", "python-first"], "rule"],
    ["a strange rule moved", ["update", RULE, "python-first", moved(70, 42)], "rule"],
    ["a strange rule elsewhere", ["update", RULE, "x", { old: { actions: [1] }, new: { actions: [2] } }], "rule"],
  ])("%s", (_what, of, code) => {
    const found = explained({ from: RAMP_25, to: RAMP_25, steps: [step(...of)] });
    expect(found).toMatchObject({ dangerous: true, headlines: [{ level: "danger", code }] });
  });

  it("Node with fewer tasks is one, with more is none", () => {
    expect(codes(explained({ from: RAMP_25, to: RAMP_25, steps: [capacity("node", 4, 3)] }))).toEqual([
      "node-capacity",
    ]);
    expect(explained({ from: RAMP_25, to: RAMP_25, steps: [capacity("node", 3, 4)] }).dangerous).toBe(false);
  });

  it("Python's own groups are none of Node's when Node goes", () => {
    const steps = [step("delete", "aws:lb/targetGroup:TargetGroup", "traffic-python-customer")];
    const found = explained({ from: { phase: "full", share: 100 }, to: { phase: "decommission", share: 100 }, steps });
    expect(codes(found)).toEqual(["node-removed", "deleted"]);
  });

  it("a step of one rung, either way, is none", () => {
    expect(codes(explained({ from: RAMP_25, to: RAMP_50 }))).toEqual([]);
    expect(codes(explained({ from: RAMP_50, to: RAMP_25 }))).toEqual([]);
    expect(codes(explained({ from: RAMP_50, to: { phase: "node-only", share: 0, webhook: "node" } }))).toEqual([]);
  });

  it("the end of affinity is none while one engine has everything, and one in between", () => {
    const steps = [step("delete", "aws:lb/listenerRule:ListenerRule", "traffic-split-contact", { old: {} })];
    const at = (phase: Place["phase"], share: number, to: Place) =>
      codes(explained({ from: { phase, share, affinity: "contact" }, to, steps }));
    expect(at("full", 100, { phase: "full", share: 100 })).toEqual([]);
    expect(at("full", 100, { phase: "decommission", share: 100, affinity: "contact" })).toEqual(["node-removed"]);
    expect(at("ramp-50", 50, { phase: "ramp-50", share: 50 })).toEqual(["deleted"]);
    expect(at("full", 100, { phase: "full", share: 100, affinity: "contact" })).toEqual(["deleted"]);
  });

  it("a share that jumps within a phase is one", () => {
    const from: Place = { phase: "ramp-75", share: 10 };
    expect(codes(explained({ from, to: { phase: "ramp-75", share: 75 } }))).toEqual(["skipped-rung"]);
  });

  it("a replacement that hangs on an unknown value says so", () => {
    const filter = step("replace", "aws:lb/targetGroup:TargetGroup", "traffic-python-customer", {
      old: { vpcId: "vpc-1" },
      new: { vpcId: UNKNOWN },
      diff: { vpcId: { kind: "update-replace", inputDiff: true } },
    });
    const found = explained({ from: RAMP_25, to: RAMP_25, steps: [filter] });
    expect(found.headlines[0]?.text).toContain("only the update knows");
    expect(comment(found)).toContain("(perhaps:");
  });

  it("removing the stack is one", () => {
    const preview = JSON.parse(previewText({ from: RAMP_25, to: RAMP_50 })) as { steps: { op: string; urn: string }[] };
    for (const one of preview.steps)
      if (one.urn.endsWith("Cutover::cutover")) Object.assign(one, { op: "delete", newState: null });
    const found = explain({ preview: JSON.stringify(preview), promise: fixedPromise });
    expect(codes(found)).toEqual(["destroy"]);
    expect(found.wayBack.reversible).toBe(false);
  });
});

describe("messages dealt by contact", () => {
  const contact = { affinity: "contact" } as const;
  const rule = step("update", "aws:lb/listenerRule:ListenerRule", "traffic-split-contact", { old: {}, new: {} });

  it("are told where there is a choice to tell, and a conversation moves as a whole", () => {
    const text = comment(
      explained({ from: { ...RAMP_25, ...contact }, to: { ...RAMP_50, ...contact }, steps: [rule] }),
    );
    expect(text).toContain("**rises from 25 % to 50 %**. A conversation that moves, moves once and as a whole.");
    expect(text).toContain("| Messages are dealt | by contact: one engine per conversation | by contact:");
    expect(comment(explained({ from: RAMP_25, to: RAMP_50 }))).not.toContain("Messages are dealt");
  });

  it("have the recorded share before: the weights are 100 and 0 then", () => {
    const steps = [rule, step("update", "aws:lb/listenerRule:ListenerRule", "traffic-split", { old: split(0) })];
    const { change } = explained({ from: { ...RAMP_25, ...contact }, to: { ...RAMP_25, ...contact }, steps });
    expect(change.before).toMatchObject({ share: 25, affinity: "contact" });
  });

  it("and the warning without is quoted", () => {
    const text = 'cutover:affinity is "none": while both engines have a share, …';
    const found = explained({ from: RAMP_25, to: RAMP_50, diagnostics: [warning(text)] });
    expect([found.unquotedWarnings, comment(found).includes(text)]).toEqual([0, true]);
  });
});

const split = (python: number) => ({
  actions: [{ type: "forward", forward: { targetGroups: [{ weight: 100 - python }, { weight: python }] } }],
});

describe("what counts", () => {
  it("names the engine's three steps of one replacement once", () => {
    const type = "aws:lb/targetGroup:TargetGroup";
    const one = step("replace", type, "traffic-python-probe", { old: { port: 1 }, new: { port: 2 } });
    const steps = ["create-replacement", "replace", "delete-replaced"].map((op) => ({ ...one, op }));
    const found = explained({ from: RAMP_25, to: RAMP_25, steps });
    expect(found.resources.changes).toHaveLength(1);
    expect(codes(found)).toEqual(["replaced"]);
  });

  it("costs what the tasks cost, in the region's prices or the nearest", () => {
    const steps = [capacity("python", 2, 4)];
    const { cost } = explained({ from: RAMP_25, to: RAMP_50, steps });
    // 2 tasks × 730 h × (0.5 vCPU × 0.04656 + 1 GB × 0.00511)
    expect(cost.perMonth).toBeCloseTo(41.45, 2);
    expect(cost.parts.map(({ what }) => what)).toEqual(["2 more tasks of Python"]);
    const elsewhere = explained({ from: RAMP_25, to: RAMP_50, steps, config: { "aws:region": "ap-south-1" } }).cost;
    expect(elsewhere).toMatchObject({ pricesOf: "us-east-1", otherRegion: true });
  });

  it("shortens a person's address in a name", () => {
    const type = "aws:sns/topicSubscription:TopicSubscription";
    const steps = [step("create", type, "rollback-people-mara@example.com")];
    expect(JSON.stringify(explained({ from: RAMP_25, to: RAMP_25, steps }))).not.toContain("mara@");
  });

  it("takes the worst case from the windows where there is no back-test", () => {
    const found = explain({ preview: previewText({ from: RAMP_25, to: RAMP_50 }), promise: () => undefined });
    expect(found.worstCase?.source).toBe("windows");
    expect(found.worstCase?.everyMessage?.minutes).toBeLessThanOrEqual(5);
    expect(comment(found)).toContain("there is no back-test");
    expect(comment(found)).toContain("How often noise alone rolls back is not known.");
  });

  it("names both numbers of the back-test: minutes to detect and false rollbacks", () => {
    const parts = { from: RAMP_25, to: RAMP_50 };
    const measured = triggerPromise(80, 50);
    expect(explain({ preview: previewText(parts) }).worstCase).toMatchObject({
      everyMessage: { minutes: measured?.totalOutageMinutes },
      oneInFive: { minutes: measured?.oneInFiveMinutes },
      falseRollbacksPerDay: measured?.falseRollbacksPerDay,
    });
    const text = (perDay: number) => {
      const promise: typeof triggerPromise = (perHour, share) => {
        const fixed = fixedPromise(perHour, share);
        return fixed && { ...fixed, falseRollbacksPerDay: perDay };
      };
      return comment(explain({ preview: previewText(parts), promise }));
    };
    expect(text(0.0318)).toContain("Noise alone rolls back about 0.032 times a day (one in 31 days).");
    expect(text(2)).toContain("Noise alone rolls back about 2 times a day.");
    expect(text(0)).toContain("Noise alone never did so in the days simulated.");
  });
});

describe("evidence", () => {
  it("for another step, phase or stack is no evidence", () => {
    const { evidence = "" } = sample("step-up");
    const view = (text: string, from: Place, to: Place) =>
      explain({ preview: previewText({ from, to }), evidence: text, promise: fixedPromise }).evidence;
    expect(view(evidence, RAMP_25, RAMP_50)).toMatchObject({ kind: "other" });
    expect(view(evidence.replace('"prod"', '"dev"'), { phase: "parallel", share: 10 }, RAMP_25).kind).toBe("other");
    expect(view('{"error":"AccessDenied"}', { phase: "parallel", share: 10 }, RAMP_25).kind).toBe("other");
    expect(view(evidence, { phase: "parallel", share: 10 }, RAMP_25).kind).toBe("judged");
  });
});

describe("the gate in the preview", () => {
  const ramp75: Place = { phase: "ramp-75", share: 75 };
  const refusal = (...lines: readonly string[]) =>
    warning(["pulumi up will refuse this; the whole difference is shown all the same.", ...lines].join("\n"));
  const FEW = 'NOT ENOUGH EVIDENCE to leave "ramp-50": errors: 0/41 failed.';
  const BAKE = '"ramp-50" is watched for 20 hours, until 2026-11-25 16:00 UTC.';
  const judged = (...diagnostics: ReturnType<typeof warning>[]) =>
    explain({
      preview: previewText({ from: RAMP_50, to: ramp75, diagnostics }),
      evidence: sample("override").evidence,
      promise: fixedPromise,
    });

  it.each([
    ["too little evidence", [FEW, "  wait"], ["gate"], false],
    ["bake time and too little evidence", [BAKE, "  wait", FEW, "  wait"], ["gate"], false],
    ["a failed criterion", ['FAIL to leave "ramp-50": errors: 9/41 failed.', "  mend it"], ["refused"], true],
    ["patience and a dead standby", [FEW, "  wait", "Node has 0 of 4 healthy tasks."], ["refused"], true],
    ["a new image", ["NOT ENOUGH EVIDENCE: the step would bring a new image (sha256:1)."], ["refused"], true],
  ])("%s", (_what, lines, expected, dangerous) => {
    const found = judged(refusal(...lines));
    expect(codes(found)).toEqual(expected);
    expect(found.dangerous).toBe(dangerous);
    expect(comment(found)).toContain("The gate is closed");
  });

  it.each<[string, readonly string[], readonly string[], boolean]>([
    ["too little evidence", [FEW, "  wait"], ["gate"], false],
    ["a failed criterion", ['FAIL to leave "ramp-50": errors: 9/41 failed.', "  mend it"], ["refused"], true],
    ["a new image", ["NOT ENOUGH EVIDENCE: the step would bring a new image (sha256:1)."], ["refused"], true],
  ])("%s counts where `cutover next` calls the gate open", (_what, lines, expected, dangerous) => {
    const diagnostics = [refusal(...lines)];
    const evidence = evidenceText(RAMP_50, ramp75);
    const found = explain({
      preview: previewText({ from: RAMP_50, to: ramp75, diagnostics }),
      evidence,
      promise: fixedPromise,
    });
    expect(found.evidence).toMatchObject({ kind: "judged", open: true });
    expect(codes(found)).toEqual(expected);
    expect(found.dangerous).toBe(dangerous);
    expect(comment(found)).toContain("calls the gate open, but by this preview `pulumi up` will refuse");
    expect(comment(found)).not.toContain("The gate is open.");
  });

  it("is open where both say so", () => {
    const preview = previewText({ from: RAMP_50, to: ramp75 });
    expect(comment(explain({ preview, evidence: evidenceText(RAMP_50, ramp75), promise: fixedPromise }))).toContain(
      "The gate is open.",
    );
  });

  it("is told as overridden where a person puts it aside, and never as closed", () => {
    const found = judged(warning(`Overridden by Mara (quiet week): ${FEW}`));
    expect(found.headlines).toMatchObject([{ level: "notice", code: "overridden" }]);
    expect(found.unquotedWarnings).toBe(0);
    const text = comment(found);
    expect(text).toContain("Overridden by Mara (quiet week): NOT ENOUGH EVIDENCE");
    expect(text).not.toMatch(/will refuse|gate is closed/);
  });

  it("is not told as closed because of a file that the preview does not agree with", () => {
    expect(codes(judged())).toEqual([]);
    expect(comment(judged())).toContain("`cutover next` calls it closed, the preview does not.");
  });
});

describe("the length", () => {
  const many = Array.from({ length: 400 }, (_, i) => step("create", "aws:ec2/subnet:Subnet", `subnet-${i}`));

  it("is kept, rows of the last list go first, and it says how many", () => {
    const found = explained({ from: RAMP_25, to: RAMP_25, steps: [...many, capacity("node", 4, 2)] });
    const whole = comment(found);
    const short = comment(found, 4000);
    expect(whole.length).toBeGreaterThan(8000);
    expect(short.length).toBeLessThanOrEqual(4000);
    const left = Number(/characters:\*\* (\d+) resources/.exec(short)?.[1]);
    expect(left).toBe(400 + 1 - (short.match(/^[+!] /gm) ?? []).length);
    expect(short).toContain("Node keeps 2 tasks instead of 4");
  });

  it.each(Object.keys(SAMPLES))("of %s never exceeds the limit, and marker and first headline stay", (name) => {
    const found = explain(sample(name));
    for (const max of [500, 1000, 2000, 65_536]) {
      const text = comment(found, max);
      expect(text.length).toBeLessThanOrEqual(max);
      expect(text.startsWith(found.marker)).toBe(true);
      const [first] = found.headlines;
      if (first) expect(text).toContain(first.text.slice(0, 60));
    }
  });
});

describe("text of others", () => {
  it("makes no markup, calls nobody and ends no comment", () => {
    const preview = JSON.parse(sample("refusal").preview) as { diagnostics: { message: string }[] };
    const [first] = preview.diagnostics;
    const message = `${first?.message.trimEnd()}\n@team <img src=x> --> **bold** | [a](http://b)\n`;
    const text = comment(explain({ preview: JSON.stringify({ ...preview, diagnostics: [{ ...first, message }] }) }));
    expect(text).not.toMatch(/@team|<img|--> |(?<!\\)\]\(http/);
  });
});

describe("a preview that failed", () => {
  it("gives no reassuring answer, because what is missing may be the worst", () => {
    const text = comment(explain(sample("failed")));
    expect(text).toContain("The preview failed");
    expect(text).not.toMatch(/none looser|no migration|taken back|Cost/);
  });
});
