"""Searches coefficients under which the objective captures more, and judges them on items that they have not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alignment.catalogue.decisions import DecisionTable
from alignment.catalogue.reading import quoted
from alignment.objective.grid import Grid, Group, each_block
from alignment.objective.ground import Ground
from alignment.objective.intervals import MOST_RESAMPLED, Z, achievable, resampled_sums, sum_spread
from alignment.objective.report import HeldOut, Repair, Term
from alignment.objective.sweep import Sweep

MOST_FITTED = 10_000
SEED = 11
SHARPNESS = (1.0, 4.0, 16.0)
STEPS = (0.5, 0.25, 0.1, 0.05, 0.02, 0.01)
NEGLIGIBLE = 1e-3
DIGITS = 4


@dataclass(frozen=True)
class _Fit:
    """Items to fit on: metrics by candidates by items, in spreads, and utility; both centred, 0 where not allowed."""

    metrics: np.ndarray
    utility: np.ndarray
    allowed: np.ndarray

    def value(self, weights: np.ndarray) -> float:
        """Summed utility of what these weights choose; ties share."""
        score = np.where(self.allowed, np.tensordot(weights, self.metrics, 1), -np.inf)
        top = score.max(axis=0)
        chosen = score >= top - 1e-12 * np.abs(top)
        return float((np.where(chosen, self.utility, 0.0).sum(axis=0) / chosen.sum(axis=0)).sum())

    def complete(self, weights: np.ndarray) -> bool:
        """Do these weights capture all that can be?"""
        most = float(np.where(self.allowed, self.utility, -np.inf).max(axis=0).sum())
        return self.value(weights) >= most - 1e-12 * abs(most)

    def softened(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """Loss and gradient of a choice with probabilities in proportion to exp(score)."""
        score = np.where(self.allowed, np.tensordot(weights, self.metrics, 1), -np.inf)
        odds = np.exp(score - score.max(axis=0))
        odds /= odds.sum(axis=0)
        mean = (odds * self.utility).sum(axis=0)
        pull = odds * (self.utility - mean)
        scale = len(mean)
        return -float(mean.sum()) / scale, -(self.metrics.reshape(len(weights), -1) @ pull.ravel()) / scale


def fitted_half(table: DecisionTable) -> np.ndarray:
    """Whether each item, in the order of keys, is in the half that is fitted on: by the parity of its key's MD5."""
    item = quoted(table.item)
    query = (
        f"select (ascii(md5(cast({item} as varchar))) % 2 = 0) as half "
        f"from (select distinct {item} from decisions) order by {item}"
    )
    return np.asarray(table.connection.cursor().execute(query).fetchnumpy()["half"], bool)


def repair_of(
    grid: Grid,
    ground: Ground,
    sweep: Sweep,
    per_unit: np.ndarray,
    available: Sequence[str],
    terms: Sequence[Term],
    half: np.ndarray,
) -> Repair | None:
    """New coefficients over available metrics; None unless they gain on the held-out half with a 95 % interval above 0.

    The search starts from least squares of the utility and from the objective as it is, follows a softened choice that
    grows harder, and ends with steps along single coefficients on the captured share itself. At most 10,000 items are
    fitted on.
    """
    fitted = half[sweep.places]
    if min(achievable(sweep.best[fitted]), achievable(sweep.best[~fitted])) <= 0:
        return None
    picked = np.zeros(grid.items, bool)
    places = sweep.places[fitted]
    if len(places) > MOST_FITTED:
        places = np.random.default_rng(SEED).permutation(places)[:MOST_FITTED]
    picked[places] = True
    columns = [m for m, name in enumerate(grid.metrics) if name in available]
    columns, spreads, fit = _fit(grid, ground, per_unit, columns, picked)
    if not columns:
        return None
    scaled = _searched(fit, _starts(fit, grid, columns, spreads, terms))
    weights = _written(grid, columns, scaled, spreads, terms)
    if not weights:
        return None
    return _judged(grid, ground, sweep, per_unit, weights, fitted)


def _fit(
    grid: Grid, ground: Ground, per_unit: np.ndarray, columns: Sequence[int], picked: np.ndarray
) -> tuple[list[int], np.ndarray, _Fit]:
    """The items to fit on, and the columns that are known on every allowed candidate and vary, with their spreads."""
    widest, count = grid.widest, int(picked.sum())
    metrics = np.zeros((len(columns), widest, count))
    utility, allowed = np.zeros((widest, count)), np.zeros((widest, count), bool)
    known = np.ones(len(columns), bool)
    at = 0
    for group in grid.groups(others=True):
        for part in group.blocks():
            here = np.flatnonzero(picked[group.items[part]])
            to, k = slice(at, at + len(here)), group.objective.shape[0]
            at += len(here)
            feasible = group.feasible(part)
            some = feasible[:, here]
            allowed[:k, to] = some
            if len(here):
                utility[:k, to] = _centred(_utility(group, part, ground, per_unit)[:, here], some)
            for c, m in enumerate(columns):
                x = group.values[m][:, part]
                known[c] &= m < grid.needed or bool(np.isfinite(x[feasible]).all())
                metrics[c, :k, to] = _centred(x[:, here], some)
    spreads = np.sqrt((metrics**2).sum(axis=(1, 2)) / max(1, int(allowed.sum())))
    moving = [c for c in range(len(columns)) if known[c] and spreads[c] > 0]
    scaled = metrics[moving] / spreads[moving][:, None, None]
    return [columns[c] for c in moving], spreads[moving], _Fit(scaled, utility, allowed)


