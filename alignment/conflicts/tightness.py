"""Quantiles of streams of numbers without keeping them all, and how much room each interval rule leaves alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor

import numpy as np

from alignment.conflicts.batches import Bools, Floats, Ints
from alignment.conflicts.bounds import Bounds

MARGIN = 0.03
NOWHERE = np.zeros(0, np.int64)
EVERYTHING = (-np.inf, np.inf)


@dataclass
class Quantile:
    """One quantile of numbers that come in parts: those between two guesses from the first part are kept, the rest
    counted.

    within: guesses to start with; None takes them from the first part.
    """

    share: float
    within: tuple[float, float] | None = None
    below: int = 0
    count: int = 0
    kept: list[Floats] = field(default_factory=list)
    ties: int = 0

    def take(self, values: Floats) -> None:
        if not len(values):
            return
        if self.within is None:
            self.within = self._guessed(values)
        low, high = self.within
        self.count += len(values)
        self.below += int(np.count_nonzero(values < low))
        if low == high:
            self.ties += int(np.count_nonzero(values == low))
        else:
            here = values >= low
            here &= values <= high
            self.kept.append(values[here])

    def _guessed(self, values: Floats) -> tuple[float, float]:
        n = len(values)
        places = sorted(
            {max(0, floor((self.share - MARGIN) * (n - 1))), min(n - 1, floor((self.share + MARGIN) * (n - 1)) + 1)}
        )
        part = np.partition(values, places)
        return float(part[places[0]]), float(part[places[-1]])

    def value(self) -> float | None:
        """The quantile, between two numbers linearly; None where the guesses were wrong (see `again`)."""
        if not self.count:
            return None
        place = self.share * (self.count - 1)
        first = floor(place) - self.below
        last = min(floor(place) + 1, self.count - 1) - self.below
        if not 0 <= first <= last < self._inside():
            return None
        if self.ties:
            return self.within[0] if self.within else None
        kept = np.concatenate(self.kept)
        part = np.partition(kept, sorted({first, last}))
        return float(part[first] + (part[last] - part[first]) * (place - floor(place)))

    @property
    def is_missed(self) -> bool:
        """Were the guesses wrong?"""
        return self.count > 0 and self.value() is None

    def again(self) -> Quantile:
        """The same quantile to be asked once more, with guesses that hold it."""
        if self.within is None or self.within == EVERYTHING:
            return Quantile(self.share, EVERYTHING)
        low, high = self.within
        inside = self._inside()
        place = floor(self.share * (self.count - 1))
        if place < self.below:
            return Quantile(self.share, (-np.inf, low))
        return Quantile(self.share, (high, np.inf) if place >= self.below + inside else (low, np.inf))

    def add(self, other: Quantile) -> None:
        """Numbers that another thread took, with the same guesses."""
        if not other.count:
            return
        if not self.count:
            self.within = other.within
        if self.within != other.within:
            self.count, self.within, self.below, self.ties, self.kept = self.count + other.count, EVERYTHING, 0, 0, []
            return
        self.below += other.below
        self.count += other.count
        self.ties += other.ties
        self.kept += other.kept

    def _inside(self) -> int:
        return self.ties + sum(len(part) for part in self.kept)


@dataclass
class Room:
    """What one rule leaves within the lever's range: the sum and median of widths (in grid points of a line that is
    on a grid
    as a whole, else in lever units), and items without room.

    apart: widths of items that were decided one by one; they are not in the median yet.
    """

    total: float = 0.0
    median: Quantile = field(default_factory=lambda: Quantile(0.5))
    cramped: int = 0
    apart: list[Floats] = field(default_factory=list)

    def add(self, other: Room) -> None:
        """Items that another thread took."""
        self.total += other.total
        self.cramped += other.cramped
        self.median.add(other.median)


def widths(bounds: Bounds, rule: int) -> Floats | None:
    """Width in grid points that a rule leaves within the range, at least 0; None where it is unbounded on every
    item."""
    f, c = bounds.floors.row_of(rule), bounds.ceilings.row_of(rule)
    if (f is None and not np.isfinite(bounds.low)) or (c is None and not np.isfinite(bounds.high)):
        return None
    low = bounds.low if f is None else np.maximum(bounds.floors.bound(f), bounds.low)
    high = bounds.high if c is None else np.minimum(bounds.ceilings.bound(c), bounds.high)
    with np.errstate(invalid="ignore"):
        return np.broadcast_to(np.fmax(high - low, 0.0), (bounds.size,))


def take(room: Room, bounds: Bounds, rule: int, scope: Bools | None, unit: float | None) -> None:
    """Adds a batch's items in scope. unit: grid points per unit of width; None where only room is wanted."""
    width = widths(bounds, rule)
    if width is None:
        cramped = _few_values(bounds, rule, slice(None))
    else:
        step = bounds.step or 0.0
        cramped = (width < step) if step else (width <= 0)
        close = np.flatnonzero((width < 2 * step + 1) & ~cramped) if step else NOWHERE
        if len(close):
            cramped[close] = _few_values(bounds, rule, close)
        if unit is not None:
            inside = width if scope is None else width[scope]
            inside = inside if unit == 1 else inside / unit
            room.total += float(inside.sum())
            room.median.take(inside)
    room.cramped += int(np.count_nonzero(cramped if scope is None else cramped & scope))


def _few_values(bounds: Bounds, rule: int, rows: Ints | slice) -> Bools:
    """Of some items, those on which a rule leaves no value, or only today's."""
    f, c = bounds.floors.row_of(rule), bounds.ceilings.row_of(rule)
    today = bounds.today[rows]
    first = bounds.first if f is None else np.maximum(bounds.floors.inside(f, rows), bounds.first)
    last = bounds.last if c is None else np.minimum(bounds.ceilings.inside(c, rows), bounds.last)
    nothing = np.isposinf(first)
    few = np.broadcast_to(np.asarray((first >= last) | nothing), today.shape)
    if not few.any():
        return np.zeros(today.shape, bool)
    today = today if bounds.step is None else (today - bounds.origin) / bounds.step
    return np.asarray((first > last) | nothing | (few & (today == first)))
