"""What leaves Accord: the constraint sheet for people and programs, and results for code and test viewers."""

from __future__ import annotations

from typing import Any

from alignment.conflicts.report import ConflictReport
from alignment.errors import UsageError
from alignment.initiative.models import Initiative

FORMATS = {"xlsx": ".xlsx", "csv": ".csv", "json": ".json", "markdown": ".md"}


def export(
    initiative: Initiative, report: ConflictReport | None = None, mapping: Any = None, to: str = "xlsx"
) -> bytes:
    """The constraint sheet as a file's bytes: `to` is xlsx, csv, json or markdown.

    report: of `check`; without it what a check finds is left blank. mapping: of `map_objective`, optional.
    The same input gives the same bytes. Raises UsageError for a format that does not exist.
    """
    if to == "xlsx":
        from alignment.exports.xlsx import to_xlsx as write
    elif to == "csv":
        from alignment.exports.csv import to_csv as write
    elif to == "json":
        from alignment.exports.json import to_json as write
    elif to == "markdown":
        from alignment.exports.markdown import to_markdown as write
    else:
        raise UsageError(f"'{to}' is not a format; choose {', '.join(FORMATS)}")
    return write(initiative, report, mapping)
