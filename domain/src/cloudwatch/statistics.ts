import { NotSupported } from "./errors";

/** A value and how often it was reported. */
export interface Sample {
  readonly value: number;
  readonly count: number;
}

/** A statistic as it is computed here. Percentiles and ranks count samples exactly; CloudWatch may approximate. */
export type Statistic =
  | { readonly kind: "Sum" | "Average" | "Minimum" | "Maximum" | "SampleCount" }
  /** The smallest value that this percentage of the samples does not exceed. */
  | { readonly kind: "percentile"; readonly percent: number }
  /** Percent of the samples above `above` and up to `upTo`. */
  | { readonly kind: "rank"; readonly above: number; readonly upTo: number };

const SIMPLE = ["Sum", "Average", "Minimum", "Maximum", "SampleCount"] as const;
const NUMBER = "\\d+(?:\\.\\d+)?";
const PERCENTILE = new RegExp(`^p(${NUMBER})$`);
const RANK = new RegExp(`^PR\\((${NUMBER})?:(${NUMBER})?\\)$`);

/** @throws NotSupported for a statistic that is not computed here, by name */
export function parseStatistic(stat: string): Statistic {
  const simple = SIMPLE.find((one) => one === stat);
  if (simple) return { kind: simple };
  const percent = Number(PERCENTILE.exec(stat)?.[1]);
  if (percent >= 0 && percent <= 100) return { kind: "percentile", percent };
  const [, above, upTo] = RANK.exec(stat) ?? [];
  if (above ?? upTo) {
    return {
      kind: "rank",
      above: above === undefined ? Number.NEGATIVE_INFINITY : Number(above),
      upTo: upTo === undefined ? Number.POSITIVE_INFINITY : Number(upTo),
    };
  }
  throw new NotSupported(
    `Statistic "${stat}" is not evaluated: expected ${SIMPLE.join(", ")}, p0 to p100, or PR(a:b) such as PR(:3).`,
  );
}

/** A statistic over the samples of one period; undefined without samples. @throws NotSupported */
export function statistic(stat: string, samples: readonly Sample[]): number | undefined {
  const parsed = parseStatistic(stat);
  const count = samples.reduce((sum, one) => sum + one.count, 0);
  if (!(count > 0)) return undefined;
  const sum = () => samples.reduce((total, { value, count: times }) => total + value * times, 0);
  switch (parsed.kind) {
    case "Sum":
      return sum();
    case "Average":
      return sum() / count;
    case "SampleCount":
      return count;
    case "Minimum":
      return samples.reduce((least, { value }) => Math.min(least, value), Number.POSITIVE_INFINITY);
    case "Maximum":
      return samples.reduce((most, { value }) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    case "percentile":
      return percentile(samples, count, parsed.percent);
    case "rank": {
      const { above, upTo } = parsed;
      const inside = samples.filter(({ value }) => value > above && value <= upTo);
      return (100 * inside.reduce((total, one) => total + one.count, 0)) / count;
    }
  }
}

function percentile(samples: readonly Sample[], count: number, percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * count));
  let seen = 0;
  const sorted = [...samples].sort((a, b) => a.value - b.value);
  const found = sorted.find((one) => {
    seen += one.count;
    return seen >= rank;
  });
  return (found ?? sorted[sorted.length - 1])?.value ?? Number.NaN;
}

/**
 * Samples below which a percentile says little; undefined for other statistics. Source: CloudWatch user guide,
 * "Percentile-based alarms and low data samples": 10/(1-p) from p50 on, 10/p below.
 */
export function lowSampleBound(stat: string): number | undefined {
  const parsed = parseStatistic(stat);
  if (parsed.kind !== "percentile") return undefined;
  return 1000 / (parsed.percent >= 50 ? 100 - parsed.percent : parsed.percent);
}
