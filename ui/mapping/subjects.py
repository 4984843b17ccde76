"""Goals and rules of an initiative as the figures show them."""

from collections.abc import Mapping

from alignment.initiative.models import Initiative
from alignment.objective.structure import normalised
from ui.figures.subjects import Goal, Rule
from ui.words import spoken


def goals_of(initiative: Initiative, weights: Mapping[str, float] | None = None) -> list[Goal]:
    """The goals in the order of the file, with their share of the weight.

    weights: normalised, by id, in place of the recorded ones.
    """
    metrics = {metric.name: metric for metric in initiative.metrics}
    if weights is None:
        weights = normalised({goal.id: float(goal.weight) for goal in initiative.goals}) if initiative.goals else {}
    return [
        Goal(
            goal.id,
            spoken(goal.id),
            goal.team,
            weights[goal.id],
            goal.metric,
            metrics[goal.metric].unit if goal.metric in metrics else None,
            goal.horizon_days
            if goal.horizon_days is not None or goal.metric not in metrics
            else metrics[goal.metric].horizon_days,
            metrics[goal.metric].measured if goal.metric in metrics else "direct",
        )
        for goal in initiative.goals
    ]


def rules_of(initiative: Initiative) -> list[Rule]:
    """The constraints by name and team."""
    return [Rule(c.id, spoken(c.id), c.team) for c in initiative.constraints]
