"""Chunks of whole items from a stream of record batches, and where their rows go in arrays of candidates by items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

CHUNK = 1 << 16
TURNED = 512


def plain(column: Any) -> np.ndarray:
    """An Arrow column as an array."""
    return np.asarray(column.to_numpy(zero_copy_only=False))


@dataclass(frozen=True)
class Chunk:
    """Rows of whole items: parts of batches, one after the other, and columns that were read before.

    first, last: the first row and the one after the last in the stream. names: of the batches' columns.
    """

    first: int
    last: int
    batches: Sequence[Any]
    names: Sequence[str]
    flat: Mapping[str, np.ndarray]

    def __contains__(self, name: str) -> bool:
        return name in self.names or name in self.flat

    def column(self, name: str, buffer: np.ndarray | None = None) -> np.ndarray:
        """All values of a column, in `buffer` where one is given that is long enough."""
        if name in self.flat:
            return self.flat[name]
        place = self.names.index(name)
        parts = [plain(batch.column(place)) for batch in self.batches]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts, out=None if buffer is None else buffer[: self.last - self.first])


def chunks(reader: Any, ends: np.ndarray, rows: int) -> Iterator[Chunk]:
    """Chunk after chunk that ends with an item, of about so many rows.

    ends: of each item in the stream the row after its last.
    """
    names = reader.schema.names
    first, waiting, read = 0, [], 0
    for batch in reader:
        waiting.append(batch)
        read += batch.num_rows
        whole = int(ends[max(0, np.searchsorted(ends, first + read, side="right") - 1)]) - first
        if read < rows or whole <= 0 or whole > read:
            continue
        taken, waiting = _split(waiting, whole)
        yield Chunk(first, first + whole, taken, names, {})
        first, read = first + whole, read - whole
    if read:
        yield Chunk(first, first + read, waiting, names, {})


def _split(batches: Sequence[Any], row: int) -> tuple[list[Any], list[Any]]:
    """Batches before a row, and from it on."""
    before, after = [], []
    for batch in batches:
        if row > 0:
            before.append(batch.slice(0, min(row, batch.num_rows)))
        if row < batch.num_rows:
            after.append(batch.slice(max(row, 0)))
        row -= batch.num_rows
    return before, after


@dataclass(frozen=True)
class Slots:
    """Where a group's candidates stand in a chunk: K by N places, −1 for none, or None where they simply follow."""

    shape: tuple[int, int]
    places: np.ndarray | None

    def put(self, flat: np.ndarray, target: np.ndarray) -> None:
        """Values of a chunk into an array of the group."""
        if self.places is None:
            by_item = flat.reshape(self.shape[1], self.shape[0])
            for n in range(0, self.shape[1], TURNED):  # few items at a time, which stay in the cache
                target[:, n : n + TURNED] = by_item[n : n + TURNED].T
            return
        np.take(flat, self.places, mode="wrap", out=target)
        gaps = self.places < 0
        if gaps.any():
            target[gaps] = np.nan if target.dtype.kind == "f" else -1 if target.dtype.kind == "i" else 0

    def get(self, flat: np.ndarray) -> np.ndarray:
        """Values of a chunk as a new array of the group."""
        target = np.empty(self.shape, flat.dtype)
        self.put(flat, target)
        return target

    def rows(self, first: int) -> np.ndarray:
        """The table rows of the group's candidates, −1 for none, in a chunk whose first row is given."""
        if self.places is None:
            k, n = self.shape
            return np.arange(first, first + k)[:, None] + np.arange(0, k * n, k)
        return np.where(self.places < 0, -1, self.places + first)


def slots_of(first: np.ndarray, counts: np.ndarray, length: int, alone: bool) -> Slots:
    """The slots of items with up to `length` candidates; alone: they are all there are in the chunk."""
    shape = (length, len(first))
    if alone and bool((counts == length).all()):
        return Slots(shape, None)
    places = np.arange(length)[:, None] + first
    places[np.arange(length)[:, None] >= counts] = -1
    return Slots(shape, places)
