import { type Affinity, contactRules } from "@cutover/domain/affinity";
import { describe, expect, it } from "vitest";
import { contactIds, seededRandom } from "../ghl/contacts";
import type { SentMessage } from "../ghl/load";
import { Checks } from "./checks";
import { conversations, judgeChapter, judgeConversations, messagesOfPython } from "./conversations";
import type { PlayedStep } from "./play-step";
import { judgeShare } from "./share";
import type { UpStep } from "./steps";

const message = (contactId: string, sentAt: number, servedBy: string | undefined, more: Partial<SentMessage> = {}) => ({
  id: `${contactId}-${sentAt}`,
  contactId,
  sentAt,
  status: 200,
  error: undefined,
  servedBy,
  latencyMs: 5,
  target: "front.example/webhooks/ghl",
  ...more,
});
const RUNG = { fromMs: 100, toMs: 200 };
const SWITCH = { fromMs: 300, toMs: 310 };

describe("a conversation", () => {
  const judged = (sent: readonly SentMessage[], moves = [RUNG, SWITCH]) => conversations(sent, moves);
  const of = (...sent: [number, string | undefined, Partial<SentMessage>?][]) =>
    sent.map(([at, engine, more]) => message("c", at, engine, more));

  it.each([
    ["keeps its engine", of([10, "node"], [150, "node"], [400, "node"]), 0],
    ["moves at a rung", of([10, "node"], [150, "python"], [250, "python"]), 1],
    ["moves at a rung and back at the switch", of([10, "node"], [150, "python"], [305, "node"], [400, "node"]), 2],
    ["was silent while it moved twice", of([10, "node"], [90, "python", { latencyMs: 20 }], [400, "node"]), 2],
    ["was under way when it moved", of([99, "python", { latencyMs: 9 }], [105, "node"]), 1],
    ["got two answers in the other order", of([10, "node"], [150, "python", { latencyMs: 9 }], [155, "node"]), 1],
    [
      "was refused by the load balancer in between",
      of([10, "node"], [50, undefined, { status: 502 }], [60, "node"]),
      0,
    ],
    ["is Node's where the header is dropped", of([10, "node"], [20, undefined]), 0],
  ])("that %s is whole", (_what, sent, moved) => {
    expect(judged(sent)).toMatchObject({ moved, broken: [] });
  });

  it.each([
    ["before any move", of([10, "node"], [20, "python"])],
    ["between two moves", of([210, "python"], [250, "node"])],
    ["back within one rung", of([110, "node"], [150, "python"], [190, "node"])],
    ["after the last move", of([320, "node"], [400, "python"])],
  ])("that changes engine %s is broken", (_what, sent) => {
    expect(judged(sent).broken).toEqual(["c"]);
    expect(judgeConversations(sent, [RUNG, SWITCH])).toMatchObject({ ok: false });
  });

  it("of one message proves nothing", () => {
    expect(judgeConversations([message("a", 1, "node"), message("b", 2, "python")], [])).toMatchObject({ ok: false });
  });
});

/** A way up from 0 to 10, 25 and 50 % in four seconds, dealt as the load balancer deals. */
function wayUp(affinity: Affinity): { messages: SentMessage[]; parts: PlayedStep[] } {
  const [contacts, chance] = [contactIds(200), seededRandom(7)];
  const shares = [0, 10, 25, 50];
  const messages = Array.from({ length: 4000 }, (_, at) => {
    const contact = contacts[chance(contacts.length)] ?? "";
    const share = shares[Math.floor(at / 1000)] ?? 0;
    const rules = contactRules(share);
    const byContact = new RegExp(rules.contacts.regex).test(contact) ? rules.contacts.weight === 100 : false;
    const python = affinity === "contact" ? byContact : chance(100) < share;
    return message(contact, at, python ? "python" : "node");
  });
  const parts = [1000, 2000, 3000].map((at) => ({
    step: { kind: "up" } as UpStep,
    chapter: "way up",
    beganAt: at === 1000 ? 0 : at,
    updateAt: at - 5,
    appliedAt: at + 5,
    endedAt: at + 900,
    upSeconds: 0,
    changes: "",
    measured: { fromMs: 0, toMs: 1, requests: 10, python: 1, byTable: 10, band: [0, 100] as [number, number] },
    checks: new Checks(() => {}),
  }));
  return { messages, parts };
}

describe("a chapter", () => {
  const judge = (affinity: Affinity, played: ReturnType<typeof wayUp>) => {
    const checks = new Checks(() => {});
    judgeChapter(affinity, played.parts, played.messages, checks);
    return checks;
  };

  it("with affinity keeps every conversation, and moves some at each rung", () => {
    const { failures, all } = judge("contact", wayUp("contact"));
    expect(failures).toEqual([]);
    expect(all[0]?.seen).toMatch(/^200 conversations of 4000 messages, 99 moves at 3 updates and rollbacks, 0 changed/);
  });

  it("turns red where messages are dealt by weight: what is to be shown with affinity is not there without", () => {
    const [failure] = judge("contact", wayUp("none")).failures;
    expect(failure?.seen).toMatch(/, 196 changed engine at another time$/);
  });

  it("without affinity has to show conversations that alternate, and turns red where it shows none", () => {
    expect(judge("none", wayUp("none")).failures).toEqual([]);
    expect(judge("none", wayUp("contact")).failures).toHaveLength(1);
  });
});

describe("the share by contact", () => {
  it("is exactly the messages of Python's contacts: one more is none by chance", () => {
    const sent = contactIds(500).map((contact, at) => message(contact, at, "node"));
    const own = messagesOfPython(sent, 10);
    expect([messagesOfPython(sent, 0), own, messagesOfPython(sent, 100)]).toEqual([0, 50, 500]);
    const seen = (python: number) => ({
      declared: 10,
      rows: { all: 500, python },
      requests: { node: 500 - python, python },
      ofPythonsContacts: own,
    });
    expect(judgeShare(seen(own), 500)).toMatchObject({
      ok: true,
      seen: expect.stringContaining("each by its contact"),
    });
    for (const off of [-1, 1]) expect(judgeShare(seen(own + off), 500).ok).toBe(false);
  });
});

describe("the contacts of the rehearsal", () => {
  it("are as GoHighLevel's ids, all different, and the same in every run", () => {
    const ids = contactIds(500);
    expect(new Set(ids).size).toBe(500);
    for (const id of ids) expect(id).toMatch(/^[0-9A-Za-z]{20}$/);
    expect(contactIds(500)).toEqual(ids);
  });
});
