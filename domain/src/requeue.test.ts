import { describe, expect, it } from "vitest";
import { requeueRefusal } from "./requeue";

describe("handing Python's unfinished messages to Node", () => {
  it.each([
    ["node", 50],
    ["node", 0],
    ["off", 0],
  ] as const)("is right with the switch at %s and a share of %i percent", (killSwitch, share) => {
    expect(requeueRefusal({ killSwitch, share })).toBeUndefined();
  });

  it.each([
    ["off", 10, /Python gets 10 %/],
    ["off", 100, /Python gets 100 %/],
    ["hold", 50, /neither engine/],
    ["missing", 100, /Node is removed/],
    ["unclear", 0, /kill switch is unclear/],
  ] as const)("is refused with the switch at %s and a share of %i percent", (killSwitch, share, why) => {
    expect(requeueRefusal({ killSwitch, share })).toMatch(why);
  });
});
