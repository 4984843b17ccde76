"""Where the model's choice is the smallest or largest value of an item's rows, with the next value beyond it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from alignment.objective.grid import Grid, Group, nowhere


@dataclass(frozen=True)
class Ends:
    """Chosen ends of the lever's range: table row, distance to the neighbour, outward, and the share of ties there."""

    rows: np.ndarray
    beyond: np.ndarray
    mass: np.ndarray


def ends_of(group: Group, part: slice, allowed: np.ndarray) -> Ends:
    """The chosen ends of a block of items whose allowed candidates are marked; each item chooses by itself."""
    objective = group.objective[:, part] + nowhere(allowed)
    return _ends(group, part, objective == np.fmax.reduce(objective, axis=0))


def chosen_ends(grid: Grid, rows: np.ndarray) -> Ends:
    """The chosen ends where each item's chosen table row is given, −1 for none."""
    found = []
    for group in grid.groups(today=True):
        for part in group.blocks():
            own = rows[group.items[part]]
            found.append(_ends(group, part, (group.rows[:, part] == own) & (own >= 0)))
    return joined(found)


def _ends(group: Group, part: slice, chosen: np.ndarray) -> Ends:
    assert group.lever is not None
    rows = group.rows[:, part]
    lever = group.lever[:, part] + nowhere((rows >= 0) & np.isfinite(group.lever[:, part]))
    count = np.maximum(np.add.reduce(chosen.view(np.uint8), axis=0, dtype=np.int64), 1)
    return joined([end for way in (-1, 1) for end in _end(way, lever, rows, chosen, count)])


def joined(ends: Sequence[Ends]) -> Ends:
    """Ends of several blocks together."""
    rows = np.concatenate([np.zeros(0, np.int64), *(end.rows for end in ends)])
    beyond = np.concatenate([np.zeros(0), *(end.beyond for end in ends)])
    return Ends(rows, beyond, np.concatenate([np.zeros(0), *(end.mass for end in ends)]))


def _end(way: int, lever: np.ndarray, rows: np.ndarray, chosen: np.ndarray, count: np.ndarray) -> Iterator[Ends]:
    end = np.fmax.reduce(lever, axis=0) if way > 0 else np.fmin.reduce(lever, axis=0)
    at_end = chosen & (lever == end)
    here = np.flatnonzero(at_end.any(axis=0))
    outward, end = way * lever[:, here], way * end[here]
    inner = np.where(outward < end, outward, -np.inf).max(axis=0, initial=-np.inf)
    moving = np.isfinite(inner)
    here, end, inner = here[moving], end[moving], inner[moving]
    if len(here):
        some = at_end[:, here]
        yield Ends(
            rows[some.argmax(axis=0), here].astype(np.int64), way * (end - inner), some.sum(axis=0) / count[here]
        )
