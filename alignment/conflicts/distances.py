"""How far floors and ceilings of hard rules are apart at most, on the items on which some are: what shifts must make
up for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.conflicts.batches import Floats, Ints
from alignment.conflicts.bounds import Bounds
from alignment.conflicts.line import Line
from alignment.conflicts.pairs import Envelope

AT_ONCE = 4_096


@dataclass
class Distances:
    """In lever units, ends counted as closed and the lattice left out; minus infinity where nothing is apart.

    floors and ceilings: numbers of the hard rules that have some. apart: F by C, the most that each floor is above each
    ceiling. above: F, the most that each floor is above the range; infinite where a rule allows nothing at all.
    below: C, the most that each ceiling is below the range.
    """

    floors: Ints
    ceilings: Ints
    apart: Floats
    above: Floats
    below: Floats

    @classmethod
    def at_start(cls, line: Line) -> Distances:
        """Before the first item."""
        floors, ceilings = (np.array([r for r in g if line.rules[r].hard], int) for g in (line.floors, line.ceilings))
        nothing = [np.full(shape, -np.inf) for shape in ((len(floors), len(ceilings)), len(floors), len(ceilings))]
        return cls(floors, ceilings, *nothing)

    def take(self, bounds: Bounds, around: Envelope) -> None:
        """Adds a batch. around: the envelope of all its bounds."""
        is_apart = (around.floor > around.ceiling) | (around.floor > bounds.high) | (around.ceiling < bounds.low)
        rows = np.flatnonzero(is_apart)
        for start in range(0, len(rows), AT_ONCE):
            self._take(bounds, rows[start : start + AT_ONCE])

    def _take(self, bounds: Bounds, rows: Ints) -> None:
        floors = [bounds.floors.bound(bounds.floors.rules.index(r), rows) / bounds.scale for r in self.floors]
        ceilings = np.array([bounds.ceilings.bound(bounds.ceilings.rules.index(r), rows) for r in self.ceilings])
        ceilings = ceilings.reshape(len(self.ceilings), len(rows)) / bounds.scale
        for f, floor in enumerate(floors):
            if len(self.ceilings):
                with np.errstate(invalid="ignore"):
                    apart = np.fmax.reduce(floor - ceilings, axis=1)
                np.fmax(self.apart[f], apart, out=self.apart[f])
            self.above[f] = max(self.above[f], float(floor.max()) - bounds.high / bounds.scale)
        if len(self.ceilings):
            np.maximum(self.below, bounds.low / bounds.scale - ceilings.min(axis=1), out=self.below)

    def add(self, other: Distances) -> None:
        """Distances on other items."""
        self.apart = np.maximum(self.apart, other.apart)
        self.above, self.below = np.maximum(self.above, other.above), np.maximum(self.below, other.below)
