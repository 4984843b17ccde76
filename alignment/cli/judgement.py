"""What a report means for the exit code: which conflicts and findings count under `--fail-on`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alignment.conflicts.report import Conflict, ConflictReport

CLEAR, FINDINGS, BAD_INPUT, OUT_OF_TIME = 0, 1, 2, 3


def counting(report: ConflictReport, fail_on: str) -> list[Conflict]:
    """Conflicts that make the exit code 1: unwaived, and at or above the threshold; none under `never`."""
    if fail_on == "never":
        return []
    return [c for c in report.conflicts if c.waived_until is None and (c.strength == "hard" or fail_on == "soft")]


def exit_code(report: ConflictReport, fail_on: str, timed: bool = True) -> int:
    """0 nothing counts, 1 a conflict counts, 3 a time budget ended before the answer and nothing found so far counts.

    timed: whether there was a time budget; without one a search that ended early is said in the answer alone.
    """
    if counting(report, fail_on):
        return FINDINGS
    return OUT_OF_TIME if timed and not report.complete else CLEAR


def severities(fail_on: str) -> set[str]:
    """Severities of the mapping's findings that count: an error is hard, a warning soft, a note never counts."""
    return {"hard": {"error"}, "soft": {"error", "warning"}, "never": set[str]()}[fail_on]


def mapping_exit_code(findings: Iterable[Mapping[str, Any]], fail_on: str) -> int:
    """1 where a finding of the mapping counts, from values with the keys of its JSON."""
    return FINDINGS if any(finding["severity"] in severities(fail_on) for finding in findings) else CLEAR
