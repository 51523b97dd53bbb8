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
