"""Items that rows tie together, with their candidates and rows: what one programme is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FEASIBLE = 1e-9


def first_of_each(candidates: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Of ascending candidates the first one of each item."""
    items = item[candidates]
    return np.asarray(candidates[np.flatnonzero(np.diff(items, prepend=-1))])


@dataclass(frozen=True)
class Block:
    """n candidates of m items, by item, in the order in which ties are decided; every item has one.

    values: n, an item's largest is 0. start: m + 1 offsets; item: n. matrix: R by n, matrix · chosen <= bound.
    """

    values: np.ndarray
    start: np.ndarray
    item: np.ndarray
    matrix: csr_matrix
    bound: np.ndarray

    @property
    def items(self) -> int:
        """How many items there are."""
        return len(self.start) - 1

    @property
    def size(self) -> int:
        """How many candidates there are."""
        return len(self.values)

    def tops(self, values: np.ndarray) -> np.ndarray:
        """The largest value of each item."""
        return np.asarray(np.maximum.reduceat(values, self.start[:-1]))

    def first_best(self, values: np.ndarray) -> np.ndarray:
        """Of each item the first candidate with the largest value."""
        return first_of_each(np.flatnonzero(values == self.tops(values)[self.item]), self.item)

    def used(self, chosen: np.ndarray) -> np.ndarray:
        """What a choice uses of each row."""
        marks = np.zeros(self.size)
        marks[chosen] = 1.0
        return np.asarray(self.matrix @ marks)

    def holds(self, chosen: np.ndarray) -> bool:
        """Does a choice keep every row, to nine digits of its largest coefficient?"""
        return bool((self.used(chosen) <= self.bound + FEASIBLE).all())

    def reduced(self, multipliers: np.ndarray) -> np.ndarray:
        """Values less the price of what candidates use."""
        return np.asarray(self.values - self.matrix.T @ multipliers)

    def limit(self, multipliers: np.ndarray) -> float:
        """What no choice exceeds, by weak duality; multipliers are at least 0."""
        return float(self.tops(self.reduced(multipliers)).sum() + multipliers @ self.bound)

    def only(self, kept: np.ndarray) -> Block:
        """The block of some candidates, marked; each item keeps one."""
        item = self.item[kept]
        start = np.searchsorted(item, np.arange(self.items + 1))
        return Block(self.values[kept], start, item, self.matrix[:, kept], self.bound)
