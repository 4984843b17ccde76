"""Maps an objective to the goals: the verdict, with everything that it rests on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from alignment.errors import UsageError
from alignment.initiative.models import Initiative
from alignment.initiative.reading import load
from alignment.initiative.references import closest
from alignment.objective.behaviour import Behaved, behaviour_of
from alignment.objective.coupled.behaving import shadow_of
from alignment.objective.edges import edge_finding
from alignment.objective.findings import Grounds, finding, goal_findings
from alignment.objective.findings_terms import term_findings
from alignment.objective.intervals import Margins
from alignment.objective.prepare import Choices, Prepared, prepare
from alignment.objective.repair import repair_of
from alignment.objective.report import Finding, MappingReport, Repair, Robustness, Verdict
from alignment.objective.robustness import DRAWS, draws_of, margins_of
from alignment.objective.segments import harmed_segments
from alignment.objective.structure import coverage_of, normalised
from alignment.rules.ruleset import Stage
from alignment.words import share as percent
from alignment.words import whose

ORDER = {"error": 0, "warning": 1, "note": 2}
BLOCKING = frozenset({"direction_conflict", "uncovered_goal"})
TEAM, SHARE = 0.8, 0.6


def map_objective(
    initiative: Initiative | str | Path,
    decisions: Any = None,
    catalogue: Any = None,
    stage: Stage = "proposed",
    weights: Mapping[str, float] | None = None,
) -> MappingReport:
    """Does what the model optimises map to the goals?

    initiative: an Initiative, or the path of its file. decisions, catalogue: a path, or a pandas, Polars or Arrow
    table, in place of what the initiative names. stage: proposed (proposed and agreed rules) or agreed. weights: by
    goal id, in place of the recorded ones. Definitions and sources: docs/objective-mapping.md.
    Raises AccordError: FileProblems, DataError, RuleError or UsageError, each in plain sentences.
    """
    read = initiative if isinstance(initiative, Initiative) else load(initiative)
    return mapped(prepare(read, decisions, catalogue, stage), weights)


def remap(prepared: Prepared, weights: Mapping[str, float] | None = None) -> MappingReport:
    """The report under other weights, by goal id, from what is prepared; without robustness and repair."""
    return mapped(prepared, weights, thorough=False)


def mapped(prepared: Prepared, weights: Mapping[str, float] | None = None, thorough: bool = True) -> MappingReport:
    """The report of a prepared initiative under the recorded weights or others, by goal id. Raises UsageError."""
    initiative, choices = prepared.initiative, prepared.choices
    stated = _weights(initiative, weights)
    fingerprint = prepared.hash
    behaved = behaviour_of(initiative, choices, stated) if choices else None
    findings = _findings(prepared, stated, behaved)
    margins = behaved.margins if behaved else None
    verdict = _verdict(initiative, findings, margins, bool(behaved and behaved.behaviour.captured.model is not None))
    behaviour, repair = behaved.behaviour if behaved else None, None
    if behaved and choices and thorough:
        behaviour = replace(behaved.behaviour, robustness=_robustness(prepared, choices, behaved, stated, verdict))
        repair = _repair(prepared, choices, behaved)
    return MappingReport(
        1, initiative.slug, fingerprint.result(), verdict, tuple(findings), coverage_of(prepared.structure),
        prepared.terms, prepared.agreement, behaviour, repair, stated, prepared,
    )  # fmt: skip


def _weights(initiative: Initiative, weights: Mapping[str, float] | None) -> dict[str, float]:
    stated: dict[str, float | Decimal] = {goal.id: goal.weight for goal in initiative.goals}
    for goal, weight in (weights or {}).items():
        if goal not in stated:
            raise UsageError(f"'{goal}' is not a goal; {closest(goal, stated, 'goals')}")
        if not 0 <= float(weight) < float("inf"):
            raise UsageError(f"the weight of '{goal}' is {weight}; a weight is a number from 0 up")
        stated[goal] = weight
    return normalised({goal: float(weight) for goal, weight in stated.items()}) if stated else {}


def _findings(prepared: Prepared, weights: Mapping[str, float], behaved: Behaved | None) -> list[Finding]:
    """All findings, errors first, then by code of the same order as they are checked."""
    if prepared.initiative.objective is None or not prepared.initiative.goals:
        return []
    grounds = _grounds(prepared, weights)
    found = goal_findings(grounds) + term_findings(grounds)
    if behaved and prepared.choices:
        found += edge_finding(prepared.edges) + _one_team(prepared.initiative, behaved)
        found += harmed_segments(prepared.choices.segments, behaved.sweep)
    return sorted(found, key=lambda f: ORDER[f.severity])


def _grounds(prepared: Prepared, weights: Mapping[str, float]) -> Grounds:
    swings = {goal.id: float(goal.swing) for goal in prepared.initiative.goals if goal.swing is not None}
    choices = prepared.choices
    for stake in choices.stakes if choices else ():
        swings.setdefault(stake.goal.id, stake.swing)
    items = choices.ground.items if choices else None
    return Grounds(prepared.structure, weights, swings, items, prepared.agreement)


def _one_team(initiative: Initiative, behaved: Behaved) -> list[Finding]:
    teams = {goal.id: goal.team for goal in initiative.goals}
    rows = behaved.behaviour.revealed_weights or ()
    found = []
    for team in initiative.teams:
        stated = sum(row.stated for row in rows if teams[row.goal] == team)
        revealed = sum(row.revealed for row in rows if teams[row.goal] == team)
        if revealed > TEAM and stated < SHARE:
            found.append(finding(
                "one_team", "warning", [row.goal for row in rows if teams[row.goal] == team], [team],
                f"The model behaves as if {whose(team)} goals were worth {percent(revealed)} of the weight that the "
                f"table shows, not {percent(stated)}.",
                {"revealed": revealed, "stated": stated, "fit": behaved.behaviour.revealed_fit},
                "Ask the other teams whether they know, and give their goals terms in the objective.",
            ))  # fmt: skip
    return found


def _verdict(initiative: Initiative, findings: Collection[Finding], margins: Margins | None, captured: bool) -> Verdict:
    if initiative.objective is None or not initiative.goals:
        return "unknown"
    errors = {f.code for f in findings if f.severity == "error"}
    if errors & BLOCKING or (margins is not None and margins.half_high < 0):
        return "misaligned"
    if not errors and (margins is None or (margins.good_low >= 0 and captured)):
        return "aligned"
    return "partly"


def _robustness(
    prepared: Prepared, choices: Choices, behaved: Behaved, weights: Mapping[str, float], verdict: Verdict
) -> Robustness | None:
    goals = [goal.id for goal in prepared.initiative.goals]
    mean = np.array([weights[goal] for goal in goals])
    drawn = draws_of(mean)
    per_unit = np.zeros((len(drawn), len(choices.ground.metrics)))
    for stake in behaved.stakes:
        per_unit[:, stake.place] += drawn[:, goals.index(stake.goal.id)] * stake.direction / stake.scale
    swept = behaved.sweep
    coupling, _ = choices.joint
    shadow = None if coupling is None else shadow_of(coupling, behaved.per_unit, choices.grid)
    margins = margins_of(choices.grid, choices.ground, swept.model_deltas, swept.places, per_unit, shadow)
    captured = behaved.behaviour.captured.model is not None
    same = np.zeros(DRAWS, bool)
    for d, draw in enumerate(drawn):
        grounds = _grounds(prepared, dict(zip(goals, map(float, draw), strict=True)))
        judged = goal_findings(grounds) + term_findings(grounds)
        same[d] = _verdict(prepared.initiative, judged, margins[d], captured) == verdict
    moved = np.abs(drawn - mean / mean.sum()).sum(axis=1) / 2
    nearest = float(moved[~same].min()) if not same.all() else None
    return Robustness(DRAWS, float(same.mean()), nearest)


def _repair(prepared: Prepared, choices: Choices, behaved: Behaved) -> Repair | None:
    available = [metric.name for metric in prepared.initiative.metrics if metric.is_available]
    return repair_of(
        choices.grid, choices.ground, behaved.alone, behaved.per_unit, available, prepared.terms, choices.half
    )  # fmt: skip
