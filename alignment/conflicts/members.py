"""Conflicts as the engines hand them over, whatever engine found them, and the rows of the items they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue, quoted
from alignment.rules.exact import exact

SAMPLE = 20


@dataclass(frozen=True)
class Clash:
    """A minimal set of constraints with the items it holds on.

    ids: sorted. keys and gaps: of all its items, in one order; gaps are NaN where no lever is concerned.
    """

    ids: tuple[str, ...]
    family: Literal["item", "pair", "aggregate", "mixed"]
    lever: str | None
    keys: NDArray[Any]
    gaps: NDArray[np.float64]
    stake: float
    by_domain: bool

    @property
    def items(self) -> int:
        return len(self.keys)

    def worst_first(self) -> NDArray[Any]:
        """Up to twenty keys: widest gap first, ties by key."""
        size = np.where(np.isnan(self.gaps), 0.0, np.round(self.gaps, 12))
        if len(size) > SAMPLE:
            edge = np.partition(size, len(size) - SAMPLE)[len(size) - SAMPLE]
            chosen = np.flatnonzero(size >= edge)
        else:
            chosen = np.arange(len(size))
        keys = [self.keys[i] for i in chosen]
        ranked = sorted(range(len(chosen)), key=lambda i: (-size[chosen[i]], _sortable(keys[i])))
        return np.array([keys[i] for i in ranked[:SAMPLE]], dtype=object)


def _sortable(key: Any) -> tuple[int, Any]:
    return (0, key) if isinstance(key, (int, float, Decimal)) else (1, str(key))


def rows_of(catalogue: Catalogue, keys: Sequence[Any], columns: Sequence[str]) -> list[dict[str, Any]]:
    """The exact values of columns for some items, in the order of the keys."""
    if not keys:
        return []
    names = list(dict.fromkeys([catalogue.key, *columns]))
    chosen = ", ".join(quoted(n) for n in names)
    marks = ", ".join("?" for _ in keys)
    query = f"select {chosen} from {quoted(catalogue.table)} where {quoted(catalogue.key)} in ({marks})"
    found = catalogue.connection.execute(query, [plain(k) for k in keys]).fetchall()
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
