"""What sets the items of a conflict apart from all others in the scope of a rule: one value, or one end, of a column.

Equality is looked for in every column, a threshold in the columns of numbers and dates that the conflict's rules use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.line import scope_sql
from alignment.conflicts.members import Clash, listed
from alignment.conflicts.shelf import Shelf
from alignment.conflicts.trials import Bench
from alignment.rules.ruleset import Checked

FEW = 12
MANY = 1_000
FIRST = 8_192

Ids = tuple[str, ...]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Mark:
    """`column sign value` holds, in a rule's scope, on the items of a conflict and on no others.

    some_unknown: is the column NULL on some of the others?
    """

    column: str
    sign: Literal["=", ">=", "<="]
    value: Any
    some_unknown: bool


@dataclass(frozen=True)
class Ends:
    """Least and greatest value of a column on the items of a conflict, all known; of numbers in doubles too."""

    low: Any
    high: Any
    least: float
    greatest: float


def marks(clashes: Sequence[Clash], bench: Bench, shelf: Shelf) -> dict[tuple[str, Ids], list[Mark]]:
    """By rule and conflict the marks of its items, in the order of the columns; of conflicts on 13 to 1,000 items.

    shelf: columns of the catalogue that were read before.
    """
    many = [c for c in clashes if FEW < c.items <= MANY]
    if not many:
        return {}
    counted, ends = _Counted(shelf), _ends(many, bench.catalogue)
    found = {}
    for clash, columns in zip(many, ends, strict=True):
        members = [bench.rules.of(i) for i in clash.ids]
        used = {c for member in members for c in member.rule.columns}
        for member in members:
            told = _Scoped(counted, member, clash.items)
            found[member.id, clash.ids] = [m for name, e in columns.items() for m in told.marks(name, e, name in used)]
    return found


def _ends(clashes: Sequence[Clash], catalogue: Catalogue) -> list[Mapping[str, Ends]]:
    """For each conflict the columns that are known on all of its items, with their ends, in one query."""
    names = [n for n in catalogue.kinds if n != catalogue.key]
    parts = [f"min({c}), max({c}), {_least(catalogue, n)}, count({c})" for n in names for c in [quoted(n)]]
    key, table = quoted(catalogue.key), quoted(catalogue.table)
    items = "(select unnest(?) as clash, unnest(?) as item)"
    query = f"select {', '.join(['clash', *parts])} from {table} t join {items} on t.{key} = item group by clash"
    numbers = [i for i, clash in enumerate(clashes) for _ in range(clash.items)]
    keys = [key for clash in clashes for key in listed(clash.keys)]
    rows = {row[0]: row[1:] for row in catalogue.connection.cursor().execute(query, [numbers, keys]).fetchall()}
    return [_known(names, rows[i], clash.items) for i, clash in enumerate(clashes)]


def _least(catalogue: Catalogue, name: str) -> str:
    number = _number(catalogue, name)
    return "null, null" if number is None else f"min({number}), max({number})"


def _number(catalogue: Catalogue, name: str) -> str | None:
    """SQL of a column of numbers or dates as doubles that are ordered as it is."""
    kind, column = catalogue.kinds[name], quoted(name)
    if kind not in ("number", "date"):
        return None
    return f"cast({column} as double)" if kind == "number" else f"cast(epoch_us({column}) as double)"


def _known(names: Sequence[str], row: Sequence[Any], items: int) -> dict[str, Ends]:
    parts = {name: row[5 * i : 5 * i + 5] for i, name in enumerate(names)}
    return {name: Ends(*values) for name, (*values, known) in parts.items() if known == items}


@dataclass
class _Counted:
    """Columns and scopes as arrays, and how often values of text stand in a scope."""

    shelf: Shelf
    known: dict[tuple[str, str, Any], tuple[int, int, int]] = field(default_factory=dict)

    def counts(self, scope: str, column: str, value: Any) -> tuple[int, int, int]:
        """Of the items in scope how many have a value in a column, how many have none, and how many there are."""
        if (scope, column, value) not in self.known:
            c, table = quoted(column), quoted(self.shelf.catalogue.table)
            counts = f"count(*) filter (where {c} = ?), count(*) - count({c}), count(*)"
            query = f"select {counts} from {table} where {scope}"
            row = self.shelf.catalogue.connection.cursor().execute(query, [value]).fetchone() or (0, 0, 0)
            self.known[scope, column, value] = row[0], row[1], row[2]
        return self.known[scope, column, value]


@dataclass(frozen=True)
class _Scoped:
    """A rule's scope, in which as many items as a conflict has are looked for."""

    counted: _Counted
    rule: Checked
    items: int

    @cached_property
    def scope(self) -> str:
        return scope_sql(self.rule)

    def marks(self, name: str, ends: Ends, is_used: bool) -> Iterator[Mark]:
        shelf = self.counted.shelf
        number = _number(shelf.catalogue, name)
        if ends.low == ends.high and number is None:
            yield from self._of_text(name, ends.low)
        elif number is not None and (ends.low == ends.high or is_used):
            yield from self._of_numbers(name, shelf.array(number), ends)

    def _of_text(self, name: str, value: Any) -> Iterator[Mark]:
        same, unknown, size = self.counted.counts(self.scope, name, value)
        if same == self.items < size - unknown:
            yield Mark(name, "=", value, unknown > 0)

    def _of_numbers(self, name: str, values: Floats, ends: Ends) -> Iterator[Mark]:
        """Doubles are ordered as what they stand for, ties apart: they never tell apart what is not."""
        signs: tuple[Literal["=", ">=", "<="], ...] = ("=",) if ends.low == ends.high else (">=", "<=")
        for sign in signs:
            end = ends.greatest if sign == "<=" else ends.least
            if not self._meet(values, sign, end):
                continue
            unknown = self._count(np.isnan(values))
            if self._count(~np.isnan(values)) > self.items:
                yield Mark(name, sign, ends.high if sign == "<=" else ends.low, unknown > 0)
            return

    def _meet(self, values: Floats, sign: str, end: float) -> bool:
        """Do as many items in scope as the conflict has lie on one side of an end? The first few mostly refute it."""
        test = {"=": np.equal, ">=": np.greater_equal, "<=": np.less_equal}[sign]
        if self._count(test(values[:FIRST], end)) > self.items:
            return False
        return self._count(test(values, end)) == self.items

    def _count(self, marked: Bools) -> int:
        """Of marked items, from the first on, how many are in scope."""
        if self.scope == "true":
            return int(np.count_nonzero(marked))
        return int(np.count_nonzero(marked & self.counted.shelf.array(self.scope)[: len(marked)]))
