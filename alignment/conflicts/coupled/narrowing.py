"""A question on part of what its rules leave: fewer cells, or a tighter end of one slot, with ladders pushed again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from alignment.conflicts.coupled.bounds import Room, trimmed
from alignment.conflicts.coupled.verdicts import Batch, Judge
from alignment.conflicts.line import Bools


def narrowed(
    judge: Judge,
    batch: Batch,
    s: int,
    allowed: Bools | None = None,
    low: tuple[float, bool] | None = None,
    high: tuple[float, bool] | None = None,
) -> Batch:
    """A batch with fewer cells of slot `s`, or other ends of it."""
    cells = batch.found.allowed.copy()
    if allowed is not None:
        cells[s] &= allowed
    return _within(judge, batch, cells, s, low, high)


def within(judge: Judge, batch: Batch, cells: Bools) -> Batch:
    """A batch on fewer cells."""
    return _within(judge, batch, batch.found.allowed & cells)


def _within(
    judge: Judge,
    batch: Batch,
    cells: Bools,
    s: int = 0,
    low: tuple[float, bool] | None = None,
    high: tuple[float, bool] | None = None,
) -> Batch:
    found = batch.found
    ends = trimmed(judge.model, found.slots, cells)
    new = Room(
        found.slots,
        cells,
        np.maximum(ends.low, found.low),
        np.where(ends.low >= found.low, ends.low_open, found.low_open),
        np.minimum(ends.high, found.high),
        np.where(ends.high <= found.high, ends.high_open, found.high_open),
        ends.empty,
    )
    if low is not None:
        new.low[s], new.low_open[s] = low
    if high is not None:
        new.high[s], new.high_open[s] = high
    pushed = judge.pushed(batch.questions, new, batch.arcs, batch.limits, batch.place)
    return replace(batch, found=new, pushed=pushed)
