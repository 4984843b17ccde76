"""The constraint sheet as a workbook that a product manager would mail: what is agreed, by whom, and what is open."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from alignment.conflicts.report import ConflictReport, as_json
from alignment.exports.cells import sheet_names
from alignment.exports.looks import looks
from alignment.exports.sheet import Row, backstop_rows, constraint_rows
from alignment.exports.xlsx_pages import Book, Column, Page
from alignment.exports.xlsx_summary import write_summary
from alignment.exports.xlsx_tables import (
    BACKSTOPS,
    CONFLICTS,
    CONSTRAINTS,
    FINDINGS,
    GOALS,
    REGRET,
    conflict_rows,
    finding_rows,
    goal_rows,
    regret_rows,
)
from alignment.initiative.models import Initiative


def to_xlsx(initiative: Initiative, report: ConflictReport | None = None, mapping: Any = None) -> bytes:
    """A workbook: Summary, Constraints, one sheet per team, Conflicts, Backstops, Goals, and what the mapping found.

    Nothing in it runs: text that begins like a formula stays text. The same input gives the same bytes.
    """
    import xlsxwriter

    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as workbook:
        workbook.set_properties(_properties(initiative))
        mapped = as_json(mapping) if mapping is not None else None
        hashed = report.content_hash if report else mapped["content_hash"] if mapped else None
        pages = _pages(initiative, report, mapped)
        names = sheet_names(["Summary", *(page.name for page in pages)])
        book = Book(workbook, looks(initiative.teams), initiative.title, hashed)
        write_summary(book, names[0], initiative, report, mapped, dict(zip(names[1:], pages, strict=True)))
        for name, page in zip(names[1:], pages, strict=True):
            book.write_page(name, page)
    return stream.getvalue()


def _properties(initiative: Initiative) -> dict[str, Any]:
    made = datetime.combine(initiative.as_of, time()) if initiative.as_of else datetime(2000, 1, 1)
    return {"title": f"{initiative.title}: constraint sheet", "author": "Accord", "created": made}


def _pages(initiative: Initiative, report: ConflictReport | None, mapped: dict[str, Any] | None) -> list[Page]:
    rows = constraint_rows(initiative, report)
    columns = _used(CONSTRAINTS, rows)
    pages = [Page("Constraints", columns, rows, "No constraint has been recorded.")]
    for team in initiative.teams:
        own = [row for row in rows if row["team"] == team]
        pages.append(
            Page(
                team,
                [c for c in _used(columns, own) if c.field != "team"],
                own,
                f"{team} has recorded no constraint.",
                team=team,
            )
        )
    if report:
        pages.append(Page("Conflicts", CONFLICTS, conflict_rows(report), "No conflict was found."))
    pages.append(Page("Backstops", BACKSTOPS, backstop_rows(initiative), "No backstop has been recorded."))
    if initiative.goals:
        pages.append(Page("Goals", GOALS, goal_rows(initiative, mapped), ""))
    if mapped and mapped.get("behaviour"):
        pages.append(Page("Objective", REGRET, regret_rows(mapped["behaviour"]), "No goal loses anything."))
    findings = finding_rows(report, mapped)
    if findings:
        pages.append(Page("Findings", FINDINGS, findings, ""))
    return pages


def _used(columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    """The columns less the optional ones in which no row has anything to say."""
    return [c for c in columns if not c.optional or any(row[c.field] is not None for row in rows)]
