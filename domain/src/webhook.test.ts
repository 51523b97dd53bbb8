import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  capturePrevious,
  type DestroySituation,
  decideDestroy,
  decideWrite,
  explainDrift,
  frontDoorUrl,
  isWritableUrl,
  ownerOf,
  showUrl,
  type WriteSituation,
  withBackendNode,
  withoutPin,
} from "./webhook";

const NODE = "https://node.example.com/hook?key=s3cret";
const DOOR = "https://hooks.example.com/webhooks/ghl?key=s3cret";
const OLD_HERE = "https://hooks.example.com/old?key=s3cret";
const HAND = "https://elsewhere.example.com/x?token=t0ken";
const FINGERPRINT = "0123456789ab";

describe("building URLs", () => {
  it.each([
    [{ domain: "hooks.example.com" }, "https://hooks.example.com/webhooks/ghl"],
    [{ domain: "hooks.example.com", port: 443 }, "https://hooks.example.com/webhooks/ghl"],
    [{ domain: "hooks.example.com", port: 8443 }, "https://hooks.example.com:8443/webhooks/ghl"],
    [{ domain: "hooks.example.com", path: "/webhooks/other" }, "https://hooks.example.com/webhooks/other"],
    [{ domain: "hooks.example.com", today: NODE }, DOOR],
    [
      { domain: "hooks.example.com", today: "https://n.example.com/h?a=1&backend=node&b=%20ü" },
      "https://hooks.example.com/webhooks/ghl?a=1&b=%20ü",
    ],
  ])("front door %j", (door, url) => {
    expect(frontDoorUrl(door)).toBe(url);
  });

  it.each([
    ["https://h/p", "https://h/p?backend=node"],
    ["https://h/p?", "https://h/p?backend=node"],
    ["https://h/p?a=1", "https://h/p?a=1&backend=node"],
    ["https://h/p?backend=python&a=1", "https://h/p?a=1&backend=node"],
    ["https://h/p?a=%2F&backend=node#f", "https://h/p?a=%2F&backend=node#f"],
    ["https://h/p?mybackend=1", "https://h/p?mybackend=1&backend=node"],
  ])("pinning %s to Node", (url, pinned) => {
    expect(withBackendNode(url)).toBe(pinned);
  });

  it("pins once, unpins completely, keeps everything else", () => {
    const part = fc.stringMatching(/^[a-z0-9%+=._-]{0,12}$/);
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (pairs) => {
        const kept = pairs.filter((pair) => pair !== "" && pair.split("=")[0] !== "backend");
        const url = `https://h.example.com/p${pairs.length ? `?${pairs.join("&")}` : ""}`;
        const pinned = withBackendNode(url);
        expect(withBackendNode(pinned)).toBe(pinned);
        expect(new URL(pinned).searchParams.getAll("backend")).toEqual(["node"]);
        expect(withoutPin(pinned)).toBe(`https://h.example.com/p${kept.length ? `?${kept.join("&")}` : ""}`);
      }),
      { seed: 1 },
    );
  });

  it.each([
    [DOOR, true],
    ["http://hooks.example.com/p", false],
    ["https://user:pw@hooks.example.com/p", false],
    ["https://hooks.example.com/p ", false],
    ["https://hooks.example.com/a b", false],
    ["https://hooks.example.com/p#f", false],
    ["hooks.example.com/p", false],
    ["", false],
  ])("may %s be written: %s", (url, writable) => {
    expect(isWritableUrl(url)).toBe(writable);
  });
});

