import { describe, expect, it } from "vitest";
import { comment } from "./comment";
import { explain } from "./explain";
import { fixedPromise, type Place, previewText, step, warning } from "./testkit";

const PREPARE: Place = { phase: "prepare", share: 0, webhook: "as-found" };
const FRONT_DOOR: Place = { phase: "front-door", share: 0 };
const RAMP_25: Place = { phase: "ramp-25", share: 25 };

const explained = (parts: Parameters<typeof previewText>[0]) =>
  explain({ preview: previewText(parts), promise: fixedPromise });

describe("whether it can be taken back", () => {
  it.each<[string, Parameters<typeof step>, RegExp]>([
    [
      "a replaced load balancer",
      ["replace", "aws:lb/loadBalancer:LoadBalancer", "traffic"],
      /what is replaced does not/,
    ],
    [
      "a deleted rule",
      ["delete", "aws:lb/listenerRule:ListenerRule", "traffic-pinned"],
      /what is deleted has to be made/,
    ],
  ])("%s: not wholly", (_what, of, expected) => {
    const { wayBack } = explained({ from: RAMP_25, to: RAMP_25, steps: [step(...of)] });
    expect(wayBack).toMatchObject({ reversible: false, says: expect.stringMatching(/^Not wholly: /) });
    expect(wayBack.says).toMatch(expected);
  });

  it("a secret that was shown: not wholly", () => {
    const config = { "cutover:ghl": '{"locationId":"abc","token":"pit-0123456789abcdef"}' };
    expect(explained({ from: RAMP_25, to: RAMP_25, config }).wayBack.says).toMatch(/a secret that has been seen/);
  });

  it("up to the front door: at once; down from it: up again", () => {
    const up = explained({ from: PREPARE, to: FRONT_DOOR }).wayBack;
    expect(up.says).toMatch(/^Yes: at once to Node/);
    expect(up.commands[0]).toContain("cutover rollback");
    const down = explained({ from: FRONT_DOOR, to: PREPARE }).wayBack;
    expect(down).toEqual({ reversible: true, says: "Yes: up again, rung by rung, with evidence.", commands: [] });
    const away = explained({ from: FRONT_DOOR, to: { phase: "node-only", share: 0, webhook: "node" } }).wayBack;
    expect(away.says).toMatch(/up again/);
  });
});

describe("evidence", () => {
  it("is not missed at the first share, of which nothing can be known", () => {
    const text = comment(explained({ from: FRONT_DOOR, to: { phase: "parallel", share: 10 } }));
    expect(text).not.toContain("**Evidence:**");
  });

  it("is missed at every later one", () => {
    const text = comment(explained({ from: RAMP_25, to: { phase: "ramp-50", share: 50 } }));
    expect(text).toContain("**Evidence:** none was given to this comment");
    expect(text).toContain("without it the gate stays closed");
  });

  it("is not said to be missing where a person has put the gate aside", () => {
    const diagnostics = [warning("Overridden by Mara (quiet week): x")];
    const text = comment(explained({ from: RAMP_25, to: { phase: "ramp-50", share: 50 }, diagnostics }));
    expect(text).toContain("the gate is overridden");
  });
});
