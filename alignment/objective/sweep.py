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
class Sums:
    """What adds up over items; metrics are the ground's, Q of them.

    best_change: Q, changes against base. products: centred products over all pairs of the metrics, the objective and
    the utility, Q + 2 square. below, at: utility by (candidates in F, rank), for the curve of harder selection.
    price, protects: per rule.
    """

    best_change: np.ndarray
    dominated: int
    free_gain: float
    products: np.ndarray
    below: np.ndarray
    at: np.ndarray
    price: np.ndarray
    protects: np.ndarray


@dataclass(frozen=True)
class Sweep:
    """What a pass found; vectors hold the items with a choice, by key.

    places: of those items among all. model, best, random: utility. tau: per item, NaN where one does not vary.
    model_deltas: metrics by N, change against base; model_change: summed. Of ties the first is in the chosen rows.
    """

    places: np.ndarray
    model: np.ndarray
    best: np.ndarray
    random: np.ndarray
    tau: np.ndarray
    model_deltas: np.ndarray
    model_rows: np.ndarray
    best_rows: np.ndarray
    model_change: np.ndarray
    sums: Sums


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

    def one(group: Group, part: slice) -> Sums:
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
        best_change = np.where(some, best.change, 0.0).sum(axis=1)
        return Sums(best_change, lost, gain, _products(block, model.change), below, at_or_below, price, protects)

    with np.errstate(invalid="ignore"):
        sums = each_block(grid.groups(), one)
    keep = np.flatnonzero(ground.feasible)
    kept = deltas[:, keep]
    return Sweep(
        keep, per_item[0, keep], per_item[1, keep], per_item[2, keep], tau[keep], kept, rows[0, keep], rows[1, keep],
        kept.sum(axis=1),
        _added(sums, q, (widest + 1) ** 2, len(grid.rules)),
    )  # fmt: skip


def _added(sums: Sequence[Sums], metrics: int, ranks: int, rules: int) -> Sums:
    return Sums(
        _total(sums, "best_change", metrics), sum(s.dominated for s in sums), float(sum(s.free_gain for s in sums)),
        _total(sums, "products", (metrics + 2, metrics + 2)), _total(sums, "below", ranks), _total(sums, "at", ranks),
        _total(sums, "price", rules), _total(sums, "protects", rules),
    )  # fmt: skip


def _total(sums: Sequence[Sums], name: str, shape: int | tuple[int, ...]) -> np.ndarray:
    total = np.zeros(shape)
    for part in sums:
        total += getattr(part, name)
    return total


def _block(group: Group, part: slice, base: np.ndarray, per_unit: np.ndarray) -> _Block:
    allowed, usable = group.feasible(part), group.usable[:, part]
    count = allowed.sum(axis=0)
    deltas = group.values[: len(base), :, part] - base[:, None, :]
    if not usable.all():
        deltas[:, ~usable] = 0.0
    utility = np.zeros(allowed.shape)
    step, size = np.empty(allowed.shape), np.zeros(allowed.shape[1])
    for q in np.flatnonzero(per_unit):
        utility += np.multiply(deltas[q], per_unit[q], out=step)
        furthest = np.maximum(deltas[q].max(axis=0, initial=0.0), -deltas[q].min(axis=0, initial=0.0))
        size += abs(per_unit[q]) * furthest
    objective = group.objective[:, part]
    if allowed.all():
        return _Block(allowed, count, count > 0, objective, utility, utility, deltas, TIE * size)
    masked, shown = np.where(allowed, utility, np.nan), np.where(allowed, objective, np.nan)
    return _Block(allowed, count, count > 0, shown, masked, utility, deltas, TIE * size)


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


def _products(block: _Block, reference: np.ndarray) -> np.ndarray:
    """Centred products; of the changes, the objective and the utility.

    Values are taken from those of the model's choice first: what is left is no larger than the range in the item, so
    that centring by sums loses no digits.
    """
    metrics, forbidden = len(block.deltas), ~block.allowed
    some = bool(forbidden.any())
    rows = np.empty((metrics + 2, *block.allowed.shape))
    first = (np.fmax.reduce(block.objective, axis=0), np.fmax.reduce(block.utility, axis=0))
    for r in range(metrics):
        np.subtract(block.deltas[r], reference[r], out=rows[r])
    np.subtract(block.objective, first[0], out=rows[metrics])
    np.subtract(block.utility, first[1], out=rows[metrics + 1])
    if some:
        for row in rows:
            np.copyto(row, 0.0, where=forbidden)
    sums = rows.sum(axis=1)
    flat = rows.reshape(len(rows), -1)
    return np.asarray(flat @ flat.T - (sums / np.maximum(block.count, 1)) @ sums.T)


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
        moved = np.flatnonzero(peak >= top[here])
        marks = objective[:, moved] == peak[moved]
        many, before, own = marks.sum(axis=0), value[here[moved]], model.count[here[moved]]
        total = np.where(marks, utility[:, moved], 0.0).sum(axis=0)
        tied = peak[moved] == top[here[moved]]
        now = np.where(tied, (total + before * own) / (many + own), total / many)
        protects[r] = (before - now).sum()
    return price, protects
