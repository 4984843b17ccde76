"""The structural findings that are about terms, weights and teams, not about one goal."""

from __future__ import annotations

from collections.abc import Iterator

from alignment.objective.findings import Grounds, finding
from alignment.objective.mentions import LOWER, UPPER, bounds_on
from alignment.objective.report import Finding, Term
from alignment.words import listed, number, whose
from alignment.words import share as percent

MOST_DISTORTION, BAD_DISTORTION = 0.2, 0.5


def term_findings(grounds: Grounds) -> list[Finding]:
    """Findings about terms, weights, units and teams, in a fixed order."""
    checks = (_orphans, _distortion, _units, _guardrails, _absent, _divided)
    return [f for check in checks for f in check(grounds)]


def _orphans(grounds: Grounds) -> Iterator[Finding]:
    """orphan_term."""
    reached = [c for found in grounds.structure.contributions.values() for c in found]
    for term in grounds.structure.terms:
        mine = [c for c in reached if c.term.metric == term.metric]
        if any(c.helps or c.value is None for c in mine):
            continue
        harms = sum(c.harms for c in mine)
        said = "helps no goal" + (f", and harms {harms}" if harms else "")
        yield finding(
            "orphan_term", "warning", [term.metric], [],
            f"The objective rewards {'less' if (term.coefficient or 0) < 0 else 'more'} {term.metric}, which {said}.",
            {"coefficient": term.coefficient, "harmed_goals": harms},
            f"Record the goal that {term.metric} serves, or the link from it to one, or drop the term.",
        )  # fmt: skip


def _distortion(grounds: Grounds) -> Iterator[Finding]:
    """weight_distortion, or weights_not_comparable where swings are missing."""
    goals = [
        goal for goal in grounds.structure.initiative.goals
        if grounds.weights[goal.id] > 0 and any(c.helps and c.direct for c in grounds.contributions(goal))
    ]  # fmt: skip
    if len(goals) < 2:
        return
    known = [goal for goal in goals if grounds.swings.get(goal.id)]
    if len(known) < 2 or (grounds.items is None and len({_aggregate(grounds, g.metric) for g in known}) > 1):
        yield finding(
            "weights_not_comparable", "note", [g.id for g in goals], [g.team for g in goals],
            f"The objective names the metrics of {listed(repr(g.id) for g in goals)}, but how its "
            "coefficients compare with the stated weights cannot be told without swings.",
            {"goals": len(goals), "with_swing": len(known)},
            "Write a swing for each goal: the change in its metric that the weight speaks about.",
        )  # fmt: skip
        return
    pull = {goal.id: _pull(grounds, goal.id, goal.metric) for goal in known}
    total, weight = sum(pull.values()), sum(grounds.weights[g.id] for g in known)
    p = {id_: value / total for id_, value in pull.items()}
    w = {g.id: grounds.weights[g.id] / weight for g in known}
    distance = sum(abs(p[id_] - w[id_]) for id_ in p) / 2
    if distance <= MOST_DISTORTION and all(0.5 <= p[id_] / w[id_] <= 2 for id_ in p):
        return
    worst = max(known, key=lambda g: abs(p[g.id] - w[g.id]))
    yield finding(
        "weight_distortion", "error" if distance > BAD_DISTORTION else "warning", p, [g.team for g in known],
        f"The objective gives '{worst.id}' ({worst.team}) {percent(p[worst.id])} of its pull, where the teams' "
        f"weight is {percent(w[worst.id])}; {percent(distance)} of all weight sits on other goals than the teams said.",
        {"distance": distance, "objective": p, "stated": w},
        "Scale the coefficients so that each, times the goal's swing, is in proportion to the stated weight.",
    )  # fmt: skip


def _pull(grounds: Grounds, goal: str, metric: str) -> float:
    """|a| times the swing; a mean counts once for each item that makes it, as the objective sees it."""
    a = sum(abs(c.term.coefficient or 0) for c in grounds.structure.contributions[goal] if c.direct)
    mean = _aggregate(grounds, metric) == "mean" and grounds.items
    return a * grounds.swings[goal] * (grounds.items or 1 if mean else 1)


def _aggregate(grounds: Grounds, metric: str) -> str:
    found = grounds.structure.metrics.get(metric)
    return found.aggregate if found else "sum"


