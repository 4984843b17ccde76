"""How the objective reaches the goals by what was recorded: contributions of terms along links, and coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from alignment.initiative.models import Goal, Initiative, Metric
from alignment.objective.mentions import mentions
from alignment.objective.paths import Path, strongest_paths
from alignment.objective.report import Coverage, Term


@dataclass(frozen=True)
class Contribution:
    """What a term does to a goal: from −1 to 1, above 0 where it helps; None where the term's sign is unknown."""

    goal: str
    term: Term
    path: Path
    value: Fraction | None

    @property
    def helps(self) -> bool:
        """Does it move the goal the way it wants?"""
        return self.value is not None and self.value > 0

    @property
    def harms(self) -> bool:
        """Does it move the goal the other way?"""
        return self.value is not None and self.value < 0

    @property
    def direct(self) -> bool:
        """Is the term the goal's own metric?"""
        return len(self.path.metrics) == 1


@dataclass(frozen=True)
class Structure:
    """What was recorded, ready to be judged under any weights."""

    initiative: Initiative
    terms: tuple[Term, ...]
    contributions: Mapping[str, tuple[Contribution, ...]]
    paths: Mapping[tuple[str, str], Path]
    mentions: Mapping[str, tuple[str, ...]]
    metrics: Mapping[str, Metric]


def structure_of(initiative: Initiative, terms: Sequence[Term]) -> Structure:
    """Contributions of each term to each goal along the strongest path of recorded links."""
    metrics = {metric.name: metric for metric in initiative.metrics}
    starts = dict.fromkeys([t.metric for t in terms] + [lever.name for lever in initiative.levers])
    paths = strongest_paths(initiative.links, starts)
    contributions = {
        goal.id: tuple(
            Contribution(goal.id, term, path, _value(term, direction(goal, metrics), path))
            for term in terms
            if (path := paths.get((term.metric, goal.metric))) and path.strength > 0
        )
        for goal in initiative.goals
    }
    return Structure(initiative, tuple(terms), contributions, paths, mentions(initiative), metrics)


def coverage_of(structure: Structure) -> tuple[Coverage, ...]:
    """One row per goal and term that reaches it, and one without a term for a goal that none reaches."""
    rows = []
    for goal in structure.initiative.goals:
        found = structure.contributions[goal.id]
        rows += [_row(c) for c in found]
        if not found:
            rows.append(Coverage(goal.id, None, (), None, None, None, None))
    return tuple(rows)


def direction(goal: Goal, metrics: Mapping[str, Metric]) -> int:
    """+1 where the goal wants its metric higher, −1 where lower."""
    metric = metrics.get(goal.metric)
    wanted = goal.want or (metric.better if metric else "higher")
    return 1 if wanted == "higher" else -1


def normalised(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights that sum to 1; all alike where every one is 0."""
    total = sum(weights.values())
    if total <= 0:
        return {goal: 1 / len(weights) for goal in weights}
    return {goal: weight / total for goal, weight in weights.items()}


def _value(term: Term, wanted: int, path: Path) -> Fraction | None:
    if term.coefficient is None:
        return None
    sign = (term.coefficient > 0) - (term.coefficient < 0)
    return sign * wanted * path.sign * path.strength


def _row(c: Contribution) -> Coverage:
    sign = None if c.value is None else 1 if c.value > 0 else -1 if c.value < 0 else 0
    return Coverage(
        c.goal, c.term.metric, c.path.metrics, sign, float(c.path.strength), c.path.lag_days, c.path.evidence
    )
