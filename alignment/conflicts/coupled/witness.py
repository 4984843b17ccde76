"""Looks for a point of allowed values that satisfies every row of a question; each one found is checked in full."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from alignment.conflicts.coupled.descent import descended
from alignment.conflicts.coupled.exact import holds_exactly
from alignment.conflicts.coupled.narrowing import within
from alignment.conflicts.coupled.relaxation import Relaxed, relax
from alignment.conflicts.coupled.totals import has_ending
from alignment.conflicts.coupled.verdicts import Batch, Judge
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints

DEEPEST = 8
MOST_MIXED = 2_000
WHOLE = 1e-6


def holds_near(judge: Judge, batch: Batch, relaxed: Relaxed) -> bool:
    """Is there a point near that of a programme?"""
    if _holds_in(judge, settled(judge, batch, relaxed), relaxed.point):
        return True
    near, found = judge.point_at(batch, relaxed.point)
    if found.all() and _holds_at(judge, batch, near):
        return True
    return _holds_at(judge, batch, descended(judge, batch, near, np.ones(1, bool))) or _holds_at(
        judge, batch, relaxed.point
    )


def holds_within(judge: Judge, batch: Batch, cells: Bools) -> bool:
    """Does the least point or the greatest hold on fewer cells?"""
    return _holds_in(judge, within(judge, batch, cells), None)


def _holds_in(judge: Judge, part: Batch, wanted: Floats | None) -> bool:
    if part.pushed.empty.any():
        return False
    return any(_holds_at(judge, part, point) for point in _ends(judge, part, wanted))


def _ends(judge: Judge, batch: Batch, wanted: Floats | None) -> Iterator[Floats]:
    """Points whose values are all allowed, as far as the ladders tell: the ends of what is left, and one between."""
    found = batch.found
    if not found.low_open.any():
        yield found.low
    if wanted is not None:
        near, exists = judge.point_at(batch, wanted)
        if exists.all():
            yield near
    if not found.high_open.any():
        yield found.high


def _holds_at(judge: Judge, batch: Batch, point: Floats) -> bool:
    if not np.isfinite(point).all() or not allowed_at(judge, batch, point).all():
        return False
    if not judge.satisfied(batch, point)[0] and not holds_exactly(judge, batch, point):
        return False
    judge.remember(batch, 0, point)
    return True


def settled(judge: Judge, batch: Batch, relaxed: Relaxed, least: float = 0.0) -> Batch:
    """Leaves each slot its piece with the greatest share, the surest slots first; where the ladders then leave nothing,
    the slot's other pieces. Slots whose share is below `least` keep all pieces.
    """
    pieces, share = relaxed.pieces, relaxed.share
    order = np.lexsort((share, pieces.slot))
    last = order[np.append(pieces.slot[order][1:] != pieces.slot[order][:-1], True)]
    several = np.bincount(pieces.slot)[pieces.slot[last]] > 1
    chosen = last[several & (share[last] >= least)]
    return _settled(judge, batch, relaxed, chosen[np.argsort(-share[chosen], kind="stable")])


def _settled(judge: Judge, batch: Batch, relaxed: Relaxed, chosen: Ints) -> Batch:
    if not len(chosen):
        return batch
    pieces, mine = relaxed.pieces, np.ones(batch.found.allowed.shape, bool)
    mine[pieces.slot[chosen]] = pieces.cells[chosen]
    part = within(judge, batch, mine)
    if not part.pushed.empty.any():
        return part
    if len(chosen) == 1:
        mine[pieces.slot[chosen]] = ~pieces.cells[chosen]
        return within(judge, batch, mine)
    half = len(chosen) // 2
    first = _settled(judge, batch, relaxed, chosen[:half])
    return first if first.pushed.empty.any() else _settled(judge, first, relaxed, chosen[half:])


def dived(judge: Judge, batch: Batch, relaxed: Relaxed) -> bool:
    """Settles the surer half of the slots that are mixed and solves the rest again; at last asks for whole pieces."""
    at, found = batch, relaxed
    for _ in range(DEEPEST):
        if not mixed_slots(found):
            break
        surer = np.maximum(found.share, 1 - found.share)
        at = settled(judge, at, found, float(np.median(surer[surer < 1 - WHOLE])))
        solved = None if at.pushed.empty.any() else relax(judge, at)
        if solved is None or solved.slack < -WHOLE:
            break
        found = solved
        if _holds_in(judge, settled(judge, at, found), found.point):
            return True
    few = len(batch.slots) <= MOST_MIXED and mixed_slots(relaxed)
    return bool(few) and _holds_mixed(judge, batch, relaxed)


def mixed_slots(relaxed: Relaxed) -> int:
    """How many slots are a mix of pieces at the point of a programme."""
    mixed = np.minimum(relaxed.share, 1 - relaxed.share) > WHOLE
    return len(np.unique(relaxed.pieces.slot[mixed]))


def _holds_mixed(judge: Judge, batch: Batch, relaxed: Relaxed) -> bool:
    """Looks for a point of whole pieces, first with room to spare so that it survives moves to allowed values."""
    for part in (0.2, 0.01):
        whole = relax(judge, batch, max(relaxed.slack, 0.0) * part)
        if whole is None:
            return False
        if holds_near(judge, batch, whole):
            return True
    return False


def allowed_at(judge: Judge, batch: Batch, point: Floats) -> Bools:
    """Which values of a point lie in an allowed cell."""
    part, slots = judge.model.slots, batch.slots
    wide = point[:, None]
    first, last = part.first[slots], part.last[slots]
    inside = ((wide > first) | ((wide == first) & ~part.first_open[slots])) & (
        (wide < last) | ((wide == last) & ~part.last_open[slots])
    )
    on = np.ones(len(slots), bool)
    for number, grid in enumerate(judge.model.grids):
        if grid.step:
            here = part.lever[slots] == number
            k = (point[here] * grid.scale - grid.origin) / grid.step
            on[here] = np.abs(k - np.rint(k)) < 1e-6 / grid.step
    return np.asarray((inside & batch.found.allowed & has_ending(judge.model, slots, point)).any(axis=1) & on)
