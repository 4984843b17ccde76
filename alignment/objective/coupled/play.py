"""The candidates in play as flat arrays, by item: what joint choices are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.catalogue.decisions import ROW, DecisionTable
from alignment.catalogue.reading import quoted
from alignment.initiative.models import Initiative, Lever
from alignment.objective.grid import Grid, Group
from alignment.objective.ground import Ground


@dataclass(frozen=True)
class Play:
    """C candidates of N items, in the order of keys, an item's in the order of its levers.

    An item is in play where some candidate breaks no item rule; so are those of its candidates that at most one rule
    forbids. places: N, of the items among all. start: N + 1 offsets. item, rows: C, item number and table row.
    breaks: C, the one item rule that forbids it, −1 for none. deltas: metrics by C, change against base.
    """

    places: np.ndarray
    start: np.ndarray
    item: np.ndarray
    rows: np.ndarray
    breaks: np.ndarray
    objective: np.ndarray
    deltas: np.ndarray

    @property
    def items(self) -> int:
        """How many items are in play."""
        return len(self.places)

    @property
    def allowed(self) -> np.ndarray:
        """Candidates that break no item rule."""
        return np.asarray(self.breaks < 0)


def play_of(initiative: Initiative, table: DecisionTable, grid: Grid, ground: Ground) -> Play:
    """The candidates in play of a grid."""
    places, rows, breaks, objective, deltas = (np.concatenate(part, axis=-1) for part in _parts(grid, ground))
    order = np.lexsort((_lever_order(initiative, table)[rows], places))
    places = places[order]
    known = np.flatnonzero(ground.feasible)
    item = np.searchsorted(known, places)
    start = np.searchsorted(places, [*known, len(ground.feasible)])
    return Play(known, start, item, rows[order], breaks[order], objective[order], deltas[:, order])


def _parts(grid: Grid, ground: Ground) -> list[list[np.ndarray]]:
    q = len(ground.metrics)
    empty: np.ndarray = np.zeros(0, np.int64)
    parts: list[list[np.ndarray]] = [[empty], [empty], [empty], [np.zeros(0)], [np.zeros((q, 0))]]
    for group in grid.groups():
        single = _single(group)
        kept = group.usable & ground.feasible[group.items] & (single > -2)
        _, at = np.nonzero(kept)
        items = group.items[at]
        values = np.stack([group.values[m][kept] for m in range(q)]) if q else np.zeros((0, len(at)))
        found = (items, group.rows[kept], single[kept], group.objective[kept], values - ground.bases[:, items])
        for part, more in zip(parts, found, strict=True):
            part.append(more)
    return parts


def _single(group: Group) -> np.ndarray:
    """Of each candidate the one rule it breaks; −1: none, −2: several."""
    found = np.full(group.objective.shape, -1)
    for w, word in enumerate(group.broken):
        bits = word.astype(np.uint64)
        broken = bits != 0
        alone = broken & ((bits & (bits - np.uint64(1))) == 0) & (found == -1)
        found[broken & ~alone] = -2
        found[alone] = 64 * w + np.log2(bits[alone].astype(float)).round().astype(np.int64)
    return found


def _lever_order(initiative: Initiative, table: DecisionTable) -> np.ndarray:
    """Of every table row its place in its item by the levers' values, listed ones in the order of their list."""
    levers = ", ".join([*map(_ordered, initiative.levers), f'"{ROW}"'])
    query = (
        f'select "{ROW}" as r, row_number() over (partition by {quoted(table.item)} order by {levers}) as k '
        "from decisions"
    )
    found = table.connection.cursor().execute(query).fetchnumpy()
    order = np.empty(table.rows, np.int64)
    order[np.asarray(found["r"])] = np.asarray(found["k"])
    return order


def _ordered(lever: Lever) -> str:
    if lever.values is None or not all(isinstance(v, str) for v in lever.values):
        return quoted(lever.name)
    listed = ", ".join("'" + str(v).replace("'", "''") + "'" for v in lever.values)
    return f"list_position([{listed}], {quoted(lever.name)})"
