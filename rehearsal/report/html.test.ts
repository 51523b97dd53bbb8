import { describe, expect, it } from "vitest";
import { frameOf } from "./chart/frame";
import { exampleReport } from "./fixture";
import { renderPage } from "./html";
import type { RehearsalReport, ReportDetails } from "./model";
import { inOneSentence } from "./verdict";

const { report, details } = exampleReport();

/** The page of the made-up rehearsal with some of it changed. */
function page(moreDetails: Partial<ReportDetails> = {}, moreReport: Partial<RehearsalReport> = {}): string {
  return renderPage({ ...report, ...moreReport }, { ...details, ...moreDetails });
}

/** Rows and cells of the table under that heading, as text. */
function rowsUnder(heading: string, html: string): string[][] {
  const section = html.slice(html.indexOf(`<h2>${heading}`));
  const body = section.slice(section.indexOf("<tbody>"), section.indexOf("</tbody>"));
  return (body.match(/<tr.*?<\/tr>/gs) ?? []).map((row) =>
    (row.match(/<td.*?<\/td>/gs) ?? []).map((cell) => cell.replace(/<[^>]+>/g, "").trim()),
  );
}

const count = (html: string, pattern: RegExp) => html.match(pattern)?.length ?? 0;

describe("renderPage", () => {
  it("asks for nothing from outside and runs nothing", () => {
    expect(page()).not.toMatch(/<(script|link|img|iframe|object)\b|@import|(src|href)=|\son\w+=/i);
    expect(page().match(/url\((?!#)/g)).toBeNull();
    expect(page().match(/https?:\/\//g)).toBeNull();
  });

  it("begins with the verdict, the sum of it, and that nothing of it is AWS's", () => {
    const text = page().replace(/<style>.*?<\/style>/s, "");
    const places = ["PASSED", "5 injected faults were rolled back", "No figure here is one of AWS", "<svg"];
    expect(places.map((part) => text.indexOf(part)).every((at, i, all) => at > (all[i - 1] ?? 0))).toBe(true);
    const failed = page({ ok: false, failures: ['share 15 % <script>"x"'] });
    expect(failed).toContain("FAILED");
    expect(failed).not.toContain("PASSED");
    expect(failed).toContain("share 15 % &lt;script&gt;&quot;x&quot;");
  });

  it("shows every text as text", () => {
    const evil = '<b onclick="x">&';
    const [step, fault] = [details.steps[11], details.faults[0]];
    if (!step || !fault) throw new Error("the example has no fault");
    const lost = [{ id: evil, sentMs: 1, latencyMs: 1, why: evil }];
    const html = page(
      {
        ok: false,
        failures: [evil],
        startedAt: evil,
        steps: [
          {
            ...step,
            phase: evil,
            title: evil,
            changes: evil,
            chapter: evil,
            checks: [{ what: evil, ok: false, seen: evil }],
          },
          { ...step, chapter: "other" },
        ],
        faults: [{ ...fault, fault: evil, phase: evil, alarm: evil, reason: evil, rollback: evil, lostMessages: lost }],
        alarms: [{ alarm: evil, rollsBack: true, from: "OK", to: "ALARM", atMs: 5000, reason: evil }],
        lost: [{ id: `${evil}2`, sentMs: 1, latencyMs: 1, why: evil }],
        leftOnPurpose: [evil],
        listening: [evil],
      },
      { faults: [{ ...fault, fault: evil, phase: evil }], phases: [] },
    );
    expect(count(html, /<b onclick/g)).toBe(0);
    expect(count(html, /&lt;b onclick=&quot;x&quot;&gt;&amp;/g)).toBeGreaterThan(20);
    expect(html).not.toMatch(/&amp;lt;/);
  });

  it("shows the numbers of report.json for each fault", () => {
    const rows = rowsUnder("Injected faults", page());
    expect(rows[0]).toEqual(["1", "python-5xx", "ramp-50", "2.60 s", "2.6 min", "0.64 s", "1.11 s", "31", "22", "0"]);
    expect(rows[1]?.[1]).toContain("cutover-rehearsal-errors-burst: 9 of 12 answers");
    expect(rows).toHaveLength(10);
    const never = { detectedMs: null, detectedRehearsalMinutes: null, trafficBackMs: null, webhookBackMs: null };
    const [first] = report.faults;
    if (!first) throw new Error("the example has no fault");
    const html = page({}, { faults: [{ ...first, ...never, customerRequestsToFaultyAfter: 3 }] });
    expect(rowsUnder("Injected faults", html)[0]?.slice(3)).toEqual(["–", "–", "–", "–", "31", "22", "3"]);
    expect(html).toContain('<td class="n bad">3</td>');
  });

  it("draws each fault with its number, its four moments and its rollback", () => {
    const html = page();
    expect(html.match(/class="number"[^>]*>(\d)</g)?.map((text) => text.at(-2))).toEqual(["1", "2", "3", "4", "5"]);
    expect(count(html, /<circle class="alarm"/g)).toBe(5);
    expect(count(html, /<circle class="switched"/g)).toBe(2 * 5);
    expect(count(html, /<rect class="rolledback lasting"/g)).toBe(5);
    const [fault] = details.faults;
    if (!fault) throw new Error("the example has no fault");
    const { alarm: _1, alarmMs: _2, switchVerifiedMs: _3, webhookMs: _4, releasedMs: _5, ...undetected } = fault;
    const none = page({ faults: [undetected] });
    expect(count(none, /<circle class="(alarm|switched)"/g)).toBe(0);
    expect(count(none, /<rect class="rolledback/g)).toBe(0);
    expect(none).toContain("No alarm that rolls back rang");
  });

  it("puts the moments of a fault, and the declared share, where the time axis has them", () => {
    const [fault] = details.faults;
    const { x, left } = frameOf(details);
    const circles = [...page().matchAll(/<circle class="(\w+)" cx="([\d.]+)"/g)].map((m) => [m[1], Number(m[2])]);
    const at = (ms: number | undefined) => Number(x(ms ?? 0).toFixed(1));
    expect(circles.slice(0, 3)).toEqual([
      ["alarm", at(fault?.alarmMs)],
      ["switched", at(fault?.switchVerifiedMs)],
      ["switched", at(fault?.webhookMs)],
    ]);
    const path = /<path class="declared" d="([^"]+)"/.exec(page())?.[1] ?? "";
    const zero = /^M([\d.]+) ([\d.]+)H/.exec(path);
    expect(zero?.[1]).toBe(String(left));
    expect(path).toContain(`H${at(fault?.switchVerifiedMs)}V${zero?.[2]}H`);
  });

  it("draws a strip for each alarm that rang, and counts the others", () => {
    const html = page();
    expect(html).toContain("10 rang, 2 never did");
    expect(html).toContain(">● rollback-hard</text>");
    expect(html).not.toContain(">prober-silent</text>");
    expect(count(html, /<rect class="ringing"/g)).toBe(details.alarms.filter((change) => change.to === "ALARM").length);
  });

  it("pairs each update with its result, though faults and destroys stand between them", () => {
    const rows = rowsUnder("Steps", page()).filter((row) => row.length > 1);
    expect(rows).toHaveLength(28);
    expect(rows[11]).toMatchObject([
      "12",
      "python-5xx rolled back by itself",
      "130 s",
      "–",
      "–",
      "–",
      "–",
      "–",
      expect.anything(),
    ]);
    expect(rows[12]?.slice(1, 4)).toEqual(["parallel", "147 s", "10 %"]);
    expect(rows[26]?.slice(1, 4)).toEqual(["decommission", "272 s", "100 %"]);
    expect(rows[27]?.[1]).toBe("destroy refused, as it should be");
    const steps = details.steps.map((step) => ({
      ...step,
      checks: step.checks.map((check) => ({ ...check, ok: false })),
    }));
    expect(rowsUnder("Steps", page({ steps })).at(-1)?.[1]).toBe("destroy had to be refused: see the checks");
  });

  it("opens the checks of a step that failed, and folds the others", () => {
    const [first, ...others] = details.steps;
    if (!first) throw new Error("the example has no step");
    const checks = [...first.checks, { what: "webhook as found", ok: false, seen: "it is elsewhere" }];
    const html = page({ ok: false, steps: [{ ...first, checks }, ...others] });
    expect(count(html, /<details open>/g)).toBe(1);
    expect(html).toContain("✗ 1 of 3 failed");
    expect(count(page(), /<details open>/g)).toBe(0);
  });

  it("shows messages lost without a fault first, those of a fault folded", () => {
    const heading = "<h2>Messages lost without a fault: 1</h2>";
    expect(page()).not.toContain("Messages lost without");
    expect(page()).toContain("Messages lost to fault 1, python-5xx: the first 20 of 22");
    const lost = [...details.lost, { id: "story-7", sentMs: 65_000, latencyMs: 10_000, why: "no answer" }];
    const html = page({ lost }, { messages: { ...report.messages, lost: report.messages.lost + 1 } });
    expect(html).toContain('<td>story-7</td><td class="n">65.0 s</td><td class="n">10,000 ms</td>');
    expect(count(html.slice(html.indexOf(heading), html.indexOf("<svg")), /<td>story-/g)).toBe(1);
  });

  it("shows the numbers of the business by engine", () => {
    expect(rowsUnder("Business", page())).toEqual([
      ["Node", "9,204", "9,204", "100.0 %", "1,868", "20.3 %", "3,011", "32.7 %"],
      ["Python", "10,412", "10,401", "99.9 %", "2,159", "20.7 %", "3,480", "33.4 %"],
    ]);
    expect(page({ business: [{ engine: "node", messages: 0, completed: 0, booked: 0, qualified: 0 }] })).not.toMatch(
      /NaN|Infinity/,
    );
  });

  it("gives each clock its own line and unit", () => {
    expect(page()).toMatch(/class="axis"[^>]*>150 s<\/text><text class="axis rehearsed"[^>]*>2:30 h</);
    expect(page({}, { clockFactor: 120 })).toMatch(/>150 s<\/text><text class="axis rehearsed"[^>]*>5:00 h</);
  });

  it("shows Python's failed decisions, minute by minute, beside what the plan allows", () => {
    const decisions = [
      { atMs: 10_000, routings: 12, routingFailures: 5, bookings: 3, bookingFailures: 2 },
      { atMs: 11_000, routings: 9, routingFailures: 0, bookings: 1, bookingFailures: 0 },
    ];
    const shown = page({ decisions });
    expect(shown).toContain("10 s: 5 of 12 routings and 2 of 3 bookings failed");
    expect(shown).not.toContain("0 of 9 routings");
    expect(shown).toContain("above 10 % of routings or 10 % of bookings it rolls back");
    expect(page({ decisions: [] })).toMatch(/Python&#39;s failures[^<]*<\/tspan><tspan class="faint"[^>]*>none</);
  });

  it("draws a story without faults, and one that broke before its first step", () => {
    const calm = page({ faults: [], alarms: [], business: [] }, { faults: [] });
    expect(calm).toContain("No fault was injected.");
    expect(calm).not.toMatch(/NaN|Infinity|undefined|Injected faults|<h2>Business/);
    const destroy = { webhookRestored: null, dataKept: null, resourcesLeft: null };
    const messages = { sent: 0, accepted: 0, completed: 0, exposed: 0, lost: 0 };
    const broken = page(
      {
        ok: false,
        steps: [],
        samples: [],
        decisions: [],
        faults: [],
        alarms: [],
        business: [],
        lost: [],
        failures: ["moto died"],
      },
      { phases: [], faults: [], messages, destroy },
    );
    expect(broken).not.toMatch(/NaN|Infinity|undefined/);
    expect(broken).toContain("moto died");
    expect(page()).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe("inOneSentence", () => {
  it("tells what faults cost from what planned changes cost", () => {
    expect(inOneSentence(report)).toContain("0 were lost by planned changes");
    const more = { ...report, messages: { ...report.messages, lost: report.messages.lost + 1 } };
    expect(inOneSentence(more)).toContain("1 was lost by planned changes");
    expect(inOneSentence(report)).toContain("The faults cost 35 of 344 messages");
  });

  it("does not call a fault rolled back that was not", () => {
    const [first, ...others] = report.faults;
    if (!first) throw new Error("the example has no fault");
    const faults = [{ ...first, trafficBackMs: null }, ...others];
    expect(inOneSentence({ ...report, faults })).toContain("4 of 5 injected faults were rolled back.");
  });
});
