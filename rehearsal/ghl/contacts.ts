const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 20;

/** Whole numbers below a bound, the same ones in every run (mulberry32). */
export function seededRandom(seed = 0x9e3779b9): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}

/**
 * Contacts' ids as GoHighLevel gives them: 20 random letters and digits, the same ones in every run. Their last two
 * characters are spread evenly over all pairs, as those of very many contacts are: so few of them would else say more of
 * themselves than of the rules that deal them.
 */
export function contactIds(count: number): string[] {
  const chance = seededRandom();
  const pairs = ALPHABET.length ** 2;
  return Array.from({ length: count }, (_, i) => {
    const start = Array.from({ length: LENGTH - 2 }, () => ALPHABET[chance(ALPHABET.length)]).join("");
    const pair = Math.floor((pairs * (i + 0.5)) / count);
    // The last character turns slowly: it decides first, so it is the one to be spread.
    return `${start}${ALPHABET[pair % ALPHABET.length]}${ALPHABET[Math.floor(pair / ALPHABET.length)]}`;
  });
}
