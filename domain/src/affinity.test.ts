import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CONTACT_HEADER,
  contactBuckets,
  contactRules,
  liveShare,
  shareByContact,
  shareByWeight,
  shareOfBuckets,
} from "./affinity";
import type { LiveRule } from "./kill-switch";
import { ladder } from "./phases";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PAIRS = [...BASE62].flatMap((a) => [...BASE62].map((b) => a + b));
const share = fc.integer({ min: 0, max: 100 });
const id = fc.string({ unit: fc.constantFrom(...BASE62), minLength: 20, maxLength: 20 });

/** Whose expression it is at each share, with and without regard to case: AWS does not say which, so both say the same. */
const EXPRESSIONS = Array.from({ length: 101 }, (_, at) => {
  const { regex } = contactBuckets(at);
  return regex === undefined ? undefined : { strict: new RegExp(regex), loose: new RegExp(regex, "i") };
});
const isPythons = (contact: string, at: number): boolean => {
  const expression = EXPRESSIONS[at];
  if (!expression) return false;
  if (expression.strict.test(contact) !== expression.loose.test(contact))
    throw new Error(`${contact} depends on case at ${at} %`);
  return expression.strict.test(contact);
};

const rule = (regex: string, python: number): LiveRule => ({
  conditions: [
    { field: "path-pattern", values: ["/webhooks/*"] },
    { field: "http-header", headerName: CONTACT_HEADER, values: [], regexValues: [regex] },
  ],
  forwardsTo: [],
  weights: { node: 100 - python, python },
});
const weighted = (python: number): LiveRule => ({
  conditions: [],
  forwardsTo: [],
  weights: { node: 100 - python, python },
});

describe("contactBuckets", () => {
  it("counts exactly what its expression matches, never more than the share and less than 0.11 points below", () => {
    for (let at = 0; at <= 100; at++) {
      const { expectedShare } = contactBuckets(at);
      const matched = PAIRS.filter((pair) => isPythons(`xxxxxxxxxxxxxxxxxx${pair}`, at)).length;
      expect((100 * matched) / PAIRS.length).toBeCloseTo(expectedShare, 10);
      expect(expectedShare).toBeLessThanOrEqual(at);
      expect(at - expectedShare).toBeLessThan(0.11);
    }
  });

  it("keeps a contact with Python at every higher share", () => {
    fc.assert(
      fc.property(id, share, share, (contact, a, b) => {
        if (isPythons(contact, Math.min(a, b))) expect(isPythons(contact, Math.max(a, b))).toBe(true);
      }),
      { seed: 9, numRuns: 2000 },
    );
  });

  it("takes ids that are no random letters and digits later than the share says", () => {
    for (const alphabet of ["0123456789", "0123456789abcdef", "0123456789ABCDEF"]) {
      const pairs = [...alphabet].flatMap((a) => [...alphabet].map((b) => a + b));
      for (let at = 0; at <= 100; at++) {
        const matched = pairs.filter((pair) => isPythons(pair, at)).length;
        expect((100 * matched) / pairs.length).toBeLessThanOrEqual(at);
      }
    }
  });

  it("takes nobody without an id, and nobody with a name that is no id, at any share", () => {
    for (let at = 0; at <= 100; at++) {
      for (const contact of ["", " ", "{{contact.id}}"]) expect(isPythons(contact, at)).toBe(false);
    }
  });

  it("is what the load balancer takes: at most 128 characters, one wildcard, and no look-around", () => {
    for (let at = 1; at <= 100; at++) {
      const regex = contactBuckets(at).regex ?? "";
      expect(regex.length).toBeLessThanOrEqual(128);
      expect(regex.match(/[*?]/g)).toHaveLength(1);
      expect(regex).toMatch(/^\^\.\*\([[\]a-zA-Z0-9|-]+\)\$$/);
    }
  });

  it.each([
    [10, 9.989594172736732, "^.*([x-zX-Z]|[x-zX-Z][wW])$"],
    [90, 89.95837669094693, "^.*([7-9a-zA-Z]|[c-zC-Z][6])$"],
    [100, 100, "^.*([0-9a-zA-Z])$"],
  ])("at %i percent are these contacts", (at, expectedShare, regex) => {
    expect(contactBuckets(at)).toEqual({ regex, expectedShare });
  });

  it.each([-1, 101, 10.5, Number.NaN])("refuses a share of %d", (at) => {
    expect(() => contactBuckets(at)).toThrow(/expected whole percent from 0 to 100/);
  });
});

describe("the share read off live rules", () => {
  it("is the declared one at every share", () => {
    for (let at = 0; at <= 100; at++) {
      const { contacts, weight } = contactRules(at);
      if (at > 0) expect(shareOfBuckets(contacts.regex)).toBe(at);
      expect(liveShare(weighted(weight), rule(contacts.regex, contacts.weight), "python")).toBe(at);
    }
  });

  it("is the weight without a rule for contacts", () => {
    expect(liveShare(weighted(25), undefined, "python")).toBe(25);
    expect(shareByWeight({ weights: {} }, "python")).toBe(0);
  });

  it.each([
    ["an expression of somebody else's", rule("^abc$", 100)],
    ["weights by hand", rule(contactRules(25).contacts.regex, 50)],
    [
      "a second value",
      {
        ...rule(contactRules(25).contacts.regex, 100),
        conditions: [...rule("a", 1).conditions, ...rule("b", 1).conditions],
      },
    ],
    [
      "no expression",
      { ...rule("", 100), conditions: [{ field: "http-header", headerName: "X-Contact-Id", values: [] }] },
    ],
  ])("is not guessed where the rule has %s", (_what, edited) => {
    expect(shareByContact(edited, "python")).toBeUndefined();
    expect(liveShare(weighted(0), edited, "python")).toBeUndefined();
  });
});

/** Where the two rules send a contact, as the load balancer does; undefined: dealt by weight. */
const engineOf = (contact: string, rules: ReturnType<typeof contactRules>) => {
  const byContact = new RegExp(rules.contacts.regex).test(contact) ? rules.contacts.weight : rules.weight;
  return byContact === 100 ? "python" : "node";
};

describe("from one share to another", () => {
  it("leaves every contact with its old or its new engine in between, whichever rule came first", () => {
    fc.assert(
      fc.property(id, share, share, fc.boolean(), (contact, from, to, contactsFirst) => {
        const [old, next] = [contactRules(from), contactRules(to)];
        const between = contactsFirst
          ? { contacts: next.contacts, weight: old.weight }
          : { contacts: old.contacts, weight: next.weight };
        expect([engineOf(contact, old), engineOf(contact, next)]).toContain(engineOf(contact, between));
      }),
      { seed: 9, numRuns: 5000 },
    );
  });

  it("changes one rule only, wherever Python has neither everything before nor after", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 99 }), (from, to) => {
        expect(contactRules(from).weight).toBe(contactRules(to).weight);
      }),
      { seed: 9 },
    );
  });

  it("moves a contact once on the whole way up", () => {
    fc.assert(
      fc.property(id, (contact) => {
        const engines = ladder.map(({ pythonShare }) => engineOf(contact, contactRules(pythonShare)));
        expect(engines.filter((engine, i) => i > 0 && engine !== engines[i - 1])).toEqual(["python"]);
      }),
      { seed: 9, numRuns: 500 },
    );
  });
});
