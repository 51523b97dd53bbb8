import { describe, expect, it } from "vitest";
import type { Applied } from "./decide";
import { widerWindows } from "./look-back";

const applied = (alarmsLookBackMinutes?: number): Applied => ({
  phase: "ramp-25",
  pythonShare: 25,
  pythonDigest: "sha256:x",
  ...(alarmsLookBackMinutes === undefined ? {} : { alarmsLookBackMinutes }),
});

describe("windows that were shortened after a rollback", () => {
  it.each([
    ["nothing before a whole hour more", 10, 59, undefined],
    ["nothing in an hour that is had already", 60, 120.5, undefined],
    ["an hour", 10, 61, { from: 10, to: 60 }],
    ["the next hour", 60, 121, { from: 60, to: 120 }],
    ["no limit after a day", 1380, 1440, { from: 1380, to: undefined }],
    ["no limit where the record of the rollback is gone", 60, undefined, { from: 60, to: undefined }],
  ])("an update of the same share gives %s", (_, from, minutes, expected) => {
    expect(widerWindows(applied(from), minutes)).toEqual(expected);
  });

  it("are none where the alarms were never shortened", () => {
    expect(widerWindows(applied(), 600)).toBeUndefined();
  });
});
