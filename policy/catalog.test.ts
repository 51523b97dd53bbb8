import { describe, expect, it } from "vitest";
import { resourceRules } from "./catalog";
import { TYPES } from "./checks/types";

const TOKENS = [...Object.values(TYPES), ...resourceRules.flatMap(({ about }) => about)];

describe("what a rule is about", () => {
  it.each(resourceRules)("$name has nothing to say about any other type, whatever it holds", ({ about, check }) => {
    const unread = new Proxy({}, { get: (_, key) => expect.unreachable(`reads ${String(key)}`) });
    for (const type of TOKENS.filter((one) => !about.includes(one)))
      expect(check({ type, name: "it", stack: "prod", props: unread, ignoreChanges: ["actions"] })).toEqual([]);
  });
});
