"""The items in conflict as arrays: where bounds lie on them, so that a moved bound is judged on all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.conflicts.batches import Number
from alignment.conflicts.ends import is_bound, rays_of
from alignment.conflicts.line import casts_of, number_at, tests_of
from alignment.conflicts.members import Clash, Keys
from alignment.conflicts.shelf import Shelf
from alignment.conflicts.trials import Bench, Ids
from alignment.initiative.models import Lever
from alignment.rules.ruleset import Checked, columns_needed

NEAR = 1e-9
SMALL = 10_000.0
MOST_KEPT = 200_000

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Places = NDArray[np.int64] | NDArray[np.int32]


@dataclass(frozen=True)
class Ends:
    """Lower and upper end of a rule by item, infinite where it has none, and where it forbids everything.

    One number, or truth, stands for the same on all items.
    """

    low: Floats | float
    high: Floats | float
    nothing: Bools | bool


@dataclass(frozen=True)
class Apart:
    """By item: greatest floor of some bounds less least ceiling, and whether surely a value is left, or surely none."""

    gap: Floats
    room: Bools
    none: Bools


@dataclass
class Troubled:
    """Items of conflicts over numeric levers, as arrays of what bounds are made of; places count within them."""

    bench: Bench
    clashes: Sequence[Clash]
    read: dict[str, Column] = field(default_factory=dict)
    laid: dict[tuple[str, str], list[Laid]] = field(default_factory=dict)
    spots: dict[Ids, Spot] = field(default_factory=dict)

    @staticmethod
    def holds(clash: Clash) -> bool:
        """Are the items of a conflict among the troubled ones?"""
        return clash.family == "item" and clash.lever is not None and isinstance(clash.keys, Keys)

    @cached_property
    def columns(self) -> list[str]:
        """The columns that rules use."""
        trees = [t for r in self.bench.rules.checked for t in (r.rule.tree, r.rule.scope) if t is not None]
        return [c for c in columns_needed(trees) if c in self.bench.catalogue.kinds]

    @cached_property
    def casts(self) -> Mapping[str, str]:
        """Number columns as finite doubles."""
        return casts_of(self.bench.catalogue)

    @cached_property
    def rows(self) -> Places:
        """The numbers in the catalogue of all items in conflict."""
        marked = np.zeros(self.bench.catalogue.rows, bool)
        for clash in self.clashes:
            if isinstance(clash.keys, Keys) and self.holds(clash):
                marked[clash.keys.rows] = True
        return np.flatnonzero(marked)

    @cached_property
    def place(self) -> NDArray[np.int32]:
        """Place among the troubled items by number in the catalogue."""
        found = np.zeros(self.bench.catalogue.rows, np.int32)
        found[self.rows] = np.arange(len(self.rows))
        return found

    @cached_property
    def shelf(self) -> Shelf:
        """The columns of the catalogue behind the bounds of all rules."""
        found = Shelf(self.bench.catalogue)
        ends = [end for rule in self.bench.rules.checked if is_bound(rule) for end in self.ends(rule)]
        found.fetch(sql for end in ends for sql in (end.number.sql, *end.tests) if sql is not None)
        return found

    def column(self, sql: str) -> Column:
        """A number or a condition of the troubled items; read once."""
        if sql not in self.read:
            values = self.shelf.array(sql)[self.rows]
            self.read[sql] = Column(values, values.dtype != bool and bool(np.isnan(values).any()))
        return self.read[sql]

    def ends(self, rule: Checked) -> list[Laid]:
        """The ends of an interval rule as columns and conditions; worked out once for each text."""
        name = rule.id, rule.rule.text
        if name not in self.laid:
            self.laid[name] = [
                Laid(ray.side, number_at(ray.bound, self.casts), tests_of(rule, ray)) for ray in rays_of(rule)
            ]
        return self.laid[name]

    def spot(self, clash: Clash) -> Spot:
        """The items of a conflict, in the order of its keys; the latest are kept, many where these have few items."""
        if clash.ids not in self.spots:
            assert isinstance(clash.keys, Keys)
            if clash.items + sum(len(spot.places) for spot in self.spots.values()) > MOST_KEPT:
                self.spots = {}
            self.spots[clash.ids] = Spot(self, self.place[clash.keys.rows])
        return self.spots[clash.ids]


@dataclass(frozen=True)
class Laid:
    """An end of a rule: its side, its number, and SQL of the conditions under which it is set."""

    side: str
    number: Number
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """Values by item, NaN where they are NULL, and whether some are."""

    values: NDArray[Any]
    has_gaps: bool


@dataclass
class Spot:
    """The items of one conflict, on which bounds are laid out when asked for."""

    troubled: Troubled
    places: Places
    read: dict[str, NDArray[Any]] = field(default_factory=dict)
    known: dict[str, Ends] = field(default_factory=dict)

    def ends(self, rule: Checked) -> Ends:
        """The ends of an interval rule on the items; worked out once for a rule as it is."""
        if rule is not self.troubled.bench.rules.of(rule.id):
            return self._ends(rule)
        if rule.id not in self.known:
            self.known[rule.id] = self._ends(rule)
        return self.known[rule.id]

    def _ends(self, rule: Checked) -> Ends:
        low: Floats | float = -np.inf
        high: Floats | float = np.inf
        nothing: Bools | bool = False
        for end in self.troubled.ends(rule):
            applies = self._applies(end)
            if end.side == "nothing":
                nothing = nothing | (True if applies is None else applies)
            elif end.side == "floor":
                low = np.maximum(low, self._bound(end, applies, -np.inf))
            else:
                high = np.minimum(high, self._bound(end, applies, np.inf))
        return Ends(low, high, nothing)

    def apart(self, rules: Sequence[Checked], lever: Lever) -> Apart:
        """Greatest floor less least ceiling of some bounds within the domain, on the lattice where there is one."""
        low: Floats | float = -np.inf if lever.minimum is None else float(lever.minimum)
        high: Floats | float = np.inf if lever.maximum is None else float(lever.maximum)
        nothing: Bools | bool = False
        for ends in map(self.ends, rules):
            low, high = np.maximum(low, ends.low), np.minimum(high, ends.high)
            nothing = nothing | ends.nothing
        low, high = np.broadcast_to(low, len(self.places)), np.broadcast_to(high, len(self.places))
        apart = _apart(low, high, lever)
        if nothing is False:
            return apart
        return Apart(np.where(nothing, np.inf, apart.gap), apart.room & ~np.asarray(nothing), apart.none | nothing)

    def _column(self, sql: str) -> NDArray[Any]:
        if sql not in self.read:
            self.read[sql] = self.troubled.column(sql).values[self.places]
        return self.read[sql]

    def _applies(self, end: Laid) -> Bools | None:
        """Items on which an end is set; None for all."""
        tests = [self._column(test) for test in end.tests]
        return np.logical_and.reduce(tests) if tests else None

    def _bound(self, end: Laid, applies: Bools | None, absent: float) -> Floats | float:
        number = end.number
        if number.sql is None:
            bound: Floats | float = float(number.offset)
        else:
            bound = number.of(self._column(number.sql))
            if self.troubled.column(number.sql).has_gaps:
                bound = np.where(np.isnan(bound), absent, bound)
        return bound if applies is None else np.where(applies, bound, absent)


def _apart(low: Floats, high: Floats, lever: Lever) -> Apart:
    """Lower ends less upper ends, and what they tell; of a lattice only where they are less than a step apart."""
    gap, slack = low - high, _slack(low, high)
    none, room = gap > 2 * slack, gap < -(float(lever.step or 0) + 2 * slack)
    if lever.step is None:
        return Apart(gap, room, none)
    close = np.flatnonzero(~none & ~room)
    step, base = float(lever.step), float(lever.minimum or 0)
    first, last = (low[close] - base) / step, (high[close] - base) / step
    slack = (slack if isinstance(slack, float) else slack[close]) / step
    room[close] = np.floor(last - slack) >= np.ceil(first + slack)
    none[close] = np.floor(last + slack) < np.ceil(first - slack)
    return Apart(gap, room, none)


def _slack(low: Floats, high: Floats) -> Floats | float:
    """How near doubles may be without telling: one figure for all items, where that is small."""
    sizes = [np.abs(np.where(np.isfinite(end), end, 1.0)) for end in (low, high)]
    largest = max(float(size.max(initial=1.0)) for size in sizes)
    return NEAR * largest if largest <= SMALL else NEAR * np.maximum(1.0, np.maximum(*sizes))


def is_pair_of_bounds(clash: Clash, bench: Bench) -> bool:
    """Is a conflict one of two intervals over a numeric lever?"""
    return len(clash.ids) == 2 and Troubled.holds(clash) and all(is_bound(bench.rules.of(i)) for i in clash.ids)


def furthest_first(values: Floats, most: int) -> Iterator[int]:
    """Positions of the greatest values, greatest first, ties by position."""
    chosen = np.arange(len(values))
    if len(values) > most:
        edge = np.partition(values, len(values) - most)[len(values) - most]
        chosen = np.flatnonzero(values >= edge)
    yield from (int(i) for i in chosen[np.argsort(-values[chosen], kind="stable")][:most])
