"""Rows that order two slots, x >= factor · y + offset, decided by pushing bounds along them.

Such rows only push upwards, so the least values that all of them allow exist and are found by pushing lower bounds up
to
the next allowed value until nothing moves, and likewise the greatest. No solver is needed, and lattices, gaps and
open ends
are exact. Source: difference constraints and their least solutions; e.g. Schrijver, Theory of Linear and Integer
Programming (1986), section 8, for the shortest-path case.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.conflicts.coupled.bounds import Room, beyond
from alignment.conflicts.coupled.model import Model
from alignment.conflicts.coupled.rows import Rows
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints

MOST_ROUNDS = 2_000
NEAR = 1e-9
FARTHEST = 1e15


@dataclass(frozen=True)
class Arcs:
    """upper >= factor · lower + offset (strictly where `strict`); row: the row it is, in the order of rows.

    exact: sums and products of it keep to the grid of its slots, so that what lies on a point of the grid is that
    point.
    """

    row: Ints
    lower: Ints
    upper: Ints
    factor: Floats
    offset: Floats
    strict: Bools
    exact: Bools


@dataclass(frozen=True)
class Limits:
    """Rows of a single slot: its value is at most (or at least, where `floor`) a bound."""

    row: Ints
    slot: Ints
    bound: Floats
    floor: Bools
    strict: Bools


@dataclass(frozen=True)
class Kinds:
    """The rows of a model by how they are decided: arcs, limits, and all others by number."""

    arcs: Arcs
    limits: Limits
    others: Ints


def kinds_of(model: Model) -> Kinds:
    """Sorts the rows of a model."""
    rows = model.rows
    count = np.bincount(rows.entry_row, minlength=len(rows))
    start = np.concatenate([[0], np.cumsum(count)])[:-1]
    plain = np.ones(len(rows), bool)
    np.logical_and.at(plain, rows.entry_row, (rows.entry_piece < 0) & (rows.entry_factor != 0))
    plain &= ~rows.some
    one = np.flatnonzero(plain & (count == 1))
    two = np.flatnonzero(plain & (count == 2))
    a, b = start[two], start[two] + 1
    two = two[rows.entry_factor[a] * rows.entry_factor[b] < 0] if len(two) else two
    return Kinds(
        _arcs(model, two, start),
        _limits(rows, one, start),
        np.setdiff1d(np.arange(len(rows)), np.concatenate([one, two])),
    )


def _limits(rows: Rows, one: Ints, start: Ints) -> Limits:
    factor = rows.entry_factor[start[one]]
    return Limits(one, rows.entry_slot[start[one]], rows.bound[one] / factor, factor < 0, rows.strict[one])


def _arcs(model: Model, two: Ints, start: Ints) -> Arcs:
    rows = model.rows
    a = start[two]
    swap = rows.entry_factor[a] > 0  # the entry with the negative factor is the upper one
    upper, lower = np.where(swap, a + 1, a), np.where(swap, a, a + 1)
    size = -rows.entry_factor[upper]
    factor, offset = rows.entry_factor[lower] / size, -rows.bound[two] / size
    arcs = Arcs(
        two, rows.entry_slot[lower], rows.entry_slot[upper], factor, offset, rows.strict[two], np.zeros(len(two), bool)
    )
    scales = np.array([g.scale for g in model.grids] + [1], float)
    scale = np.maximum(scales[model.slots.lever[arcs.lower]], scales[model.slots.lever[arcs.upper]])
    whole = np.abs(offset * scale - np.rint(offset * scale)) < 1e-7
    own = (model.slots.lever[arcs.lower] >= 0) & (model.slots.lever[arcs.upper] >= 0) | (factor == 1)
    stepped = np.array([g.step is not None for g in model.grids] + [False])
    lattice = stepped[model.slots.lever[arcs.lower]] & stepped[model.slots.lever[arcs.upper]]
    short = np.abs(factor * 1e4 - np.rint(factor * 1e4)) < 1e-9
    exact = (
        whole
        & own
        & ((factor == 1) | (lattice & short))
        & (model.slots.unit[arcs.lower] + model.slots.unit[arcs.upper] == 0)
    )
    return Arcs(arcs.row, arcs.lower, arcs.upper, factor, offset, arcs.strict, exact)


@dataclass
class Pushed:
    """The outcome of pushing: slots without an allowed value left, those that only fractions decide, and those on
    strict cycles.
    """

    empty: Bools
    unsure: Bools
    cyclic: Bools

    def closed(self, found: Room) -> Pushed:
        """With the slots marked as empty whose ends have passed each other."""
        self.empty |= (found.low > found.high) | (
            (found.low == found.high) & (found.low_open | found.high_open) & np.isfinite(found.low)
        )
        return self


def push(model: Model, found: Room, arcs: Arcs, limits: Limits, place: Ints) -> Pushed:
    """Narrows a room by arcs and limits, to the least and greatest values that all rows allow.

    place: slot number of the model to number in the room. Slots that end up empty keep the bound that emptied them.
    """
    done = Pushed(found.empty.copy(), np.zeros(len(found.slots), bool), np.zeros(len(found.slots), bool))
    if len(limits.row):
        limit(model, found, limits, place, done)
    lower, upper = place[arcs.lower], place[arcs.upper]
    for up in (True, False):
        active = np.arange(len(arcs.row))
        for turn in range(MOST_ROUNDS):
            if not len(active):
                break
            moved = _one_round(model, found, arcs, active, lower, upper, done, up)
            if not len(moved):
                break
            changed = np.zeros(len(found.slots), bool)
            changed[moved] = True
            active = np.flatnonzero(changed[lower] if up else changed[upper])
            if turn == MOST_ROUNDS - 1:
                done.unsure[moved] = True
    _mark_strict_cycles(arcs, lower, upper, done)
    return done.closed(found)


def push_up(model: Model, found: Room, arcs: Arcs, place: Ints) -> None:
    """Pushes lower bounds only."""
    done = Pushed(found.empty.copy(), np.zeros(len(found.slots), bool), np.zeros(len(found.slots), bool))
    lower, upper = place[arcs.lower], place[arcs.upper]
    active = np.arange(len(arcs.row))
    for _ in range(MOST_ROUNDS):
        moved = _one_round(model, found, arcs, active, lower, upper, done, True) if len(active) else active
        if not len(moved):
            break
        changed = np.zeros(len(found.slots), bool)
        changed[moved] = True
        active = np.flatnonzero(changed[lower])


def _mark_strict_cycles(arcs: Arcs, lower: Ints, upper: Ints, done: Pushed) -> None:
    """Strict arcs between slots that also lie the other way round: the least values do not show whether these can
    hold.
    """
    strict = np.flatnonzero(arcs.strict)
    if not len(strict):
        return
    n = len(done.empty)
    inside = np.ones(n, bool)  # slots that may lie on a cycle: those with an arc in and an arc out, again and again
    while True:
        live = inside[lower] & inside[upper]
        new = inside & (np.bincount(lower[live], minlength=n) > 0) & (np.bincount(upper[live], minlength=n) > 0)
        if (new == inside).all():
            break
        inside = new
    done.cyclic[lower[strict][inside[lower[strict]] & inside[upper[strict]]]] = True


def limit(model: Model, found: Room, limits: Limits, place: Ints, done: Pushed) -> None:
    """Narrows a room by rows that each speak about one slot."""
    for up in (True, False):
        here = np.flatnonzero(limits.floor == up)
        if len(here):
            slots = place[limits.slot[here]]
            _raise(model, found, slots, limits.bound[here], limits.strict[here], np.zeros(len(here), bool), done, up)


def _one_round(
    model: Model, found: Room, arcs: Arcs, active: Ints, lower: Ints, upper: Ints, done: Pushed, up: bool
) -> Ints:
    """Pushes along the active arcs once; returns the slots that moved."""
    source, target = (lower[active], upper[active]) if up else (upper[active], lower[active])
    with np.errstate(invalid="ignore"):
        if up:
            bound = arcs.factor[active] * found.low[source] + arcs.offset[active]
            is_open = arcs.strict[active] | found.low_open[source]
        else:
            bound = (found.high[source] - arcs.offset[active]) / arcs.factor[active]
            is_open = arcs.strict[active] | found.high_open[source]
    done.unsure[target[np.isfinite(bound) & (np.abs(bound) > FARTHEST)]] = True
    usable = (np.abs(bound) <= FARTHEST) & ~done.empty[target] & ~done.empty[source]
    if not usable.any():
        return np.zeros(0, np.int64)
    return _raise(model, found, target[usable], bound[usable], is_open[usable], ~arcs.exact[active][usable], done, up)


def _raise(
    model: Model, found: Room, target: Ints, bound: Floats, is_open: Bools, inexact: Bools, done: Pushed, up: bool
) -> Ints:
    """Moves the ends of target slots to bounds that are tighter; of several bounds on one slot the tightest counts."""
    end, end_open = (found.low, found.low_open) if up else (found.high, found.high_open)
    far = found.high if up else found.low
    noise = NEAR * np.maximum(np.abs(bound), 1.0)
    with np.errstate(invalid="ignore"):
        tie = inexact & ((np.abs(bound - end[target]) <= noise) | (np.abs(bound - far[target]) <= noise))
        tighter = (bound > end[target]) if up else (bound < end[target])
        same = np.abs(bound - end[target]) <= noise
    tighter = (tighter & ~same) | (same & is_open & ~end_open[target])
    done.unsure[target[tie & same & (end[target] == far[target])]] = True
    chosen = np.flatnonzero(tighter)
    if not len(chosen):
        return np.zeros(0, np.int64)
    order = np.lexsort((is_open[chosen], bound[chosen] if up else -bound[chosen], target[chosen]))
    chosen = chosen[order]
    last = np.append(target[chosen][1:] != target[chosen][:-1], True)
    chosen = chosen[last]
    slots = target[chosen]
    value, open_, exists = beyond(model, found, slots, bound[chosen], is_open[chosen], up)
    done.unsure[slots[inexact[chosen] & _is_tie(model, found, slots, bound[chosen], value, exists, far)]] = True
    end[slots] = np.where(exists, value, bound[chosen])
    end_open[slots] = np.where(exists, open_, is_open[chosen])
    done.empty[slots[~exists]] = True
    return slots


def _is_tie(model: Model, found: Room, slots: Ints, bound: Floats, value: Floats, exists: Bools, far: Floats) -> Bools:
    """Would a bound that is off by the noise of doubles lead elsewhere: beside the other end, or beside a lattice
    point?
    """
    noise = NEAR * np.maximum(np.abs(bound), 1.0)
    with np.errstate(invalid="ignore"):
        at_end = np.abs(bound - far[slots]) <= noise
        at_point = exists & (np.abs(bound - value) <= noise) & (bound != value)
    return np.asarray(at_end | at_point)
