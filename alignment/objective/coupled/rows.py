"""Linear limits over chosen candidates: each row's sum of coefficients of the chosen ones is at most its bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from alignment.objective.coupled.play import Play

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

STRICT = 1e-7


@dataclass(frozen=True)
class Rows:
    """R rows over C candidates: matrix · chosen <= bound; rule: R, its rule's number; labels: R, of its group.

    part: N, the number of the set of items that rows tie together, −1 for an item in no row; row_part: R.
    """

    matrix: csr_matrix
    bound: np.ndarray
    rule: np.ndarray
    labels: tuple[str, ...]
    part: np.ndarray
    row_part: np.ndarray

    @property
    def parts(self) -> int:
        """How many sets of items are tied together."""
        return int(max(self.part.max(initial=-1), self.row_part.max(initial=-1))) + 1


@dataclass
class Drafts:
    """Rows of one rule in the making."""

    columns: list[np.ndarray] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def add(self, columns: np.ndarray, values: np.ndarray, bound: float, strict: bool, label: str) -> None:
        """Adds a row, brought to coefficients of at most 1; `strict`: below the bound, to seven digits."""
        size = float(np.abs(values).max(initial=0.0))
        if size == 0:
            if bound >= 0 and not (strict and bound == 0):
                return
            size, bound = 1.0, -1.0
        self.columns.append(columns)
        self.values.append(values / size)
        self.bounds.append(bound / size - (STRICT if strict else 0.0))
        self.labels.append(label)


def rows_of(play: Play, drafts: Sequence[Drafts]) -> Rows:
    """The rows of several rules together, with the parts that they fall into."""
    from scipy.sparse import csr_matrix

    columns = [c for draft in drafts for c in draft.columns]
    values = [v for draft in drafts for v in draft.values]
    bound = np.array([b for draft in drafts for b in draft.bounds])
    rule = np.repeat(np.arange(len(drafts)), [len(draft.bounds) for draft in drafts])
    labels = tuple(label for draft in drafts for label in draft.labels)
    ends = np.cumsum([0, *(len(c) for c in columns)])
    flat = (np.concatenate([np.zeros(0), *values]), np.concatenate([np.zeros(0, np.int64), *columns]), ends)
    matrix = csr_matrix(flat, shape=(len(bound), len(play.item)))
    return Rows(matrix, bound, rule, labels, *_parts(play, matrix))


def _parts(play: Play, matrix: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    entries = matrix.tocoo()
    n, r = play.items, matrix.shape[0]
    ties = coo_matrix((np.ones(entries.nnz), (play.item[entries.col], n + entries.row)), shape=(n + r, n + r))
    _, found = connected_components(ties, directed=False)
    used = np.unique(found[n:])
    number = np.full(n + r + 1, -1)
    number[used] = np.arange(len(used))
    return number[found[:n]], number[found[n:]]
