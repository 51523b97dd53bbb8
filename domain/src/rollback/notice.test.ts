import { describe, expect, it } from "vitest";
import {
  followUpNotice,
  handOffNotice,
  maySleep,
  pageNotice,
  type RollbackNoticeInput,
  rollbackNotice,
} from "./notice";
import type { ByHand, StepResult } from "./record";

const step = (state: StepResult["state"], detail: string, byHand?: ByHand): StepResult => ({
  state,
  at: "2026-11-22T10:00:02.000Z",
  detail,
  ...(byHand ? { byHand } : {}),
});
const FOREIGN: ByHand = { why: "foreign", found: "https://elsewhere.example.org/" };

const complete: RollbackNoticeInput = {
  stack: "prod",
  rollback: {
    id: "rb-0001",
    at: "2026-11-22T10:00:00.000Z",
    trigger: { kind: "hard", alarm: "cutover-prod-rollback-hard", text: "probes of Python failed" },
    phase: "ramp-50",
    share: 50,
    to: "node",
    steps: {
      switch: step("done", 'moved to "node", and its rule reads so'),
      verify: step("done", "Node answers through the front door"),
      webhook: step("done", "moved to https://node.example.com/hook"),
    },
  },
  recordProblem: undefined,
  lost: { known: true, ids: ["msg-1", "msg-2"], more: false, sinceMinutes: 60 },
};
const changed = (change: Partial<RollbackNoticeInput["rollback"]>): RollbackNoticeInput => ({
  ...complete,
  rollback: { ...complete.rollback, ...change },
});
const steps = complete.rollback.steps;

