/** Random numbers from a seed: the same seed gives the same numbers everywhere (generator: sfc32). */
export class Random {
  #a = 0x9e3779b9;
  #b = 0x243f6a88;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#c = seed >>> 0;
    for (let i = 0; i < 15; i++) this.next();
  }

  /** At least 0, below 1. */
  next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return (t >>> 0) / 4294967296;
  }

  /** A whole number from 0, below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }
}

/** Largest mean of {@link Poisson}. */
export const MOST_MEAN = 500;

/** Draws Poisson numbers of one mean, from a table of their distribution. */
export class Poisson {
  readonly #random: Random;
  readonly #cumulative: readonly number[];

  /** @throws RangeError for a mean that is negative or above 500 */
  constructor(random: Random, mean: number) {
    if (!(mean >= 0 && mean <= MOST_MEAN)) throw new RangeError(`Poisson mean is ${mean}: expected 0 to ${MOST_MEAN}`);
    this.#random = random;
    const cumulative: number[] = [];
    let logTerm = -mean;
    let sum = 0;
    for (let k = 0; sum < 1 - 1e-12 && k < 2000; k++) {
      sum += Math.exp(logTerm);
      cumulative.push(sum);
      logTerm += Math.log(mean / (k + 1));
    }
    this.#cumulative = cumulative;
  }

  next(): number {
    const u = this.#random.next();
    const table = this.#cumulative;
    let k = 0;
    while (k < table.length - 1 && u >= (table[k] as number)) k++;
    return k;
  }
}

/** Picks each of many things with one probability; costs time for the picked ones only. */
export class Thinner {
  readonly #random: Random;
  readonly #probability: number;
  /** Things that are passed over before the next picked one. */
  #left: number;

  constructor(random: Random, probability: number) {
    this.#random = random;
    this.#probability = probability;
    this.#left = this.#gap();
  }

  /** How many of `n` are picked. */
  of(n: number): number {
    let picked = 0;
    while (this.#left < n) {
      picked++;
      this.#left += 1 + this.#gap();
    }
    this.#left -= n;
    return picked;
  }

  #gap(): number {
    if (this.#probability >= 1) return 0;
    if (this.#probability <= 0) return Number.POSITIVE_INFINITY;
    return Math.floor(Math.log(1 - this.#random.next()) / Math.log1p(-this.#probability));
  }
}
