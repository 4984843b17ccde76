"""The report of `check` as a person reads it on a terminal: the verdict first, then each conflict with its ways out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from alignment.conflicts.report import Conflict, ConflictReport, ConstraintStatus, Correction, Finding, Repair
from alignment.exports.wording import headline, item_name, item_values, repair_effect, worst_item
from alignment.words import amount, counted, listed, number, share

WIDTH = 100
GRAVITY = {"error": 0, "warning": 1, "note": 2}
MOST_CONFLICTS = 50
MOST_SAMPLE = 5
MOST_NEAR = 5

_STATUS = {
    "self_contradictory": "contradict themselves",
    "never_applies": "never apply (no item in scope)",
    "never_binds": "never bind (what they forbid is forbidden already)",
    "opaque": "opaque (held against today's values only, no proof)",
    "not_checked_yet": "not checked yet",
    "not_in_force": "not in force",
}


def check_text(report: ConflictReport, title: str) -> str:
    """The whole report of `check` as text, `title` the initiative's name."""
    blocks = [_verdict(report, title)]
    blocks += ["\n".join(_conflict(k, c)) for k, c in enumerate(report.conflicts[:MOST_CONFLICTS], 1)]
    if len(report.conflicts) > MOST_CONFLICTS:
        rest = counted(len(report.conflicts) - MOST_CONFLICTS, "more conflict")
        blocks.append(f"And {rest}: --format json lists all.")
    blocks += [block for block in (_corrections(report), _relaxation(report), _near(report), _rules(report)) if block]
    blocks += [findings_text(report.findings)] if report.findings else []
    return "\n\n".join(blocks) + "\n"


def findings_text(findings: Sequence[Finding]) -> str:
    """Severity and message of each finding, the gravest first."""
    lines = ["Findings"]
    for finding in sorted(findings, key=lambda f: GRAVITY[f.severity]):
        lines += wrapped(finding.message, f"  {finding.severity:<8} ", " " * 11)
    return "\n".join(lines)


def wrapped(text: str, first: str = "", then: str | None = None) -> list[str]:
    """A text in lines of at most 100 characters, with what the first line and the others begin with."""
    then = " " * len(first) if then is None else then
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
    ) or [first.rstrip()]


def _verdict(report: ConflictReport, title: str) -> str:
    hard = sum(c.strength == "hard" for c in report.conflicts)
    kinds = f" ({hard:,} hard, {len(report.conflicts) - hard:,} soft)" if report.conflicts else ""
    found = f"{counted(len(report.conflicts), 'conflict')}{kinds}" if report.conflicts else "no conflict found"
    lines = wrapped(f"{title}: {report.verdict}. {found[0].upper()}{found[1:]}.")
    left = f"{counted(report.feasible_items, 'item')} of {report.items:,} can keep all hard item rules"
    lines += wrapped(f"{left}; {number(report.infeasible_items)} cannot.")
    if not report.complete:
        lines += wrapped("The search ended before it was complete: there may be conflicts that are not listed.")
    return "\n".join(lines)


def _conflict(k: int, conflict: Conflict) -> Iterator[str]:
    facts = [conflict.strength, f"{counted(conflict.items, 'item')} ({share(conflict.share)})"]
    if conflict.stake:
        facts.append(f"{amount(conflict.stake.amount, conflict.stake.unit)} at stake")
    if conflict.waived_until:
        facts.append(f"waived until {conflict.waived_until}")
    yield from wrapped(headline(conflict), f"{k}. ")
    indent = "   "
    yield from wrapped(", ".join([*facts, f"id {conflict.id}"]), indent)
    yield from wrapped(conflict.explanation, indent)
    if conflict.worst:
        read = item_values(conflict.worst)
        yield from wrapped(f"{item_name(conflict.worst)}{read and ': '}{read}", f"{indent}Worst: ", indent + " " * 7)
    if conflict.gap and conflict.gap.max is not None:
        unit = conflict.gap.unit
        half = f"at most, half of the items by {amount(conflict.gap.median, unit)} or less"
        gap = f"by {amount(conflict.gap.max, unit)} {half if conflict.items > 1 else ''}"
        yield from wrapped(gap, f"{indent}Apart: ", indent + " " * 7)
    others = [str(key) for key in conflict.sample[1 : MOST_SAMPLE + 1]]
    if others:
        more = conflict.items - 1 - len(others)
        also = listed([*others, f"{more:,} more"]) if more > 0 else listed(others)
        yield from wrapped(also, f"{indent}Also: ", indent + " " * 6)
    for repair in conflict.repairs:
        yield from _repair(repair, indent)


