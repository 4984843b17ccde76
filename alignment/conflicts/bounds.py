"""The bounds of a batch of items as numbers on which every question about overlap is exact, one row per end of a rule.

A bound on a grid point n is n where it is closed, n + 1/4 where an open floor, n - 1/4 where an open ceiling: a floor
and a
ceiling leave nothing between them exactly when the floor is the greater. On a lattice, ends move to its nearest point
inside.
Doubles hold these numbers exactly up to 2**49; what is larger, or off the grid and near something, is marked unsure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from alignment.conflicts.batches import Batch, Bools, Floats, Ints, Number
from alignment.conflicts.line import End, Line
from alignment.conflicts.positions import FINEST, LARGEST, NEAR

OPEN = 0.25


@dataclass(frozen=True)
class Side:
    """All floors, or all ceilings, of a line on N items: E by N, infinite where there is none.

    rules: the rule of each row. ends: as bounded. shift: what to add to a row of `ends` for the bound itself; None
    where open and closed ends mix in one row. lattice: step and origin in grid points, if there is one.
    """

    rules: tuple[int, ...]
    ends: Floats
    shift: tuple[float | None, ...]
    lattice: tuple[float, float] | None
    is_floor: bool

    def row_of(self, rule: int) -> int | None:
        return self.rules.index(rule) if rule in self.rules else None

    def take(self, items: Ints) -> Side:
        """The ends on some of the items, side by side in memory."""
        return replace(self, ends=np.take(self.ends, items, axis=1))

    def bounds(self) -> Floats:
        """The bounds of all rows in grid points, open or not."""
        if not any(self.shift) and None not in self.shift:
            return self.ends
        return np.stack([self.bound(row) for row in range(len(self.rules))])

    def bound(self, row: int, items: Ints | slice = slice(None)) -> Floats:
        """The bounds of a row in grid points, open or not."""
        shift = self.shift[row]
        found = self.ends[row, items]
        return np.rint(found) if shift is None else found + shift if shift else found

    def inside(self, row: int | slice, items: Ints | slice = slice(None)) -> Floats:
        """The ends of a row, or of all, in positions: moved to the lattice, in its steps; as bounded without one."""
        return self.placed(self.ends[row, items])

    def placed(self, ends: Floats) -> Floats:
        """Ends of this side in positions."""
        if self.lattice is None:
            return ends
        step, origin = self.lattice
        steps = ends - origin
        steps /= step
        return np.asarray((np.ceil if self.is_floor else np.floor)(steps, out=steps))

    def tightest(self, size: int, chosen: Callable[[int], bool]) -> Floats:
        """The tightest end of each item by the chosen rules, infinite where there is none."""
        found = np.full(size, -np.inf if self.is_floor else np.inf)
        tighter = np.maximum if self.is_floor else np.minimum
        for row, rule in enumerate(self.rules):
            if chosen(rule):
                tighter(found, self.ends[row], out=found)
        return found


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

    def take(self, items: Ints) -> Bounds:
        """The bounds of some of the items."""
        return replace(
            self, floors=self.floors.take(items), ceilings=self.ceilings.take(items), today=self.today[items],
            unsure=self.unsure[items],
        )  # fmt: skip


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
    lattice = None if step is None else (step, origin)
    return Bounds(
        scale,
        Side(tuple(line.floors), floors, _shifts(line.floors), lattice, True),
        Side(tuple(line.ceilings), ceilings, _shifts(line.ceilings), lattice, False),
        low, high,
        low if step is None else float(np.ceil((low - origin) / step)),
        high if step is None else float(np.floor((high - origin) / step)),
        step, origin, today, unsure,
    )  # fmt: skip


def _rows(groups: Mapping[int, Sequence[End]], line: Line, batch: Batch, scale: int, unsure: Bools) -> Floats:
    found = np.empty((len(groups), batch.size))
    for row, ends in enumerate(groups.values()):
        _place(found[row], ends[0], line, batch, scale, unsure)
        for end in ends[1:]:
            further = np.empty(batch.size)
            _place(further, end, line, batch, scale, unsure)
            (np.maximum if end.is_floor else np.minimum)(found[row], further, out=found[row])
    return found


def _place(out: Floats, end: End, line: Line, batch: Batch, scale: int, unsure: Bools) -> None:
    """Writes one end on the grid, infinite where it does not apply."""
    absent = -np.inf if end.is_floor else np.inf
    if end.ray.side == "nothing":
        out.fill(np.inf)
    else:
        _on_grid(out, end.number, line.whole or end.grid is not None, batch, scale, unsure)
        if not end.ray.closed:
            out += OPEN if end.is_floor else -OPEN
        if end.number.sql in batch.gaps:
            np.copyto(out, absent, where=np.isnan(out))
    for test in end.tests:
        np.copyto(out, absent, where=~batch.holds(test))


def _on_grid(out: Floats, number: Number, exact: bool, batch: Batch, scale: int, unsure: Bools) -> None:
    factor, offset = float(number.factor * scale), float(number.offset * scale)
    if number.sql is None:
        out.fill(offset)
        return
    np.multiply(batch.numbers[number.sql], factor, out=out)
    if offset:
        out += offset
    if exact:
        np.rint(out, out=out)
    if batch.peak(number.sql) * abs(factor) + abs(offset) >= LARGEST:
        unsure |= np.abs(out) >= LARGEST


def _shifts(groups: Mapping[int, Sequence[End]]) -> tuple[float | None, ...]:
    def shift(ends: Sequence[End]) -> float | None:
        kinds = {end.ray.closed for end in ends if end.ray.side != "nothing"}
        if len(kinds) > 1:
            return None
        return 0.0 if kinds != {False} else -OPEN if ends[0].is_floor else OPEN

    return tuple(shift(ends) for ends in groups.values())


def is_tighter(line: Line, batch: Batch, s: int, r: int) -> bool:
    """Does rule s allow only what rule r does on all items, told from the least and greatest values of columns?

    Told of interval rules of which s has the scope of r or none, and is known wherever r is, and whose ends are
    multiples of columns on a grid; else false.
    """
    n = len(line.intervals)
    if not line.whole or s >= n or r >= n or line.scopes[s] not in ("true", line.scopes[r]):
        return False
    if line.nulls[s] not in ("false", line.nulls[r]) and batch.holds(line.unknowns[s]).any():
        return False
    sides = [(groups.get(s, []), groups.get(r, [])) for groups in (line.floors, line.ceilings)]
    return all(not mine or (len(mine) == len(its) == 1 and _beyond(its[0], mine[0], batch)) for its, mine in sides)


def _beyond(end: End, other: End, batch: Batch) -> bool:
    """Is an end at least as tight as another on all items, as the least and greatest values of their columns tell?"""
    if not set(end.tests) <= set(other.tests) or "nothing" in (end.ray.side, other.ray.side):
        return False
    way, its, mine = 1 if end.is_floor else -1, end.number, other.number
    if its.sql == mine.sql:
        least = min(_range(Number(its.sql, way * (its.factor - mine.factor), way * (its.offset - mine.offset)), batch))
    elif its.sql in batch.gaps:
        return False
    else:
        least = min(way * v for v in _range(its, batch)) - max(way * v for v in _range(mine, batch))
    return least > 0 or (least == 0 and (other.ray.closed or not end.ray.closed))


def _range(number: Number, batch: Batch) -> tuple[float, float]:
    """What a bound is at the least and at the greatest value of its column; NaN where that is NULL on all items."""
    if number.sql is None:
        return float(number.offset), float(number.offset)
    low, high = batch.span(number.sql)
    return float(number.factor) * low + float(number.offset), float(number.factor) * high + float(number.offset)


# Bounds off any grid


def _refined(line: Line, batch: Batch) -> int:
    """A grid as fine as whole doubles allow."""
    largest = 1.0
    for end in line.ends:
        if end.number.sql is not None:
            largest = max(largest, batch.peak(end.number.sql) * abs(float(end.number.factor)))
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
