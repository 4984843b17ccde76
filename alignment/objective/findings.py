"""The structural findings: each code of the contract, with its evidence, a sentence and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alignment.initiative.models import Goal
from alignment.objective.report import Agreement, Finding, Severity
from alignment.objective.structure import Contribution, Structure
from alignment.words import counted, listed, number
from alignment.words import share as percent

MAJOR = 0.15


@dataclass(frozen=True)
class Grounds:
    """What the findings are judged on: the structure, normalised weights, and known swings.

    swings: by goal, in the metric's unit, from the goal or from the table. items: how many make a mean, None without
    a table.
    """

    structure: Structure
    weights: Mapping[str, float]
    swings: Mapping[str, float]
    items: int | None = None
    agreement: Agreement | None = None

    def major(self, goal: Goal) -> bool:
        """Does the goal carry at least 15 % of the weight?"""
        return self.weights[goal.id] >= MAJOR - 1e-12

    def said(self, goal: Goal) -> str:
        """The goal as sentences name it."""
        return f"'{goal.id}' ({goal.team}, {percent(self.weights[goal.id])} of the weight)"

    def contributions(self, goal: Goal) -> tuple[Contribution, ...]:
        """What each term does to the goal."""
        return self.structure.contributions[goal.id]

    def horizon(self, goal: Goal) -> int | None:
        """Days until the goal shows: its own horizon, else its metric's."""
        if goal.horizon_days is not None:
            return goal.horizon_days
        metric = self.structure.metrics.get(goal.metric)
        return metric.horizon_days if metric else None


GoalCheck = Callable[[Grounds, Goal], Iterator[Finding]]


def goal_findings(grounds: Grounds) -> list[Finding]:
    """Findings about single goals, by goal in the order of the file."""
    checks: tuple[GoalCheck, ...] = (_reach, _direction, _proxy, _horizon, _unmeasured, _double, _vague)
    return [f for goal in grounds.structure.initiative.goals for check in checks for f in check(grounds, goal)]


def finding(
    code: str, severity: Severity, subjects: Any, teams: Any, message: str, evidence: Mapping[str, Any], suggestion: str
) -> Finding:
    """A finding whose subjects and teams are in a fixed order, each once."""
    return Finding(
        code, severity, tuple(dict.fromkeys(subjects)), tuple(dict.fromkeys(teams)), message, evidence, suggestion
    )


def _reach(grounds: Grounds, goal: Goal) -> Iterator[Finding]:
    """uncovered_goal and guarded_only."""
    found = grounds.contributions(goal)
    if any(c.helps or c.value is None for c in found):
        return
    guards = grounds.structure.mentions.get(goal.metric.lower(), ())
    weight, major = grounds.weights[goal.id], grounds.major(goal)
    if not guards:
        yield finding(
            "uncovered_goal", "error" if major else "warning", [goal.id], [goal.team],
            f"No term of the objective helps {grounds.said(goal)}, "
            f"and no constraint or backstop mentions {goal.metric}.",
            {"weight": weight, "terms": len(grounds.structure.terms)},
            f"Add {goal.metric}, or a metric that drives it, to the objective, or guard it with a constraint.",
        )  # fmt: skip
        return
    yield finding(
        "guarded_only", "warning" if major else "note", [goal.id, *guards], [goal.team],
        f"No term of the objective helps {grounds.said(goal)}; {goal.metric} is only guarded, by {listed(guards)}.",
        {"weight": weight, "guards": len(guards)},
        f"Add {goal.metric} to the objective if the model should improve it and not only leave it unharmed.",
    )  # fmt: skip


def _direction(grounds: Grounds, goal: Goal) -> Iterator[Finding]:
    """direction_conflict and tension."""
    found = grounds.contributions(goal)
    harmful = [c for c in found if c.harms]
    if not harmful:
        return
    worst = max(harmful, key=lambda c: c.path.strength)
    names = listed(c.term.metric for c in harmful)
    evidence = {"weight": grounds.weights[goal.id], "strength": float(abs(worst.value or 0)), "terms": len(harmful)}
    subjects = [goal.id, *(c.term.metric for c in harmful)]
    push = "pushes" if len(harmful) == 1 else "push"
    if any(c.helps and c.direct for c in found):
        yield finding(
            "tension", "note", subjects, [goal.team],
            f"The objective rewards {goal.metric} itself, but {names} {push} {grounds.said(goal)} the other way.",
            evidence, f"Check that the coefficient of {goal.metric} outweighs {names}.",
        )  # fmt: skip
        return
    yield finding(
        "direction_conflict", "error" if grounds.major(goal) else "warning", subjects, [goal.team],
        f"{names} {push} {grounds.said(goal)} the wrong way, and {goal.metric} itself is not rewarded.",
        evidence, 
        f"Add {goal.metric} to the objective with the sign that the goal wants, or lower the weight of {names}.",
    )  # fmt: skip


