"""The items of a catalogue in batches of columns: the numbers behind bounds, and conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue, quoted

BATCH = 32_768
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Number:
    """factor · column + offset. `sql` gives the column as a double, NULL where it is unknown; None for a constant."""

    sql: str | None
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)

    def of(self, column: Floats) -> Floats:
        """The bound from the values of its column."""
        if self.factor != 1:
            column = column * float(self.factor)
        return column + float(self.offset) if self.offset else column


@dataclass(frozen=True)
class Batch:
    """Columns of N items: doubles by SQL, NaN where NULL, and conditions by SQL; `start` numbers the first in the
    catalogue.

    value: what is at stake, 0 where unknown. gaps: SQL of the doubles that have a NULL somewhere.
    """

    start: int
    size: int
    value: Floats
    numbers: Mapping[str, Floats]
    flags: Mapping[str, Bools]
    gaps: frozenset[str]
    spans: dict[str, tuple[float, float]] = field(default_factory=dict, compare=False)

    def span(self, sql: str) -> tuple[float, float]:
        """The least and the greatest value of a column; NaN where it is NULL on all items."""
        if sql not in self.spans:
            column = self.numbers[sql]
            self.spans[sql] = (
                float(np.fmin.reduce(column, initial=np.nan)),
                float(np.fmax.reduce(column, initial=np.nan)),
            )
        return self.spans[sql]

    def peak(self, sql: str) -> float:
        """The greatest size of a column's values, 0 where it is NULL on all items."""
        return float(np.fmax.reduce(np.abs(self.span(sql)), initial=0.0))

    def number(self, number: Number) -> Floats:
        """A bound in lever units, NaN where it is NULL."""
        if number.sql is None:
            return np.full(self.size, float(number.offset))
        return number.of(self.numbers[number.sql])

    def take(self, rows: Ints, numbers: Iterable[str], flags: Iterable[str]) -> Batch:
        """Some of the columns and conditions of some of the items."""
        columns = {sql: self.numbers[sql][rows] for sql in numbers}
        tests = {sql: self.flags[sql][rows] for sql in flags}
        return Batch(self.start, len(rows), self.value[rows], columns, tests, self.gaps)

    def holds(self, sql: str) -> Bools:
        """A condition, also where it is the same on every item."""
        if sql in ("true", "false"):
            return np.full(self.size, sql == "true")
        return self.flags[sql]


def batches(
    catalogue: Catalogue, numbers: tuple[str, ...], flags: tuple[str, ...], where: str = "true", size: int = BATCH
) -> Iterator[Batch]:
    """The items for which a condition holds, in the order of the catalogue, with the columns and conditions asked
    for."""
    value = f"cast({quoted(catalogue.value)} as double)" if catalogue.value else "cast(0 as double)"
    columns = [f"{value} as v", *(f"{sql} as n{i}" for i, sql in enumerate(numbers))]
    columns += [f"cast({sql} as utinyint) as f{i}" for i, sql in enumerate(flags)]
    query = f"select {', '.join(columns)} from {quoted(catalogue.table)} where {where}"
    start = 0
    for found in catalogue.connection.cursor().sql(query).to_arrow_reader(size):
        if found.num_rows:
            yield _batch(found, start, numbers, flags)
            start += found.num_rows


def _batch(found: Any, start: int, numbers: tuple[str, ...], flags: tuple[str, ...]) -> Batch:
    columns = {sql: doubles(found.column(i + 1)) for i, sql in enumerate(numbers)}
    gaps = frozenset(sql for sql, column in columns.items() if np.isnan(column).any())
    value = doubles(found.column(0))
    tests = {sql: _values(found.column(1 + len(numbers) + i), np.uint8).view(np.bool_) for i, sql in enumerate(flags)}
    return Batch(start, found.num_rows, np.where(np.isfinite(value), value, 0.0), columns, tests, gaps)


def doubles(array: Any) -> Floats:
    """A column of doubles, NaN where it is NULL, read in place where none is."""
    values = _values(array, np.float64)
    if not array.null_count:
        return values
    bits = np.unpackbits(np.frombuffer(array.buffers()[0], np.uint8), bitorder="little")
    return np.where(bits[array.offset : array.offset + len(array)].astype(bool), values, np.nan)


def _values(array: Any, kind: type) -> NDArray[Any]:
    """The values of an Arrow array; `to_numpy` would load pandas."""
    return np.frombuffer(array.buffers()[1], dtype=kind)[array.offset : array.offset + len(array)]
