"""Linear inequalities over slots (a lever on an item, or an auxiliary unknown): sum of entries <= bound, in arrays.

`Rows` is what every engine reads; `Drafts` collects them rule by rule. Each row can be told exactly by its source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from alignment.catalogue.reading import Catalogue
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.members import exact_row, rows_of
from alignment.conflicts.positions import Ints


class Source(Protocol):
    """Where rows come from: can say exactly by how much the k-th of them is exceeded at given slot values."""

    def excess(self, k: int, values: Mapping[int, Fraction]) -> Fraction | None:
        """Left side less bound, in fractions; None where it cannot be told."""
        ...


@dataclass
class ExactRows:
    """Rows of the catalogue as exact values, each read once."""

    catalogue: Catalogue
    known: dict[tuple[str, ...], dict[Any, dict[str, Any]]] = field(default_factory=dict)

    def of(self, keys: Sequence[Any], columns: Sequence[str]) -> list[dict[str, Any]]:
        """The values of columns for some items, in the order of the keys."""
        rows = self.known.setdefault(tuple(columns), {})
        missing = [k for k in keys if k not in rows]
        for key, row in zip(missing, rows_of(self.catalogue, missing, columns), strict=True):
            rows[key] = exact_row(row)
        return [rows[k] for k in keys]


@dataclass(frozen=True)
class Rows:
    """R rows of E entries, entries in the order of rows.

    rule: number of the coupled rule. bound: right side. strict: < instead of <=. some: one entry alone must be <= bound
    instead of the sum. group: what the row is about, as text. A piecewise entry has its factors per cell: `piece` is
    its
    line in `factor` and `offset` (P by C), else -1. source: per row, and its number there.
    """

    rule: Ints
    bound: Floats
    strict: Bools
    some: Bools
    group: tuple[str, ...]
    source: tuple[tuple[Source, int], ...]
    entry_row: Ints
    entry_slot: Ints
    entry_factor: Floats
    entry_piece: Ints
    factor: Floats
    offset: Floats

    def __len__(self) -> int:
        return len(self.rule)


@dataclass
class Drafts:
    """Rows while they are collected. `slots` counts slots, auxiliary ones included; `cells` is the widest strip."""

    items: int
    slots: int
    cells: int
    exactly: ExactRows
    parts: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    pieces: int = 0

    def auxiliary(self) -> int:
        """A new unknown without an item."""
        self.slots += 1
        return self.slots - 1

    def add(
        self,
        rule: int,
        bound: Floats,
        strict: bool,
        group: Sequence[str],
        source: Source,
        numbers: Sequence[int],
        entry_row: Ints,
        entry_slot: Ints,
        entry_factor: Floats,
        some: bool = False,
        factor: Floats | None = None,
        offset: Floats | None = None,
    ) -> None:
        """Adds rows; entry_row counts from 0 within them. factor and offset: per entry and cell where piecewise."""
        n, e = len(bound), len(entry_row)
        piece = np.full(e, -1)
        shape = (0, self.cells)
        if factor is not None:
            piece = self.pieces + np.arange(e)
            self.pieces += e
        self.parts.append(
            {
                "rule": np.full(n, rule),
                "bound": np.asarray(bound, float),
                "strict": np.full(n, strict),
                "some": np.full(n, some),
                "entry_row": entry_row + self.count,
                "entry_slot": entry_slot,
                "entry_factor": entry_factor,
                "entry_piece": piece,
                "factor": np.zeros(shape) if factor is None else _wide(factor, self.cells),
                "offset": np.zeros(shape) if offset is None else _wide(offset, self.cells),
                "group": list(group),
                "source": [(source, k) for k in numbers],
            }
        )
        self.count += n

    def rows(self) -> Rows:
        """All that was collected."""
        joined = {k: [x for p in self.parts for x in p[k]] for k in ("group", "source")}
        arrays = {
            k: np.concatenate([p[k] for p in self.parts]) if self.parts else _EMPTY[k](self.cells) for k in _EMPTY
        }
        order = np.argsort(arrays["entry_row"], kind="stable")
        for name in ("entry_row", "entry_slot", "entry_factor", "entry_piece"):
            arrays[name] = arrays[name][order]
        return Rows(group=tuple(joined["group"]), source=tuple(joined["source"]), **arrays)


def _wide(part: Floats, cells: int) -> Floats:
    return np.pad(part, [(0, 0), (0, cells - part.shape[1])])


_EMPTY: dict[str, Any] = {
    "rule": lambda c: np.zeros(0, np.int64),
    "bound": lambda c: np.zeros(0),
    "strict": lambda c: np.zeros(0, bool),
    "some": lambda c: np.zeros(0, bool),
    "entry_row": lambda c: np.zeros(0, np.int64),
    "entry_slot": lambda c: np.zeros(0, np.int64),
    "entry_factor": lambda c: np.zeros(0),
    "entry_piece": lambda c: np.zeros(0, np.int64),
    "factor": lambda c: np.zeros((0, c)),
    "offset": lambda c: np.zeros((0, c)),
}
