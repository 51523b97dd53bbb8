import { randomBytes, randomInt } from "node:crypto";
import type { Bag } from "../bag";
import type { Live } from "../json";
import type { Context, Registry, ResourceType } from "../resource-type";
import { bool, type Fields, map, num, REPLACE, str } from "../schema";

/** What a create made, until the same call has read it back; later the state has it. */
const made = new WeakMap<Context, Live>();

/** A value made once and kept until an input changes: every input replaces it. */
function random(
  inputs: Fields,
  outputs: readonly string[],
  make: (a: Bag) => { id: string; outputs: Live },
): ResourceType {
  return {
    inputs: { ...inputs, keepers: map(REPLACE) },
    outputs,
    async create(ctx, a) {
      const value = make(a);
      made.set(ctx, value.outputs);
      return value.id;
    },
    async read(ctx, _id, known) {
      return { ...known.props, ...made.get(ctx) };
    },
    async delete() {
      // Nothing outside the state.
    },
  };
}

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const DIGITS = "0123456789";
/** The special characters of the real provider. */
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

const CHARACTERS: Fields = {
  length: num({ required: true, replace: true }),
  lower: bool({ default: true, replace: true }),
  upper: bool({ default: true, replace: true }),
  numeric: bool({ default: true, replace: true }),
  number: bool({ computed: true, replace: true }),
  special: bool({ default: true, replace: true }),
  overrideSpecial: str(REPLACE),
  minLower: num({ default: 0, replace: true }),
  minUpper: num({ default: 0, replace: true }),
  minNumeric: num({ default: 0, replace: true }),
  minSpecial: num({ default: 0, replace: true }),
};

function pick(alphabet: string): string {
  return alphabet.charAt(randomInt(alphabet.length));
}

/** A text of the declared length, with the declared minimum of each kind of character, in random order. */
export function randomText(a: Bag): string {
  const special = a.str("overrideSpecial") ?? SPECIAL;
  const numeric = a.bool("number") ?? a.bool("numeric") ?? true;
  const kinds: [boolean, string, number][] = [
    [a.bool("lower") ?? true, LOWER, a.num("minLower") ?? 0],
    [a.bool("upper") ?? true, UPPER, a.num("minUpper") ?? 0],
    [numeric, DIGITS, a.num("minNumeric") ?? 0],
    [a.bool("special") ?? true, special, a.num("minSpecial") ?? 0],
  ];
  const alphabet = kinds.map(([wanted, letters]) => (wanted ? letters : "")).join("");
  const least = kinds.flatMap(([, letters, count]) => Array.from({ length: count }, () => pick(letters)));
  const length = a.num("length") ?? 0;
  if (least.length > length) throw new Error(`length ${length} is less than the sum of the minimums, ${least.length}`);
  if (alphabet === "" && length > 0) throw new Error("no kind of character is allowed");
  const all = [...least, ...Array.from({ length: length - least.length }, () => pick(alphabet))];
  for (let at = all.length - 1; at > 0; at--) {
    const other = randomInt(at + 1);
    [all[at], all[other]] = [all[other] ?? "", all[at] ?? ""];
  }
  return all.join("");
}

/** Random values. `bcryptHash` of RandomPassword is not served. */
export const RANDOM: Registry = {
  "random:index/randomPassword:RandomPassword": random(CHARACTERS, ["result"], (a) => ({
    id: "none",
    outputs: { result: randomText(a) },
  })),
  "random:index/randomString:RandomString": random(CHARACTERS, ["result"], (a) => {
    const result = randomText(a);
    return { id: result, outputs: { result } };
  }),
  "random:index/randomId:RandomId": random(
    { byteLength: num({ required: true, replace: true }), prefix: str(REPLACE) },
    ["b64Std", "b64Url", "dec", "hex"],
    (a) => {
      const bytes = randomBytes(a.num("byteLength") ?? 0);
      const prefix = a.str("prefix") ?? "";
      const hex = bytes.toString("hex");
      const outputs = {
        b64Std: `${prefix}${bytes.toString("base64")}`,
        b64Url: `${prefix}${bytes.toString("base64url")}`,
        dec: `${prefix}${BigInt(`0x${hex || "0"}`)}`,
        hex: `${prefix}${hex}`,
      };
      return { id: bytes.toString("base64url"), outputs };
    },
  ),
  "random:index/randomBytes:RandomBytes": random(
    { length: num({ required: true, replace: true }) },
    ["base64", "hex"],
    (a) => {
      const bytes = randomBytes(a.num("length") ?? 0);
      return { id: "none", outputs: { base64: bytes.toString("base64"), hex: bytes.toString("hex") } };
    },
  ),
};
