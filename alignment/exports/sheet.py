"""The constraint sheet as plain rows: what every export of it shows, in the same words and order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from alignment.conflicts.report import ConflictReport
from alignment.initiative.models import Backstop, Constraint, Initiative
from alignment.words import counted, listed

Cell = str | int | float | Decimal | date | bool | None
Row = dict[str, Cell]

CONSTRAINT_COLUMNS = (
    "team", "id", "kind", "rule", "where", "pairs_within", "pairs_order", "per", "strength", "priority", "status",
    "in_scope", "violated_today", "unknown", "conflicts", "result", "owner", "because", "review_by", "guards",
    "relax_to", "from", "until", "nature", "links",
)  # fmt: skip
BACKSTOP_COLUMNS = ("team", "id", "when", "action", "to", "respond_within_minutes", "owner", "tested_on")

RESULTS = {
    "active": "active",
    "never_applies": "never applies",
    "never_binds": "never binds",
    "self_contradictory": "contradicts itself",
    "opaque": "opaque: held against today's values only",
    "not_checked_yet": "not checked yet",
    "not_in_force": "not in force",
}


def constraint_rows(initiative: Initiative, report: ConflictReport | None = None) -> list[Row]:
    """One row per constraint in the order of the file; what only a check knows is None without a report."""
    return [_constraint(c, report) for c in initiative.constraints]


def _constraint(constraint: Constraint, report: ConflictReport | None) -> Row:
    status = next((s for s in report.constraints if s.id == constraint.id), None) if report else None
    conflicts = sum(constraint.id in c.constraints for c in report.conflicts) if report else None
    pairs = constraint.pairs
    return {
        "team": constraint.team,
        "id": constraint.id,
        "kind": constraint.kind,
        "rule": constraint.rule,
        "where": constraint.where,
        "pairs_within": ", ".join(pairs.within) if pairs else None,
        "pairs_order": pairs.order if pairs else None,
        "per": ", ".join(constraint.per) or None,
        "strength": constraint.strength,
        "priority": constraint.priority,
        "status": constraint.status,
        "in_scope": status.in_scope if status else None,
        "violated_today": status.violated_today if status else None,
        "unknown": status.unknown if status else None,
        "conflicts": conflicts,
        "result": RESULTS[status.status] if status else None,
        "owner": constraint.owner,
        "because": constraint.because,
        "review_by": constraint.review_by,
        "guards": ", ".join(constraint.guards) or None,
        "relax_to": constraint.relax_to,
        "from": constraint.from_,
        "until": constraint.until,
        "nature": constraint.nature,
        "links": " ".join(constraint.links) or None,
    }


def backstop_rows(initiative: Initiative) -> list[Row]:
    """One row per backstop in the order of the file."""
    return [_backstop(b) for b in initiative.backstops]


def _backstop(backstop: Backstop) -> Row:
    return {name: getattr(backstop, name) for name in BACKSTOP_COLUMNS}


def open_points(initiative: Initiative, report: ConflictReport | None) -> list[str]:
    """What still stands between the sheet and its use, one sentence each, the gravest first."""
    points = [] if report else ["The constraints have not been checked against the catalogue."]
    points += _open_in_report(report) if report else []
    live = [c for c in initiative.constraints if c.status != "retired"]
    points += _named("not agreed yet", [c.id for c in live if c.status == "proposed"])
    points += _named("without an owner", [c.id for c in live if not c.owner])
    points += _named("without a reason", [c.id for c in live if not c.because])
    late = [c.id for c in live if c.review_by and c.review_by < _today(initiative)]
    points += _named("past the review date", late)
    if report:
        signed = {s.team for s in initiative.signatures if s.content_hash == report.content_hash}
        missing = [team for team in initiative.teams if team not in signed]
        points += [f"Not signed in this version by {listed(missing)}."] if missing else []
    return points


def _open_in_report(report: ConflictReport) -> list[str]:
    points = []
    for strength in ("hard", "soft"):
        found = [c for c in report.conflicts if c.strength == strength and c.waived_until is None]
        if found:
            points.append(f"{counted(len(found), f'{strength} conflict')} to settle: see Conflicts.")
    if not report.complete:
        points.append("The search for conflicts ended before it was complete.")
    opaque = "held against today's values only, not proven"
    for status, words in (("not_checked_yet", "not checked yet"), ("opaque", opaque)):
        points += _named(words, [c.id for c in report.constraints if c.status == status])
    return points


def _named(what: str, ids: Sequence[str]) -> list[str]:
    return [f"{counted(len(ids), 'constraint')} {what}: {', '.join(ids)}."] if ids else []


def _today(initiative: Initiative) -> date:
    return initiative.as_of or datetime.now().date()
