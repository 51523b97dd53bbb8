/** A source of random numbers in [0, 1). */
export type Rng = () => number;

/** A small seedable generator (mulberry32), good enough for choosing targets and fully repeatable. */
export function seededRng(seed: number): Rng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * A target group by weight, drawn anew for each request as AWS does (no stickiness): weight 0 gets nothing, and the
 * split is never corrected towards the weights. Undefined when all weights are 0.
 */
export function chooseWeighted<T extends { readonly weight: number }>(groups: readonly T[], rng: Rng): T | undefined {
  const total = groups.reduce((sum, group) => sum + group.weight, 0);
  let left = rng() * total;
  for (const group of groups) {
    if (group.weight === 0) continue;
    if (left < group.weight) return group;
    left -= group.weight;
  }
  return undefined;
}

/** The target with the fewest requests in progress; a tie is broken by the generator. */
export function chooseLeastOutstanding<T extends { readonly inFlight: number }>(targets: readonly T[], rng: Rng) {
  const fewest = Math.min(...targets.map((target) => target.inFlight));
  const best = targets.filter((target) => target.inFlight === fewest);
  return best[Math.floor(rng() * best.length)];
}
