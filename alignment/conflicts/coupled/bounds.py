"""What sets of item rules leave of slots: least and greatest allowed value, and the next one at or beyond a bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.conflicts.coupled.model import Grid, Model
from alignment.conflicts.endings import EDGE
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints

SNAP = 1e-6


@dataclass
class Room:
    """Slots (by number) with the cells that are allowed, and the ends of what is left; an open end does not belong."""

    slots: Ints
    allowed: Bools
    low: Floats
    low_open: Bools
    high: Floats
    high_open: Bools
    empty: Bools


def room(model: Model, slots: Ints, words: np.ndarray[tuple[int, int], np.dtype[np.uint64]]) -> Room:
    """What the item rules leave; words: per slot the rules of its lever that count."""
    part = model.slots
    allowed = ~np.isnan(part.first[slots]) & ~(part.forbidden[slots] & words[:, None, :]).any(axis=2)
    return trimmed(model, slots, allowed)


def trimmed(model: Model, slots: Ints, allowed: Bools) -> Room:
    """The ends of the allowed cells."""
    part = model.slots
    empty = np.asarray(~allowed.any(axis=1))
    c0 = allowed.argmax(axis=1)
    c1 = allowed.shape[1] - 1 - allowed[:, ::-1].argmax(axis=1)
    if not len(slots):
        nothing, none = np.zeros(0), np.zeros(0, bool)
        return Room(slots, allowed, nothing, none, nothing.copy(), none.copy(), none.copy())
    if part.pattern.any():  # cells of different endings overlap: the last to begin need not be the last to end
        ends = np.where(allowed, part.last[slots], -np.inf)
        c1 = ends.shape[1] - 1 - ends[:, ::-1].argmax(axis=1)
    return Room(
        slots,
        allowed,
        part.first[slots, c0],
        part.first_open[slots, c0],
        part.last[slots, c1],
        part.last_open[slots, c1],
        empty,
    )


def beyond(
    model: Model, found: Room, which: Ints, bound: Floats, is_open: Bools, up: bool
) -> tuple[Floats, Bools, Bools]:
    """Of slots `which` of a room: the allowed value next to a bound, upwards or downwards, and whether it is open; or
    none.

    An open bound does not itself count. Returns values, openness, and whether there is one at all.
    """
    value, open_ = np.full(len(which), np.nan), np.zeros(len(which), bool)
    exists = np.zeros(len(which), bool)
    lever = model.slots.lever[found.slots[which]]
    for number in np.unique(lever):
        here = np.flatnonzero(lever == number)
        grid = model.grids[number] if number >= 0 else _FREE
        value[here], open_[here], exists[here] = _beyond(
            model, found, which[here], bound[here], is_open[here], grid, up
        )
    return value, open_, exists


_FREE = Grid(1, None, 0, None)


def snapped(bound: Floats, grid: Grid) -> Floats:
    """A computed bound moved onto the grid where it is one of its points but for the noise of doubles."""
    if grid is _FREE:
        return bound
    finite = np.where(np.isfinite(bound), bound, 0.0) * grid.scale
    near = np.rint(finite)
    return np.where((np.abs(finite - near) < SNAP) & np.isfinite(bound), near / grid.scale, bound)


def _beyond(
    model: Model, found: Room, which: Ints, bound: Floats, is_open: Bools, grid: Grid, up: bool
) -> tuple[Floats, Bools, Bools]:
    slots = found.slots[which]
    part = model.slots
    allowed = found.allowed[which]
    bound = snapped(bound, grid)
    if grid.step:
        return _on_lattice(part.first[slots], part.last[slots], part.pattern[slots], allowed, bound, is_open, grid, up)
    near, near_open = (part.first[slots], part.first_open[slots]) if up else (part.last[slots], part.last_open[slots])
    far, far_open = (part.last[slots], part.last_open[slots]) if up else (part.first[slots], part.first_open[slots])
    turn = 1.0 if up else -1.0
    b = bound[:, None] * turn
    n, f = near * turn, far * turn
    o = is_open[:, None]
    inside = (b > n) | ((b == n) & o)  # the bound cuts into the cell
    value = np.where(inside, b, n)
    openness = np.where(inside, o | ((b == n) & near_open), near_open)
    ok = allowed & ((value < f) | ((value == f) & ~openness & ~far_open))
    value = np.where(ok, value, np.inf)
    at = np.arange(len(which))
    rank = np.where(ok, value, np.inf) + 0.0
    chosen = rank.argmin(axis=1)
    best = value[at, chosen]
    closed = (ok & (value == best[:, None]) & ~openness).any(axis=1)
    return best * turn, ~closed, ok.any(axis=1)


def _on_lattice(
    first: Floats,
    last: Floats,
    pattern: np.ndarray[tuple[int, int], np.dtype[np.int16]],
    allowed: Bools,
    bound: Floats,
    is_open: Bools,
    grid: Grid,
    up: bool,
) -> tuple[Floats, Bools, Bools]:
    """Positions are counted in steps; of each cell the first at or beyond the bound that has the cell's ending."""
    step = grid.step or 1
    place = (np.clip(bound, -1e15, 1e15) * grid.scale - grid.origin) / step
    nearest = np.rint(place)
    exact = np.abs(place - nearest) < SNAP / step
    target = np.where(exact, nearest + np.where(is_open, 1 if up else -1, 0), np.ceil(place) if up else np.floor(place))
    near = (first if up else last) * grid.scale
    with np.errstate(invalid="ignore"):
        edge = np.rint((near - grid.origin) / step)
    k = np.where(
        np.isfinite(edge),
        np.maximum(edge, target[:, None]) if up else np.minimum(edge, target[:, None]),
        target[:, None],
    )
    if grid.ends is not None:
        moved = grid.ends.following if up else grid.ends.preceding
        whole = np.clip(np.nan_to_num(k), -EDGE, EDGE).astype(np.int64)
        k = np.where(np.isfinite(k), moved(pattern.astype(np.int64), whole), k)
    value = (grid.origin + k * step) / grid.scale
    ok = allowed & ((value <= last) if up else (value >= first))
    ranked = np.where(ok, value, np.inf if up else -np.inf)
    best = ranked.min(axis=1) if up else ranked.max(axis=1)
    return np.asarray(best, float), np.zeros(len(best), bool), np.asarray(ok.any(axis=1))
