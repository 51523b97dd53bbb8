import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { comment } from "./comment";
import { explain } from "./explain";
import { SAMPLES, sample } from "./samples";

// What people read, whole. After a change on purpose: vitest run -u domain/src/explain/golden.test.ts, then read the diff.
describe("the comment for", () => {
  it.each(Object.keys(SAMPLES))("%s", async (name) => {
    await expect(comment(explain(sample(name)))).toMatchFileSnapshot(`__golden__/${name}.md`);
  });
});

// Taken from a deployed stack: npm run -s proof:pull-request -- --preview FILE.
describe("the comment for a real preview", () => {
  const folder = join(__dirname, "__fixtures__/real");
  it.each(readdirSync(folder).map((file) => file.replace(".json", "")))("%s", async (name) => {
    const preview = readFileSync(join(folder, `${name}.json`), "utf8");
    await expect(comment(explain({ preview }))).toMatchFileSnapshot(`__golden__/real-${name}.md`);
  });
});

it("the comment that would be too long is whole up to its headlines, and says what it left out", async () => {
  const whole = comment(explain(sample("decommission")));
  const text = comment(explain(sample("decommission")), whole.length - 1);
  expect(text.length).toBeLessThan(whole.length);
  expect(text).toContain("**Left out, because a comment may have ");
  await expect(text).toMatchFileSnapshot("__golden__/trimmed.md");
});

describe("docs/pull-requests.md", () => {
  it("shows the comment for a step up as it is", () => {
    const page = readFileSync(join(__dirname, "../../../docs/pull-requests.md"), "utf8");
    const shown = /<!-- golden: step-up -->\n([\s\S]*?)<!-- golden end -->/.exec(page)?.[1];
    const [marker, ...golden] = comment(explain(sample("step-up"))).split("\n");
    expect(marker).toBe("<!-- cutover:prod -->");
    // As a quotation, headings one lower, so that it is no part of the page.
    const quoted = golden.map((line) => `> ${line.replace(/^## /, "### ")}`.trimEnd()).join("\n");
    expect(shown?.trim()).toBe(quoted.replace(/\n>$/, "").trim());
  });
});
