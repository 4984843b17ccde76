"""The fewest items of ladders that must leave today's value, exactly: what a budget of changes meets.

Level by level, for each number of changes so far, the lowest value that the level can be kept down to; lower is never
worse,
since the next level then has more room. Within a level the items to move are those that stand highest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from alignment.conflicts.coupled.bounds import Room, beyond
from alignment.conflicts.coupled.verdicts import Batch, Judge
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints


@dataclass(frozen=True)
class _Counted:
    """By slot of the batch: weight in the row (0: none), today's value where it may stay, whether moving is free."""

    weight: float
    counted: Bools
    keeps: Floats
    free: Bools
    moving: Room


def fewest(judge: Judge, batch: Batch, row: int) -> float | None:
    """The least of a row that counts items which leave one value, all ladders kept; None where it is no such row."""
    if not len(batch.slots):
        return None
    counted = _counted(judge, batch, row)
    levels = None if _is_strict(judge, batch) else _levels(batch)
    if counted is None or levels is None:
        return None
    total = 0
    for steps in levels:
        least = _fewest_of(judge, counted, steps)
        if least is None:
            return np.inf
        total += least
    return counted.weight * total


def _is_strict(judge: Judge, batch: Batch) -> bool:
    """Is there a strict step to a slot without a lattice, which has no lowest value above a bound?"""
    lattice = np.array([g.step is not None for g in judge.model.grids] + [False])
    return bool((batch.arcs.strict & ~lattice[judge.model.slots.lever[batch.arcs.upper]]).any())


def _counted(judge: Judge, batch: Batch, row: int) -> _Counted | None:
    model = judge.model
    entries, _ = judge.entries(np.array([row]))
    piece = model.rows.entry_piece[entries]
    if not len(entries) or (piece < 0).any() or model.rows.some[row]:
        return None
    at = batch.place[model.rows.entry_slot[entries]]
    if len(np.unique(at)) < len(at):
        return None
    slots = batch.slots[at]
    first, last = model.slots.first[slots], model.slots.last[slots]
    low, high = batch.found.low[at, None], batch.found.high[at, None]
    allowed = batch.found.allowed[at] & (last >= low) & (first <= high)
    factor, offset = np.where(allowed, model.rows.factor[piece], 0.0), np.where(allowed, model.rows.offset[piece], 0.0)
    weight = float(offset.max())
    if factor.any() or weight <= 0 or not np.isin(offset, (0.0, weight)).all():
        return None
    zero = allowed & (offset == 0)
    single = zero & (first == last) & ~model.slots.first_open[slots]
    free = (zero == allowed).all(axis=1)
    if ((zero & ~single).any(axis=1) & ~free).any() or (
        (single.sum(axis=1) > 1).any() and (~free & (single.sum(axis=1) > 1)).any()
    ):
        return None
    n = len(batch.slots)
    keeps, is_free, is_counted = np.full(n, np.nan), np.ones(n, bool), np.zeros(n, bool)
    has = single.any(axis=1) & ~free
    keeps[at[has]] = first[has, single.argmax(axis=1)[has]]
    is_free[at], is_counted[at] = free, True
    cells = batch.found.allowed.copy()
    rest = at[has]
    cells[rest] &= ~single[has]
    return _Counted(weight, is_counted, keeps, is_free, replace(batch.found, allowed=cells))


_Level = tuple[Ints, float, bool]


def _levels(batch: Batch) -> list[list[_Level]] | None:
    """Each ladder as levels from the bottom, with the offset and strictness of the step to it; None if some has
    another shape.
    """
    n = len(batch.slots)
    lower, upper = batch.place[batch.arcs.lower], batch.place[batch.arcs.upper]
    if (batch.arcs.factor != 1).any():
        return None
    depth = np.zeros(n, np.int64)
    for _ in range(n + 1):
        new = depth.copy()
        np.maximum.at(new, upper, depth[lower] + 1)
        if (new == depth).all():
            break
        depth = new
    else:
        return None
    if (depth[upper] != depth[lower] + 1).any():
        return None
    label = _labels(n, lower, upper)
    found = []
    order = np.lexsort((depth, label))
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    of_arc: dict[int, list[int]] = {}
    for k, lab in enumerate(label[lower].tolist()):
        of_arc.setdefault(lab, []).append(k)
    for members in np.split(order, cuts):
        steps = _steps(members, depth, np.array(of_arc.get(int(label[members[0]]), []), np.int64), batch)
        if steps is None:
            return None
        found.append(steps)
    return found


