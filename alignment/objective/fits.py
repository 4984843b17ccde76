"""What fits the objective best: the weights that it reveals, and the terms of a score that is only given as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from alignment.initiative.models import Initiative
from alignment.objective.grid import Grid, Group, each_block
from alignment.objective.ground import Stake
from alignment.objective.report import RevealedWeight, Term
from alignment.objective.sweep import Sweep

NOTHING = 1e-9
ROUNDING = 1e-14
ERRORS = 2


def distance_of(sweep: Sweep) -> float | None:
    """√((1−ρ)/2) with ρ Pearson of objective and utility, both centred within the item; None where one does not vary.

    Source: after EPIC, Gleave et al. (2021), "Quantifying differences in reward functions".
    """
    objective, both, utility = sweep.sums.products[-2, -2], sweep.sums.products[-2, -1], sweep.sums.products[-1, -1]
    if objective <= 0 or utility <= 0:
        return None
    apart = 1 - min(1.0, max(-1.0, both / np.sqrt(objective * utility)))
    return float(np.sqrt(apart / 2)) if apart > ROUNDING else 0.0


def revealed_of(
    sweep: Sweep, stakes: Sequence[Stake], weights: Sequence[float]
) -> tuple[tuple[RevealedWeight, ...] | None, float | None]:
    """Non-negative least squares of the centred objective on the goals' centred columns, in swings, and R².

    weights: stated ones of the stakes. Goals that want the same of one metric share its part as their weights do.
    """
    columns = sorted({(stake.place, stake.direction) for stake in stakes})
    total = sweep.sums.products[-2, -2]
    if not columns or total <= 0:
        return None, None
    places = [place for place, _ in columns]
    ways = np.array([way for _, way in columns], float)
    square = sweep.sums.products[np.ix_(places, places)] * np.outer(ways, ways)
    target = sweep.sums.products[places, -2] * ways
    found = _non_negative(square, target)
    revealed = _shared(stakes, weights, {column: float(c) for column, c in zip(columns, found, strict=True)})
    if sum(revealed) <= 0:
        return None, None
    fit = 1 - float(total - 2 * found @ target + found @ square @ found) / float(total)
    stated, whole = sum(weights) or 1.0, sum(revealed)
    rows = tuple(
        RevealedWeight(stake.goal.id, weight / stated, part / whole)
        for stake, weight, part in zip(stakes, weights, revealed, strict=True)
    )
    return rows, min(1.0, fit)


def _shared(stakes: Sequence[Stake], weights: Sequence[float], found: Mapping[tuple[int, int], float]) -> list[float]:
    parts = []
    for stake, weight in zip(stakes, weights, strict=True):
        pairs = zip(stakes, weights, strict=True)
        same = [w for s, w in pairs if (s.place, s.direction) == (stake.place, stake.direction)]
        share = weight / sum(same) if sum(same) > 0 else 1 / len(same)
        parts.append(found[stake.place, stake.direction] * share * stake.scale)
    return parts


def _non_negative(square: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Non-negative least squares from the normal equations, columns scaled to length 1."""
    from scipy.optimize import nnls

    length = np.sqrt(np.maximum(np.diag(square), 0.0))
    safe = np.where(length > 0, length, 1.0)
    values, vectors = np.linalg.eigh(square / np.outer(safe, safe))
    kept = values > values.max() * 1e-13
    root = np.sqrt(values[kept])
    matrix = root[:, None] * vectors[:, kept].T
    right = (vectors[:, kept].T @ (target / safe)) / root
    size = np.abs(right).max()
    if size == 0:
        return np.zeros(len(target))
    return np.asarray(np.where(length > 0, nnls(matrix, right / size)[0] * size / safe, 0.0))


def estimated(initiative: Initiative, grid: Grid) -> tuple[Term, ...]:
    """The terms of a score: ordinary least squares, centred within the item, on the columns of all recorded metrics.

    Those within two standard errors of 0 are left out. An item's mean takes one degree of freedom.
    """
    products, pairs, items = _score_products(grid)
    spread = np.sqrt(np.maximum(np.diag(products), 0.0))
    used = [m for m in range(len(grid.metrics)) if spread[m] > 0]
    if not used or spread[-1] == 0:
        return ()
    square = products[np.ix_(used, used)] / np.outer(spread[used], spread[used])
    target = products[used, -1] / (spread[used] * spread[-1])
    inverse = np.linalg.pinv(square, rcond=1e-10, hermitian=True)
    found = inverse @ target
    left = max(0.0, 1 - float(2 * found @ target - found @ square @ found))
    freedom = max(1, pairs - items - len(used))
    errors = np.sqrt(np.maximum(np.diag(inverse), 0.0) * left / freedom)
    units = {metric.name: metric.unit for metric in initiative.metrics}
    terms = []
    for m, a, error in zip(used, found, errors, strict=True):
        if abs(a) > max(ERRORS * error, NOTHING):
            name, scale = grid.metrics[m], spread[-1] / spread[m]
            terms.append(Term(name, float(a * scale), units[name], estimated=True, se=float(error * scale)))
    return tuple(terms)


def _score_products(grid: Grid) -> tuple[np.ndarray, int, int]:
    """Centred products of all metrics and the score over the allowed pairs, and how many pairs and items these are."""

    def one(group: Group, part: slice) -> tuple[np.ndarray, int, int]:
        allowed = group.feasible(part) & np.isfinite(group.values[:, :, part]).all(axis=0)
        count = np.maximum(allowed.sum(axis=0), 1)
        rows = np.empty((len(group.values) + 1, *allowed.shape))
        for r in range(len(rows)):
            x = np.where(allowed, group.objective[:, part] if r == len(group.values) else group.values[r][:, part], 0.0)
            rows[r] = np.where(allowed, x - x.sum(axis=0) / count, 0.0)
        flat = rows.reshape(len(rows), -1)
        return flat @ flat.T, int(allowed.sum()), int(allowed.any(axis=0).sum())

    found = each_block(grid.groups(others=True), one)
    size = len(grid.metrics) + 1
    total = np.zeros((size, size))
    for products, _, _ in found:
        total += products
    return total, sum(f[1] for f in found), sum(f[2] for f in found)
