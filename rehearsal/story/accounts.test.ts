import { describe, expect, it } from "vitest";
import type { SentMessage } from "../ghl/load";
import { isRestored } from "./destroy";
import { account, describeLost, judgeLoss, type QueueRows } from "./ledger";
import { lossIn } from "./play";
import { isExposedTo } from "./report-fault";
import { judgeShare, measuredWindow } from "./share";
import { samplesOf } from "./traffic";

function message(id: string, more: Partial<SentMessage> = {}): SentMessage {
  const plain = { contactId: "c", sentAt: 1000, status: 200, error: undefined, servedBy: "node", latencyMs: 5 };
  return { id, target: "front.example/webhooks/ghl", ...plain, ...more };
}

function rows(...entries: [string, string, boolean][]): QueueRows {
  return new Map(entries.map(([id, status, python]) => [id, { status, python }]));
}

describe("account", () => {
  it("counts a message lost that was not accepted, that has no row, or that never got completed", () => {
    const messages = [
      message("fine"),
      message("python"),
      message("refused", { status: 503 }),
      message("silent", { status: undefined, error: "no answer within 10000 ms" }),
      message("vanished"),
      message("stuck"),
      message("failed"),
    ];
    const seen = account(
      messages,
      rows(
        ["fine", "completed", false],
        ["python", "completed", true],
        ["stuck", "processing", false],
        ["failed", "failed", true],
      ),
    );
    expect(seen).toMatchObject({ sent: 7, accepted: 5, completed: 2, python: 1 });
    expect(seen.lost.map((l) => l.message.id)).toEqual(["refused", "silent", "vanished", "stuck", "failed"]);
    expect(describeLost(seen.lost)).toContain("1 × accepted by front.example/webhooks/ghl, but no row");
  });

  it("counts a message lost whose row is complete but whose sender got no 2xx: it will not send again", () => {
    const seen = account([message("late", { status: 504 })], rows(["late", "completed", false]));
    expect([seen.accepted, seen.completed, seen.lost.length]).toEqual([0, 1, 1]);
  });

  it("counts a message exposed that a backend answered with 5xx, or that Python answered and did not complete", () => {
    const python = { servedBy: "python" };
    const messages = [
      message("fine", python),
      message("broken-node", { status: 500 }),
      message("broken-python", { ...python, status: 503 }),
      message("stuck", python),
      message("vanished", python),
      message("node-stuck"),
      message("no-backend", { status: 503, servedBy: undefined }),
    ];
    const table = rows(["fine", "completed", true], ["stuck", "failed", true], ["node-stuck", "processing", false]);
    expect(account(messages, table).exposed).toBe(4);
    expect(account([message("fine", python)], table).exposed).toBe(0);
  });
});

describe("judgeLoss", () => {
  it("is content with no loss, names a loss, and can't tell without messages", () => {
    const done = rows(["a", "completed", false]);
    expect(judgeLoss(account([message("a")], done))).toEqual({ ok: true, seen: "1 sent, 0 lost" });
    expect(judgeLoss(account([message("a"), message("b", { status: 502 })], done))).toEqual({
      ok: false,
      seen: "2 sent, 1 lost: 1 × not accepted by front.example/webhooks/ghl: 502",
    });
    expect(judgeLoss(account([], done))).toEqual({ ok: false, seen: "no message was sent" });
  });
});

describe("isRestored", () => {
  it("looks at what is there after; where nothing was moved nothing is restored", () => {
    const [found, door] = ["https://node.example/hook", "https://door.example/hook"];
    expect(isRestored(found, true, found)).toBe(true);
    expect(isRestored(found, true, door)).toBe(false);
    expect(isRestored(found, true, undefined)).toBe(false);
    expect(isRestored(found, false, found)).toBeNull();
  });
});

describe("lossIn", () => {
  it("gives a message to the step in which it was sent, and what came before the first to the first", () => {
    const lost = [1, 15, 25, 99].map((sentAt, i) => ({ message: message(String(i), { sentAt }), why: "502" }));
    const [first, fault, last] = [{ beganAt: 10 }, { beganAt: 20 }, { beganAt: 30 }];
    expect([first, last].map((step) => lossIn([first, fault, last], step, lost))).toEqual([2, 1]);
    expect(() => lossIn([first], last, lost)).toThrow("not played");
  });
});

