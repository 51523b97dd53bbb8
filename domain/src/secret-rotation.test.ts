import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acceptedGenerations, refuseRotation, SECRET_SPREADS_MS, webhookSecretConfig } from "./secret-rotation";

const HOUR = SECRET_SPREADS_MS;

describe("accepted generations", () => {
  it.each([
    [undefined, undefined, [1]],
    [2, undefined, [2, 1]],
    [2, 1, [2]],
    [3, 1, [3, 2]],
    [3, 2, [3]],
    [5, 1, [5, 4]],
  ])("generation %s, retired %s: %j", (generation, retired, accepted) => {
    expect(acceptedGenerations(webhookSecretConfig(generation, retired))).toEqual(accepted);
  });
});

describe("a rotation", () => {
  const one = webhookSecretConfig();
  const both = webhookSecretConfig(2);
  const two = webhookSecretConfig(2, 1);

  it("is free before GoHighLevel was given anything, and where nothing changes", () => {
    expect(refuseRotation(webhookSecretConfig(9, 8), one, undefined)).toBeUndefined();
    expect(refuseRotation(one, one, { generation: 7, forMs: 0 })).toBeUndefined();
  });

  it("goes in two steps, the second an hour after GoHighLevel has the new value", () => {
    expect(refuseRotation(both, one, { generation: 1, forMs: 0 })).toBeUndefined();
    expect(refuseRotation(two, both, { generation: 2, forMs: HOUR })).toBeUndefined();
    expect(refuseRotation(two, both, { generation: 2, forMs: HOUR / 4 })).toMatch(
      /for 15 minutes; .*Retire generation 1 in 45 minutes; .*webhookSecret\.retired 0$/,
    );
  });

  it("is refused in one step, by a jump, and when the first step never reached GoHighLevel", () => {
    expect(refuseRotation(two, one, { generation: 1, forMs: HOUR })).toMatch(/sends generation 1 .*accept 2 only/);
    expect(refuseRotation(webhookSecretConfig(4), one, { generation: 1, forMs: HOUR })).toMatch(
      /accept 4 and 3 only.*generation 2$/,
    );
    expect(refuseRotation(two, both, { generation: 1, forMs: HOUR })).toMatch(/sends generation 1/);
    expect(refuseRotation(one, two, { generation: 2, forMs: HOUR })).toMatch(/accept 1 only.*generation 2$/);
  });

  it("that is allowed always accepts what GoHighLevel sends", () => {
    const number = fc.integer({ min: 1, max: 6 });
    const config = fc.tuple(number, number).map(([g, r]) => webhookSecretConfig(g, Math.min(r, g - 1)));
    fc.assert(
      fc.property(config, config, number, (wanted, before, generation) => {
        const same = wanted.generation === before.generation && wanted.retired === before.retired;
        fc.pre(!same && refuseRotation(wanted, before, { generation, forMs: HOUR }) === undefined);
        expect(acceptedGenerations(wanted)).toContain(generation);
      }),
      { seed: 5 },
    );
  });
});
