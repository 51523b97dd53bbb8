import { afterEach, describe, expect, it, vi } from "vitest";
import { contextFrom } from "./context";

const config = (ghl: object) => ({ get: (key: string) => (key === "ghl" ? JSON.stringify(ghl) : undefined) });
const WRITES = { token: "planted-token-that-writes" };

afterEach(() => vi.unstubAllEnvs());

describe("the token of a run that may only look", () => {
  it("is never the configuration's, which writes", () => {
    vi.stubEnv("CUTOVER_READ_ONLY", "1");
    vi.stubEnv("CUTOVER_GHL_TOKEN", "");
    expect(() => contextFrom(config(WRITES), "location-1")).toThrow(
      /CUTOVER_GHL_TOKEN, a token that only reads, is not/,
    );
    expect(() => contextFrom(config(WRITES), "location-1")).not.toThrow(/planted/);
    vi.stubEnv("CUTOVER_GHL_TOKEN", "reads");
    expect(() => contextFrom(config(WRITES), "location-1")).not.toThrow();
  });

  it("is the configuration's elsewhere", () => {
    vi.stubEnv("CUTOVER_READ_ONLY", "");
    vi.stubEnv("CUTOVER_GHL_TOKEN", "");
    expect(() => contextFrom(config(WRITES), "location-1")).not.toThrow();
    expect(() => contextFrom(config({}), "location-1")).toThrow(/no GHL token/);
  });
});
