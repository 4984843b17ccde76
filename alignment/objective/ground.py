"""What does not depend on weights: each item's base, each metric's range over F, and the goals in sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alignment.initiative.models import Goal, Initiative
from alignment.objective.ends import Ends, ends_of, joined
from alignment.objective.grid import Grid, Group, each_block, nowhere
from alignment.objective.structure import direction


@dataclass(frozen=True)
class Ground:
    """Bases and ranges of the goals' metrics on a grid.

    metrics: those of the goals, Q of them, first among the grid's. bases: Q by items in the order of keys, the values
    of today, else the mean over F; reach: the largest change against it in F. ranges: by metric, the sum over items of
    max − min over F. feasible: of every item whether F is not empty; items: how many are. incomplete: candidates with
    an unknown value. ends: where the model's choice is an end of the lever's range, None without an ordered lever.
    """

    metrics: tuple[str, ...]
    bases: np.ndarray
    reach: np.ndarray
    ranges: Mapping[str, float]
    feasible: np.ndarray
    items: int
    incomplete: int
    ends: Ends | None


@dataclass(frozen=True)
class Stake:
    """A goal in sight: its metric's place among the ground's metrics, its direction, and what its swing divides by.

    scale: the swing in sums over items: a change of the metric, summed over items and divided by it, is in swings.
    per: what a sum over items is divided by to be in the metric's unit (1, or the number of items for a mean).
    """

    goal: Goal
    unit: str | None
    place: int
    direction: int
    scale: float
    per: float

    @property
    def swing(self) -> float:
        """The swing in the metric's unit; 0 where the goal cannot be moved."""
        return self.scale / self.per


def ground_of(grid: Grid) -> Ground:
    """Bases and ranges of the goals' metrics, in one pass over a grid."""
    count = grid.needed
    bases, reach = np.zeros((count, grid.items)), np.zeros((count, grid.items))
    feasible = np.zeros(grid.items, bool)

    def one(group: Group, part: slice) -> tuple[np.ndarray, int, Ends | None]:
        allowed = group.feasible(part)
        some, shown = allowed.any(axis=0), nowhere(allowed)
        here = group.items[part]
        feasible[here] = some
        sums = np.zeros(count)
        for q in range(count):
            x = group.values[q][:, part]
            base = bases[q, here] = _base(x, allowed, group.today[part])
            x = x + shown
            most, least = np.fmax.reduce(x, axis=0), np.fmin.reduce(x, axis=0)
            reach[q, here] = np.where(some, np.maximum(most - base, base - least), 0.0)
            sums[q] = (most - least)[some].sum()
        missing = (group.rows[:, part] >= 0) & ~group.complete[:, part]
        return sums, int(missing.sum()), ends_of(group, part, allowed) if group.lever is not None else None

    found = each_block(grid.groups(today=True), one)
    total = sum((sums for sums, _, _ in found), np.zeros(count))
    ranges = {metric: float(value) for metric, value in zip(grid.metrics, total, strict=False)}
    ends = [e for _, _, e in found if e is not None]
    return Ground(
        grid.metrics[:count], bases, reach, ranges, feasible, int(feasible.sum()), sum(m for _, m, _ in found),
        joined(ends) if ends else None,
    )  # fmt: skip


def stakes_of(initiative: Initiative, ground: Ground) -> tuple[Stake, ...]:
    """The goals whose metric is in the table, in the order of the file."""
    metrics = {metric.name: metric for metric in initiative.metrics}
    stakes = []
    for goal in initiative.goals:
        if goal.metric not in ground.metrics:
            continue
        metric = metrics[goal.metric]
        per = float(max(1, ground.items)) if metric.aggregate == "mean" else 1.0
        total = ground.ranges[goal.metric]
        scale = float(goal.swing) * per if goal.swing is not None else total
        scale = 0.0 if total == 0 else scale
        place = ground.metrics.index(goal.metric)
        stakes.append(Stake(goal, metric.unit, place, direction(goal, metrics), scale, per))
    return tuple(stakes)


def _base(x: np.ndarray, allowed: np.ndarray, today: np.ndarray) -> np.ndarray:
    marked = today >= 0
    of_today = x[np.maximum(today, 0), np.arange(x.shape[1])]
    if bool(marked.all()):
        return np.asarray(of_today)
    mean = np.where(allowed, x, 0.0).sum(axis=0) / np.maximum(allowed.sum(axis=0), 1)
    return np.asarray(np.where(marked, of_today, mean))
