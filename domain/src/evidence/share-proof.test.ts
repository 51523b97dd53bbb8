import { describe, expect, it } from "vitest";
import { proveShare, pythonReady, type ShareFacts } from "./share-proof";

const answered = { total: 8, failed: 0, newestFailed: false };
const fine: ShareFacts = {
  declared: 25,
  rule: { value: 25 },
  killSwitch: { value: "off" },
  healthy: { value: { python: 2, node: 4 } },
  probes: {
    value: { python: { ...answered, secondsSinceOk: 9 }, node: { ...answered, secondsSinceOk: 22 } },
  },
  requests: { value: { python: 196, node: 616 } },
};
const denied = { unavailable: "AccessDenied" };

describe("Python before its first share", () => {
  it("is looked at although it has no share", () => {
    expect(pythonReady(fine)).toEqual([
      { what: "tasks", state: "ok", says: "healthy tasks: Python 2" },
      { what: "probes", state: "ok", says: "probes answered: Python 8/8" },
    ]);
  });

  it.each<[string, Partial<ShareFacts>, string]>([
    ["no task", { healthy: { value: { python: 0, node: 4 } } }, "wrong"],
    ["no probe", { probes: { value: { node: answered } } }, "unknown"],
    ["a failed probe", { probes: { value: { python: { total: 20, failed: 1, newestFailed: true } } } }, "wrong"],
    ["unread tasks", { healthy: denied }, "unknown"],
    ["unread probes", { probes: denied }, "unknown"],
  ])("is not ready with %s", (_, change, state) => {
    expect(pythonReady({ ...fine, ...change }).map((link) => link.state)).toContain(state);
  });
});

describe("the proof of a share", () => {
  it("holds where all five agree", () => {
    const proof = proveShare(fine);
    expect(proof.outcome).toBe("proved");
    expect(proof.links.map((link) => link.says)).toEqual([
      "25 % declared",
      "25 % by the rule",
      "healthy tasks: Python 2, Node 4",
      "probes answered: Python 8/8, Node 8/8",
      "24.1 % measured (n = 812)",
    ]);
  });

  const table: [string, Partial<ShareFacts>, "disproved" | "unknown", RegExp][] = [
    ["another weight", { rule: { value: 10 } }, "disproved", /10 % by the rule/],
    ["the kill switch on node", { killSwitch: { value: "node" } }, "disproved", /kill switch is "node"/],
    ["an edited kill switch", { killSwitch: { value: "unclear" } }, "disproved", /unclear/],
    ["no healthy Python", { healthy: { value: { python: 0, node: 4 } } }, "disproved", /Python 0/],
    ["no healthy Node", { healthy: { value: { python: 2 } } }, "disproved", /Node 0/],
    [
      "a newest probe that failed",
      { probes: { value: { python: { total: 20, failed: 1, newestFailed: true }, node: answered } } },
      "disproved",
      /Python 19\/20 \(the newest failed\)/,
    ],
    [
      "four failed probes",
      { probes: { value: { python: { total: 20, failed: 4, newestFailed: false }, node: answered } } },
      "disproved",
      /Python 16\/20,/,
    ],
    [
      "a split that chance does not explain",
      { requests: { value: { python: 400, node: 412 } } },
      "disproved",
      /49.3 % measured/,
    ],
    ["no request yet", { requests: { value: { python: 0, node: 0 } } }, "unknown", /no customer's request/],
    ["no probe of Node", { probes: { value: { python: answered } } }, "unknown", /Node 0\/0/],
    ["an unread rule", { rule: denied }, "unknown", /AccessDenied/],
    ["an unread kill switch", { killSwitch: denied }, "unknown", /AccessDenied/],
    ["uncounted tasks", { healthy: denied }, "unknown", /AccessDenied/],
    ["unread probes", { probes: denied }, "unknown", /AccessDenied/],
    ["uncounted requests", { requests: denied }, "unknown", /AccessDenied/],
  ];
  it.each(table)("%s: not proved, and said why", (_, change, outcome, says) => {
    const proof = proveShare({ ...fine, ...change });
    expect(proof.outcome).toBe(outcome);
    expect(proof.links.filter((link) => link.state !== "ok").map((link) => link.says)).toEqual([
      expect.stringMatching(says),
    ]);
  });

  it("forgives three failed probes of 20 that are past, and shows them", () => {
    const proof = proveShare({
      ...fine,
      probes: { value: { python: { total: 20, failed: 3, newestFailed: false }, node: answered } },
    });
    expect(proof.outcome).toBe("proved");
    expect(proof.links.map((link) => link.says)).toContain("probes answered: Python 17/20, Node 8/8");
  });

  const tally = { n: 812, python: 196, both: 0, strangers: 0 };
  it.each([
    ["each has their engine", tally, "proved", "24.1 % of 812 contacts, 0 served by both engines"],
    ["a few messages came without a header", { ...tally, both: 8, strangers: 8 }, "proved", "8 served by both engines"],
    [
      "conversations change engine",
      { ...tally, both: 9, strangers: 9 },
      "disproved",
      "9 by Python although they are Node's",
    ],
    [
      "Python has too few",
      { ...tally, python: 120 },
      "disproved",
      "14.8 % of 812 contacts, 0 served by both engines, expected 19.",
    ],
    ["nobody wrote", { n: 0, python: 0, both: 0, strangers: 0 }, "unknown", "no contact wrote"],
  ] as const)("goes by contacts, not by requests, with affinity: %s", (_what, value, outcome, says) => {
    const proof = proveShare({ ...fine, requests: { value: { python: 800, node: 0 } }, contacts: { value } });
    expect(proof.outcome).toBe(outcome);
    expect(proof.links.at(-1)).toMatchObject({ what: "contacts", says: expect.stringContaining(says) });
  });

  it("does not take requests for contacts where those can't be counted", () => {
    expect(proveShare({ ...fine, contacts: denied })).toMatchObject({ outcome: "unknown" });
  });

  it("what is wrong weighs more than what is unknown", () => {
    expect(
      proveShare({ ...fine, rule: denied, killSwitch: { value: "off" }, requests: { value: { python: 800, node: 0 } } })
        .outcome,
    ).toBe("disproved");
  });

  it("asks nothing of Python at 0 % and nothing of a Node that is removed", () => {
    const none = { ...fine, declared: 0, rule: { value: 0 }, requests: { value: { python: 0, node: 50 } } };
    expect(
      proveShare({ ...none, healthy: { value: { node: 4 } }, probes: { value: { node: answered } } }).outcome,
    ).toBe("proved");
    const alone: ShareFacts = {
      declared: 100,
      rule: { value: 100 },
      killSwitch: { value: "none" },
      healthy: { value: { python: 4 } },
      probes: { value: { python: answered } },
      requests: { value: { python: 900, node: 0 } },
    };
    expect(proveShare(alone).outcome).toBe("proved");
  });

  it("asks Node, standing by at 100 %, for tasks and probes", () => {
    const full = { ...fine, declared: 100, rule: { value: 100 }, requests: { value: { python: 900, node: 0 } } };
    expect(proveShare(full).outcome).toBe("proved");
    expect(proveShare({ ...full, healthy: { value: { python: 4, node: 0 } } }).outcome).toBe("disproved");
  });
});
