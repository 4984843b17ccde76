"""Conflicts as the engines hand them over, whatever engine found them, and the rows of the items they are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue, quoted
from alignment.rules.exact import exact

SAMPLE = 20
MANY = 2_000


class Directory:
    """The keys of all items by number, read when first asked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    @cached_property
    def _keys(self) -> Any:
        query = f"select {quoted(self._catalogue.key)} from {quoted(self._catalogue.table)}"
        return self._catalogue.connection.cursor().sql(query).to_arrow_table().column(0).combine_chunks()

    @property
    def name(self) -> str:
        return self._catalogue.key

    def key(self, row: int) -> Any:
        return self._keys[int(row)].as_py()

    def keys(self, rows: NDArray[Any]) -> list[Any]:
        """The keys of items, in the order of their numbers as given."""
        if len(rows) < MANY:
            return [self.key(row) for row in rows]
        found: list[Any] = self._keys.take(arrow_numbers(rows)).to_pylist()
        return found

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """Place of each item in the order of keys."""
        key, table = quoted(self._catalogue.key), quoted(self._catalogue.table)
        ranked = f"select row_number() over () as i, {key} as k from {table}"
        query = f"select i - 1 from ({ranked}) order by k"
        order = self._catalogue.connection.cursor().sql(query).fetchnumpy()
        places = np.empty(self._catalogue.rows, np.int64)
        places[next(iter(order.values()))] = np.arange(self._catalogue.rows)
        return places


def arrow_numbers(rows: NDArray[Any]) -> Any:
    """Numbers as an Arrow array; `pyarrow.array` would load pandas."""
    import pyarrow

    buffer = pyarrow.py_buffer(np.ascontiguousarray(rows, np.int64))
    return pyarrow.Array.from_buffers(pyarrow.int64(), len(rows), [None, buffer])


@dataclass(frozen=True)
class Keys:
    """Keys of some items by their numbers in the catalogue; a sequence that reads a key when it is looked at."""

    directory: Directory
    rows: NDArray[Any]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.directory.keys(self.rows))

    def __getitem__(self, chosen: Any) -> Any:
        rows = self.rows[chosen]
        if np.ndim(rows) == 0:
            return self.directory.key(int(rows))
        found = np.empty(len(rows), dtype=object)
        found[:] = self.directory.keys(rows)
        return found


def listed(keys: NDArray[Any] | Keys) -> list[Any]:
    """All keys as Python values, in their order."""
    return list(keys) if isinstance(keys, Keys) else [plain(k) for k in keys]


@dataclass(frozen=True)
class Clash:
    """A minimal set of constraints with the items it holds on.

    ids: sorted. keys and gaps: of all its items, in one order; gaps are NaN where no lever is concerned.
    """

    ids: tuple[str, ...]
    family: Literal["item", "pair", "aggregate", "mixed"]
    lever: str | None
    keys: NDArray[Any] | Keys
    gaps: NDArray[np.float64]
    stake: float
    by_domain: bool

    @property
    def items(self) -> int:
        return len(self.keys)

    def worst_first(self) -> NDArray[Any]:
        """Up to twenty keys: widest gap first, ties by key."""
        return self._worst

    @cached_property
    def _worst(self) -> NDArray[Any]:
        places = worst_places(self.keys, np.where(np.isnan(self.gaps), 0.0, np.round(self.gaps, 12)))
        found = np.empty(len(places), dtype=object)
        found[:] = [self.keys[i] for i in places]
        return found


def worst_places(keys: NDArray[Any] | Keys, size: NDArray[np.float64]) -> list[int]:
    """Up to twenty places in an order of items: greatest size first, ties by key."""
    chosen = np.arange(len(size))
    if len(size) > SAMPLE:
        edge = np.partition(size, len(size) - SAMPLE)[len(size) - SAMPLE]
        chosen = np.flatnonzero(size >= edge)
    if isinstance(keys, Keys) and len(chosen) > MANY:
        ranks = keys.directory.ranks[keys.rows[chosen]]
        chosen = chosen[np.lexsort((ranks, -size[chosen]))[:SAMPLE]]
    known = {int(i): _sortable(plain(keys[int(i)])) for i in chosen}
    return sorted(known, key=lambda i: (-size[i], known[i]))[:SAMPLE]


def _sortable(key: Any) -> tuple[int, Any]:
    return (0, key) if isinstance(key, (int, float, Decimal)) else (1, str(key))


def rows_of(catalogue: Catalogue, keys: Sequence[Any], columns: Sequence[str]) -> list[dict[str, Any]]:
    """The exact values of columns for some items, in the order of the keys."""
    if not keys:
        return []
    names = list(dict.fromkeys([catalogue.key, *columns]))
    chosen = ", ".join(quoted(n) for n in names)
    query = f"select {chosen} from {quoted(catalogue.table)} where {quoted(catalogue.key)} in (select unnest(?))"
    found = catalogue.connection.execute(query, [[plain(k) for k in keys]]).fetchall()
    by_key = {row[0]: dict(zip(names, row, strict=True)) for row in found}
    return [by_key[plain(k)] for k in keys]


def plain(value: Any) -> Any:
    """A NumPy or Arrow scalar as a Python value."""
    return value.item() if hasattr(value, "item") else value.as_py() if hasattr(value, "as_py") else value


def exact_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of values as exact ones."""
    return {name: exact(value) for name, value in row.items()}


def shown_value(value: Any) -> Any:
    """A value as JSON shows it: decimals as numbers, dates as text."""
    value = plain(value)
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value.isoformat() if isinstance(value, date) else value


def rows_at(catalogue: Catalogue, numbers: Sequence[int], columns: Sequence[str]) -> list[dict[str, Any]]:
    """The values of columns for some items, by their numbers in the catalogue, in the order of the numbers."""
    if not numbers:
        return []
    names = list(dict.fromkeys([catalogue.key, *columns]))
    chosen = ", ".join(quoted(n) for n in names)
    numbered = f"select row_number() over () - 1 as i, {chosen} from {quoted(catalogue.table)}"
    listed = ", ".join(str(int(n)) for n in numbers)
    found = catalogue.connection.execute(f"select * from ({numbered}) where i in ({listed})").fetchall()
    by_number = {row[0]: dict(zip(names, row[1:], strict=True)) for row in found}
    return [by_number[int(n)] for n in numbers]


def tidy(value: Any) -> float:
    """A figure of doubles without the noise of its last digits."""
    return float(f"{float(value):.12g}")