def _centred(x: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    x = np.where(allowed, x, 0.0)
    return np.where(allowed, x - x.sum(axis=0) / np.maximum(allowed.sum(axis=0), 1), 0.0)


def _utility(group: Group, part: slice, ground: Ground, per_unit: np.ndarray) -> np.ndarray:
    total = np.zeros(group.objective[:, part].shape)
    for q, base in enumerate(ground.bases):
        if per_unit[q]:
            total += (group.values[q][:, part] - base[group.items[part]]) * per_unit[q]
    return total


def _starts(
    fit: _Fit, grid: Grid, columns: Sequence[int], spreads: np.ndarray, terms: Sequence[Term]
) -> list[np.ndarray]:
    flat = fit.metrics.reshape(len(columns), -1)
    squares = np.linalg.lstsq(flat @ flat.T, flat @ fit.utility.ravel(), rcond=1e-10)[0]
    current = {term.metric: term.coefficient or 0.0 for term in terms}
    today = np.array([current.get(grid.metrics[m], 0.0) for m in columns]) * spreads
    return [start / np.abs(start).max() for start in (squares, today) if np.abs(start).max() > 0]


def _searched(fit: _Fit, starts: Sequence[np.ndarray]) -> np.ndarray:
    from scipy.optimize import minimize

    found = list(starts) or [np.ones(len(fit.metrics))]
    scale = float(np.abs(fit.utility).max()) or 1.0
    softened = _Fit(fit.metrics, fit.utility / scale, fit.allowed)
    for start in list(found):
        if fit.complete(start):
            return start
        weights = start
        for sharpness in SHARPNESS:
            weights = weights / np.abs(weights).max() * sharpness
            weights = minimize(softened.softened, weights, jac=True, method="L-BFGS-B", options={"maxiter": 25}).x
            if not np.abs(weights).max() > 0:
                break
            found.append(weights / np.abs(weights).max())
    best = max(found, key=fit.value)
    return _stepped(fit, best, fit.value(best))


def _stepped(fit: _Fit, weights: np.ndarray, value: float) -> np.ndarray:
    """Steps along single coefficients, smaller and smaller, while the captured value rises."""
    for step in STEPS:
        for c in range(len(weights)):
            for move in (step, -step, None):
                tried = weights.copy()
                tried[c] = 0.0 if move is None else tried[c] + move * max(abs(tried[c]), NEGLIGIBLE)
                if not tried.any():
                    continue
                gained = fit.value(tried)
                if gained > value or (move is None and weights[c] and gained >= value):
                    weights, value = tried, gained
    return weights


def _written(
    grid: Grid, columns: Sequence[int], scaled: np.ndarray, spreads: np.ndarray, terms: Sequence[Term]
) -> dict[str, float]:
    """Coefficients in the units of the data, four digits; one of today's terms keeps its own, else the largest is 1."""
    kept = [c for c in range(len(columns)) if abs(scaled[c]) > NEGLIGIBLE * np.abs(scaled).max()]
    raw = {grid.metrics[columns[c]]: scaled[c] / spreads[c] for c in kept}
    largest = max(kept, key=lambda c: abs(scaled[c]), default=None)
    if largest is None:
        return {}
    current = {
        t.metric: t.coefficient
        for t in terms
        if t.coefficient and t.metric in raw and t.coefficient * raw[t.metric] > 0
    }
    anchor = next(iter(current), None)
    factor = (current[anchor] or 1.0) / raw[anchor] if anchor else 1 / abs(raw[grid.metrics[columns[largest]]])
    return {metric: float(f"{a * factor:.{DIGITS}g}") for metric, a in raw.items()}


def _judged(
    grid: Grid, ground: Ground, sweep: Sweep, per_unit: np.ndarray, weights: Mapping[str, float], fitted: np.ndarray
) -> Repair | None:
    value = _values(grid, ground, per_unit, weights)[sweep.places]
    value = np.where(np.abs(value - sweep.best) <= 1e-12 * np.abs(sweep.best), sweep.best, value)
    best, model, after = sweep.best[~fitted], sweep.model[~fitted], value[~fitted]
    top = float(best.sum())
    low, high = _gain(after - model, best)
    if not low > 0:
        return None
    own = float(sweep.best[fitted].sum())
    held = HeldOut(
        int((~fitted).sum()),
        float(model.sum()) / top,
        float(after.sum()) / top,
        float((after - model).sum()) / top,
        low,
        high,
    )
    return Repair(weights, float(sweep.model[fitted].sum()) / own, float(value[fitted].sum()) / own, held)


def _gain(gain: np.ndarray, best: np.ndarray) -> tuple[float, float]:
    if len(gain) > MOST_RESAMPLED:
        share = float(gain.sum() / best.sum())
        error = Z * sum_spread(gain - share * best) / float(best.sum())
        return share - error, share + error
    sums = resampled_sums(np.stack([gain, best]))
    sums = sums[sums[:, 1] > 0]
    if not len(sums):
        return 0.0, 0.0
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975])
    return float(low), float(high)


def _values(grid: Grid, ground: Ground, per_unit: np.ndarray, weights: Mapping[str, float]) -> np.ndarray:
    """Of every item, the utility of what these coefficients choose, ties shared."""
    values = np.zeros(grid.items)

    def one(group: Group, part: slice) -> None:
        allowed = group.feasible(part)
        score = np.zeros(allowed.shape)
        for metric, weight in weights.items():
            score += weight * group.values[grid.column(metric)][:, part]
        score = np.where(allowed, score, -np.inf)
        chosen = allowed & (score == score.max(axis=0))
        utility = _utility(group, part, ground, per_unit)
        total = np.where(chosen, utility, 0.0).sum(axis=0)
        values[group.items[part]] = total / np.maximum(chosen.sum(axis=0), 1)

    each_block(grid.groups(others=True), one)
    return values
