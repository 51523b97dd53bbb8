"""Reference values for the gate's statistics, from SciPy and statsmodels.

  python3 -m venv /tmp/venv && /tmp/venv/bin/pip install scipy==1.17.1 statsmodels==0.15.0
  /tmp/venv/bin/python domain/src/evidence/reference/make.py > domain/src/evidence/reference/reference.jsonl
"""

import json
import warnings

import scipy
import statsmodels
from scipy.stats import binom, binomtest
from statsmodels.stats.proportion import confint_proportions_2indep

SIZES = [1, 2, 5, 10, 41, 58, 59, 60, 92, 93, 148, 149, 298, 299, 300, 1000, 5000, 100_000]
COUNTS = [0, 1, 2, 3, 7, 20, 150]
CONFIDENCES = [0.9, 0.95, 0.99]


def one_sided():
    """Clopper-Pearson limits: binomtest(...).proportion_ci(method="exact") of the one-sided test."""
    for n in SIZES:
        for k in sorted({k for k in [*COUNTS, n // 2, n - 1, n] if 0 <= k <= n}):
            for confidence in CONFIDENCES:
                upper = binomtest(k, n, alternative="less").proportion_ci(confidence, method="exact").high
                lower = binomtest(k, n, alternative="greater").proportion_ci(confidence, method="exact").low
                yield {"n": n, "k": k, "confidence": confidence, "lower": float(lower), "upper": float(upper)}


def ranks():
    """Smallest rank r whose order statistic is above the quantile with that confidence: P(Bin(n, q) < r) >= confidence."""
    for quantile in [0.5, 0.9, 0.95, 0.99]:
        for n in [1, 10, 28, 29, 58, 59, 92, 93, 100, 298, 299, 1000, 20_000]:
            for confidence in CONFIDENCES:
                r = next((r for r in range(1, n + 1) if binom.cdf(r - 1, n, quantile) >= confidence), None)
                yield {"n": n, "quantile": quantile, "confidence": confidence, "rank": r}


def differences():
    """Newcombe's hybrid score interval for p1 - p2."""
    pairs = [(0, 10, 0, 20), (56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (10, 10, 0, 10), (5, 56, 0, 29),
             (30, 200, 500, 3000), (3, 41, 60, 400), (400, 2000, 900, 4000), (1, 1, 0, 1), (0, 300, 30, 300)]
    for k1, n1, k2, n2 in pairs:
        for confidence in [0.95, 0.99]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                low, high = confint_proportions_2indep(
                    k1, n1, k2, n2, method="newcomb", compare="diff", alpha=1 - confidence, correction=False)
            yield {"k1": k1, "n1": n1, "k2": k2, "n2": n2, "confidence": confidence, "low": float(low), "high": float(high)}


#: Shares of the ladder, and of its complement.
SHARES = [0.1, 0.25, 0.5, 0.75, 0.9]
REQUESTS = [1, 7, 40, 170, 401, 1000, 5000, 20_000, 200_000]


def bands():
    """Equal-tailed band of a count: ppf is the smallest k with cdf(k) >= tail; the upper end is that of the survival function."""
    for share in SHARES:
        for n in REQUESTS:
            for confidence in [0.95, 0.9999]:
                tail = (1 - confidence) / 2
                low = int(binom.ppf(tail, n, share))
                high = n - int(binom.ppf(tail, n, 1 - share))
                yield {"n": n, "share": share, "confidence": confidence, "low": low, "high": high}


def cdfs():
    """P(X <= k) near the mean and in both tails."""
    for share in SHARES:
        for n in REQUESTS:
            deviation = (n * share * (1 - share)) ** 0.5
            for k in sorted({min(n, max(0, round(n * share + z * deviation))) for z in [-4, -2, -0.5, 0, 0.5, 2, 4]}):
                yield {"n": n, "share": share, "k": k, "cdf": float(binom.cdf(k, n, share))}


def line(**values):
    print(json.dumps(values, separators=(",", ":")))


line(kind="made", by="make.py", scipy=scipy.__version__, statsmodels=statsmodels.__version__)
for row in one_sided():
    line(kind="one-sided", **row)
for row in ranks():
    line(kind="rank", **row)
for row in differences():
    line(kind="difference", **row)
for row in bands():
    line(kind="band", **row)
for row in cdfs():
    line(kind="cdf", **row)