describe("whose value it is", () => {
  it.each([
    [DOOR, { wanted: DOOR }, "ours"],
    [DOOR, { lastWritten: DOOR }, "ours"],
    [DOOR, { frontDoor: DOOR }, "ours"],
    [withBackendNode(DOOR), { wanted: DOOR }, "ours-pinned"],
    [withBackendNode(DOOR), { frontDoor: DOOR }, "ours-pinned"],
    [NODE, { wanted: DOOR, alsoOurs: [NODE], previous: NODE }, "ours-pinned"],
    [NODE, { wanted: DOOR, previous: NODE }, "previous"],
    [HAND, { wanted: DOOR, previous: NODE, lastWritten: DOOR }, "theirs"],
    [`${DOOR} `, { wanted: DOOR }, "theirs"],
    [`${DOOR}&x=1`, { wanted: DOOR }, "theirs"],
  ] as const)("%s with %j is %s", (current, claims, owner) => {
    expect(ownerOf(current, claims)).toBe(owner);
  });
});

describe("what an up writes", () => {
  const base: WriteSituation = {
    mode: "set",
    wanted: DOOR,
    previous: NODE,
    current: NODE,
    currentFingerprint: FINGERPRINT,
  };
  const cases: readonly [string, Partial<WriteSituation>, string, string?][] = [
    ["first write over what was found", {}, "write", DOOR],
    ["already there", { current: DOOR }, "nothing"],
    ["our own value changes", { current: DOOR, lastWritten: DOOR, wanted: `${DOOR}&v=2` }, "write", `${DOOR}&v=2`],
    ["released after the rollback's pin", { current: withBackendNode(DOOR), lastWritten: DOOR }, "write", DOOR],
    ["released after the rollback to Node's own URL", { lastWritten: DOOR, alsoOurs: [NODE] }, "write", DOOR],
    ["moved back to Node by hand", { lastWritten: DOOR }, "refuse"],
    ["moved elsewhere by hand", { current: HAND, lastWritten: DOOR }, "refuse"],
    ["changed by hand before the first write", { current: HAND }, "refuse"],
    ["changed by hand and allowed", { current: HAND, lastWritten: DOOR, overwrite: FINGERPRINT }, "write", DOOR],
    ["another value allowed than is there", { current: HAND, lastWritten: DOOR, overwrite: "ba9876543210" }, "refuse"],
    ["nothing to write", { wanted: undefined }, "refuse"],
    ["as found, never written", { mode: "as-found", wanted: undefined }, "nothing"],
    ["as found, another value now", { mode: "as-found", wanted: undefined, current: HAND }, "nothing"],
    ["as found after ours", { mode: "as-found", wanted: undefined, current: DOOR, lastWritten: DOOR }, "write", NODE],
    [
      "as found, an interrupted write",
      { mode: "as-found", wanted: undefined, current: DOOR, frontDoor: DOOR },
      "write",
      NODE,
    ],
    ["as found after ours, already back", { mode: "as-found", wanted: undefined, lastWritten: DOOR }, "nothing"],
    [
      "as found after ours, changed by hand",
      { mode: "as-found", wanted: undefined, current: HAND, lastWritten: DOOR },
      "nothing",
    ],
    [
      "as found after ours, old value unknown",
      { mode: "as-found", wanted: undefined, current: DOOR, lastWritten: DOOR, previous: undefined },
      "refuse",
    ],
  ];
  it.each(cases)("%s", (_name, more, action, value) => {
    const decision = decideWrite({ ...base, ...more });
    expect(decision.action).toBe(action);
    if (decision.action === "write") expect(decision.value).toBe(value);
    expect(decision.reason).not.toMatch(/s3cret|t0ken/);
  });

  it("never overwrites a foreign value without leave, whatever else is known", () => {
    const url = fc.constantFrom(NODE, DOOR, HAND, withBackendNode(DOOR), "https://x.example.com/");
    const maybe = fc.option(url, { nil: undefined });
    fc.assert(
      fc.property(
        maybe,
        maybe,
        maybe,
        maybe,
        url,
        fc.constantFrom("set" as const, "as-found" as const),
        (wanted, frontDoor, lastWritten, previous, current, mode) => {
          const claims = { wanted, frontDoor, lastWritten, previous };
          const decision = decideWrite({ ...claims, mode, current, currentFingerprint: FINGERPRINT });
          if (decision.action === "write") {
            expect(ownerOf(current, claims)).not.toBe("theirs");
            expect([wanted, previous]).toContain(decision.value);
            expect(decision.value).not.toBe(current);
          }
        },
      ),
      { seed: 2 },
    );
  });

  it("says what a person changed without its query string, and how to go on", () => {
    const decision = decideWrite({ ...base, lastWritten: DOOR });
    expect(decision.reason).toContain("https://node.example.com/hook?…, the address from before the cutover");
    expect(decision.reason).toContain(`cutover:ghl.overwrite' ${FINGERPRINT}`);
    const secret = decideWrite({ ...base, current: "their-own-secret", lastWritten: DOOR, secret: true });
    expect(secret.reason).not.toMatch(/their-own-secret|phase|prepare/);
    expect(secret.reason).toContain(`cutover:ghl.overwrite' ${FINGERPRINT}`);
  });
});

