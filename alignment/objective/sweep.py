"""One pass over a grid under given weights: per item the value of the model's, the best and a random choice, and sums.

Everything of the behaviour but intervals, robustness and repair comes from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alignment.objective.grid import Grid, Group, each_block, nowhere
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
    """One block of items.

    kept: 1.0 for an allowed candidate, else 0.0. objective, utility: NaN elsewhere; raw_objective, raw_utility: of
    forbidden candidates, too, 0 where not usable. deltas: changes against base. tolerance: of equal utility, by item.
    """

    allowed: np.ndarray
    kept: np.ndarray
    count: np.ndarray
    some: np.ndarray
    objective: np.ndarray
    utility: np.ndarray
    raw_objective: np.ndarray
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
        block, here = _block(group, part, ground, per_unit), group.items[part]
        model, best, some = _model(block), _best(block), block.some
        compared = compare(block.objective, block.utility, block.tolerance)
        value = np.where(np.abs(best.utility - model.utility) <= block.tolerance, best.utility, model.utility)
        held = block.raw_utility * block.kept
        random = held.sum(axis=0) / np.maximum(block.count, 1)
        per_item[:, here] = np.where(some, [value, best.utility, random], 0.0)
        tau[here] = compared.tau
        deltas[:, here] = np.where(some, model.change, 0.0)
        at = np.arange(len(here))
        rows[:, here] = group.rows[:, part][model.first, at], group.rows[:, part][best.first, at]
        lost, gain = _dominated(group, part, block, model, wanted)
        below, at_or_below = _by_rank(block, compared, held, widest)
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


def _block(group: Group, part: slice, ground: Ground, per_unit: np.ndarray) -> _Block:
    items, allowed, usable = group.items[part], group.feasible(part), group.usable[:, part]
    deltas = group.values[: len(per_unit), :, part] - ground.bases[:, None, items]
    objective = group.objective[:, part]
    if not usable.all():
        deltas[:, ~usable] = 0.0
        objective = np.where(usable, objective, 0.0)
    utility = np.tensordot(per_unit, deltas, 1)
    tolerance = TIE * (np.abs(per_unit) @ ground.reach[:, items])
    kept, count = allowed.astype(float), np.add.reduce(allowed.view(np.uint8), axis=0, dtype=np.int64)
    shown = nowhere(allowed)
    return _Block(
        allowed, kept, count, count > 0, objective + shown, utility + shown, objective, utility, deltas, tolerance
    )


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
    as_good = block.allowed.copy()
    as_good[model.first, at] = False
    for q, way in wanted:
        x = group.values[q][:, part]
        as_good &= (x >= x[model.first, at]) if way > 0 else (x <= x[model.first, at])
    places = np.flatnonzero(as_good)
    k, n = np.divmod(places, len(at))
    better = np.zeros(len(places), bool)
    for q, _ in wanted:
        x = group.values[q][:, part]
        better |= x[k, n] != x[model.first[n], n]
    places, n = places[better], n[better]
    utility = block.raw_utility
    gain = _largest(utility.ravel()[places] - utility[model.first[n], n], n, len(at))
    lost = np.isfinite(gain)
    return int(lost.sum()), float(gain[lost].sum())


def _largest(values: np.ndarray, items: np.ndarray, count: int) -> np.ndarray:
    """Of each of so many items the largest of its values, −∞ without one."""
    found = np.full(count, -np.inf)
    np.maximum.at(found, items, values)
    return found


def _by_rank(block: _Block, compared: Comparisons, held: np.ndarray, widest: int) -> tuple[np.ndarray, np.ndarray]:
    """Utility per tied candidate, summed by size of F and by how many candidates are below, and at or below it.

    held: utility, 0 where not allowed.
    """
    at = block.count - compared.above
    tied = np.maximum(at - compared.below, 1)
    row, size = block.count * (widest + 1), (widest + 1) ** 2
    if tied.max(initial=1) == 1:
        below = np.bincount((row + compared.below).ravel(), held.ravel(), size)
        return below, np.roll(below, 1)
    share = (held / tied).ravel()
    first, last = (row + compared.below).ravel(), (row + at).ravel()
    return np.bincount(first, share, size), np.bincount(last, share, size)


def _products(block: _Block, reference: np.ndarray) -> np.ndarray:
    """Centred products; of the changes, the objective and the utility.

    Values are taken from those of the model's choice first: what is left is no larger than the range in the item, so
    that centring by sums loses no digits.
    """
    metrics = len(block.deltas)
    rows = np.empty((metrics + 2, *block.allowed.shape))
    np.subtract(block.deltas, reference[:, None, :], out=rows[:metrics])
    np.subtract(block.raw_objective, np.fmax.reduce(block.objective, axis=0), out=rows[metrics])
    np.subtract(block.raw_utility, np.fmax.reduce(block.utility, axis=0), out=rows[metrics + 1])
    rows[:, :, ~block.some] = 0.0
    rows *= block.kept
    sums = rows.sum(axis=1)
    flat = rows.reshape(len(rows), -1)
    return np.asarray(flat @ flat.T - (sums / np.maximum(block.count, 1)) @ sums.T)


def _guardrails(
    group: Group, part: slice, block: _Block, model: _Chosen, value: np.ndarray, best: np.ndarray, rules: int
) -> tuple[np.ndarray, np.ndarray]:
    """Per rule, what the best choice would gain without it, and what the model would lose."""
    price, protects = np.zeros(rules), np.zeros(rules)
    items, top = len(best), np.fmax.reduce(block.objective, axis=0)
    open_, words = group.usable[:, part] & block.some, [word[:, part] for word in group.broken]
    for r in range(rules):
        only = open_ & (words[r // 64] == words[r // 64].dtype.type(1 << (r % 64)))
        for w, word in enumerate(words):
            if w != r // 64:
                only &= word == 0
        places = np.flatnonzero(only)
        n = places % items
        utility, objective = block.raw_utility.ravel()[places], block.raw_objective.ravel()[places]
        price[r] = np.maximum(_largest(utility, n, items) - best, 0.0).sum()
        peak = np.maximum(_largest(objective, n, items), top)
        freed = objective == peak[n]
        many, total = np.bincount(n[freed], minlength=items), np.bincount(n[freed], utility[freed], items)
        own = np.where(peak == top, model.count, 0)
        moved = np.flatnonzero(many)
        before = value[moved]
        protects[r] = (before - (total[moved] + before * own[moved]) / (many + own)[moved]).sum()
    return price, protects
