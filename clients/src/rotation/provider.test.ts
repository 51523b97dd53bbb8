import { afterEach, describe, expect, it } from "vitest";
import { secretRotationProvider } from "./provider";

const NOW = Date.UTC(2026, 10, 22, 12);
const asked: unknown[] = [];
afterEach(() => {
  asked.length = 0;
});

const inputs = (generation: number, retired = 0) => ({
  generation,
  retired,
  parameter: "/cutover/test/webhook-secret",
  aws: { region: "eu-central-1" },
});

/** SSM that holds `value` for some minutes, or fails. */
function rotation(value: string | Error, minutes = 0) {
  const send = async (command: { input: unknown }) => {
    asked.push(command.input);
    if (value instanceof Error) throw value;
    return { Parameter: { Value: value, LastModifiedDate: new Date(NOW - minutes * 60_000) } };
  };
  return secretRotationProvider({ ssm: { send } as never, now: () => NOW });
}

const none = Object.assign(new Error("none"), { name: "ParameterNotFound" });
const reasons = async (provider: ReturnType<typeof rotation>, olds: object, news: object) =>
  (await provider.check({ ...olds }, { ...news })).failures.map((failure) => failure.reason).join();

describe("the fence before a rotation", () => {
  it("asks nothing at first, and while nothing changes", async () => {
    expect(await reasons(rotation(new Error("not asked")), {}, inputs(1))).toBe("");
    expect(await reasons(rotation(new Error("not asked")), inputs(2), inputs(2))).toBe("");
    expect(asked).toEqual([]);
  });

  it("lets the first step through, and the second after the hour", async () => {
    expect(await reasons(rotation('{"generation":1}'), inputs(1), inputs(2))).toBe("");
    expect(await reasons(rotation('{"generation":2}', 60), inputs(2), inputs(2, 1))).toBe("");
    expect(asked).toEqual([{ Name: "/cutover/test/webhook-secret" }, { Name: "/cutover/test/webhook-secret" }]);
  });

  it("refuses what would no longer accept what GoHighLevel sends, and the second step too early", async () => {
    expect(await reasons(rotation('{"generation":1}', 600), inputs(2), inputs(2, 1))).toContain("sends generation 1");
    expect(await reasons(rotation('{"generation":2}', 59), inputs(2), inputs(2, 1))).toContain("in 1 minutes");
  });

  it("goes by the rehearsal's clock in a rehearsal", async () => {
    process.env.CUTOVER_CLOCK = `${NOW},60`;
    const early = await reasons(rotation('{"generation":2}', 0.9), inputs(2), inputs(2, 1));
    const late = await reasons(rotation('{"generation":2}', 1), inputs(2), inputs(2, 1));
    delete process.env.CUTOVER_CLOCK;
    expect([early.includes("for 54 minutes"), late]).toEqual([true, ""]);
  });

  it("is open before GoHighLevel was given anything", async () => {
    expect(await reasons(rotation(none), inputs(1), inputs(2, 1))).toBe("");
  });

  it.each([
    [Object.assign(new Error("denied"), { name: "AccessDeniedException" }), /AccessDeniedException: denied/],
    ["not json", /is not rotated on a guess/],
    ["{}", /holds no generation/],
  ])("does not guess when the record can't be read: %s", async (value, expected) => {
    expect(await reasons(rotation(value), inputs(1), inputs(2))).toMatch(expected);
  });

  it("keeps only what it was given, and sees another generation as the only difference", async () => {
    const provider = rotation(none);
    const { outs } = await provider.create({ ...inputs(1), __provider: "text" });
    expect(outs).toEqual(inputs(1));
    expect(await provider.diff("id", { ...outs }, { ...inputs(1), aws: { region: "eu-west-1" } })).toEqual({
      changes: false,
    });
    expect(await provider.diff("id", { ...outs }, inputs(2))).toEqual({ changes: true });
    expect((await provider.update("id", { ...outs }, inputs(2))).outs).toEqual(inputs(2));
  });
});
