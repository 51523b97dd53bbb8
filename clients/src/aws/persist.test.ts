import { describe, expect, it } from "vitest";
import { awsReason, DeadlineError, isTransientAws, persist } from "./persist";

const named = (name: string, more: object = {}) => Object.assign(new Error("text"), { name, ...more });

describe("isTransientAws", () => {
  it.each([
    named("ThrottlingException"),
    named("Throttling"),
    named("TooManyRequestsException"),
    named("RequestLimitExceeded"),
    named("ServiceUnavailable"),
    named("InternalServerError"),
    named("TimeoutError"),
    named("AbortError"),
    named("Unknown", { $metadata: { httpStatusCode: 502 } }),
    named("Unknown", { $metadata: { httpStatusCode: 429 } }),
    named("Error", { code: "ECONNRESET" }),
    named("Error", { code: "ECONNREFUSED" }),
  ])("tries again after %s", (error) => {
    expect(isTransientAws(error)).toBe(true);
  });

  it.each([
    named("AccessDenied"),
    named("ValidationException"),
    named("RuleNotFoundException", { $metadata: { httpStatusCode: 400 } }),
    named("ParameterAlreadyExists"),
    named("Error"),
    "a text",
  ])("does not try again after %s", (error) => {
    expect(isTransientAws(error)).toBe(false);
  });
});

describe("persist", () => {
  const fast = { deadlineMs: 500, baseMs: 1, random: () => 0 };

  it("tries until it succeeds", async () => {
    let calls = 0;
    const answer = await persist("x", async () => (++calls < 4 ? Promise.reject(named("Throttling")) : "fine"), fast);
    expect([answer, calls]).toEqual(["fine", 4]);
  });

  it("throws what can't get better at once", async () => {
    let calls = 0;
    const attempt = async () => {
      calls++;
      throw named("AccessDenied");
    };
    await expect(persist("x", attempt, fast)).rejects.toMatchObject({ name: "AccessDenied" });
    expect(calls).toBe(1);
  });

  it("gives up at the deadline and names what and the last error", async () => {
    const started = Date.now();
    const error = await persist("moving it", () => Promise.reject(named("Throttling")), {
      ...fast,
      deadlineMs: 60,
    }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DeadlineError);
    expect(String(error)).toMatch(/moving it: not done within 60 ms \(last: Throttling: text\)/);
    expect(Date.now() - started).toBeLessThan(1_000);
  });

  it("ends an attempt that hangs, so that the next one gets its time", async () => {
    let calls = 0;
    const attempt = (signal: AbortSignal) =>
      ++calls === 1
        ? new Promise<string>((_, reject) => {
            signal.addEventListener("abort", () => reject(named("AbortError")));
          })
        : Promise.resolve("fine");
    expect(await persist("x", attempt, { ...fast, attemptMs: 20 })).toBe("fine");
  });
});

it("awsReason is one short line", () => {
  expect(awsReason(named("A"))).toBe("A: text");
  expect(awsReason(new Error(`a\nb${"x".repeat(900)}`)).length).toBeLessThan(400);
  expect(awsReason("text")).toBe("text");
});
