"""The bounds of a batch of items as numbers on which every question about overlap is exact, one row per end of a rule.

A bound on a grid point n is n where it is closed, n + 1/4 where an open floor, n - 1/4 where an open ceiling: a floor
and a
ceiling leave nothing between them exactly when the floor is the greater. On a lattice, ends move to its nearest point
inside.
Doubles hold these numbers exactly up to 2**49; what is larger, or off the grid and near something, is marked unsure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from alignment.conflicts.batches import Batch, Bools, Floats, Ints, Number
from alignment.conflicts.line import End, Line
from alignment.conflicts.positions import FINEST, LARGEST, NEAR

OPEN = 0.25


@dataclass(frozen=True)
class Side:
    """All floors, or all ceilings, of a line on N items: E by N, infinite where there is none.

    rules: the rule of each row. ends: as bounded. inside: moved to the lattice, in its steps; without a lattice, as
    bounded.
    shift: what to add to a row of `ends` for the bound itself; None where open and closed ends mix in one row.
    """

    rules: tuple[int, ...]
    ends: Floats
    inside: Floats
    shift: tuple[float | None, ...]

    def row_of(self, rule: int) -> int | None:
        return self.rules.index(rule) if rule in self.rules else None

    def bound(self, row: int, items: Ints | slice = slice(None)) -> Floats:
        """The bounds of a row in grid points, open or not."""
        shift = self.shift[row]
        found = self.ends[row, items]
        return np.rint(found) if shift is None else found + shift if shift else found


@dataclass(frozen=True)
class Bounds:
    """A batch's bounds. scale: grid points per lever unit. low, high: the lever's range in grid points; first, last:
    in positions.

    today is in grid points, NaN where unknown. step and origin: the lattice in grid points. unsure: items to be
    decided in
    fractions.
    """

    scale: int
    floors: Side
    ceilings: Side
    low: float
    high: float
    first: float
    last: float
    step: float | None
    origin: float
    today: Floats
    unsure: Bools

    @property
    def size(self) -> int:
        return len(self.today)


def bounds_of(line: Line, batch: Batch) -> Bounds:
    """The bounds of a batch."""
    scale = line.grid or _refined(line, batch)
    unsure = np.zeros(batch.size, bool)
    floors = _rows(line.floors, line, batch, scale, unsure)
    ceilings = _rows(line.ceilings, line, batch, scale, unsure)
    low, high = (np.inf if v is None else float(Fraction(v) * scale) for v in (line.lever.minimum, line.lever.maximum))
    low = -low if line.lever.minimum is None else low
    origin = float(Fraction(line.lever.minimum or 0) * scale)
    step = None if line.lever.step is None else float(Fraction(line.lever.step) * scale)
    today = np.full(batch.size, np.nan) if line.today is None else batch.number(line.today) * float(scale)
    if line.today_grid is not None and scale % line.today_grid == 0:
        today = np.rint(today)
    if not line.whole:
        _mark_near(line, floors, ceilings, (low, high), step, origin, unsure)
    return Bounds(
        scale,
        Side(tuple(line.floors), floors, _lifted(floors, step, origin), _shifts(line.floors, line)),
        Side(tuple(line.ceilings), ceilings, _lowered(ceilings, step, origin), _shifts(line.ceilings, line)),
        low, high,
        low if step is None else float(np.ceil((low - origin) / step)),
        high if step is None else float(np.floor((high - origin) / step)),
        step, origin, today, unsure,
    )  # fmt: skip


def _lifted(floors: Floats, step: float | None, origin: float) -> Floats:
    if step is None:
        return floors
    steps = floors - origin
    steps /= step
    return np.asarray(np.ceil(steps, out=steps))


def _lowered(ceilings: Floats, step: float | None, origin: float) -> Floats:
    if step is None:
        return ceilings
    steps = ceilings - origin
    steps /= step
    return np.asarray(np.floor(steps, out=steps))


def _rows(groups: Mapping[int, Sequence[End]], line: Line, batch: Batch, scale: int, unsure: Bools) -> Floats:
    found = np.empty((len(groups), batch.size))
    for row, ends in enumerate(groups.values()):
        for i, end in enumerate(ends):
            bound = _placed(end, line, batch, scale, unsure)
            if i == 0:
                found[row] = bound
            else:
                (np.maximum if end.is_floor else np.minimum)(found[row], bound, out=found[row])
    return found


def _placed(end: End, line: Line, batch: Batch, scale: int, unsure: Bools) -> Floats:
    """One end on the grid, infinite where it does not apply."""
    absent = -np.inf if end.is_floor else np.inf
    if end.ray.side == "nothing":
        bound = np.full(batch.size, np.inf)
    else:
        bound = _on_grid(end.number, line.whole or end.grid is not None, batch, scale, unsure)
        if not end.ray.closed:
            bound = bound + (OPEN if end.is_floor else -OPEN)
        if end.number.sql in batch.gaps:
            bound = np.where(np.isnan(bound), absent, bound)
    for test in end.tests:
        bound = np.where(batch.holds(test), bound, absent)
    return bound


def _on_grid(number: Number, exact: bool, batch: Batch, scale: int, unsure: Bools) -> Floats:
    factor, offset = number.factor * scale, number.offset * scale
    if number.sql is None:
        return np.full(batch.size, float(offset))
    bound = batch.numbers[number.sql] * float(factor)
    if offset:
        bound += float(offset)
    if exact:
        np.rint(bound, out=bound)
    if np.nanmax(np.abs(bound), initial=0.0) >= LARGEST:
        unsure |= np.abs(bound) >= LARGEST
    return bound


def _shifts(groups: Mapping[int, Sequence[End]], line: Line) -> tuple[float | None, ...]:
    def shift(ends: Sequence[End]) -> float | None:
        kinds = {end.ray.closed for end in ends if end.ray.side != "nothing"}
        if len(kinds) > 1:
            return None
        return 0.0 if kinds != {False} else -OPEN if ends[0].is_floor else OPEN

    return tuple(shift(ends) for ends in groups.values())


# Bounds off any grid


def _refined(line: Line, batch: Batch) -> int:
    """A grid as fine as whole doubles allow."""
    largest = 1.0
    for end in line.ends:
        if end.number.sql is not None:
            column = np.nanmax(np.abs(batch.numbers[end.number.sql]), initial=0.0)
            largest = max(largest, float(column) * abs(float(end.number.factor)))
        largest = max(largest, abs(float(end.number.offset)))
    scale = line.partial_grid
    while scale * 10 * largest < FINEST and scale < 10**12:
        scale *= 10
    return scale


def _mark_near(
    line: Line,
    floors: Floats,
    ceilings: Floats,
    domain: tuple[float, float],
    step: float | None,
    origin: float,
    unsure: Bools,
) -> None:
    """Marks items on which a bound off the grid comes near another bound, the domain's end or a lattice point."""
    rows = [(ends, values) for ends, values in zip(line.floors.values(), floors, strict=True)]
    rows += [(ends, values) for ends, values in zip(line.ceilings.values(), ceilings, strict=True)]
    with np.errstate(invalid="ignore"):
        for ends, values in rows:
            if all(e.grid is not None or e.ray.side == "nothing" for e in ends):
                continue
            near = np.maximum(NEAR * np.abs(values), 2.0)
            for others, other in rows:
                if {e.number for e in others} != {e.number for e in ends}:
                    unsure |= np.abs(values - other) <= near
            for end in domain:
                unsure |= np.abs(values - end) <= near
            if step is not None:
                steps = (values - origin) / step
                unsure |= np.abs(steps - np.rint(steps)) <= np.maximum(NEAR * np.abs(steps), 2.0 / step)