def _proxy(grounds: Grounds, goal: Goal) -> Iterator[Finding]:
    """proxy_only."""
    helpful = [c for c in grounds.contributions(goal) if c.helps]
    if not helpful or any(c.direct for c in helpful):
        return
    best = max(helpful, key=lambda c: (c.path.strength, -c.path.lag_days))
    weak = best.path.evidence in ("expert", "assumed")
    yield finding(
        "proxy_only", "warning" if weak else "note", [goal.id, *(c.term.metric for c in helpful)], [goal.team],
        f"{grounds.said(goal)} is reached only through {listed(c.term.metric for c in helpful)}; the strongest "
        f"link, {' → '.join(best.path.metrics)}, has strength {number(float(best.path.strength))} "
        f"on {_evidence(best.path.evidence)}.",
        {"weight": grounds.weights[goal.id], "strength": float(best.path.strength), "evidence": best.path.evidence},
        f"Test the link from {best.term.metric} to {goal.metric} by experiment, "
        f"or put {goal.metric} into the objective.",
    )  # fmt: skip


def _evidence(kind: str) -> str:
    return {
        "experiment": "the evidence of an experiment",
        "observational": "observational evidence",
        "expert": "the word of an expert",
        "assumed": "an assumption",
    }.get(kind, kind)


def _horizon(grounds: Grounds, goal: Goal) -> Iterator[Finding]:
    """horizon_gap."""
    objective, own = grounds.structure.initiative.objective, grounds.horizon(goal)
    if objective is None or objective.horizon_days is None or own is None:
        return
    ahead = max(1, objective.horizon_days)
    shows = min((c.path.lag_days for c in grounds.contributions(goal) if c.helps), default=0) + own
    if shows <= ahead:
        return
    ratio = shows / ahead
    severity: Severity = "error" if grounds.major(goal) and ratio >= 30 else "warning" if ratio >= 2 else "note"
    yield finding(
        "horizon_gap", severity, [goal.id], [goal.team],
        f"{grounds.said(goal)} shows after {counted(shows, 'day')}, but the objective looks "
        f"{counted(ahead, 'day')} ahead: {number(ratio)} times shorter.",
        {"goal_days": shows, "objective_days": ahead, "ratio": ratio, "weight": grounds.weights[goal.id]},
        "Lengthen the objective's horizon, or add an early metric that was shown to predict the goal.",
    )  # fmt: skip


def _unmeasured(grounds: Grounds, goal: Goal) -> Iterator[Finding]:
    """unmeasured_goal."""
    metric = grounds.structure.metrics.get(goal.metric)
    if metric is None or metric.measured != "none":
        return
    yield finding(
        "unmeasured_goal", "error" if grounds.major(goal) else "warning", [goal.id, goal.metric], [goal.team],
        f"{grounds.said(goal)} is about {goal.metric}, which nobody measures: success or harm would go unseen.",
        {"weight": grounds.weights[goal.id]},
        f"Start to measure {goal.metric}, or agree on a measured stand-in and test how well it predicts it.",
    )  # fmt: skip


def _double(grounds: Grounds, goal: Goal) -> Iterator[Finding]:
    """double_counting."""
    strong = [c for c in grounds.contributions(goal) if c.value and c.path.strength * 2 >= 1]
    for i, left in enumerate(strong):
        for right in strong[i + 1 :]:
            for a, b in ((left, right), (right, left)):
                path = grounds.structure.paths.get((a.term.metric, b.term.metric))
                if path is None or path.strength == 0:
                    continue
                yield finding(
                    "double_counting", "warning", [goal.id, a.term.metric, b.term.metric], [goal.team],
                    f"{grounds.said(goal)} is counted twice: {a.term.metric} and {b.term.metric} both move it, "
                    f"and {a.term.metric} drives {b.term.metric}.",
                    {"strengths": [float(a.path.strength), float(b.path.strength)], "between": float(path.strength)},
                    f"Drop one of the two terms, or lower the coefficient of {a.term.metric} "
                    f"by what {b.term.metric} already counts.",
                )  # fmt: skip
                break


def _vague(grounds: Grounds, goal: Goal) -> Iterator[Finding]:
    """vague_goal."""
    given = {"a swing": goal.swing, "a target": goal.target, "a horizon": grounds.horizon(goal)}
    missing = [name for name, value in given.items() if value is None]
    if len(missing) < 2:
        return
    yield finding(
        "vague_goal", "warning" if grounds.major(goal) else "note", [goal.id], [goal.team],
        f"{grounds.said(goal)} lacks {listed(missing)}: nobody can tell when it is met.",
        {"missing": len(missing), "weight": grounds.weights[goal.id]},
        f"Ask {goal.team} how much change in {goal.metric} matters, by when, and what would be enough.",
    )  # fmt: skip
