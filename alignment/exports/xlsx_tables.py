"""The tables of the workbook: the columns of each, and the rows of those that are not the constraint sheet itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignment.conflicts.report import Conflict, ConflictReport, Repair
from alignment.exports.sheet import Row
from alignment.exports.wording import headline, repair_change, repair_effect, worst_item
from alignment.exports.xlsx_pages import Column
from alignment.initiative.models import Initiative

GRAVITY = {"error": 0, "warning": 1, "note": 2}
CONSTRAINTS = (
    Column("team", "Team", 13, "team"),
    Column("id", "Id", 18),
    Column("kind", "Kind", 9),
    Column("rule", "Rule", 36, "code"),
    Column("where", "Where", 22, "code"),
    Column("pairs_within", "Pairs within", 14, optional=True),
    Column("pairs_order", "In order of", 11, optional=True),
    Column("per", "Per", 10, optional=True),
    Column("strength", "Strength", 9),
    Column("priority", "Priority", 9, "number"),
    Column("status", "Status", 10),
    Column("in_scope", "Items in scope", 9, "number", optional=True),
    Column("violated_today", "Broken today", 9, "number", optional=True),
    Column("unknown", "Unknown", 10, "number", optional=True),
    Column("conflicts", "Conflicts", 10, "number", optional=True),
    Column("result", "Result", 14, "grave", optional=True),
    Column("owner", "Owner", 15),
    Column("because", "Because", 36),
    Column("review_by", "Review by", 11),
    Column("guards", "Guards", 14),
    Column("relax_to", "Relax to", 9, "number", optional=True),
    Column("from", "From", 12, optional=True),
    Column("until", "Until", 12, optional=True),
    Column("links", "Evidence", 24, optional=True),
)
CONFLICTS = (
    Column("conflict", "Conflict", 26),
    Column("strength", "Strength", 10, "grave"),
    Column("teams", "Teams", 14),
    Column("items", "Items", 9, "number"),
    Column("share", "Share", 8, "share"),
    Column("stake", "At stake", 14, "number"),
    Column("stake_unit", "Unit", 8),
    Column("gap", "Apart, at most", 11, "number"),
    Column("gap_unit", "Unit", 8),
    Column("explanation", "What contradicts", 50),
    Column("worst", "Worst item", 34),
    Column("repairs", "Ways out", 56),
    Column("waived_until", "Waived until", 12),
    Column("id", "Conflict id", 16),
)
BACKSTOPS = (
    Column("team", "Team", 14, "team"),
    Column("id", "Id", 22),
    Column("when", "When", 44, "code"),
    Column("action", "Action", 12),
    Column("to", "Back to", 18, "code"),
    Column("respond_within_minutes", "Respond within (minutes)", 14, "number"),
    Column("owner", "Owner", 20),
    Column("tested_on", "Tested on", 12),
)
GOALS = (
    Column("team", "Team", 14, "team"),
    Column("goal", "Goal", 22),
    Column("metric", "Metric", 18),
    Column("want", "Wanted", 9),
    Column("weight", "Weight", 9, "share"),
    Column("swing", "Swing", 14, "number"),
    Column("unit", "Unit", 10),
    Column("horizon_days", "Horizon (days)", 10, "number"),
    Column("target", "Target", 22),
    Column("reached_by", "Reached by the objective", 34),
    Column("because", "Because", 44),
)
REGRET = (
    Column("team", "Team", 14, "team"),
    Column("goal", "Goal", 22),
    Column("metric", "Metric", 18),
    Column("share", "Lost share of the best", 12, "share"),
    Column("amount", "Lost against the best", 16, "number"),
    Column("model_change", "Model against today", 16, "number"),
    Column("best_change", "Best against today", 16, "number"),
    Column("unit", "Unit", 12),
)
FINDINGS = (
    Column("severity", "Severity", 10, "grave"),
    Column("about", "About", 16),
    Column("subjects", "Concerns", 26),
    Column("message", "Finding", 70),
    Column("suggestion", "Suggestion", 56),
)


def conflict_rows(report: ConflictReport) -> list[Row]:
    """One row per conflict in the order of the report."""
    return [_conflict(conflict) for conflict in report.conflicts]


def _conflict(conflict: Conflict) -> Row:
    gap, stake = conflict.gap, conflict.stake
    return {
        "conflict": headline(conflict).replace(" + ", "\n+ "),
        "strength": conflict.strength,
        "teams": "\n".join(conflict.teams),
        "items": conflict.items,
        "share": conflict.share,
        "stake": stake.amount if stake else None,
        "stake_unit": stake.unit if stake else None,
        "gap": gap.max if gap else None,
        "gap_unit": gap.unit if gap and gap.max is not None else None,
        "explanation": conflict.explanation,
        "worst": worst_item(conflict.worst),
        "repairs": "\n".join(_repair(repair) for repair in conflict.repairs),
        "waived_until": conflict.waived_until,
        "id": conflict.id,
    }


def _repair(repair: Repair) -> str:
    return f"{repair.option}. {repair_change(repair)} ({repair_effect(repair)})"


def goal_rows(initiative: Initiative, mapped: Mapping[str, Any] | None) -> list[Row]:
    """One row per goal in the order of the file; weights are normalised to sum to 1."""
    total = sum(goal.weight for goal in initiative.goals)
    units = {metric.name: metric.unit for metric in initiative.metrics}
    better = {metric.name: metric.better for metric in initiative.metrics}
    reached: dict[str, list[str]] = {}
    for row in mapped["coverage"] if mapped else ():
        reached.setdefault(row["goal"], []).append(_reached(row))
    return [
        {
            "team": goal.team,
            "goal": goal.id,
            "metric": goal.metric,
            "want": goal.want or better.get(goal.metric),
            "weight": float(goal.weight / total) if total else None,
            "swing": goal.swing,
            "unit": units.get(goal.metric),
            "horizon_days": goal.horizon_days,
            "target": goal.target,
            "reached_by": "\n".join(reached.get(goal.id, ())) or None,
            "because": goal.because,
        }
        for goal in initiative.goals
    ]


def _reached(row: Mapping[str, Any]) -> str:
    if row["term"] is None:
        return "no term"
    way = " > ".join(row["path"])
    return way if row["sign"] > 0 else f"{way} (the wrong way)"


def regret_rows(behaviour: Mapping[str, Any]) -> list[Row]:
    """One row per goal, largest loss first."""
    return sorted((dict(row) for row in behaviour["regret"]), key=lambda row: -(row["share"] or 0))


def finding_rows(report: ConflictReport | None, mapped: Mapping[str, Any] | None) -> list[Row]:
    """Findings of the check, then of the mapping, the gravest of each first."""
    rows: list[Row] = []
    if report:
        for f in sorted(report.findings, key=lambda f: GRAVITY[f.severity]):
            subjects = ", ".join(f.subjects)
            said = {"severity": f.severity, "about": "constraints", "subjects": subjects, "message": f.message}
            rows.append({**said, "suggestion": None})
    for finding in sorted(mapped["findings"] if mapped else (), key=lambda f: GRAVITY[f["severity"]]):
        subjects = ", ".join(finding["subjects"])
        said = {"severity": finding["severity"], "about": "objective", "subjects": subjects}
        rows.append({**said, "message": finding["message"], "suggestion": finding.get("suggestion")})
    return rows
