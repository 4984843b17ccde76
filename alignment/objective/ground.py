"""What does not depend on weights: each item's base, each metric's range over what is allowed, and the goals in sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alignment.initiative.models import Goal, Initiative
from alignment.objective.grid import Grid, Group, each_block
from alignment.objective.structure import direction


@dataclass(frozen=True)
class Ground:
    """Bases and ranges of the goals' metrics on a grid.

    metrics: those of the goals, Q of them; bases: per group Q by N, the values of today, else the mean over F.
    ranges: by metric, the sum over items of max − min over F. feasible: of every item in the order of keys, whether F
    is not empty; items: how many are.
    """

    metrics: tuple[str, ...]
    places: tuple[int, ...]
    bases: tuple[np.ndarray, ...]
    ranges: Mapping[str, float]
    feasible: np.ndarray
    items: int


@dataclass(frozen=True)
class Stake:
    """A goal in sight: its metric's place among the ground's metrics, its direction, and what its swing divides by.

    scale: the swing in sums over items, so that a change of the metric, summed over items and divided by it, is in swings.
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


def ground_of(grid: Grid, metrics: Sequence[str]) -> Ground:
    """Bases and ranges of these metrics of a grid."""
    places = tuple(grid.column(metric) for metric in metrics)
    bases = tuple(np.zeros((len(places), group.objective.shape[1])) for group in grid.groups)
    base_of = {id(group): base for group, base in zip(grid.groups, bases, strict=True)}
    feasible = np.zeros(grid.items, bool)

    def one(group: Group, part: slice) -> np.ndarray:
        allowed = group.feasible(part)
        count = allowed.sum(axis=0)
        some = count > 0
        feasible[group.items[part]] = some
        everything = bool(allowed.all())
        sums = np.zeros(len(places))
        for q, m in enumerate(places):
            x = group.values[m][:, part]
            base_of[id(group)][q, part] = _base(x, allowed, count, group.today[part], everything)
            low = x.min(axis=0) if everything else np.where(allowed, x, np.inf).min(axis=0)
            high = x.max(axis=0) if everything else np.where(allowed, x, -np.inf).max(axis=0)
            sums[q] = (high - low)[some].sum()
        return sums

    sums = np.array(each_block(grid.groups, one)).sum(axis=0) if grid.items else np.zeros(len(places))
    ranges = {metric: float(total) for metric, total in zip(metrics, sums, strict=True)}
    return Ground(tuple(metrics), places, bases, ranges, feasible, int(feasible.sum()))


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


def _base(x: np.ndarray, allowed: np.ndarray, count: np.ndarray, today: np.ndarray, everything: bool) -> np.ndarray:
    marked = today >= 0
    if bool(marked.all()):
        return np.asarray(x[today, np.arange(x.shape[1])])
    total = x.sum(axis=0) if everything else np.where(allowed, x, 0.0).sum(axis=0)
    mean = total / np.maximum(count, 1)
    return np.asarray(np.where(marked, x[np.maximum(today, 0), np.arange(x.shape[1])], mean))
