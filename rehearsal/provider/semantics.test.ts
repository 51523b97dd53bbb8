import { describe, expect, it } from "vitest";
import { type Json, UNKNOWN } from "./json";
import { bool, COMPUTED, type Field, LOCAL, list, map, num, obj, REPLACE, REQUIRED, set, str } from "./schema";
import { differences, normalized, overlay, problems, same, withDefaults } from "./semantics";

const check = obj({ path: str(REQUIRED), interval: num({ default: 30 }), matcher: str(COMPUTED) }, COMPUTED);

describe("same: what is declared already describes what exists", () => {
  const rows: [string, Field, Json | undefined, Json | undefined, boolean][] = [
    ["equal texts", str(), "a", "a", true],
    ["other text", str(), "a", "b", false],
    ["number written as text", num(), "15", 15, true],
    ["boolean written as text", bool(), "true", true, true],
    ["left out, AWS says false", bool(), undefined, false, true],
    ["left out, AWS says true", bool(), undefined, true, false],
    ["left out, AWS has the default", num({ default: 60 }), undefined, 60, true],
    ["left out, AWS has something else", num({ default: 60 }), undefined, 61, false],
    ["left out, AWS chose", str(COMPUTED), undefined, "subnet-1", true],
    ["declared, AWS has nothing", str(COMPUTED), "a", undefined, false],
    ["empty text is nothing", str(), "", undefined, true],
    ["empty list is nothing", list(str()), [], undefined, true],
    ["list in another order", list(str()), ["a", "b"], ["b", "a"], false],
    ["set in another order", set(str()), ["a", "b"], ["b", "a"], true],
    ["set counts repeats", set(str()), ["a", "a"], ["a", "b"], false],
    ["set with one more", set(str()), ["a"], ["a", "b"], false],
    ["tags in another order", map(), { a: "1", b: "2" }, { b: "2", a: "1" }, true],
    ["one tag more", map(), { a: "1" }, { a: "1", b: "2" }, false],
    ["object, AWS filled in", check, { path: "/" }, { path: "/", interval: 30, matcher: "200" }, true],
    ["object, default changed", check, { path: "/" }, { path: "/", interval: 10, matcher: "200" }, false],
    ["object of defaults left out", obj({ enabled: bool() }), undefined, { enabled: false }, true],
    ["object left out, AWS has one", obj({ enabled: bool() }), undefined, { enabled: true }, false],
    ["unknown is never the same", str(), UNKNOWN, UNKNOWN, false],
    ["unknown inside a list", list(str()), ["a", UNKNOWN], ["a", "b"], false],
    ["equal in meaning", str({ canonical: (value) => String(value).toLowerCase() }), "A", "a", true],
  ];
  it.each(rows)("%s", (_, field, declared, existing, expected) => {
    expect(same(field, declared, existing)).toBe(expected);
  });
});

describe("overlay: what exists, written as it was declared", () => {
  it("keeps the declared order and spelling where nothing drifted", () => {
    expect(overlay(set(str()), ["b", "a"], ["a", "b"], false)).toEqual(["b", "a"]);
    expect(overlay(num(), "15", 15, false)).toBe("15");
  });

  it("shows drift inside an object, and only that", () => {
    const live = { path: "/", interval: 10, matcher: "200" };
    expect(overlay(check, { path: "/" }, live, false)).toEqual({ path: "/", interval: 10 });
  });

  it("adds what AWS chose to outputs, not to inputs", () => {
    const live = { path: "/", interval: 30, matcher: "200" };
    expect(overlay(check, { path: "/" }, live, false)).toEqual({ path: "/" });
    expect(overlay(check, { path: "/" }, live, true)).toEqual(live);
  });

  it("leaves out what nobody declared and AWS has by default", () => {
    expect(overlay(num({ default: 60 }), undefined, 60, false)).toBeUndefined();
    expect(overlay(num({ default: 60 }), undefined, 61, false)).toBe(61);
  });
});

