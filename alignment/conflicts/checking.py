"""The two questions people ask about constraints: what contradicts what, and why is this item as it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from alignment.conflicts.check import Situation, report, situation
from alignment.conflicts.consequences import with_repairs
from alignment.conflicts.corrections import corrections
from alignment.conflicts.relaxation import relaxation
from alignment.conflicts.report import ConflictReport
from alignment.conflicts.trail import Trail, trail
from alignment.explain.conflicts import explanation
from alignment.initiative.models import Initiative
from alignment.initiative.reading import load
from alignment.rules.ruleset import Stage


def check(
    initiative: Initiative | str | Path,
    catalogue: Any = None,
    stage: Stage = "proposed",
    fail_on: str = "hard",
    complete_within: float | None = None,
    today: date | None = None,
) -> ConflictReport:
    """Every minimal conflict among the constraints on the catalogue, explained, with repairs and consequences.

    initiative: an Initiative, or the path of its file. catalogue: a path, or a pandas, Polars or Arrow table, in place
    of what the initiative names. stage: proposed (proposed and agreed rules) or agreed. fail_on: hard, soft or never;
    what counts for the verdict. complete_within: seconds after which an unfinished search says so instead of going on.
    today: day of the check, default the initiative's `as_of`, else the current day.
    Raises AccordError: FileProblems or DataError, each in plain sentences.
    """
    read = initiative if isinstance(initiative, Initiative) else load(initiative)
    return reported(situation(read, catalogue, stage, today, complete_within), fail_on)


def reported(case: Situation, fail_on: str = "hard") -> ConflictReport:
    """The full report of a situation: conflicts with explanations, repairs and consequences."""
    return completed(report(case, fail_on), case)


def completed(bare: ConflictReport, case: Situation) -> ConflictReport:
    """A report of a situation without explanations, repairs and consequences, with them."""
    repaired, left_out = with_repairs(bare.conflicts, case)
    explained = tuple(replace(c, explanation=explanation(c, case)) for c in repaired)
    retired, complete = corrections(bare.conflicts, case)
    return replace(
        bare,
        findings=(*bare.findings, *left_out),
        conflicts=explained,
        corrections=retired,
        corrections_complete=complete and bare.complete,
        relaxation=relaxation(bare.conflicts, case),
    )


def why(
    initiative: Initiative | str | Path,
    item: Any,
    catalogue: Any = None,
    stage: Stage = "proposed",
    today: date | None = None,
) -> Trail:
    """One item: every rule with the lever values it allows, what is left, who decides each end, and each rule off.

    item: the key of the item, as text or as the catalogue's own type.
    Raises UsageError where there is no such item; FileProblems and DataError as `check` does.
    """
    read = initiative if isinstance(initiative, Initiative) else load(initiative)
    return trail(read, item, catalogue, stage, today)
