"""Two goals against each other: the frontier, and where today, the model, the best and a random choice stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alignment.errors import UsageError
from alignment.objective.behaviour import swept_of
from alignment.objective.coupled.behaving import joint_sweep
from alignment.objective.frontier import Point, frontier_of
from alignment.objective.prepare import Prepared
from alignment.objective.structure import normalised


@dataclass(frozen=True)
class Pareto:
    """Summed changes against today of two goals, turned so that more is what each wants, in their metrics' units.

    frontier: corners of the upper right hull of all mixes, by rising x: each is reached by one choice per item, and no
    mix lies beyond the line through all of them; rules over several items are left aside. vertices: how many the whole
    line has, where `frontier` is a part.
    """

    goals: tuple[str, str]
    frontier: tuple[Point, ...]
    vertices: int
    today: Point
    model: Point
    best: Point
    random: Point


def pareto(prepared: Prepared, goal_x: str, goal_y: str, weights: Mapping[str, float] | None = None) -> Pareto:
    """The frontier of two goals, by their ids, and the choices beside it; weights by goal id decide the best choice.

    Raises UsageError where a goal is not in the decision table.
    """
    choices = prepared.choices
    if choices is None:
        raise UsageError("there is no decision table; name one to see what two goals can reach together")
    line = frontier_of(choices, goal_x, goal_y)
    stakes = {stake.goal.id: stake for stake in choices.stakes}
    x, y = stakes[goal_x], stakes[goal_y]
    stated = {goal.id: float(goal.weight) for goal in prepared.initiative.goals} | dict(weights or {})
    swept, _, _, per_unit = swept_of(choices, normalised(stated))
    coupling, _ = choices.joint
    swept = swept if coupling is None else joint_sweep(coupling, swept, per_unit)

    def point(change: np.ndarray) -> Point:
        return float(x.direction * change[x.place] / x.per), float(y.direction * change[y.place] / y.per)

    corners = tuple((float(a), float(b)) for a, b in line.points)
    return Pareto(
        (goal_x, goal_y),
        corners,
        line.vertices,
        (0.0, 0.0),
        point(swept.model_change),
        point(swept.sums.best_change),
        line.random,
    )