describe("drift in words", () => {
  const claims = { wanted: DOOR, lastWritten: DOOR, previous: NODE };
  it.each([
    [DOOR, undefined],
    [withBackendNode(DOOR), "the rollback moved GHL to https://hooks.example.com/webhooks/ghl?…"],
    [NODE, "somebody moved GHL back to https://node.example.com/hook?…, the address from before the cutover"],
    [HAND, "somebody changed the value in GHL by hand; it holds https://elsewhere.example.com/x?…"],
    ["not-a-url s3cret", "somebody changed the value in GHL by hand; it holds something that is no URL"],
    ["", "somebody changed the value in GHL by hand; it holds nothing (empty)"],
  ])("%s", (current, words) => {
    expect(explainDrift(current, claims)).toBe(words);
  });

  it.each(["their-own-secret", "the one before us"])("says of a secret only that it is another: %s", (current) => {
    const known = { wanted: "ours", lastWritten: "ours", previous: "the one before us" };
    expect(explainDrift(current, known, true)).toBe("somebody changed the secret in GHL by hand");
  });

  it("is none before our first write while the value is as found", () => {
    expect(explainDrift(NODE, { wanted: undefined, previous: NODE })).toBeUndefined();
    expect(showUrl("https://u:p@h.example.com/p?q=1")).toBe("https://h.example.com/p?…");
  });
});

describe("what is remembered as the value before us", () => {
  it.each([
    ["what is there", NODE, { wanted: DOOR }, undefined, NODE],
    ["today's URL where ours is there already", DOOR, { wanted: DOOR }, NODE, NODE],
    ["today's URL where ours is there, in prepare", DOOR, { frontDoor: DOOR }, NODE, NODE],
    ["nothing where ours is there and today's URL is unknown", DOOR, { wanted: DOOR }, undefined, undefined],
    ["nothing where today's URL is ours too", DOOR, { wanted: DOOR }, withBackendNode(DOOR), undefined],
    ["Node's own URL, although our rollback may write it", NODE, { wanted: DOOR, alsoOurs: [NODE] }, undefined, NODE],
  ] as const)("%s", (_name, current, claims, today, previous) => {
    expect(capturePrevious(current, claims, today)).toBe(previous);
  });
});

