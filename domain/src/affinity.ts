import type { LiveRule } from "./kill-switch";

/** `none`: every message is dealt by weight. `contact`: one engine per conversation, by the contact's id. */
export const AFFINITIES = ["none", "contact"] as const;
export type Affinity = (typeof AFFINITIES)[number];

/** Request header that names the contact; a person puts `{{contact.id}}` into it in the workflow step. */
export const CONTACT_HEADER = "x-contact-id";

/** Which contacts are Python's at a share, and how many of them that are. */
export interface ContactBuckets {
  /** Regular expression over the contact's id; undefined at a share of 0, where no contact is Python's. */
  readonly regex: string | undefined;
  /** Percent of contacts it matches, exactly, where ids are random letters and digits: never above the share. */
  readonly expectedShare: number;
}

/**
 * Characters of an id in the order in which Python takes the contacts that end in them, letters regardless of case.
 * Letters come first and from the end: ids that are not GHL's random ones (numbers, hexadecimal) are then taken later
 * than the share says, never earlier.
 */
const ORDER = "zyxwvutsrqponmlkjihgfedcba9876543210";
const LETTERS = 26;
const ALPHABET = 62;
/** Ids are told apart by their last two characters. */
const PAIRS = ALPHABET * ALPHABET;

/** How many of the 62 characters the first `count` of {@link ORDER} are. */
const charactersIn = (count: number): number => count + Math.min(count, LETTERS);

/**
 * Python's contacts at a share, as one regular expression on the id's last two characters. Monotone: whoever is Python's
 * at a share is Python's at every higher one. Rounded down, by less than 0.11 points. Says the same with and without
 * regard to case, since AWS does not say how it compares; of its syntax only groups, classes and `.*` are used.
 * @param share whole percent, 0 to 100
 * @throws RangeError for any other share
 */
export function contactBuckets(share: number): ContactBuckets {
  if (!Number.isInteger(share) || share < 0 || share > 100) {
    throw new RangeError(`Python's share is ${share}: expected whole percent from 0 to 100`);
  }
  const fits = (pairs: number) => 100 * pairs <= share * PAIRS;
  const last = mostOf((count) => fits(charactersIn(count) * ALPHABET));
  const whole = charactersIn(last) * ALPHABET;
  const width = charactersIn(last + 1) - charactersIn(last);
  const before = last === ORDER.length ? 0 : mostOf((count) => fits(whole + width * charactersIn(count)));
  const ends = [
    ...(last > 0 ? [classOf(0, last)] : []),
    ...(before > 0 ? [classOf(0, before) + classOf(last, last + 1)] : []),
  ];
  return {
    regex: ends.length === 0 ? undefined : `^.*(${ends.join("|")})$`,
    expectedShare: (100 * (whole + width * charactersIn(before))) / PAIRS,
  };
}

/** The largest count of {@link ORDER}'s characters that holds; what holds for one holds for every smaller one. */
function mostOf(holds: (count: number) => boolean): number {
  let count = 0;
  while (count < ORDER.length && holds(count + 1)) count++;
  return count;
}

/** A character class of {@link ORDER} from one place to before another: `[x-zX-Z]`, `[8-9a-zA-Z]`. */
function classOf(from: number, to: number): string {
  const range = (first: number, end: number) => {
    if (first >= end) return "";
    const [low, high] = [ORDER[end - 1], ORDER[first]];
    return low === high ? `${low}` : `${low}-${high}`;
  };
  const letters = range(Math.min(from, LETTERS), Math.min(to, LETTERS));
  return `[${range(Math.max(from, LETTERS), to)}${letters}${letters.toUpperCase()}]`;
}

/** The share whose contacts a live rule's expression names; undefined where it is none of ours. */
export function shareOfBuckets(regex: string): number | undefined {
  return SHARES.find((share) => contactBuckets(share).regex === regex);
}

const SHARES = Array.from({ length: 100 }, (_, i) => i + 1);

/** Whether a live rule asks for the contact: the affinity's rule. */
export function asksForContact(rule: LiveRule): boolean {
  return rule.conditions.some((condition) => condition.headerName?.toLowerCase() === CONTACT_HEADER);
}

/** Percent that a weighted rule gives Python. */
export function shareByWeight({ weights }: Pick<LiveRule, "weights">, pythonArn: string): number {
  const all = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  return all === 0 ? 0 : (100 * (weights[pythonArn] ?? 0)) / all;
}

/**
 * Percent of contacts that the affinity's live rule gives Python, as declared.
 * @returns undefined where somebody edited it: nobody may guess then
 */
export function shareByContact(rule: LiveRule, pythonArn: string): number | undefined {
  const weight = shareByWeight(rule, pythonArn);
  if (weight === 0) return 0;
  const ours = rule.conditions.filter((condition) => condition.headerName?.toLowerCase() === CONTACT_HEADER);
  const [regex, ...more] = ours.flatMap(({ regexValues = [], values }) => [...regexValues, ...values]);
  if (weight < 100 || regex === undefined || more.length > 0) return undefined;
  return shareOfBuckets(regex);
}

/**
 * Percent of customers' messages that Python gets by the live rules, as declared: by contact first, and what that rule
 * leaves by weight. Between two updates one of them decides alone; in the middle of one both may.
 * @param contact the affinity's rule; undefined where there is none
 * @returns undefined where the affinity's rule is none of ours
 */
export function liveShare(weighted: LiveRule, contact: LiveRule | undefined, pythonArn: string): number | undefined {
  const byWeight = shareByWeight(weighted, pythonArn);
  const byContact = contact ? shareByContact(contact, pythonArn) : 0;
  return byContact === undefined ? undefined : byContact + ((100 - byContact) * byWeight) / 100;
}

/** What the two rules of an affinity say at a share; whole percent that each gives Python. */
export interface RuleShares {
  /** Contacts the affinity's rule is for; at 0 the rule stands ready and leads to Node. */
  readonly contacts: { readonly regex: string; readonly weight: 0 | 100 };
  /** Messages that name no contact, or one that is not Python's: Node, until everything is Python's. */
  readonly weight: 0 | 100;
}

/**
 * The rules by contact at a share. The affinity's rule is there at every share, and between two shares below 100 it alone
 * changes, in one call; it comes before the weighted one where both do. So every state on the way is the old or the new
 * one, contact by contact.
 */
export function contactRules(share: number): RuleShares {
  const { regex } = contactBuckets(share);
  const idle = contactBuckets(1).regex;
  const known = regex ?? idle;
  if (known === undefined) throw new Error("a share of 1 % names no contact");
  return { contacts: { regex: known, weight: regex === undefined ? 0 : 100 }, weight: share === 100 ? 100 : 0 };
}
