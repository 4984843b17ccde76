"""One pass over a grid under given weights: per item the value of the model's, the best and a random choice, and sums.

Everything of the behaviour but intervals, robustness and repair comes from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alignment.objective.grid import Grid, Group, each_block
from alignment.objective.ground import Ground, Stake
from alignment.objective.pairs import Comparisons, compare

TIE = 1e-12


@dataclass(frozen=True)
class Sweep:
    """What a pass found; vectors hold the items with a choice, by key; metrics are the ground's, Q of them.

    places: of those items among all. model, best, random: utility. tau: per item, NaN where one does not vary.
    model_change, best_change: Q, summed changes against base. model_deltas: Q by N. ties in chosen rows: the first.
    products: centred products over all pairs of the metrics, the objective and the utility, Q + 2 square.
    below, at: utility by (candidates in F, rank), for the curve of harder selection. price, protects: per rule.
    """

    places: np.ndarray
    model: np.ndarray
    best: np.ndarray
    random: np.ndarray
    tau: np.ndarray
    model_change: np.ndarray
    best_change: np.ndarray
    model_deltas: np.ndarray
    model_rows: np.ndarray
    best_rows: np.ndarray
    dominated: int
    free_gain: float
    products: np.ndarray
    below: np.ndarray
    at: np.ndarray
    price: np.ndarray
    protects: np.ndarray


@dataclass(frozen=True)
class _Sums:
    best_change: np.ndarray
    dominated: int
    free_gain: float
    products: np.ndarray
    below: np.ndarray
    at: np.ndarray
    price: np.ndarray
    protects: np.ndarray


@dataclass(frozen=True)
class _Block:
    """One block of items: allowed candidates, objective and utility with NaN elsewhere, and changes against base."""

    allowed: np.ndarray
    count: np.ndarray
    some: np.ndarray
    objective: np.ndarray
    utility: np.ndarray
    raw_utility: np.ndarray
    deltas: np.ndarray
    tolerance: np.ndarray


@dataclass(frozen=True)
class _Chosen:
    """Candidates chosen alike: K by N marks, how many, the first of them, and the mean change per metric."""

    marks: np.ndarray
    count: np.ndarray
    first: np.ndarray
    change: np.ndarray
    utility: np.ndarray


def coefficients_of(stakes: Sequence[Stake], weights: Sequence[float], metrics: int) -> np.ndarray:
    """Utility per unit of change of each metric: Σ w d / R over the goals on it; w are the weights of the stakes."""
    found = np.zeros(metrics)
    for stake, weight in zip(stakes, weights, strict=True):
        found[stake.place] += weight * stake.direction / stake.scale
    return found


def sweep(grid: Grid, ground: Ground, per_unit: np.ndarray, wanted: Sequence[tuple[int, int]]) -> Sweep:
    """One pass over all items.

    per_unit: utility per unit of each of the ground's metrics. wanted: (metric, direction) of every goal in sight, by
    which a choice is dominated.
    """
    n, q = grid.items, len(ground.metrics)
    widest = grid.widest
    per_item = np.zeros((3, n))
    tau, deltas = np.full(n, np.nan), np.zeros((q, n))
    rows = np.full((2, n), -1, np.int64)

    def one(group: Group, part: slice) -> _Sums:
        block = _block(group, part, ground.bases[:, group.items[part]], per_unit)
        here = group.items[part]
        model, best = _model(block), _best(block)
        compared = compare(block.objective, block.utility, block.tolerance)
        value = np.where(np.abs(best.utility - model.utility) <= block.tolerance, best.utility, model.utility)
        some = block.some
        random = np.where(block.allowed, block.utility, 0.0).sum(axis=0) / np.maximum(block.count, 1)
        per_item[:, here] = np.where(some, [value, best.utility, random], 0.0)
        tau[here] = compared.tau
        deltas[:, here] = np.where(some, model.change, 0.0)
        at = np.arange(len(here))
        rows[:, here] = group.rows[:, part][model.first, at], group.rows[:, part][best.first, at]
        lost, gain = _dominated(group, part, block, model, wanted)
        below, at_or_below = _by_rank(block, compared, widest)
        price, protects = _guardrails(group, part, block, model, value, best.utility, len(grid.rules))
        return _Sums(
            np.where(some, best.change, 0.0).sum(axis=1), lost, gain, _products(block),
            below, at_or_below, price, protects,
        )  # fmt: skip

    with np.errstate(invalid="ignore"):
        sums = each_block(grid.groups(), one)
    keep = np.flatnonzero(ground.feasible)
    kept = deltas[:, keep]
    return Sweep(
        keep, per_item[0, keep], per_item[1, keep], per_item[2, keep], tau[keep],
        kept.sum(axis=1), _total(sums, "best_change", q), kept, rows[0, keep], rows[1, keep],
        sum(s.dominated for s in sums), float(sum(s.free_gain for s in sums)),
        _total(sums, "products", (q + 2, q + 2)), _total(sums, "below", (widest + 1) ** 2),
        _total(sums, "at", (widest + 1) ** 2), _total(sums, "price", len(grid.rules)),
        _total(sums, "protects", len(grid.rules)),
    )  # fmt: skip


def _total(sums: Sequence[_Sums], name: str, shape: int | tuple[int, ...]) -> np.ndarray:
    total = np.zeros(shape)
    for part in sums:
        total += getattr(part, name)
    return total


def _block(group: Group, part: slice, base: np.ndarray, per_unit: np.ndarray) -> _Block:
    allowed = group.feasible(part)
    count = allowed.sum(axis=0)
    deltas = np.empty((len(base), *allowed.shape))
    utility, size = np.zeros(allowed.shape), np.zeros(allowed.shape)
    for q in range(len(base)):
        np.subtract(group.values[q][:, part], base[q], out=deltas[q])
        if per_unit[q]:
            step = deltas[q] * per_unit[q]
            utility += step
            size += np.abs(step, out=step)
    everything = bool(allowed.all())
    objective = group.objective[:, part]
    masked = utility if everything else np.where(allowed, utility, np.nan)
    size = size if everything else np.where(allowed, size, 0.0)
    shown = objective if everything else np.where(allowed, objective, np.nan)
    return _Block(allowed, count, count > 0, shown, masked, utility, deltas, TIE * size.max(axis=0, initial=0.0))


def _model(block: _Block) -> _Chosen:
    """The argmax set of the objective, by exact ties."""
    return _chosen(block, block.objective == np.fmax.reduce(block.objective, axis=0))


def _best(block: _Block) -> _Chosen:
    """The argmax set of the utility; values that differ by rounding are ties, and the value is the largest."""
    top = np.fmax.reduce(block.utility, axis=0)
    found = _chosen(block, block.utility >= top - block.tolerance)
    return _Chosen(found.marks, found.count, found.first, found.change, np.where(block.some, top, 0.0))


def _chosen(block: _Block, marks: np.ndarray) -> _Chosen:
    count = np.add.reduce(marks.view(np.uint8), axis=0, dtype=np.int32)
    first = marks.argmax(axis=0)
    at = np.arange(marks.shape[1])
    change, utility = block.deltas[:, first, at], block.raw_utility[first, at]
    tied = np.flatnonzero(count > 1)
    if len(tied):
        some = marks[:, tied]
        change[:, tied] = np.where(some, block.deltas[:, :, tied], 0.0).sum(axis=1) / count[tied]
        utility[tied] = np.where(some, block.raw_utility[:, tied], 0.0).sum(axis=0) / count[tied]
    return _Chosen(marks, count, first, change, np.where(block.some, utility, 0.0))


def _dominated(
    group: Group, part: slice, block: _Block, model: _Chosen, wanted: Sequence[tuple[int, int]]
) -> tuple[int, float]:
    """How many first choices an allowed candidate beats, no goal worse and one better; the best such gains."""
    at = np.arange(len(model.first))
    as_good, better = block.allowed.copy(), np.zeros(block.allowed.shape, bool)
    for q, way in wanted:
        x = group.values[q][:, part]
        own = x[model.first, at]
        as_good &= (x >= own) if way > 0 else (x <= own)
        better |= (x > own) if way > 0 else (x < own)
    as_good &= better
    lost = np.flatnonzero(as_good.any(axis=0) & block.some)
    if not len(lost):
        return 0, 0.0
    gain = block.raw_utility[:, lost] - block.raw_utility[model.first[lost], lost]
    return len(lost), float(np.where(as_good[:, lost], gain, -np.inf).max(axis=0).sum())


def _by_rank(block: _Block, compared: Comparisons, widest: int) -> tuple[np.ndarray, np.ndarray]:
    """Utility per tied candidate, summed by size of F and by how many candidates are below, and at or below it."""
    at = block.count - compared.above
    share = np.where(block.allowed, block.utility / np.maximum(at - compared.below, 1), 0.0).ravel()
    row = block.count * (widest + 1)
    size = (widest + 1) ** 2
    first, last = (row + compared.below).ravel(), (row + np.where(block.allowed, at, 0)).ravel()
    return np.bincount(first, share, size), np.bincount(last, share, size)


def _products(block: _Block) -> np.ndarray:
    metrics = len(block.deltas)
    rows = np.empty((metrics + 2, *block.allowed.shape))
    divide = np.maximum(block.count, 1)
    everything = bool(block.allowed.all())
    for r in range(len(rows)):
        q = r - metrics
        x = block.deltas[r] if q < 0 else (block.objective, block.utility)[q]
        x = x if everything else np.where(block.allowed, x, 0.0)
        np.subtract(x, x.sum(axis=0) / divide, out=rows[r])
        if not everything:
            rows[r] *= block.allowed
    flat = rows.reshape(len(rows), -1)
    return np.asarray(flat @ flat.T)


def _guardrails(
    group: Group, part: slice, block: _Block, model: _Chosen, value: np.ndarray, best: np.ndarray, rules: int
) -> tuple[np.ndarray, np.ndarray]:
    """Per rule, what the best choice would gain without it, and what the model would lose."""
    price, protects = np.zeros(rules), np.zeros(rules)
    top = np.fmax.reduce(block.objective, axis=0)
    usable = group.usable[:, part] & block.some
    words = [word[:, part] for word in group.broken]
    for r in range(rules):
        only = usable & (words[r // 64] == words[r // 64].dtype.type(1 << (r % 64)))
        for w, word in enumerate(words):
            if w != r // 64:
                only &= word == 0
        here = np.flatnonzero(only.any(axis=0))
        if not len(here):
            continue
        freed = only[:, here]
        utility = np.where(freed, block.raw_utility[:, here], -np.inf)
        price[r] = np.maximum(utility.max(axis=0) - best[here], 0.0).sum()
        objective = np.where(freed, group.objective[:, part][:, here], -np.inf)
        peak = objective.max(axis=0)
        marks = objective == peak
        many = marks.sum(axis=0)
        total = np.where(marks, utility, 0.0).sum(axis=0)
        with_ties = (total + value[here] * model.count[here]) / (many + model.count[here])
        now = np.where(peak > top[here], total / many, np.where(peak == top[here], with_ties, value[here]))
        protects[r] = (value[here] - now).sum()
    return price, protects