def _labels(n: int, lower: Ints, upper: Ints) -> Ints:
    label = np.arange(n)
    while True:
        new = label.copy()
        np.minimum.at(new, lower, label[upper])
        np.minimum.at(new, upper, label[lower])
        new = new[new]
        if (new == label).all():
            return label
        label = new


def _steps(members: Ints, depth: Ints, arcs: Ints, batch: Batch) -> list[_Level] | None:
    levels = [members[depth[members] == d] for d in range(int(depth[members].max()) + 1)]
    found: list[_Level] = [(levels[0], 0.0, False)]
    for d in range(1, len(levels)):
        mine = arcs[depth[batch.place[batch.arcs.upper[arcs]]] == d]
        pairs = {(int(a), int(b)) for a, b in zip(batch.arcs.lower[mine], batch.arcs.upper[mine], strict=True)}
        offsets, stricts = set(batch.arcs.offset[mine].tolist()), set(batch.arcs.strict[mine].tolist())
        if (
            len(pairs) != len(levels[d - 1]) * len(levels[d])
            or len(offsets) > 1
            or len(stricts) > 1
            or not batch.arcs.exact[mine].all()
        ):
            return None
        found.append((levels[d], offsets.pop(), bool(stricts.pop())))
    return found


def _fewest_of(judge: Judge, counted: _Counted, steps: list[_Level]) -> int | None:
    """The fewest changes of one ladder; None where no values keep it."""
    states: dict[int, float] = {0: -np.inf}
    for level, offset, strict in steps:
        costs = sorted(states)
        bounds = np.array([states[c] + offset for c in costs])
        which, bound = np.tile(level, len(costs)), np.repeat(bounds, len(level))
        moved, is_open, exists = beyond(judge.model, counted.moving, which, bound, np.full(len(which), strict), True)
        moved = np.where(exists, moved, np.inf)
        moved = np.where(is_open & np.isfinite(moved), np.nextafter(moved, np.inf), moved)  # just above an open end
        keeps = np.where(np.isnan(counted.keeps[level]), -np.inf, counted.keeps[level])
        best: dict[int, float] = {}
        for k, cost in enumerate(costs):
            here = moved[k * len(level) : (k + 1) * len(level)]
            stays = (keeps > bounds[k]) if strict else (keeps >= bounds[k])
            stays &= ~np.isneginf(keeps)
            _extend(best, cost, here, keeps, stays, counted.free[level])
        states = _undominated(best)
        if not states:
            return None
    return min(states)


def _extend(best: dict[int, float], cost: int, moved: Floats, keeps: Floats, stays: Bools, free: Bools) -> None:
    """All useful choices of one level: forced moves, then the highest that stay moved one after another."""
    forced = ~stays
    top = float(moved[forced].max(initial=-np.inf))
    if np.isposinf(top):
        return
    spent = cost + int((forced & ~free).sum())
    staying = sorted(np.flatnonzero(stays), key=lambda i: -keeps[i])
    for k in range(len(staying) + 1):
        reach = max(top, float(keeps[staying[k]]) if k < len(staying) else -np.inf)
        if reach < best.get(spent + k, np.inf):
            best[spent + k] = reach
        if k < len(staying):
            top = max(top, float(moved[staying[k]]))
            if top >= keeps[staying[k]]:
                return


def _undominated(best: dict[int, float]) -> dict[int, float]:
    found: dict[int, float] = {}
    low = np.inf
    for cost in sorted(best):
        if best[cost] < low:
            found[cost] = low = best[cost]
    return found