def _units(grounds: Grounds) -> Iterator[Finding]:
    """mixed_units."""
    swung = {g.metric for g in grounds.structure.initiative.goals if g.swing is not None}
    loose = [t for t in grounds.structure.terms if t.linear and not t.estimated and t.unit and not t.rate]
    units = list(dict.fromkeys(t.unit or "" for t in loose))
    if len(units) < 2 or all(t.metric in swung for t in loose):
        return
    terms = listed(f"{t.metric} ({t.unit})" for t in loose)
    yield finding(
        "mixed_units", "warning", [t.metric for t in loose], [],
        f"The objective adds {terms} without saying what one is worth in the other.",
        {"units": len(units), "coefficients": {t.metric: t.coefficient for t in loose}},
        f"State the exchange rate of each term, such as {units[0]} per {units[1]}, or a swing for each goal.",
    )  # fmt: skip


def _guardrails(grounds: Grounds) -> Iterator[Finding]:
    """pushes_guardrail."""
    initiative = grounds.structure.initiative
    for name, wanted, term in _wants(grounds):
        side = UPPER if wanted > 0 else LOWER
        rules = [c for c in initiative.constraints if c.status != "retired" and side in bounds_on(c.rule, name)]
        if not rules:
            continue
        more, bound = ("more", "an upper") if wanted > 0 else ("less", "a lower")
        through = "" if name == term.metric else f", through {term.metric},"
        yield finding(
            "pushes_guardrail", "note", [name, *(c.id for c in rules)], [c.team for c in rules],
            f"The objective{through} wants {more} {name}, and {listed(c.id for c in rules)} "
            f"{'sets' if len(rules) == 1 else 'set'} {bound} bound on it: the model will live on that bound.",
            {"coefficient": term.coefficient, "constraints": len(rules)},
            "Treat the bound as the decision that it becomes, and put what it protects into the objective.",
        )  # fmt: skip


def _wants(grounds: Grounds) -> Iterator[tuple[str, int, Term]]:
    """Each metric or lever that a term wants higher (+1) or lower (−1), once."""
    seen: set[tuple[str, int]] = set()
    levers = [lever.name for lever in grounds.structure.initiative.levers]
    for term in grounds.structure.terms:
        if not term.coefficient:
            continue
        sign = 1 if term.coefficient > 0 else -1
        for name in [term.metric, *levers]:
            path = grounds.structure.paths.get((name, term.metric))
            if path is None or path.strength == 0 or (name, sign * path.sign) in seen:
                continue
            seen.add((name, sign * path.sign))
            yield name, sign * path.sign, term


def _absent(grounds: Grounds) -> Iterator[Finding]:
    """team_absent."""
    for team in grounds.structure.initiative.teams:
        goals = [g for g in grounds.structure.initiative.goals if g.team == team]
        if not goals or any(c.helps or c.value is None for g in goals for c in grounds.contributions(g)):
            continue
        weight = sum(grounds.weights[g.id] for g in goals)
        said = f"None of {whose(team)} {number(len(goals))} goals is helped"
        said = said if len(goals) > 1 else f"The only goal of {team} is not helped"
        yield finding(
            "team_absent", "warning", [g.id for g in goals], [team],
            f"{said} by a term of the objective: {percent(weight)} of the weight.",
            {"goals": len(goals), "weight": weight},
            f"Agree with {team} on a term, or tell them plainly that the model does not work for them.",
        )  # fmt: skip


def _divided(grounds: Grounds) -> Iterator[Finding]:
    """divided_goal."""
    if grounds.agreement is None:
        return
    goals = len(grounds.agreement.goals)
    for row in grounds.agreement.goals:
        first, last = min(row.ranks.values()), max(row.ranks.values())
        if last - first < goals / 2:
            continue
        high = [team for team, rank in row.ranks.items() if rank == first]
        low = [team for team, rank in row.ranks.items() if rank == last]
        yield finding(
            "divided_goal", "warning", [row.goal], [*high, *low],
            f"'{row.goal}' divides the teams: {listed(high)} {_ranks(high)} it {number(first)}, "
            f"{listed(low)} {_ranks(low)} it {number(last)} of {goals}.",
            {"first": first, "last": last, "goals": goals},
            f"Let {listed(high)} and {listed(low)} explain their ranking before weights are settled.",
        )  # fmt: skip


def _ranks(teams: list[str]) -> str:
    return "ranks" if len(teams) == 1 else "rank"
