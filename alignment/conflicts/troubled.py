"""The items in conflict as arrays: where bounds lie on them, so that a moved bound is judged on all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import quoted
from alignment.conflicts.batches import Number
from alignment.conflicts.ends import is_bound, rays_of
from alignment.conflicts.line import casts_of, number_at, tests_of
from alignment.conflicts.members import Clash, Keys, arrow_numbers
from alignment.conflicts.trials import Bench
from alignment.initiative.models import Lever
from alignment.rules.normal import Ray
from alignment.rules.ruleset import Checked, columns_needed

NEAR = 1e-9
ALL = 50_000

Floats = NDArray[np.float64]
Places = NDArray[np.int64] | NDArray[np.int32]


@dataclass(frozen=True)
class Ends:
    """Lower and upper end of a rule by item, infinite where it has none, and where it forbids everything."""

    low: Floats
    high: Floats
    nothing: NDArray[np.bool_]


@dataclass(frozen=True)
class Apart:
    """By item: greatest floor of some bounds less least ceiling, and whether surely a value is left, or surely none."""

    gap: Floats
    room: NDArray[np.bool_]
    none: NDArray[np.bool_]


@dataclass
class Troubled:
    """Items of conflicts over numeric levers, copied out once; places count within them."""

    bench: Bench
    clashes: Sequence[Clash]
    read: dict[str, NDArray[Any]] = field(default_factory=dict)
    known: dict[tuple[str, str], Ends] = field(default_factory=dict)

    @cached_property
    def cursor(self) -> Any:
        """A connection of its own, where the copy is; it goes when the connection does."""
        return self.bench.catalogue.connection.cursor()

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
        """The numbers in the catalogue of all items, copied on the first call; of small catalogues every item."""
        catalogue = self.bench.catalogue
        chosen = ", ".join(["row_number() over () - 1 as i", *map(quoted, self.columns)])
        numbered = f"select {chosen} from {quoted(catalogue.table)}"
        if catalogue.rows <= ALL:
            self.cursor.execute(f"create temp table accord_troubled as {numbered}")
            return np.arange(catalogue.rows)
        found = [c.keys.rows for c in self.clashes if isinstance(c.keys, Keys) and self.holds(c)]
        rows = np.unique(np.concatenate(found)).astype(np.int64)
        self.cursor.register("accord_rows", _table(rows))
        self.cursor.execute(
            f"create temp table accord_troubled as select n.* from ({numbered}) n "
            "semi join accord_rows t on n.i = t.i order by n.i"
        )
        self.cursor.unregister("accord_rows")
        return rows

    @cached_property
    def place(self) -> NDArray[np.int32]:
        """Place among the troubled items by number in the catalogue."""
        found = np.zeros(self.bench.catalogue.rows, np.int32)
        found[self.rows] = np.arange(len(self.rows))
        return found

    def places(self, clash: Clash) -> Places:
        """Where the items of a conflict are, in the order of its keys."""
        assert isinstance(clash.keys, Keys)
        return self.place[clash.keys.rows]

    def column(self, sql: str) -> NDArray[Any]:
        """A number or a condition of the troubled items, NaN where it is NULL; read once."""
        if sql not in self.read:
            assert len(self.rows)
            found = self.cursor.execute(f"select {sql} as c from accord_troubled order by i").fetchnumpy()["c"]
            self.read[sql] = np.ma.filled(found, np.nan) if np.ma.isMaskedArray(found) else np.asarray(found)
        return self.read[sql]

    def ends(self, rule: Checked) -> Ends:
        """The ends of an interval rule on all troubled items; worked out once for each text."""
        name = rule.id, rule.rule.text
        if name not in self.known:
            n = len(self.rows)
            ends = Ends(np.full(n, -np.inf), np.full(n, np.inf), np.zeros(n, bool))
            for ray in rays_of(rule):
                self._narrow(ends, rule, ray)
            self.known[name] = ends
        return self.known[name]

    def _narrow(self, ends: Ends, rule: Checked, ray: Ray) -> None:
        applies = [self.column(test) for test in tests_of(rule, ray)]
        if ray.side == "nothing":
            ends.nothing[:] |= np.logical_and.reduce(applies) if applies else True
            return
        bound = self._bound(number_at(ray.bound, self.casts))
        known = np.logical_and.reduce([~np.isnan(bound), *applies])
        if ray.side == "floor":
            np.maximum(ends.low, bound, out=ends.low, where=known)
        else:
            np.minimum(ends.high, bound, out=ends.high, where=known)

    def _bound(self, number: Number) -> Floats:
        return (
            np.full(len(self.rows), float(number.offset)) if number.sql is None else number.of(self.column(number.sql))
        )

    def apart(self, rules: Sequence[Checked], lever: Lever, places: Places) -> Apart:
        """Greatest floor less least ceiling of some bounds within the domain, on the lattice where there is one."""
        low = np.full(len(places), -np.inf if lever.minimum is None else float(lever.minimum))
        high = np.full(len(places), np.inf if lever.maximum is None else float(lever.maximum))
        nothing = np.zeros(len(places), bool)
        for rule in rules:
            ends = self.ends(rule)
            low, high = np.maximum(low, ends.low[places]), np.minimum(high, ends.high[places])
            nothing |= ends.nothing[places]
        sizes = [np.where(np.isfinite(end), np.abs(end), 1.0) for end in (low, high)]
        slack = NEAR * np.maximum(1.0, np.maximum(*sizes))
        room, none = _steps(low + slack, high - slack, lever) >= 0, _steps(low - slack, high + slack, lever) < 0
        return Apart(np.where(nothing, np.inf, low - high), room & ~nothing, none | nothing)


def _table(rows: Places) -> Any:
    import pyarrow

    return pyarrow.Table.from_arrays([arrow_numbers(rows)], ["i"])


def _steps(low: Floats, high: Floats, lever: Lever) -> Floats:
    """How far it is from a lower to an upper end, on a lattice from its first to its last point between them."""
    if lever.step is None:
        return high - low
    step, base = float(lever.step), float(lever.minimum or 0)
    return np.asarray(np.floor((high - base) / step) - np.ceil((low - base) / step))


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