def _repair(repair: Repair, indent: str) -> Iterator[str]:
    first = f"{indent}Repair {repair.option}: "
    for change in repair.changes:
        unit = f" ({amount(change.amount, change.unit)})" if change.amount is not None else ""
        said = f"{change.constraint}, {change.field}: {change.from_ or 'nothing'} -> {change.to or 'nothing'}{unit}"
        yield from wrapped(said, first, " " * len(first))
        first = " " * len(first)
    yield from wrapped(repair_effect(repair), first)


def _corrections(report: ConflictReport) -> str:
    if not report.corrections:
        return ""
    more = "" if report.corrections_complete else " (not all of them)"
    lines = wrapped(f"Rules to retire so that every hard conflict is gone, cheapest first{more}:")
    for correction in report.corrections:
        lines += wrapped(_correction(correction), "  ", "    ")
    return "\n".join(lines)


def _correction(correction: Correction) -> str:
    stake = f", {amount(correction.stake.amount, correction.stake.unit)} at stake" if correction.stake else ""
    cost = f"priorities sum to {correction.cost}"
    return f"{listed(correction.retire)}: {cost}, clears {counted(correction.items_fixed, 'item')}{stake}"


def _relaxation(report: ConflictReport) -> str:
    relaxation = report.relaxation
    if relaxation is None:
        return ""
    if relaxation.by_constraint is None:
        return "\n".join(wrapped(f"No loosening of bounds alone clears every hard conflict: {relaxation.reason}"))
    shifts = [f"{id} by {amount(t, relaxation.unit)}" for id, t in relaxation.by_constraint.items() if t]
    if not shifts:
        return ""
    return "\n".join(
        wrapped(f"Least loosening that clears every hard conflict ({relaxation.criterion}): {listed(shifts)}.")
    )


def _near(report: ConflictReport) -> str:
    if not report.near:
        return ""
    lines = ["Close to a conflict, tightest first:"]
    for near in report.near[:MOST_NEAR]:
        slack = f"{amount(near.slack.min, near.slack.unit)} apart at the tightest"
        within = f"{counted(near.items_within_5_percent, 'item')} within 5 %"
        lines += wrapped(f"{listed(near.constraints)}: {slack}, {within}; {worst_item(near.worst)}", "  ", "    ")
    if len(report.near) > MOST_NEAR:
        lines.append(f"  and {len(report.near) - MOST_NEAR} more in the JSON")
    return "\n".join(lines)


def _rules(report: ConflictReport) -> str:
    checked = [c for c in report.constraints if c.status not in ("not_in_force", "not_checked_yet")]
    lines = [f"Rules: {len(checked):,} of {len(report.constraints):,} checked"]
    for status, words in _STATUS.items():
        ids = [_with_reason(c) for c in report.constraints if c.status == status]
        if ids:
            lines += wrapped(f"{words}: {', '.join(ids)}", "  ", "    ")
    lines += _counts("broken by today's values", report.constraints, "violated_today")
    lines += _counts("unknown for want of data", report.constraints, "unknown")
    return "\n".join(lines)


def _with_reason(constraint: ConstraintStatus) -> str:
    by = f" (by {listed(constraint.implied_by)})" if constraint.implied_by else ""
    return constraint.id + by


def _counts(words: str, constraints: Iterable[ConstraintStatus], field: str) -> list[str]:
    said = [f"{c.id} on {counted(getattr(c, field), 'item')}" for c in constraints if getattr(c, field)]
    return wrapped(f"{words}: {', '.join(said)}", "  ", "    ") if said else []
