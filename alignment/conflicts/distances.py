"""How far each floor is above each ceiling at most: what shifts must make up for or, below zero, how near two come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.conflicts.batches import Bools, Floats, Ints
from alignment.conflicts.bounds import Bounds
from alignment.conflicts.line import Line

SPARE = 60  # three times as many pairs as are told in the end


@dataclass
class Distances:
    """In lever units, ends counted as closed and the lattice left out; minus infinity where nothing was seen.

    floors and ceilings: numbers of the rules that have some. apart: F by C, the most that each floor is above each
    ceiling, the least slack with its sign turned; exact where it is at least -limit. above: F, the most that each floor
    is above the range; infinite where a rule allows nothing at all. below: C, the most that each ceiling is below it.
    """

    floors: Ints
    ceilings: Ints
    apart: Floats
    above: Floats
    below: Floats
    limit: float = np.inf

    @classmethod
    def at_start(cls, line: Line) -> Distances:
        """Before the first item."""
        floors, ceilings = np.array(list(line.floors), int), np.array(list(line.ceilings), int)
        apart = np.full((len(floors), len(ceilings)), -np.inf)
        return cls(floors, ceilings, apart, np.full(len(floors), -np.inf), np.full(len(ceilings), -np.inf))

    def reach(self, possible: Bools) -> float:
        """The slack within which a floor and a ceiling matter, from here on: that of the tightest pairs so far.

        possible: pairs, F by C, that have not clashed so far. Infinite while few are known, 0 where none is left.
        """
        if not possible.any():
            return 0.0
        slacks = -self.apart[possible & np.isfinite(self.apart)]
        if len(slacks) <= SPARE:
            return np.inf
        reach = float(np.partition(slacks, SPARE)[SPARE])
        self.limit = min(self.limit, reach)
        return reach

    def take(self, bounds: Bounds) -> Floats:
        """Adds some items; gives how far each floor is above each ceiling on these, F by C, in grid points."""
        floors, ceilings = bounds.floors.bounds(), bounds.ceilings.bounds()
        apart = np.empty(self.apart.shape)
        with np.errstate(invalid="ignore"):
            for floor, most in zip(floors, apart, strict=True):
                np.fmax.reduce(floor - ceilings, axis=1, out=most)
            above, below = floors.max(axis=1) - bounds.high, bounds.low - ceilings.min(axis=1)
        for most, more in ((self.apart, apart), (self.above, above), (self.below, below)):
            np.fmax(most, more / bounds.scale, out=most)
        return apart

    def add(self, other: Distances) -> None:
        """Distances on other items."""
        self.apart = np.maximum(self.apart, other.apart)
        self.above, self.below = np.maximum(self.above, other.above), np.maximum(self.below, other.below)
        self.limit = min(self.limit, other.limit)
