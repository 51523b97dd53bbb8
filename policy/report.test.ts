import { describe, expect, it } from "vitest";
import { policyReport } from "./report";

/** The engine's first word, before the pack has started. */
const loading = JSON.stringify({ sequence: 1, policyLoadEvent: {} });
const one = JSON.stringify({ policyAnalyzeSummaryEvent: { policyPackName: "cutover", passed: ["modern-tls"] } });
/** The engine's last word, when the pack has seen the whole stack. */
const load = JSON.stringify({ policyAnalyzeStackSummaryEvent: { policyPackName: "cutover", passed: ["x"] } });
const violation = (over: object = {}) =>
  JSON.stringify({
    policyEvent: {
      policyName: "modern-tls",
      enforcementLevel: "mandatory",
      resourceUrn: "urn:pulumi:prod::cutover::cutover:index:Cutover$aws:lb/listener:Listener::traffic-https",
      message: "<{%reset%}>Customers come by TLS 1.2 or newer only.<{%reset%}>\nhttps: set a newer one\n",
      ...over,
    },
  });

describe("policyReport", () => {
  it("says that every policy passes", () => {
    expect(policyReport(`${load}\n`)).toEqual({ markdown: "### Policies\n\nEvery policy passes.\n", stopped: false });
  });

  it("tells each violation once, with its resource, without colours and description", () => {
    const { markdown, stopped } = policyReport([load, violation()].join("\n"));
    expect(stopped).toBe(true);
    expect(markdown).toBe(
      "### Policies\n\n**An update would be stopped.** 1 to mend:\n\n- **must** `modern-tls` (`traffic-https`): https: set a newer one\n",
    );
  });

  it("lets advice pass, and names no resource for the stack", () => {
    const advice = violation({
      enforcementLevel: "advisory",
      resourceUrn: "urn:pulumi:prod::cutover::pulumi:pulumi:Stack::cutover-prod",
    });
    const { markdown, stopped } = policyReport([load, advice].join("\n"));
    expect(stopped).toBe(false);
    expect(markdown).toContain("- should `modern-tls`: https: set a newer one");
  });

  it("does not take a run without the pack, or one that was cut short, for one that passes", () => {
    const other = load.replace('"cutover"', '"other"');
    for (const log of ["", '{"preludeEvent":{}}', load.slice(0, 20), loading, other]) {
      expect(policyReport(log)).toMatchObject({ stopped: true, markdown: expect.stringContaining("did not run") });
    }
  });

  it("says that not everything was judged where the preview broke off", () => {
    const { markdown, stopped } = policyReport([loading, one].join("\n"));
    expect(stopped).toBe(true);
    expect(markdown).toContain("**Not everything was judged**");
    expect(markdown).not.toContain("Every policy passes");
    const advice = policyReport(
      [one, violation({ enforcementLevel: "advisory", policyPackName: "cutover" })].join("\n"),
    );
    expect(advice.stopped).toBe(true);
    expect(advice.markdown).toMatch(/\*\*Not everything was judged\*\*[\s\S]*1 to mend/);
  });

  it("hides what is secret in a violation", () => {
    const hide = (text: string) => text.replaceAll("set", "[hidden]");
    expect(policyReport([load, violation()].join("\n"), hide).markdown).toContain("https: [hidden] a newer one");
  });

  it("stays short", () => {
    const { markdown } = policyReport([load, ...Array.from({ length: 500 }, () => violation())].join("\n"));
    expect(markdown.length).toBeLessThan(4100);
    expect(markdown).toMatch(/- … and \d+ more: see the job's log\n$/);
  });

  it("leaves nothing out where it may be long", () => {
    const many = Array.from({ length: 500 }, (_, i) => violation({ message: `x\nviolation ${i}.` }));
    const { markdown } = policyReport([load, ...many].join("\n"), undefined, Number.POSITIVE_INFINITY);
    expect(markdown.match(/violation \d+\./g)).toHaveLength(500);
    expect(markdown).not.toContain("see the job's log");
  });
});
