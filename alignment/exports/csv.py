"""The constraint sheet as CSV, for spreadsheets and scripts; UTF-8 with the mark by which spreadsheets know it."""

from __future__ import annotations

import csv
import io
from typing import Any

from alignment.conflicts.report import ConflictReport
from alignment.exports.cells import cell_text, csv_text
from alignment.exports.sheet import CONSTRAINT_COLUMNS, Cell, constraint_rows
from alignment.initiative.models import Initiative


def to_csv(initiative: Initiative, report: ConflictReport | None = None, mapping: Any = None) -> bytes:
    """One line per constraint under the names of the initiative file.

    Text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CONSTRAINT_COLUMNS)
    for row in constraint_rows(initiative, report):
        writer.writerow([_field(row[name]) for name in CONSTRAINT_COLUMNS])
    return text.getvalue().encode("utf-8-sig", "replace")


def _field(value: Cell) -> str:
    if value is None:
        return ""
    return csv_text(cell_text(value)) if isinstance(value, str) else format(value)