describe("differences", () => {
  const fields = {
    name: str(REPLACE),
    tags: map(),
    rules: list(obj({ weight: num(), arn: str() })),
    wait: bool(LOCAL),
    zone: str({ ...COMPUTED, ...REPLACE }),
  };

  it("names the path of each change and whether it replaces", () => {
    const olds = {
      name: "a",
      tags: { x: "1" },
      rules: [
        { weight: 90, arn: "n" },
        { weight: 10, arn: "p" },
      ],
    };
    const news = {
      name: "b",
      tags: { "x-y": "1" },
      rules: [
        { weight: 75, arn: "n" },
        { weight: 10, arn: "p" },
      ],
    };
    expect(differences(fields, olds, news)).toEqual([
      { path: "name", kind: "update", replace: true },
      { path: "tags.x", kind: "delete", replace: false },
      { path: 'tags["x-y"]', kind: "add", replace: false },
      { path: "rules[0].weight", kind: "update", replace: false },
    ]);
  });

  it("is empty for equal meaning", () => {
    expect(differences(fields, { rules: [{ weight: 1, arn: "a" }] }, { rules: [{ weight: "1", arn: "a" }] })).toEqual(
      [],
    );
  });

  it("takes an unknown for a change, which replaces where a change would", () => {
    expect(differences(fields, { name: "a" }, { name: UNKNOWN })).toMatchObject([{ path: "name", replace: true }]);
  });

  it("a value AWS chose stays when it is no longer declared", () => {
    expect(differences(fields, { zone: "a" }, {})).toEqual([]);
    expect(differences(fields, { zone: "a" }, { zone: "b" })).toMatchObject([{ replace: true }]);
  });

  it("sees settings of the provider itself", () => {
    expect(differences(fields, {}, { wait: true })).toEqual([{ path: "wait", kind: "add", replace: false }]);
  });
});

describe("problems", () => {
  const fields = { name: str(REQUIRED), count: num(), check, names: list(str()), tags: map() };
  const rows: [string, { [key: string]: Json }, string[]][] = [
    ["nothing wrong", { name: "a", count: "3", names: ["x"], tags: { a: "b" } }, []],
    ["unknown values pass", { name: UNKNOWN, count: UNKNOWN, check: UNKNOWN }, []],
    ["missing", {}, ["name"]],
    ["misspelt", { name: "a", naem: "b" }, ["naem"]],
    ["misspelt inside an object", { name: "a", check: { path: "/", intreval: 3 } }, ["check.intreval"]],
    ["missing inside an object", { name: "a", check: {} }, ["check.path"]],
    ["wrong kinds", { name: ["a"], count: "many", names: "a", check: "b" }, ["name", "count", "names", "check"]],
    ["hidden keys of the engine pass", { name: "a", __defaults: ["name"] }, []],
  ];
  it.each(rows)("%s", (_, props, expected) => {
    expect(problems(fields, props, "type").map((one) => one.property)).toEqual(expected);
  });

  it("never repeat a value: it may be a secret", () => {
    expect(JSON.stringify(problems(fields, { name: "a", count: "hunter2" }, "type"))).not.toContain("hunter2");
  });
});

it("withDefaults fills in defaults, also inside declared objects and lists", () => {
  const fields = { idle: num({ default: 60 }), check, hops: list(obj({ weight: num({ default: 1 }) })) };
  expect(withDefaults(fields, { check: { path: "/" }, hops: [{}] })).toEqual({
    idle: 60,
    check: { path: "/", interval: 30 },
    hops: [{ weight: 1 }],
  });
  expect(withDefaults(fields, {})).toEqual({ idle: 60 });
});

it("normalized turns a document given as data into text and drops nulls", () => {
  const fields = { policy: str({ document: true }), name: str() };
  expect(normalized(fields, { policy: { a: 1 }, name: null })).toEqual({ policy: '{"a":1}' });
  expect(normalized(fields, { policy: { a: UNKNOWN } })).toEqual({ policy: UNKNOWN });
});
