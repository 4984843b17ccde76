"""The items in conflict as arrays: where bounds lie on them, so that a moved bound is judged on all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import quoted
from alignment.conflicts.ends import end_sql, is_bound, nothing_sql
from alignment.conflicts.line import casts_of
from alignment.conflicts.members import Clash, Keys
from alignment.conflicts.trials import Bench
from alignment.initiative.models import Lever
from alignment.rules.ruleset import Checked, columns_needed

NEAR = 1e-9
ALL = 50_000

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


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
    read: dict[tuple[str, str], Ends] = field(default_factory=dict)

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
        self.cursor.register("accord_rows", _arrow(rows))
        self.cursor.execute(
            f"create temp table accord_troubled as select n.* from ({numbered}) n "
            "semi join accord_rows t on n.i = t.i order by n.i"
        )
        self.cursor.unregister("accord_rows")
        return rows

    def places(self, clash: Clash) -> Places:
        """Where the items of a conflict are, in the order of its keys."""
        assert isinstance(clash.keys, Keys)
        return np.searchsorted(self.rows, clash.keys.rows)

    def ends(self, rule: Checked) -> Ends:
        """The ends of an interval rule on all troubled items; read once for each text."""
        name = rule.id, rule.rule.text
        if name not in self.read:
            n, casts = len(self.rows), self.casts
            parts = [end_sql(rule, "floor", casts), end_sql(rule, "ceiling", casts), nothing_sql(rule)]
            query = f"select {parts[0]} as l, {parts[1]} as h, {parts[2]} as n from accord_troubled order by i"
            found = self.cursor.execute(query).fetchnumpy()
            low, high, nothing = (np.ma.filled(found[c], 0) for c in "lhn")
            assert len(low) == n
            self.read[name] = Ends(low, high, nothing.astype(bool))
        return self.read[name]

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


def _arrow(rows: Places) -> Any:
    import pyarrow

    return pyarrow.table({"i": rows})


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
