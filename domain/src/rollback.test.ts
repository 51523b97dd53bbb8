import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideRollback, type EngineHealth, needsPythonHealth, type RollbackSituation } from "./rollback";

const usual: RollbackSituation = {
  tier: "hard",
  share: 50,
  python: "answers",
  node: "answers",
  sharedOutage: false,
  inbox: true,
  frontDoor: true,
};

/** What is not said is as in `usual`. The last column: what it does, and a piece of the reason. */
const ROWS: readonly [string, Partial<RollbackSituation>, string, RegExp][] = [
  ["share 0", { share: 0 }, "notify", /nothing to roll back/],
  ["share 0, Python dead", { share: 0, python: "dead" }, "notify", /nothing to roll back/],
  ["share 0, Node dead", { share: 0, node: "dead" }, "hold", /every message goes to it/],
  ["share 0, both dead", { share: 0, python: "dead", node: "dead" }, "hold", /every message goes to it/],
  ["share 0, Node dead, no inbox", { share: 0, node: "dead", inbox: false }, "page", /being lost/],
  [
    "share 0, Node dead, before the front door",
    { share: 0, node: "dead", frontDoor: false },
    "notify",
    /nothing to roll/,
  ],
  ["share 0, Node unknown", { share: 0, node: "unknown" }, "notify", /nothing to roll back/],
  ["share 0, a person asks", { share: 0, tier: "manual" }, "notify", /nothing to roll back/],
  ["hard, Node answers", {}, "node", /Node answers/],
  ["soft, Node answers", { tier: "soft" }, "node", /Node answers/],
  ["the share is unknown", { share: undefined }, "node", /Node answers/],
  ["Node is unknown", { node: "unknown" }, "node", /not proved dead/],
  ["soft, Node is unknown", { node: "unknown", tier: "soft" }, "node", /not proved dead/],
  ["Python dead, Node answers", { python: "dead" }, "node", /Python does not answer/],
  ["a person asks", { tier: "manual" }, "node", /a person asked/],
  ["a person asks, Node unknown", { tier: "manual", node: "unknown" }, "node", /a person asked/],
  ["Node dead, Python answers", { node: "dead" }, "hold", /passes all of them to Python/],
  ["Node dead, Python unknown", { node: "dead", python: "unknown" }, "hold", /passes all of them to Python/],
  ["Node dead, the share is unknown", { node: "dead", share: undefined }, "hold", /passes all of them to Python/],
  ["Node dead, Python answers, no inbox", { node: "dead", inbox: false }, "page", /not proved dead/],
  ["a person asks, Node dead", { node: "dead", tier: "manual" }, "hold", /passes all of them to Python/],
  ["full, Node dead, hard", { share: 100, node: "dead" }, "hold", /Python fails, though not every probe/],
  ["full, Node dead, soft", { share: 100, node: "dead", tier: "soft" }, "page", /not proved dead/],
  ["full, Node dead, suspicion", { share: 100, node: "dead", tier: "suspicion" }, "page", /not proved dead/],
  ["full, Node dead, a person asks", { share: 100, node: "dead", tier: "manual" }, "page", /a person asked for a roll/],
  ["full, Node dead, hard, no inbox", { share: 100, node: "dead", inbox: false }, "page", /not proved dead/],
  ["both dead, inbox", { node: "dead", python: "dead" }, "hold", /neither engine answers/],
  ["both dead, no inbox", { node: "dead", python: "dead", inbox: false }, "page", /no inbox takes messages/],
  ["Node removed, hard", { node: "removed" }, "hold", /Node is removed/],
  ["Node removed, hard, no inbox", { node: "removed", inbox: false }, "page", /being lost/],
  ["Node removed, soft", { node: "removed", tier: "soft" }, "page", /Node is removed/],
  ["Node removed, a person asks", { node: "removed", tier: "manual" }, "page", /Node is removed/],
  ["Node removed, Python dead, inbox", { node: "removed", python: "dead" }, "hold", /inbox/],
  ["Node removed, Python dead, no inbox", { node: "removed", python: "dead", inbox: false }, "page", /being lost/],
  ["shared outage, hard", { sharedOutage: true }, "page", /OpenAI, Supabase, GoHighLevel/],
  ["shared outage, soft", { sharedOutage: true, tier: "soft" }, "page", /OpenAI, Supabase, GoHighLevel/],
  ["shared outage, Python dead", { sharedOutage: true, python: "dead" }, "node", /Python does not answer/],
  ["shared outage, a person asks", { sharedOutage: true, tier: "manual" }, "node", /a person asked/],
  ["suspicion, both answer", { tier: "suspicion" }, "nothing", /found nothing wrong/],
  ["suspicion, Python unknown", { tier: "suspicion", python: "unknown" }, "nothing", /found nothing wrong/],
  ["suspicion, Python dead", { tier: "suspicion", python: "dead" }, "node", /Python does not answer/],
  ["suspicion, Node dead", { tier: "suspicion", node: "dead" }, "hold", /Node does not answer/],
  ["suspicion, both dead", { tier: "suspicion", node: "dead", python: "dead" }, "hold", /neither engine/],
];

