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


@dataclass(frozen=True)
class Fewest:
    """The least of a row that counts changes (infinite: no values keep the ladders), and the cells that are left where
    as many slots leave their value and no more.
    """

    least: float
    allowed: Bools


def fewest(judge: Judge, batch: Batch, row: int) -> Fewest | None:
    """The least of a row that counts items which leave one value, all ladders kept; None where it is no such row.

    Remembered for what the item rules leave, since the other coupled rules do not matter.
    """
    if not len(batch.slots) or row in judge.uncounted:
        return None
    ordered = batch.arcs.row.tobytes() + b"," + batch.limits.row.tobytes()
    key = (batch.questions[0].component.number, row, ordered, batch.found.allowed.tobytes())
    if key[0] < 0:
        return _fewest(judge, batch, row)
    if key not in judge.fewest:
        judge.fewest[key] = _fewest(judge, batch, row)
    return judge.fewest[key]


def _fewest(judge: Judge, batch: Batch, row: int) -> Fewest | None:
    counted = _counted(judge, batch, row)
    levels = None if counted is None or _is_strict(judge, batch) else _ladders(judge, batch)
    if counted is None or levels is None:
        return None
    tied = np.zeros(len(batch.slots), bool)
    tied[batch.place[batch.arcs.lower]] = tied[batch.place[batch.arcs.upper]] = True
    loose = np.flatnonzero(~tied & np.isnan(counted.keeps))
    if not counted.moving.allowed[loose].any(axis=1).all():
        return Fewest(np.inf, batch.found.allowed)
    broken = _disturbed(batch, counted, tied)
    found = _fewest_of(judge, batch, counted, [steps for steps in levels if broken[steps[0][0][0]]])
    if found is None:
        return Fewest(np.inf, batch.found.allowed)
    moves = np.isnan(counted.keeps)
    moves[found[1]] = True
    rest = counted.moving.allowed
    allowed = np.where(moves[:, None], rest, batch.found.allowed & ~rest)
    return Fewest(counted.weight * (found[0] + int((~counted.free[loose]).sum())), allowed)


def _disturbed(batch: Batch, counted: _Counted, tied: Bools) -> Bools:
    """Slots of ladders in which not all slots can stay as they are."""
    lower, upper = batch.place[batch.arcs.lower], batch.place[batch.arcs.upper]
    least = counted.keeps[lower] + batch.arcs.offset
    with np.errstate(invalid="ignore"):
        kept = np.where(batch.arcs.strict, counted.keeps[upper] > least, counted.keeps[upper] >= least)
    label = _labels(len(batch.slots), lower, upper)
    bad = np.zeros(len(batch.slots), bool)
    bad[label[tied & np.isnan(counted.keeps)]] = True
    bad[label[lower[~kept]]] = True
    return bad[label]


def _ladders(judge: Judge, batch: Batch) -> list[list[_Level]] | None:
    """The levels of all ladders, read once for each set of rules that order items."""
    question = batch.questions[0]
    key = (question.component.number, question.rules & judge.ordering)
    if key[0] < 0:
        return _levels(batch)
    if key not in judge.ladders:
        judge.ladders[key] = _levels(batch)
    return judge.ladders[key]


def _is_strict(judge: Judge, batch: Batch) -> bool:
    """Is there a strict step to a slot without a lattice, which has no lowest value above a bound?"""
    lattice = np.array([g.step is not None for g in judge.model.grids] + [False])
    return bool((batch.arcs.strict & ~lattice[judge.model.slots.lever[batch.arcs.upper]]).any())


def _counted(judge: Judge, batch: Batch, row: int) -> _Counted | None:
    model = judge.model
    entries, _ = judge.entries(np.array([row]))
    piece = model.rows.entry_piece[entries]
    if not len(entries) or (piece < 0).any() or model.rows.some[row]:
        judge.uncounted.add(row)
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


_Level = tuple[tuple[int, ...], float, bool]


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
    levels = [members[depth[members] == d].tolist() for d in range(int(depth[members].max()) + 1)]
    found: list[_Level] = [(tuple(levels[0]), 0.0, False)]
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
        found.append((tuple(levels[d]), offsets.pop(), bool(stricts.pop())))
    return found


@dataclass(frozen=True)
class _State:
    """What a ladder has been kept down to so far, and all slots that were moved for it."""

    bound: float
    moved: tuple[int, ...]


_States = dict[int, _State]


def _fewest_of(
    judge: Judge, batch: Batch, counted: _Counted, ladders: list[list[_Level]]
) -> tuple[int, list[int]] | None:
    """The fewest changes of all ladders and the slots that move; None where no values keep one."""
    values = _Values(judge, batch, counted)
    total, moved = 0, list[int]()
    for steps in ladders:
        states: _States = {0: _State(-np.inf, ())}
        for level in steps:
            states = _next(values, states, level)
            if not states:
                return None
        least = min(states)
        total += least
        moved += states[least].moved
    return total, moved


class _Values:
    """What slots may have: today's value where it may stay, and the lowest other one at or above a bound."""

    def __init__(self, judge: Judge, batch: Batch, counted: _Counted) -> None:
        self.judge, self.batch, self.counted = judge, batch, counted
        self.keeps, self.free = counted.keeps.tolist(), counted.free.tolist()
        self.on_lattice = judge.has_order(batch.questions[0])
        self.rows: dict[int, list[bool]] = {}

    def stays(self, at: int, bound: float, strict: bool) -> bool:
        keeps: float = self.keeps[at]
        return keeps > bound if strict else keeps >= bound  # NaN, which is nothing to keep, compares as false

    def moved(self, at: int, bound: float, strict: bool) -> float:
        """Infinite where there is no such value."""
        if self.on_lattice:
            if at not in self.rows:
                self.rows[at] = self.counted.moving.allowed[at].tolist()
            value = self.judge.lattice.next(int(self.batch.slots[at]), self.rows[at], bound, strict, True)
            return np.inf if value is None else value
        found = beyond(
            self.judge.model, self.counted.moving, np.array([at]), np.array([bound]), np.array([strict]), True
        )
        value, is_open, exists = float(found[0][0]), bool(found[1][0]), bool(found[2][0])
        if not exists:
            return np.inf
        return float(np.nextafter(value, np.inf)) if is_open and np.isfinite(value) else value  # just above an open end


def _next(values: _Values, states: _States, level: _Level) -> _States:
    """All useful choices of one level: forced moves, then the highest that stay moved one after another."""
    slots, offset, strict = level
    best: _States = {}
    for cost, state in states.items():
        bound = state.bound + offset
        forced = [s for s in slots if not values.stays(s, bound, strict)]
        top = max((values.moved(s, bound, strict) for s in forced), default=-np.inf)
        if top == np.inf:
            continue
        spent, moved = cost + sum(not values.free[s] for s in forced), (*state.moved, *forced)
        staying = sorted((s for s in slots if s not in forced), key=lambda s: -values.keeps[s])
        for k, slot in enumerate([*staying, -1]):
            reach = max(top, values.keeps[slot]) if slot >= 0 else top
            if spent + k not in best or reach < best[spent + k].bound:
                best[spent + k] = _State(reach, moved)
            if slot >= 0:
                top = max(top, values.moved(slot, bound, strict))
                moved = (*moved, slot)
                if top >= values.keeps[slot]:
                    break
    return _undominated(best)


def _undominated(best: _States) -> _States:
    found: _States = {}
    low = np.inf
    for cost in sorted(best):
        if best[cost].bound < low:
            found[cost], low = best[cost], best[cost].bound
    return found
