"""What a pass over the catalogue for one lever has found so far, and how the shares of two threads become one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue
from alignment.conflicts.batches import Batch, Bools, Floats, Ints
from alignment.conflicts.distances import Distances
from alignment.conflicts.implied import Implied
from alignment.conflicts.line import Line, leans_on_range
from alignment.conflicts.members import Directory
from alignment.conflicts.pairs import Members
from alignment.conflicts.shelf import Shelf
from alignment.conflicts.tightness import Room


@dataclass
class Found:
    """A minimal conflict while the pass goes on: items by number, their gaps, what is at stake, and whether the
    lever's range
    or lattice is needed for it on some item."""

    rows: list[NDArray[np.int32]] = field(default_factory=list)
    gaps: list[Floats] = field(default_factory=list)
    stakes: list[float] = field(default_factory=list)
    by_domain: bool = False

    @property
    def stake(self) -> float:
        return math.fsum(self.stakes)

    def add(self, other: Found) -> None:
        """The same conflict on other items."""
        self.rows += other.rows
        self.gaps += other.gaps
        self.stakes += other.stakes
        self.by_domain |= other.by_domain

    def in_order(self) -> None:
        """Batches in the order of the catalogue, whichever thread came first."""
        order = sorted(range(len(self.rows)), key=lambda i: int(self.rows[i][0]))
        self.rows, self.gaps = [self.rows[i] for i in order], [self.gaps[i] for i in order]


@dataclass
class Sweep:
    """What one pass found. Counts are by rule of the line; `infeasible` marks items without a value by hard rules.

    leaning: rules whose form leans on the lever's range; what they allow outside it is not asked here (see `freely`).
    in_sql: rules that SQL compares with today's value, which may be too near a bound for doubles. Of rules that lean
    on the
    range, values out of it are left to SQL too. unsure: items, by number, that only
    fractions decide; they are in no conflict, nor in `rooms` and `implied`. not_laid_out: some items were passed over
    because
    their endings have too long a period. strays: is today's value out of the range on some item?
    floor, ceiling: by item what the interval rules leave together of the range, in lever units, the lattice left out;
    crossed where unions or fractions decide. directory: the keys of the items. shelf: what was read of
    them since.
    """

    line: Line
    leaning: frozenset[int]
    conflicts: dict[Members, Found]
    in_scope: Ints
    unknown: Ints
    violated: Ints
    in_sql: Bools
    rooms: list[Room]
    implied: Implied
    distances: Distances
    floor: Floats
    ceiling: Floats
    infeasible: Bools
    focus: int | None = None
    unsure: list[int] = field(default_factory=list)
    complete: bool = True
    not_laid_out: bool = False
    strays: bool = False
    directory: Directory | None = None
    shelf: Shelf | None = None

    @property
    def bounded(self) -> bool:
        return self.line.lever.minimum is not None and self.line.lever.maximum is not None

    def possible(self) -> Bools:
        """Pairs of a floor and a ceiling, by row, that did not clash and whose rules are in no conflict alone."""
        floors, ceilings = tuple(self.line.floors), tuple(self.line.ceilings)
        alone = {members[0] for members in self.conflicts if len(members) == 1}
        found = np.zeros((len(floors), len(ceilings)), bool)
        for f, r in enumerate(floors):
            for c, s in enumerate(ceilings):
                pair = (min(r, s), max(r, s))
                found[f, c] = r != s and r not in alone and s not in alone and pair not in self.conflicts
        return found


def beginning(found: Sweep, catalogue: Catalogue) -> Sweep:
    """An empty pass that knows what the first batch told: guesses of medians, and what is not possible any more."""
    share = empty(found.line, catalogue)
    share.focus = found.focus
    for room, like in zip(share.rooms, found.rooms, strict=True):
        room.median.within = like.median.within
    share.implied = Implied(
        found.implied.by.copy(), found.implied.never_binds.copy(), found.implied.by_domain.copy(), share.implied.known
    )
    share.distances = replace(found.distances, apart=found.distances.apart.copy())
    share.infeasible, share.floor, share.ceiling = found.infeasible, found.floor, found.ceiling
    return share


def merge(found: Sweep, other: Sweep) -> None:
    """Adds what another thread found on other items."""
    for members, entry in other.conflicts.items():
        found.conflicts.setdefault(members, Found()).add(entry)
    for entry in found.conflicts.values():
        entry.in_order()
    for mine, more in zip(found.rooms, other.rooms, strict=True):
        mine.add(more)
    found.in_scope += other.in_scope
    found.unknown += other.unknown
    found.violated += other.violated
    found.in_sql |= other.in_sql
    found.implied.add(other.implied)
    found.distances.add(other.distances)
    found.unsure = sorted([*found.unsure, *other.unsure])
    found.complete &= other.complete
    found.not_laid_out |= other.not_laid_out
    found.strays |= other.strays


def empty(line: Line, catalogue: Catalogue) -> Sweep:
    """A pass before its first item."""
    r = len(line.rules)
    leaning = frozenset(m for m, rule in enumerate(line.rules) if leans_on_range(rule, line.lever))
    in_sql = np.full(r, not _today_on_grid(line))
    hard = np.array([rule.hard for rule in line.rules])
    in_scope, unknown, violated = (np.zeros(r, np.int64) for _ in range(3))
    rooms, nothing_yet = [Room() for _ in range(r)], np.zeros(catalogue.rows, bool)
    floor, ceiling = np.full(catalogue.rows, np.inf), np.full(catalogue.rows, -np.inf)
    return Sweep(
        line, leaning, {}, in_scope, unknown, violated, in_sql, rooms, Implied.at_start(hard),
        Distances.at_start(line), floor, ceiling, nothing_yet,
    )  # fmt: skip


def _today_on_grid(line: Line) -> bool:
    return line.whole and line.today_grid is not None and line.partial_grid % line.today_grid == 0


def record(found: Sweep, batch: Batch, members: Members, rows: Ints, gap: Floats, by_domain: bool) -> None:
    """Adds items of a batch on which some rules are in conflict."""
    entry = found.conflicts.setdefault(members, Found())
    entry.rows.append((batch.start + rows).astype(np.int32))
    entry.gaps.append(gap)
    entry.stakes.append(float(batch.value[rows].sum()))
    entry.by_domain |= by_domain