describe("what destroy does", () => {
  const base: DestroySituation = {
    onDestroy: "restore",
    current: DOOR,
    lastWritten: DOOR,
    previous: NODE,
    decommissioned: false,
    loseTraffic: false,
    previousAnswers: "yes",
  };
  const cases: readonly [string, Partial<DestroySituation>, string][] = [
    ["restores what is ours", {}, "restore"],
    ["restores the rollback's pin", { current: withBackendNode(DOOR) }, "restore"],
    ["asks before it restores", { previousAnswers: "not-asked" }, "ask"],
    ["refuses when the old URL is dead", { previousAnswers: "no" }, "refuse"],
    ["leaves it with lose-traffic when the old URL is dead", { previousAnswers: "no", loseTraffic: true }, "leave"],
    ["refuses when the old URL is unknown", { previous: undefined }, "refuse"],
    ["leaves what is already back", { current: NODE }, "leave"],
    ["leaves what somebody else wrote", { current: HAND }, "leave"],
    ["refuses when the old URL is at the front door, though it answers", { previous: OLD_HERE }, "refuse"],
    [
      "leaves it with lose-traffic when the old URL is at the front door",
      { previous: OLD_HERE, loseTraffic: true },
      "leave",
    ],
    ["refuses when what is already back is at the front door", { previous: OLD_HERE, current: OLD_HERE }, "refuse"],
    ["refuses when somebody edited ours", { current: `${DOOR}&x=1` }, "refuse"],
    ["leaves what is gone", { current: undefined }, "leave"],
    ["leaves what we never wrote", { current: NODE, lastWritten: undefined }, "leave"],
    ["restores after an interrupted first write", { lastWritten: undefined, frontDoor: DOOR }, "restore"],
    ["refuses after decommission", { decommissioned: true }, "refuse"],
    ["refuses after decommission though the old URL is remembered", { decommissioned: true, previous: NODE }, "refuse"],
    ["leaves it after decommission with lose-traffic", { decommissioned: true, loseTraffic: true }, "leave"],
    ["leaves what is elsewhere after decommission", { decommissioned: true, current: HAND }, "leave"],
    ["keeps by configuration", { onDestroy: "keep" }, "leave"],
    ["deletes what we made", { onDestroy: "delete", previous: undefined }, "delete"],
    ["restores what existed instead of deleting it", { onDestroy: "delete" }, "restore"],
    [
      "does not delete what somebody else wrote",
      { onDestroy: "delete", current: "other", previous: undefined },
      "leave",
    ],
    [
      "does not delete production's secret",
      { onDestroy: "delete", previous: undefined, decommissioned: true },
      "refuse",
    ],
  ];
  it.each(cases)("%s", (_name, more, action) => {
    const decision = decideDestroy({ ...base, ...more });
    expect(decision.action).toBe(action);
    if ("reason" in decision) expect(decision.reason).not.toMatch(/s3cret|t0ken/);
    if (decision.action === "refuse") expect(decision.reason).toContain("cutover:destroy lose-traffic");
  });

  it("never restores after decommission and never touches a foreign value", () => {
    const url = fc.constantFrom(NODE, DOOR, HAND, withBackendNode(DOOR));
    const maybe = fc.option(url, { nil: undefined });
    const answers = fc.constantFrom("yes" as const, "no" as const, "not-asked" as const);
    fc.assert(
      fc.property(
        maybe,
        maybe,
        maybe,
        maybe,
        fc.boolean(),
        fc.boolean(),
        answers,
        (current, lastWritten, previous, frontDoor, decommissioned, loseTraffic, previousAnswers) => {
          const s = {
            ...base,
            current,
            lastWritten,
            previous,
            frontDoor,
            decommissioned,
            loseTraffic,
            previousAnswers,
          };
          const decision = decideDestroy(s);
          if (decision.action === "restore") {
            expect(decommissioned).toBe(false);
            expect(previousAnswers).toBe("yes");
            expect(ownerOf(current ?? "", s)).toMatch(/^ours/);
          }
          if (loseTraffic) expect(decision.action).not.toBe("refuse");
        },
      ),
      { seed: 3 },
    );
  });
});

describe("a destroy after node-only", () => {
  it("leaves Node's own address, which we wrote and which was there before", () => {
    const node = "https://node.example.com/webhooks/ghl";
    const situation = {
      onDestroy: "restore",
      current: node,
      previous: node,
      wanted: node,
      lastWritten: node,
      frontDoor: "https://door.example.com/webhooks/ghl",
      decommissioned: false,
      loseTraffic: false,
      previousAnswers: "not-asked",
    } as const;
    expect(decideDestroy(situation).action).toBe("leave");
  });
});
