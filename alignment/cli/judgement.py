"""What a report means for the exit code: which conflicts and findings count under `--fail-on`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from alignment.conflicts.report import Conflict, ConflictReport

CLEAR, FINDINGS, BAD_INPUT, OUT_OF_TIME = 0, 1, 2, 3


def counting(report: ConflictReport, fail_on: str, as_of: date) -> list[Conflict]:
    """Unwaived conflicts at or above the threshold; `never` counts as soft."""
    return [
        conflict
        for conflict in report.conflicts
        if (conflict.strength == "hard" or fail_on != "hard") and not waived(conflict, as_of)
    ]


def waived(conflict: Conflict, as_of: date) -> bool:
    """Is the conflict accepted for now? A waiver holds up to and on its date."""
    return conflict.waived_until is not None and conflict.waived_until >= as_of


def judged(report: ConflictReport, fail_on: str, as_of: date) -> ConflictReport:
    """The report with the verdict that the threshold gives."""
    if counting(report, fail_on, as_of):
        return replace(report, verdict="conflict")
    open_end = not report.complete or any(c.status == "not_checked_yet" for c in report.constraints)
    return replace(report, verdict="incomplete" if open_end else "clear")


def exit_code(report: ConflictReport, fail_on: str, as_of: date) -> int:
    """0 nothing counts, 1 a conflict counts, 3 the answer is not complete and nothing found so far counts."""
    if fail_on != "never" and counting(report, fail_on, as_of):
        return FINDINGS
    return CLEAR if report.complete else OUT_OF_TIME


def severities(fail_on: str) -> set[str]:
    """Severities of the mapping's findings that count: an error is hard, a warning soft, a note never counts."""
    return {"hard": {"error"}, "soft": {"error", "warning"}, "never": set[str]()}[fail_on]


def mapping_exit_code(findings: Iterable[Mapping[str, Any]], fail_on: str) -> int:
    """1 where a finding of the mapping counts, from values with the keys of its JSON."""
    return FINDINGS if any(finding["severity"] in severities(fail_on) for finding in findings) else CLEAR
