"""Two goals against each other: what mixes can be reached, and where today, the model, the best and a random choice stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.errors import UsageError
from alignment.initiative.references import closest
from alignment.objective.behaviour import swept_of
from alignment.objective.grid import Grid, Group, each_block
from alignment.objective.ground import Ground, Stake
from alignment.objective.prepare import Choices, Prepared
from alignment.objective.structure import normalised

MOST_CORNERS = 48
Point = tuple[float, float]


@dataclass(frozen=True)
class Pareto:
    """Summed changes against today of two goals, turned so that more is what each wants, in their metrics' units.

    frontier: corners of the upper right hull of all mixes, by rising x: each is reached by one choice per item, and none
    lies beyond the line through them. complete: every corner is listed; else those that bend the line most.
    """

    goals: tuple[str, str]
    frontier: tuple[Point, ...]
    complete: bool
    today: Point
    model: Point
    best: Point
    random: Point


def pareto(prepared: Prepared, goal_x: str, goal_y: str, weights: dict[str, float] | None = None) -> Pareto:
    """The frontier of two goals, given by their ids, on what is prepared; `weights` by goal id decide the best choice.

    The hull of sums is the sum of the items' hulls, so its corner in a direction is the sum of each item's best in it;
    directions are taken across the widest gaps first. Raises UsageError where a goal is not in the decision table.
    """
    choices = prepared.choices
    x, y = (_stake(choices, goal) for goal in (goal_x, goal_y))
    assert choices is not None
    stated = {goal.id: float(goal.weight) for goal in prepared.initiative.goals} | (weights or {})
    swept = swept_of(choices, normalised(stated))[0]
    found, complete = _hull(choices.grid, choices.ground, x, y)
    factors = np.array([x.direction / x.per, y.direction / y.per])
    model, best = (factors * change[[x.place, y.place]] for change in (swept.model_change, swept.best_change))
    random = _at_random(choices.grid, choices.ground, x, y)
    return Pareto(
        (goal_x, goal_y), tuple((float(a), float(b)) for a, b in found), complete, (0.0, 0.0),
        (float(model[0]), float(model[1])), (float(best[0]), float(best[1])), random,
    )  # fmt: skip


def _stake(choices: Choices | None, goal: str) -> Stake:
    stakes = {stake.goal.id: stake for stake in choices.stakes} if choices else {}
    if goal not in stakes:
        raise UsageError(f"the goal '{goal}' is not in the decision table; {closest(goal, stakes, 'goals')}")
    return stakes[goal]


def _hull(grid: Grid, ground: Ground, x: Stake, y: Stake) -> tuple[list[np.ndarray], bool]:
    """Corners of the upper right hull, found by asking across each gap whether anything lies beyond it."""
    size = np.array([ground.ranges[s.goal.metric] / s.per or 1.0 for s in (x, y)])
    right = _corner(grid, ground, x, y, (1.0, 0.0), (0.0, 1.0))
    top = _corner(grid, ground, x, y, (0.0, 1.0), (1.0, 0.0))
    corners = [top, right]
    gaps = [] if _same(top, right, size) else [(top, right)]
    while gaps and len(corners) < MOST_CORNERS:
        gaps.sort(key=lambda gap: float(np.abs((gap[1] - gap[0]) / size).sum()))
        left, far = gaps.pop()
        way = (float(left[1] - far[1]), float(far[0] - left[0]))
        between = _corner(grid, ground, x, y, way, (1.0, 0.0))
        beyond = np.dot(way, between - left) / (np.abs(way) @ size or 1.0)
        if beyond <= 1e-12 or _same(between, left, size) or _same(between, far, size):
            continue
        corners.append(between)
        gaps += [(left, between), (between, far)]
    return sorted(corners, key=lambda c: (c[0], -c[1]))[: 1 if _same(top, right, size) else None], not gaps


def _same(a: np.ndarray, b: np.ndarray, size: np.ndarray) -> bool:
    return bool((np.abs(a - b) <= 1e-12 * size).all())


def _corner(grid: Grid, ground: Ground, x: Stake, y: Stake, way: Point, then: Point) -> np.ndarray:
    """The sum of each item's best in one direction; of items' ties, the best in another."""

    def one(group: Group, part: slice) -> np.ndarray:
        allowed, (a, b) = group.feasible(part), _changes(group, part, ground, x, y)
        some = np.flatnonzero(allowed.any(axis=0))
        score = np.where(allowed, way[0] * a + way[1] * b, -np.inf)
        second = np.where(score >= score.max(axis=0), then[0] * a + then[1] * b, -np.inf)
        first = second.argmax(axis=0)[some]
        return np.array([a[first, some].sum(), b[first, some].sum()])

    return np.asarray(sum(each_block(grid.groups(), one), np.zeros(2)))


def _changes(group: Group, part: slice, ground: Ground, x: Stake, y: Stake) -> tuple[np.ndarray, np.ndarray]:
    items = group.items[part]
    a, b = (
        (group.values[s.place][:, part] - ground.bases[s.place, items]) * (s.direction / s.per) for s in (x, y)
    )
    return a, b


def _at_random(grid: Grid, ground: Ground, x: Stake, y: Stake) -> Point:
    def one(group: Group, part: slice) -> np.ndarray:
        allowed = group.feasible(part)
        count = np.maximum(allowed.sum(axis=0), 1)
        return np.array([(np.where(allowed, c, 0.0).sum(axis=0) / count).sum() for c in _changes(group, part, ground, x, y)])

    a, b = sum(each_block(grid.groups(), one), np.zeros(2))
    return float(a), float(b)
