"""Endings such as `price % 1 = 0.99` on the line of positions: which of them hold where, for ranges of any length.

On a lattice the places that repeat are its points; on the open line they are the points at which some ending begins
or stops
to hold, and the stretches between. The remainder has the sign of the lever, so the two halves of the line differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from alignment.conflicts.batches import Bools, Ints
from alignment.conflicts.line import Line
from alignment.conflicts.positions import FAR, Positions
from alignment.rules.formula import Residue

LONGEST_PERIOD = 2_000_000
EDGE = 2**50

_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "=": np.equal, "<>": np.not_equal,
}  # fmt: skip


def residue(part: Residue, n: Ints, on_grid: Bools, scale: int) -> Bools:
    """Does an ending hold at grid point n or, where not on the grid, right above it?"""
    modulus, value = int(part.modulus * scale), int(part.value * scale)
    magnitude = np.abs(n) % modulus
    rest = 2 * np.where(n < 0, -magnitude, magnitude) + np.where(on_grid, 0, 1)
    rest = np.where((n < 0) & (magnitude == 0) & ~on_grid, 1 - 2 * modulus, rest)
    return np.asarray(_COMPARED[part.operator](rest, 2 * value))


@dataclass(frozen=True)
class Half:
    """One side of zero: P places that repeat, with which pattern each is of.

    offsets: on the open line, grid points within a turn at which a place begins; counts: patterns by P + 1, places of
    each
    pattern cumulated, a stretch for two; lengths: patterns by K + 1, grid points of each pattern cumulated.
    """

    offsets: Ints | None
    turn: int
    codes: Ints
    counts: Ints
    lengths: Ints

    def place(self, position: Ints) -> Ints:
        if self.offsets is None:
            return position
        n = position // 2
        within = n % self.turn
        j = np.searchsorted(self.offsets, within, side="right") - 1
        beside = (within != self.offsets[j]) | (position % 2 == 1)
        return np.asarray((n // self.turn) * (2 * len(self.offsets)) + 2 * j + beside)

    def count(self, q: int, first: Ints, last: Ints) -> Ints:
        """Places of pattern q from one position to another, both included."""
        return self._before(q, self.place(last) + 1) - self._before(q, self.place(first))

    def _before(self, q: int, place: Ints) -> Ints:
        period = self.counts.shape[1] - 1
        return np.asarray((place // period) * self.counts[q, -1] + self.counts[q][place % period])

    def length(self, q: int, position: Ints) -> Ints:
        """Grid points of pattern q from zero up to a position."""
        assert self.offsets is not None
        n = position // 2
        within = n % self.turn
        j = np.searchsorted(self.offsets, within, side="right") - 1
        part = np.where(self.codes[2 * j + 1] == q, within - self.offsets[j], 0)
        return np.asarray((n // self.turn) * self.lengths[q, -1] + self.lengths[q][j] + part)

    def pattern_at(self, position: Ints) -> Ints:
        """The pattern of each position."""
        return np.asarray(self.codes[self.place(position) % len(self.codes)])

    def following(self, q: int | Ints, position: Ints) -> Ints:
        """The first position of pattern q at or above each position; FAR where the pattern does not occur."""
        place = self.place(position)
        steps = self._ahead[q, place % len(self.codes)]
        return np.where(steps == 0, position, np.where(steps == FAR, FAR, self._first(place + steps)))

    def preceding(self, q: int | Ints, position: Ints) -> Ints:
        """The last position of pattern q at or below each position; -FAR where the pattern does not occur."""
        place = self.place(position)
        steps = self._behind[q, place % len(self.codes)]
        return np.where(steps == 0, position, np.where(steps == FAR, -FAR, self._first(place - steps + 1) - 1))

    def _first(self, place: Ints) -> Ints:
        """The first position of a place."""
        if self.offsets is None:
            return place
        within = place % len(self.codes)
        return 2 * (place // len(self.codes) * self.turn + self.offsets[within // 2]) + within % 2

    @cached_property
    def _ahead(self) -> Ints:
        """By pattern and place of a period: places up to the next one of the pattern; FAR where there is none."""
        return np.stack([_distances(self.codes == q) for q in range(len(self.counts))])

    @cached_property
    def _behind(self) -> Ints:
        return np.stack([_distances(self.codes[::-1] == q)[::-1] for q in range(len(self.counts))])


def _distances(held: Bools) -> Ints:
    """From each place of a period up to the next one that is held, into the following period; FAR where none is."""
    period = len(held)
    places = np.where(np.tile(held, 2), np.arange(2 * period), FAR)
    following = np.minimum.accumulate(places[::-1])[::-1][:period]
    return np.asarray(np.where(following == FAR, FAR, following - np.arange(period)))


@dataclass(frozen=True)
class Pieces:
    """The endings of a line. patterns: by number, which of the residues hold; zero: the first position not below 0."""

    patterns: Bools
    zero: int
    above: Half
    below: Half

    @property
    def size(self) -> int:
        return len(self.patterns)

    def contains(self, q: int, starts: Ints, widths: Ints) -> Bools:
        """Is some position of each cell, which does not reach over zero, of pattern q?"""
        if self.size == 1:
            return np.ones(starts.shape, bool)
        return np.asarray(self.values(q, starts, widths) > 0)

    def values(self, q: int, starts: Ints, widths: Ints) -> Ints:
        """How many values of pattern q each cell has, an open stretch counting for two."""
        first = np.clip(starts, -EDGE, EDGE)
        last = np.clip(starts + np.maximum(widths, 1) - 1, -EDGE, EDGE)
        found = np.where(first >= self.zero, self.above.count(q, first, last), self.below.count(q, first, last))
        if self.above.offsets is not None:
            found = np.where((widths == 1) & (starts % 2 == 0), np.minimum(found, 1), found)
        return np.where(widths > 0, found, 0)

    def pattern_at(self, position: Ints) -> Ints:
        """The pattern of each position."""
        inside = np.clip(position, -EDGE, EDGE)
        return np.where(inside >= self.zero, self.above.pattern_at(inside), self.below.pattern_at(inside))

    def following(self, q: int | Ints, position: Ints) -> Ints:
        """The first position of pattern q at or above each position; FAR where there is none."""
        inside = np.clip(position, -EDGE, EDGE)
        above = self.above.following(q, np.maximum(inside, self.zero))
        below = self.below.following(q, np.minimum(inside, self.zero - 1))
        found = np.where((inside < self.zero) & (below < self.zero), below, above)
        return np.where(np.abs(position) >= EDGE, position, found)

    def preceding(self, q: int | Ints, position: Ints) -> Ints:
        """The last position of pattern q at or below each position; -FAR where there is none."""
        inside = np.clip(position, -EDGE, EDGE)
        above = self.above.preceding(q, np.maximum(inside, self.zero))
        below = self.below.preceding(q, np.minimum(inside, self.zero - 1))
        found = np.where((inside >= self.zero) & (above >= self.zero), above, below)
        return np.where(np.abs(position) >= EDGE, position, found)

    def length(self, q: int, starts: Ints, widths: Ints) -> Ints:
        """Grid points of pattern q in each cell, on the open line."""
        stop = starts + widths
        return np.where(
            starts >= self.zero,
            self.above.length(q, stop) - self.above.length(q, starts),
            self.below.length(q, stop) - self.below.length(q, starts),
        )


def pieces(line: Line, at: Positions) -> Pieces | None:
    """The endings of a line's union rules; None where they repeat after too many lattice points to be laid out."""
    moduli = [int(r.modulus * at.scale) for r in line.residues]
    turn = math.lcm(1, *moduli)
    if at.step is not None and math.lcm(turn, at.step) // at.step > LONGEST_PERIOD:
        return None
    zero = 0 if at.step is None else -(at.origin // at.step)
    above, below = (_codes(line, at, turn, sign) for sign in (1, -1))
    seen = np.unique(np.concatenate([above[1], below[1]]))
    patterns = (seen[:, None] >> np.arange(len(line.residues)) & 1).astype(bool)
    return Pieces(patterns, zero, *(_half(*half, turn, seen) for half in (above, below)))


def _codes(line: Line, at: Positions, turn: int, sign: int) -> tuple[Ints | None, Ints]:
    """Offsets of the places in one turn (None on a lattice), and the endings that hold on each as bits."""
    offsets: Ints | None = None
    if at.step is not None:
        period = math.lcm(turn, at.step) // at.step
        places = np.arange(period) + _turns(at, period, sign) * period
        n, on_grid = at.origin + places * at.step, np.ones(period, bool)
    else:
        offsets = _offsets(line, at, turn)
        n = np.repeat(offsets, 2) + (0 if sign > 0 else -turn)
        on_grid = np.arange(len(n)) % 2 == 0
    codes = np.zeros(len(n), np.int64)
    for i, part in enumerate(line.residues):
        codes |= residue(part, n, on_grid, at.scale).astype(np.int64) << i
    return offsets, codes


def _turns(at: Positions, period: int, sign: int) -> int:
    """Whole periods to go up or down so that all of one is on that side of zero."""
    assert at.step is not None
    zero = -(at.origin // at.step)
    return -(-zero // period) if sign > 0 else zero // period - 1


def _offsets(line: Line, at: Positions, turn: int) -> Ints:
    found = {0}
    for part in line.residues:
        modulus, value = int(part.modulus * at.scale), int(part.value * at.scale)
        found |= {(start + k * modulus) % turn for start in (0, value) for k in range(turn // modulus)}
    return np.array(sorted(found), np.int64)


def _half(offsets: Ints | None, codes: Ints, turn: int, seen: Ints) -> Half:
    number = np.searchsorted(seen, codes)
    weights = np.ones(len(codes), np.int64)
    if offsets is not None:
        weights[1::2] = 2
    member = (number[None, :] == np.arange(len(seen))[:, None]) * weights
    counts = np.concatenate([np.zeros((len(seen), 1), np.int64), np.cumsum(member, axis=1)], axis=1)
    lengths = np.zeros((len(seen), 1), np.int64)
    if offsets is not None:
        spans = np.diff(np.append(offsets, turn))
        of_pattern = (number[None, 1::2] == np.arange(len(seen))[:, None]) * spans
        lengths = np.concatenate([lengths, np.cumsum(of_pattern, axis=1)], axis=1)
    return Half(offsets, turn, number, counts, lengths)