function shortOf(s: RollbackSituation): string {
  const decision = decideRollback(s);
  return decision.action === "switch" ? decision.to : decision.action;
}

describe("decideRollback", () => {
  it.each(ROWS)("%s", (_name, change, expected, reason) => {
    const situation = { ...usual, ...change };
    expect(shortOf(situation)).toBe(expected);
    expect(decideRollback(situation).reason).toMatch(reason);
  });

  const health = fc.constantFrom<EngineHealth>("answers", "dead", "unknown");
  const situations: fc.Arbitrary<RollbackSituation> = fc.record({
    tier: fc.constantFrom("hard", "soft", "suspicion", "manual"),
    share: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
    python: health,
    node: fc.oneof(health, fc.constant("removed" as const)),
    sharedOutage: fc.boolean(),
    inbox: fc.boolean(),
    frontDoor: fc.boolean(),
  });
  const always = (holds: (s: RollbackSituation) => boolean) => fc.assert(fc.property(situations, holds), { seed: 9 });

  it("never goes to a Node that is dead or removed", () => {
    always((s) => shortOf(s) !== "node" || (s.node !== "dead" && s.node !== "removed"));
  });

  it("holds only with an inbox and where an engine that customers need is dead or gone", () => {
    always((s) => shortOf(s) !== "hold" || (s.inbox && ["dead", "removed"].includes(s.node)));
  });

  it("never pages that messages are lost where an inbox takes them", () => {
    always((s) => !s.inbox || !/lost/.test(decideRollback(s).reason));
  });

  it("leaves nothing to a dead Node through the front door", () => {
    always((s) => s.node !== "dead" || !s.inbox || !s.frontDoor || s.share === 100 || shortOf(s) === "hold");
  });

  it("moves nothing to Node while Python gets nothing", () => {
    always((s) => s.share !== 0 || shortOf(s) !== "node");
  });

  it("does not treat an unknown share or Node worse than a known one", () => {
    always((s) => s.share !== undefined || shortOf(s) === shortOf({ ...s, share: 50 }));
    always((s) => s.node !== "unknown" || shortOf(s) === shortOf({ ...s, node: "answers" }));
  });

  it("says when Python need not be asked: then any answer leads to the same", () => {
    always(
      ({ python, ...s }) => needsPythonHealth(s) || shortOf({ ...s, python }) === shortOf({ ...s, python: "dead" }),
    );
  });

  it("does not wait for a hanging Python where Node answers", () => {
    const { python: _any, ...known } = usual;
    expect(needsPythonHealth(known)).toBe(false);
    expect(needsPythonHealth({ ...known, tier: "soft" })).toBe(false);
    expect(needsPythonHealth({ ...known, node: "dead" })).toBe(false);
    expect(needsPythonHealth({ ...known, node: "dead", share: 100, tier: "soft" })).toBe(true);
    expect(needsPythonHealth({ ...known, sharedOutage: true })).toBe(true);
    expect(needsPythonHealth({ ...known, tier: "suspicion" })).toBe(true);
  });
});
