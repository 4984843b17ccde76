"""What rows add up to: at their least over what is left of their slots, or at a point; and how far rounding may be
off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alignment.conflicts.coupled.bounds import Room
from alignment.conflicts.coupled.model import Model
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints

if TYPE_CHECKING:
    from alignment.conflicts.coupled.verdicts import Batch

ULP = 2.3e-16


def totals_of(model: Model, rows: Ints, which: Ints, value: Floats, n: int) -> Floats:
    """The sum of each row's entries, or the least of them where one alone must do."""
    total = np.bincount(which, value, n).astype(float)
    some = model.rows.some[rows]
    if some.any():
        least = np.full(n, np.inf)
        np.fmin.at(least, which, value)
        total = np.where(some, least, total)
    return total


def noise_of(which: Ints, size: Floats, bound: Floats, n: int) -> Floats:
    """How far a sum of doubles may be off: each term and each addition rounds once, coefficients a few times."""
    count = np.bincount(which, minlength=n)
    with np.errstate(invalid="ignore"):
        return np.asarray((count + 16) * ULP * (np.bincount(which, size, n) + np.abs(bound)))


def is_whole(which: Ints, value: Floats, bound: Floats, n: int) -> Bools:
    """Rows of whole numbers that doubles add without error."""
    whole = np.bincount(which, (value != np.rint(value)) | (np.abs(value) > 2**40), n) == 0
    return np.asarray(whole & (bound == np.rint(bound)))


def least_of(model: Model, batch: Batch, entries: Ints) -> tuple[Floats, Floats, Bools]:
    """The least each entry can be within the room, its size for rounding, and whether it is not reached."""
    rows, found = model.rows, batch.found
    at = batch.place[rows.entry_slot[entries]]
    factor = rows.entry_factor[entries]
    with np.errstate(invalid="ignore"):
        least = np.where(factor > 0, factor * found.low[at], np.where(factor < 0, factor * found.high[at], 0.0))
    is_open = np.where(factor > 0, found.low_open[at], found.high_open[at]) & (factor != 0)
    piece = rows.entry_piece[entries]
    pieces = np.flatnonzero(piece >= 0)
    if len(pieces):
        value, open_ = least_piece(
            model,
            found,
            at[pieces],
            rows.entry_slot[entries[pieces]],
            rows.factor[piece[pieces]],
            rows.offset[piece[pieces]],
        )
        least[pieces], is_open[pieces] = value, open_
    return least, np.abs(np.where(np.isfinite(least), least, 0.0)), is_open


def least_piece(
    model: Model, found: Room, at: Ints, slots: Ints, factor: Floats, offset: Floats
) -> tuple[Floats, Bools]:
    """The least of piecewise amounts over the allowed cells within the room, and whether it is not reached."""
    part = model.slots
    low = np.maximum(part.first[slots], found.low[at, None])
    high = np.minimum(part.last[slots], found.high[at, None])
    low_open = np.where(part.first[slots] == low, part.first_open[slots], False) | (
        (found.low[at, None] == low) & found.low_open[at, None]
    )
    high_open = np.where(part.last[slots] == high, part.last_open[slots], False) | (
        (found.high[at, None] == high) & found.high_open[at, None]
    )
    inside = found.allowed[at] & ((low < high) | ((low == high) & ~low_open & ~high_open))
    with np.errstate(invalid="ignore"):
        value = np.where(factor > 0, factor * low, np.where(factor < 0, factor * high, 0.0)) + offset
    open_ = np.where(factor > 0, low_open, high_open) & (factor != 0)
    value = np.where(inside, value, np.inf)
    least = value.min(axis=1)
    reached = (inside & (value == least[:, None]) & ~open_).any(axis=1)
    return least, ~reached


def values_at(model: Model, batch: Batch, entries: Ints, point: Floats) -> Floats:
    """What each entry gives at a point."""
    rows = model.rows
    slots = rows.entry_slot[entries]
    x = point[batch.place[slots]]
    with np.errstate(invalid="ignore"):
        value = rows.entry_factor[entries] * x
    piece = rows.entry_piece[entries]
    pieces = np.flatnonzero(piece >= 0)
    if len(pieces):
        value[pieces] = _piece_at(model, batch, slots[pieces], x[pieces], piece[pieces])
    return np.asarray(np.where(rows.entry_factor[entries] == 0, np.where(piece >= 0, value, 0.0), value))


def _piece_at(model: Model, batch: Batch, slots: Ints, x: Floats, piece: Ints) -> Floats:
    rows, part = model.rows, model.slots
    first, last = part.first[slots], part.last[slots]
    wide = x[:, None]
    inside = ((wide > first) | ((wide == first) & ~part.first_open[slots])) & (
        (wide < last) | ((wide == last) & ~part.last_open[slots])
    )
    inside &= batch.found.allowed[batch.place[slots]]
    inside &= has_ending(model, slots, x)
    cell = inside.argmax(axis=1)
    at = np.arange(len(slots))
    with np.errstate(invalid="ignore"):
        value = rows.factor[piece, cell] * x + rows.offset[piece, cell]
    return np.where(inside[at, cell], value, np.nan)


def has_ending(model: Model, slots: Ints, x: Floats) -> Bools:
    """Which cells have the ending of a value; all where there are no endings."""
    part = model.slots
    found = np.ones(part.first[slots].shape, bool)
    for number, grid in enumerate(model.grids):
        if grid.ends is None:
            continue
        here = np.flatnonzero(part.lever[slots] == number)
        place = np.nan_to_num(x[here]) * grid.scale
        near = np.rint(place)
        if grid.step:
            k = (near - grid.origin) // grid.step
        else:
            k = np.where(np.abs(place - near) > 1e-6, 2 * np.floor(place) + 1, 2 * near)
        found[here] = part.pattern[slots[here]] == grid.ends.pattern_at(k.astype(np.int64))[:, None]
    return found


def contested(model: Model, batch: Batch, entries: Ints, which: Ints) -> Ints:
    """Questions in which some slot or ladder is pulled both ways, or counted piecewise and by something else too."""
    rows = model.rows
    at = batch.place[rows.entry_slot[entries]]
    label = np.arange(len(batch.slots))
    while len(batch.arcs.row):
        lower, upper = batch.place[batch.arcs.lower], batch.place[batch.arcs.upper]
        new = label.copy()
        np.minimum.at(new, lower, label[upper])
        np.minimum.at(new, upper, label[lower])
        new = new[new]
        if (new == label).all():
            break
        label = new
    factor, piece = rows.entry_factor[entries], rows.entry_piece[entries] >= 0
    n = len(batch.slots)
    cluster = label[at]
    laddered = np.zeros(n, bool)
    if len(batch.arcs.row):
        laddered[label[batch.place[batch.arcs.lower]]] = True
    up = np.bincount(cluster, (factor > 0) & ~piece, n) > 0
    down = np.bincount(cluster, (factor < 0) & ~piece, n) > 0
    stepped = np.bincount(cluster, piece, n)
    contested = (up & down) | (stepped > 1) | ((stepped > 0) & (up | down | laddered))
    some = model.rows.some[batch.others][which]
    contested[cluster[some]] |= (np.bincount(cluster, minlength=n)[cluster[some]] > 1) | laddered[cluster[some]]
    return np.unique(batch.of_slot[np.flatnonzero(contested[label])])
