"""Columns of the catalogue as whole arrays, for questions that come back to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.batches import Batch, Ints
from alignment.conflicts.line import Line


@dataclass
class Shelf:
    """Numbers and conditions of all items, each read when first asked for and kept."""

    catalogue: Catalogue
    read: dict[str, NDArray[Any]] = field(default_factory=dict)
    gaps: set[str] = field(default_factory=set)

    def batch(self, line: Line, rows: Ints | slice, start: int) -> Batch:
        """What a line needs to know of some items, which are numbered from `start`."""
        stake = self.catalogue.value
        worth = f"coalesce(cast({quoted(stake)} as double), 0)" if stake else "cast(0 as double)"
        self.fetch([worth, *line.numbers, *line.flags])
        value = self.array(worth)[rows]
        numbers = {sql: self.array(sql)[rows] for sql in line.numbers}
        flags = {sql: self.array(sql)[rows] for sql in line.flags}
        gaps = frozenset(sql for sql in line.numbers if sql in self.gaps)
        return Batch(start, len(value), np.where(np.isfinite(value), value, 0.0), numbers, flags, gaps)

    def fetch(self, columns: Iterable[str]) -> None:
        """Reads numbers and conditions together, those that were not read before."""
        missing = [sql for sql in dict.fromkeys(columns) if sql not in self.read]
        if not missing:
            return
        query = f"select {', '.join(f'{sql} as c{i}' for i, sql in enumerate(missing))} from "
        query += quoted(self.catalogue.table)
        found = self.catalogue.connection.cursor().execute(query).fetchnumpy()
        for i, sql in enumerate(missing):
            values = found.pop(f"c{i}")
            self.read[sql] = np.ma.filled(values, np.nan) if np.ma.isMaskedArray(values) else np.asarray(values)
            if self.read[sql].dtype != bool and np.isnan(self.read[sql]).any():
                self.gaps.add(sql)

    def array(self, sql: str) -> NDArray[Any]:
        """A condition or a number by item; NaN where it is NULL."""
        self.fetch([sql])
        return self.read[sql]