describe("isExposedTo", () => {
  const fault = { injectedAt: 1000, switchedAt: 2000 };
  it.each([
    ["answered by Python while it was broken", { sentAt: 1500, servedBy: "python" }, true],
    ["answered by nobody in its place", { sentAt: 1500, servedBy: undefined, status: 503 }, true],
    ["under way when it broke", { sentAt: 990, latencyMs: 50, servedBy: "python" }, true],
    ["answered before it broke", { sentAt: 900, latencyMs: 50, servedBy: "python" }, false],
    ["answered by Node", { sentAt: 1500, servedBy: "node" }, false],
    ["sent after the switch", { sentAt: 2001, servedBy: undefined, status: 503 }, false],
  ] as const)("%s", (_, more, exposed) => {
    expect(isExposedTo(fault, message("m", more))).toBe(exposed);
  });

  it("without a switch everything until the end, without a fault nothing", () => {
    const late = message("m", { sentAt: 99_999, servedBy: "python" });
    expect(isExposedTo({ injectedAt: 1000 }, late)).toBe(true);
    expect(isExposedTo({}, late)).toBe(false);
  });
});

describe("judgeShare", () => {
  const at = (python: number, all = 2000) => ({
    declared: 10,
    rows: { all, python },
    requests: { node: all - python, python },
  });

  it("passes an honest split and catches one that is 5 points off", () => {
    expect(judgeShare(at(200), 2000).ok).toBe(true);
    expect(judgeShare(at(230), 2000).ok).toBe(true);
    expect(judgeShare(at(300), 2000)).toMatchObject({ ok: false, seen: expect.stringContaining("300 of 2000 rows") });
    expect(judgeShare(at(100), 2000).ok).toBe(false);
  });

  it("catches a load balancer that disagrees with the table", () => {
    const seen = { ...at(200), requests: { node: 1650, python: 350 } };
    expect(judgeShare(seen, 2000)).toMatchObject({ ok: false, seen: expect.stringContaining("target groups") });
  });

  it("asks for enough messages", () => {
    expect(judgeShare(at(10, 100), 2000)).toMatchObject({ ok: false, seen: expect.stringContaining("only 100 rows") });
  });

  it("allows not one message to Python at 0 %", () => {
    expect(judgeShare({ declared: 0, rows: { all: 2000, python: 0 } }, 2000).ok).toBe(true);
    expect(judgeShare({ declared: 0, rows: { all: 2000, python: 1 } }, 2000).ok).toBe(false);
  });

  it("reports the band in percent around the declared share", () => {
    const { band, byTable, byLoadBalancer } = measuredWindow(at(210), 0, 1000);
    expect([byTable, byLoadBalancer]).toEqual([10.5, 10.5]);
    expect(band[0]).toBeGreaterThan(7);
    expect(band[0]).toBeLessThan(9);
    expect(band[1]).toBeGreaterThan(11);
    expect(band[1]).toBeLessThan(13);
  });
});

describe("samplesOf", () => {
  const python = { servedBy: "python" };

  it("counts accepted messages by second and engine", () => {
    const sent = [
      message("c", { sentAt: 12_000 }),
      message("a", { sentAt: 10_100 }),
      message("b", { sentAt: 10_999, ...python }),
    ];
    const none = { node: 0, python: 0, unknown: 0 };
    expect(samplesOf(sent, 10_000)).toEqual([
      { atMs: 0, node: 1, python: 1, errors: none, p95Ms: { node: 5, python: 5 } },
      { atMs: 2000, node: 1, python: 0, errors: none, p95Ms: { node: 5 } },
    ]);
    expect(samplesOf([], 10_000)).toEqual([]);
  });

  it("counts what was not accepted by the engine that answered; without one it is nobody's", () => {
    const sent = [
      message("a", { ...python, status: 500 }),
      message("b", { ...python, status: 302 }),
      message("c", { status: 503 }),
      message("d", { status: 502, servedBy: undefined }),
      message("e", { status: undefined, servedBy: undefined, error: "no answer within 10000 ms" }),
      message("f", python),
    ];
    expect(samplesOf(sent, 1000)).toMatchObject([
      { atMs: 0, node: 0, python: 1, errors: { node: 1, python: 2, unknown: 2 } },
    ]);
  });

  it("takes the 95th percentile of each engine's answers, refusals too, and not of silence", () => {
    const sent = [
      ...Array.from({ length: 20 }, (_, i) => message(`p${i}`, { ...python, latencyMs: 100 * (20 - i) + 0.4 })),
      message("n1", { latencyMs: 7 }),
      message("n2", { latencyMs: 40, status: 500 }),
      message("silent", { status: undefined, servedBy: undefined, latencyMs: 10_000 }),
    ];
    expect(samplesOf(sent, 1000).map((s) => s.p95Ms)).toEqual([{ node: 40, python: 1900 }]);
  });
});
