"""95 % intervals over items: the bootstrap up to 100,000 of them, the delta method above, and what verdicts rest on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from alignment.objective.report import Captured, RankAgreement
from alignment.objective.sweep import Sweep

RESAMPLES = 1_000
ROWS, COLUMNS = 10, 8_192
MOST_RESAMPLED = 100_000
SEED = 20_210_701
HALF, GOOD = 0.5, 0.8
ROUNDING = 1e-12
Z = 1.959963984540054


@dataclass(frozen=True)
class Margins:
    """Of the verdict, quantiles over resamples: 97.5 % of U(model) − ½ U(best), 2.5 % of U(model) − 0.8 U(best)."""

    half_high: float
    good_low: float


@lru_cache(maxsize=2)
def resample_counts(items: int) -> np.ndarray:
    """How often each of `items` is drawn in each of 1,000 seeded resamples: 1,000 by items, one byte each."""
    counts = np.empty((RESAMPLES, items), np.uint8)
    seeds = np.random.SeedSequence(SEED).spawn(RESAMPLES)

    def draw(r: int) -> None:
        picked = np.random.Generator(np.random.PCG64(seeds[r])).integers(0, items, items, dtype=np.int32)
        counts[r] = np.bincount(picked, minlength=items)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(draw, range(RESAMPLES)))
    return counts


def resampled_sums(vectors: np.ndarray) -> np.ndarray:
    """Sums of vectors (m by items) over each resample: 1,000 by m."""
    items = vectors.shape[1]
    counts, sums = resample_counts(items), np.zeros((RESAMPLES, len(vectors)))
    rows = max(ROWS, ROWS * COLUMNS // max(1, items))

    def add(first: int) -> None:
        own = slice(first, first + rows)
        for start in range(0, items, COLUMNS):
            some = counts[own, start : start + COLUMNS].astype(float)  # few at a time, which stay in the cache
            sums[own] += some @ vectors[:, start : start + COLUMNS].T

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add, range(0, RESAMPLES, rows)))
    return sums


def captured_of(model: np.ndarray, best: np.ndarray, random: np.ndarray) -> tuple[Captured, Margins]:
    """The captured share with its interval, and the margins of the verdict; vectors of utility per item."""
    top = achievable(best)
    if len(model) > MOST_RESAMPLED:
        low, high, undefined, margins = _by_delta(model, best)
    else:
        low, high, undefined, margins = _by_bootstrap(model, best)
    if top <= 0:
        return Captured(None, None, None, None, undefined, _reason(best)), margins
    return Captured(float(model.sum()) / top, low, high, float(random.sum()) / top, undefined), margins


def achievable(best: np.ndarray) -> float:
    """U(best); 0 where it differs from 0 by rounding only."""
    total = float(best.sum())
    return 0.0 if abs(total) <= ROUNDING * float(np.abs(best).sum()) else total


def _reason(best: np.ndarray) -> str:
    if not len(best):
        return "no item has a candidate that keeps every hard rule"
    if achievable(best) == 0:
        return "today's choices are already the best for the goals, so there is nothing to capture"
    return "every allowed choice is worse for the goals than today's, which the hard rules no longer allow"


def _by_bootstrap(model: np.ndarray, best: np.ndarray) -> tuple[float | None, float | None, float, Margins]:
    if not len(model):
        return None, None, 0.0, Margins(0.0, 0.0)
    sums = resampled_sums(np.stack([model, best]))
    defined = sums[:, 1] > ROUNDING * float(np.abs(best).sum())
    margins = Margins(
        float(np.quantile(sums[:, 0] - HALF * sums[:, 1], 0.975)),
        float(np.quantile(sums[:, 0] - GOOD * sums[:, 1], 0.025)),
    )
    if not defined.any():
        return None, None, 1.0, margins
    low, high = np.quantile(sums[defined, 0] / sums[defined, 1], [0.025, 0.975])
    return float(low), float(high), float(1 - defined.mean()), margins


def _by_delta(model: np.ndarray, best: np.ndarray) -> tuple[float | None, float | None, float, Margins]:
    from scipy.special import ndtr

    half, good = model - HALF * best, model - GOOD * best
    margins = Margins(float(half.sum() + Z * sum_spread(half)), float(good.sum() - Z * sum_spread(good)))
    top, spread = achievable(best), sum_spread(best)
    undefined = float(ndtr(-top / spread)) if spread > 0 else float(top <= 0)
    if top <= 0:
        return None, None, undefined, margins
    share = float(model.sum()) / top
    error = Z * sum_spread(model - share * best) / top
    return share - error, share + error, undefined, margins


def sum_spread(values: np.ndarray) -> float:
    """Standard deviation of a resampled sum."""
    return float(np.sqrt(len(values)) * values.std())


def rank_agreement_of(sweep: Sweep) -> RankAgreement | None:
    """Mean tau-b over the items where objective and utility both vary, with its interval."""
    varied = np.isfinite(sweep.tau)
    items = int(varied.sum())
    if items == 0:
        return None
    tau = sweep.tau[varied]
    mean = float(tau.mean())
    if items > MOST_RESAMPLED:
        error = Z * float(tau.std()) / np.sqrt(items)
        return RankAgreement(mean, mean - error, mean + error, items)
    low, high = np.quantile(resampled_sums(tau[None, :])[:, 0] / items, [0.025, 0.975])
    return RankAgreement(mean, float(low), float(high), items)
