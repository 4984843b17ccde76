"""The bounds of a batch of items side by side, one column a rule, for what looks at all rules of an item at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue
from alignment.conflicts.batches import Batch, Bools, Floats, Ints, batches
from alignment.conflicts.line import End, Line


@dataclass(frozen=True)
class Frame:
    """Bounds of N items by R interval rules and T atoms, in lever units.

    low and high are infinite where a rule sets no bound; an open end does not belong to the allowed set. Atoms are NaN
    where their bound is NULL. today is NaN where it is unknown. `start` is the number of the first item in the
    catalogue.
    """

    start: int
    value: Floats
    today: Floats
    low: Floats
    high: Floats
    low_open: Bools
    high_open: Bools
    atoms: Floats
    givens: Bools
    in_scope: Bools
    unknown: Bools

    def __len__(self) -> int:
        return len(self.today)


def frames(line: Line, catalogue: Catalogue, where: str = "true") -> Iterator[Frame]:
    """The items for which a condition holds, in the order of the catalogue, in batches."""
    for batch in batches(catalogue, line.numbers, line.flags, where):
        yield frame_of(line, batch)


def frame_of(line: Line, batch: Batch, rows: Ints | None = None) -> Frame:
    """The bounds of a batch, or of some of its items."""
    part = batch if rows is None else batch.take(rows, line.numbers, line.flags)
    n, r = part.size, len(line.intervals)
    low, high = np.full((n, r), -np.inf), np.full((n, r), np.inf)
    low_open, high_open = np.zeros((n, r), bool), np.zeros((n, r), bool)
    for end in line.ends:
        _tighten(low, low_open, high, high_open, end, _bound(end, part))
    return Frame(
        start=part.start, value=part.value,
        today=np.full(n, np.nan) if line.today is None else part.number(line.today),
        low=low, high=high, low_open=low_open, high_open=high_open,
        atoms=_stacked([part.number(a.number) for a in line.atoms], n, float),
        givens=_stacked([part.holds(sql) for _, sql in line.givens], n, bool),
        in_scope=_stacked([part.holds(sql) for sql in line.scopes], n, bool),
        unknown=_stacked([part.holds(sql) for sql in line.unknowns[:r]], n, bool),
    )  # fmt: skip


def _bound(end: End, batch: Batch) -> Floats:
    """One end in lever units, infinite where it does not apply."""
    absent = -np.inf if end.is_floor else np.inf
    bound = np.full(batch.size, np.inf) if end.ray.side == "nothing" else batch.number(end.number)
    bound = np.where(np.isnan(bound), absent, bound)
    for test in end.tests:
        bound = np.where(batch.holds(test), bound, absent)
    return bound


def _stacked(columns: list[NDArray[Any]], n: int, kind: type) -> NDArray[Any]:
    return np.column_stack(columns) if columns else np.zeros((n, 0), kind)


def _tighten(low: Floats, low_open: Bools, high: Floats, high_open: Bools, end: End, bound: Floats) -> None:
    """Narrows a rule's interval by one end; of two equal ends the open one is tighter."""
    r, is_open = end.rule, not end.ray.closed
    if end.is_floor:
        tighter = (bound > low[:, r]) | ((bound == low[:, r]) & is_open)
        low[tighter, r] = bound[tighter]
        low_open[tighter, r] = is_open
    else:
        tighter = (bound < high[:, r]) | ((bound == high[:, r]) & is_open)
        high[tighter, r] = bound[tighter]
        high_open[tighter, r] = is_open
