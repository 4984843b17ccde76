"""What a reader should know beside the conflicts: overdue reviews, missing data, ended waivers, missing owners."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from alignment.conflicts.report import ConstraintStatus, Finding
from alignment.initiative.models import Constraint, Initiative


def findings(initiative: Initiative, today: date, statuses: Sequence[ConstraintStatus]) -> tuple[Finding, ...]:
    """All findings on constraints, backstops and waivers, in the order of ids; they never change an exit code."""
    by_id = {s.id: s for s in statuses}
    found: list[Finding] = []
    for constraint in sorted(initiative.constraints, key=lambda c: c.id):
        if constraint.status != "retired":
            found += _on_constraint(constraint, by_id[constraint.id], today)
    for backstop in sorted(initiative.backstops, key=lambda b: b.id):
        if not backstop.owner:
            found.append(_finding("no_owner", "warning", backstop.id, "has no owner; nobody is called when it fires"))
        if backstop.tested_on is None:
            found.append(
                _finding("untested_backstop", "warning", backstop.id, "was never tested; try it before launch")
            )
    for waiver in initiative.waivers:
        if waiver.until < today:
            rules = " and ".join(waiver.conflict)
            said = f"The waiver of {rules} ended on {waiver.until.isoformat()}; the conflict counts again."
            found.append(Finding("waiver_expired", "warning", tuple(sorted(waiver.conflict)), said))
    return tuple(found)


def _on_constraint(constraint: Constraint, status: ConstraintStatus, today: date) -> Iterator[Finding]:
    id = constraint.id
    if constraint.review_by is not None and constraint.review_by < today:
        yield _finding("review_overdue", "warning", id, f"was to be reviewed by {constraint.review_by.isoformat()}")
    if not constraint.owner:
        yield _finding("no_owner", "note", id, "has no owner")
    if not constraint.because:
        yield _finding("no_reason", "note", id, "gives no reason")
    if constraint.until is not None and constraint.until < today:
        yield _finding("expired", "note", id, f"ended on {constraint.until.isoformat()} and is not checked")
    if status.unknown:
        items = "1 item" if status.unknown == 1 else f"{status.unknown:,} items"
        said = f"cannot be judged on {items} of {status.in_scope:,} in scope, because data are missing"
        yield _finding("missing_values", "warning", id, said)
    if status.status == "never_applies":
        yield _finding("never_applies", "warning", id, "applies to no item of this catalogue")
    if status.status == "never_binds":
        yield _finding("never_binds", "note", id, "never binds on this catalogue, so it protects nothing")
    room = status.tightness
    if room is not None and room.no_room and room.no_room == status.in_scope:
        yield _finding("no_room", "warning", id, "leaves nothing to decide on any item in scope")


def _finding(code: str, severity: str, id: str, said: str) -> Finding:
    return Finding(code, severity, (id,), f"{id} {said}.")  # type: ignore[arg-type]