describe("rollbackNotice", () => {
  it("says what fired, what was done, what is lost, and that one may sleep on", () => {
    expect(rollbackNotice(complete)).toEqual({
      // Stakeholders hear of it, too: it passes their subscriptions.
      audience: "everyone",
      subject: "[cutover prod] Rolled back to Node (rb-0001)",
      text: `Rolled back to Node: every customer's message goes to Node.

What fired
  cutover-prod-rollback-hard: probes of Python failed
  2026-11-22T10:00:00.000Z, phase ramp-50, 50 % to Python

Done
  kill switch: moved to "node", and its rule reads so
  proof: Node answers through the front door
  webhook in GoHighLevel: moved to https://node.example.com/hook

Messages probably lost
  2 that Python reported as failed in the last 60 minutes:
  msg-1
  msg-2

May I sleep on?
  Yes. Node answers, and nothing moves back by itself: no update undoes this until somebody acknowledges it.

Then
  read the log of Python, mend it, then:
  pulumi config set cutover:acknowledgeRollback rb-0001; pulumi config set cutover:phase parallel; pulumi up`,
    });
  });

  it.each<[string, RollbackNoticeInput, RegExp]>([
    ["the switch did not move", changed({ steps: { ...steps, switch: step("failed", "Throttling") } }), /did not move/],
    [
      "Node was not proved",
      changed({ steps: { ...steps, verify: step("failed", "x") } }),
      /not proved that Node answers/,
    ],
    [
      "the webhook failed",
      changed({ steps: { ...steps, webhook: step("failed", "503") } }),
      /GoHighLevel still points/,
    ],
    ["messages are held", changed({ to: "hold" }), /wait in the inbox/],
    ["there is no record", { ...complete, recordProblem: "SSM: 503" }, /not on record yet/],
  ])("wakes people up when %s", (_what, input, because) => {
    expect(rollbackNotice(input).text).toMatch(/May I sleep on\?\n {2}No:\n/);
    expect(maySleep(input).join()).toMatch(because);
  });

  it.each<[string, "node" | "hold", ByHand | undefined, string, RegExp | undefined]>([
    ["no URL of Node is known", "node", undefined, "Not needed", undefined],
    [
      "the step is edited by hand, and Node is reached through the front door",
      "node",
      { why: "manual" },
      "By hand",
      undefined,
    ],
    [
      "somebody's URL was left in place",
      "node",
      FOREIGN,
      "By hand",
      /points at https:\/\/elsewhere.*see whether that leads/,
    ],
    [
      "messages are held and the step is edited by hand",
      "hold",
      { why: "manual" },
      "By hand",
      /does not reach the inbox/,
    ],
    ["messages are held and somebody's URL was left", "hold", FOREIGN, "By hand", /points at .*not reach the inbox/],
  ])("of a webhook that was left says so and whether one may sleep: %s", (_what, to, byHand, heading, against) => {
    const input = changed({ to, steps: { ...steps, webhook: step("skipped", "put it into the step", byHand) } });
    const { text } = rollbackNotice(input);
    expect(text).toContain(`\n${heading}\n  webhook in GoHighLevel: put it into the step\n`);
    expect(text.match(/^(By hand|Not needed)$/gm)).toEqual([heading]);
    const about = maySleep(input).filter((line) => line.includes("GoHighLevel"));
    if (against) expect(about.join()).toMatch(against);
    else expect(about).toEqual([]);
    expect(/May I sleep on\?\n {2}(Yes|No)/.exec(text)?.[1]).toBe(against === undefined ? "Yes" : "No");
  });

  it.each([
    [
      "passes them to Python where Node's death began it",
      { first: undefined },
      /or else to Python[\s\S]*aws events disable-rule --name cutover-prod-replay/,
    ],
    [
      "keeps them for Node where Python was rolled back first",
      { first: "node" as const },
      /wait for Node, because Python was rolled back: probes of Python failed[\s\S]*put-parameter .*\/cutover\/prod\/rollback\/rb-0001\/inbox-to-python/,
    ],
    [
      "passes them to Python where a person said so",
      { first: "node" as const, inboxToPython: true as const },
      /or else to Python/,
    ],
  ])("of held messages says who gets them and what changes that: %s", (_what, change, says) => {
    const { first, ...more } = change;
    const input = changed({ to: "hold", ...(first ? { first } : {}), ...more });
    const rollback = { ...input.rollback, id: "rb-0001" };
    expect(rollbackNotice(input).text).toMatch(says);
    expect(followUpNotice("prod", rollback, { switch: step("done", "x") }).text).toMatch(says);
    expect(rollbackNotice(complete).text).not.toMatch(/Messages in the inbox/);
  });

  it("does not say that it rolled back when traffic has not moved", () => {
    const { subject, text } = rollbackNotice(
      changed({ steps: { switch: step("failed", "Throttling: Rate exceeded") } }),
    );
    expect(subject).toMatch(/ROLLBACK FAILED/);
    expect(text).toMatch(/^ROLLBACK FAILED: traffic has not moved/);
    expect(text).toMatch(/Failed\n {2}kill switch: Throttling/);
  });

  it("says what is not known instead of leaving it out", () => {
    const { phase: _p, share: _s, ...rest } = complete.rollback;
    const { text } = rollbackNotice({
      ...complete,
      rollback: { ...rest, id: undefined },
      recordProblem: "SSM: 503",
      lost: { known: false, why: "the log could not be read" },
    });
    expect(text).toMatch(/the phase could not be read/);
    expect(text).toMatch(/not known: the log could not be read/);
    expect(text).toMatch(/record in SSM: SSM: 503/);
    expect(text).toMatch(/the reconciler records the rollback/);
  });
});

it("a notice of a list that was cut off says at least", () => {
  const { text } = rollbackNotice({ ...complete, lost: { known: true, ids: ["m1"], more: true, sinceMinutes: 60 } });
  expect(text).toContain("at least 1 that Python reported as failed");
});

describe("the other notices", () => {
  it("have subjects that SNS takes", () => {
    const notices = [
      rollbackNotice({ ...complete, stack: "prod-nö\n" }),
      followUpNotice("prod", { id: "rb-0001", to: "node" }, { webhook: step("done", "x") }),
      pageNotice("prod", "a went into ALARM", "Node is dead", true),
      pageNotice("prod", "a went into ALARM", "no share", false),
      handOffNotice("prod", { id: "rb-0001" }),
    ];
    for (const { subject, text } of notices) {
      expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
      expect(text.length).toBeGreaterThan(20);
    }
  });

  it("tell news apart from pages", () => {
    expect(followUpNotice("prod", { id: "rb-0001", to: "node" }, { webhook: step("done", "moved") }).text).toMatch(
      /webhook in GoHighLevel: moved/,
    );
    expect(pageNotice("prod", "x", "y", true).text).toMatch(/has to look now/);
    expect(pageNotice("prod", "x", "y", false).text).toMatch(/Nothing has to be done now/);
  });
});
