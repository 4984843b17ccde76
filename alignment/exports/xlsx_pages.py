"""A table as one sheet of a workbook: header that stays, filters, widths, team colours and how it prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from alignment.exports.cells import cell_text, runs_as_formula
from alignment.exports.looks import ACCENT, DARK, WHITE, Look
from alignment.exports.sheet import Cell, Row

LINE = "#d5dbd9"
BAND = "#f0f4f3"
GRAVE, GRAVE_SOFT = "#8f1c13", "#fbeae8"
A4 = 9
MOST_LINES = 20


@dataclass(frozen=True)
class Column:
    """One column: the field it shows, its heading, its width in characters, and how its values are written."""

    field: str
    heading: str
    width: float
    kind: Literal["text", "code", "number", "share", "team", "grave"] = "text"
    optional: bool = False


@dataclass(frozen=True)
class Page:
    """One sheet: a table, the sentence that stands in for an empty one, and the team whose colour its tab takes."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    empty: str
    team: str | None = None


class Book:
    """A workbook being written: its cell formats, made once each, and what every sheet of it prints."""

    def __init__(self, workbook: Any, teams: Mapping[str, Look], title: str, hashed: str | None) -> None:
        self.workbook, self.teams, self.title, self.hashed = workbook, teams, title, hashed
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def style(self, **properties: Any) -> Any:
        """A cell format; equal ones are one."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            base = {"font_name": "Calibri", "font_size": 10, "font_color": DARK, "valign": "top"}
            self._formats[key] = self.workbook.add_format(base | properties)
        return self._formats[key]

    def sheet(self, name: str, colour: str | None = None) -> Any:
        """A new sheet, set up to be read and printed."""
        sheet = self.workbook.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        title = cell_text(self.title)[:100].replace("&", "&&")
        sheet.set_header(f"&L{title}&R&A")
        sheet.set_footer(f"&L&8{self.hashed or ''}&R&8Page &P of &N")
        sheet.hide_gridlines(2)
        if colour:
            sheet.set_tab_color(colour)
        return sheet

    def write(self, sheet: Any, row: int, column: int, value: Cell, **properties: Any) -> None:
        """One cell by the kind of its value; text stays text whatever it begins with."""
        if value is None or value == "":
            sheet.write_blank(row, column, None, self.style(**properties))
        elif isinstance(value, bool):
            sheet.write_string(row, column, "yes" if value else "no", self.style(**properties))
        elif isinstance(value, (int, float, Decimal)):
            sheet.write_number(row, column, value, self.style(**{"num_format": _number_format(value), **properties}))
        elif isinstance(value, date):
            dated = {"num_format": "yyyy-mm-dd", "align": "left", **properties}
            sheet.write_datetime(row, column, value, self.style(**dated))
        else:
            text = cell_text(value)
            quoted = {"quote_prefix": True} if runs_as_formula(text) else {}
            sheet.write_string(row, column, text, self.style(**quoted, **properties))

    def write_over(self, sheet: Any, row: int, last: int, text: str, **properties: Any) -> None:
        """Text in one cell that spans the columns up to `last`."""
        style = self.style(**properties)
        sheet.merge_range(row, 0, row, last, "", style)
        sheet.write_string(row, 0, cell_text(text), style)

    def write_page(self, name: str, page: Page) -> None:
        """A page as a sheet: headings that stay in sight and on every printed page, rows filtered and wrapped."""
        look = self.teams.get(page.team or "")
        sheet = self.sheet(name, look.colour if look else None)
        ground, ink = (look.colour, look.text) if look else (ACCENT, WHITE)
        for k, column in enumerate(page.columns):
            sheet.set_column(k, k, column.width)
            align = "right" if column.kind in ("number", "share") else "left"
            heading = {"bold": True, "bg_color": ground, "font_color": ink, "text_wrap": True, "align": align}
            self.write(sheet, 0, k, column.heading, **heading)
        sheet.set_row_pixels(0, 6 + 17 * max(_lines(c.heading, c, arrow=3) for c in page.columns))
        sheet.freeze_panes(1, _frozen(page))
        sheet.repeat_rows(0)
        if not page.rows:
            self.write(sheet, 1, 0, page.empty, italic=True)
            return
        for r, row in enumerate(page.rows, 1):
            sheet.set_row_pixels(r, _height(page, row))
            for k, column in enumerate(page.columns):
                self._cell(sheet, r, k, column, row)
        sheet.autofilter(0, 0, len(page.rows), len(page.columns) - 1)

    def _cell(self, sheet: Any, r: int, k: int, column: Column, row: Mapping[str, Any]) -> None:
        value = row[column.field]
        properties: dict[str, Any] = {"text_wrap": True, "bottom": 1, "bottom_color": LINE}
        if row.get("status") == "retired":
            properties |= {"font_color": "#6b7775", "font_strikeout": column.kind == "code"}
        if column.kind == "team" and value in self.teams:
            look = self.teams[value]
            properties |= {"bg_color": look.colour, "font_color": look.text, "bold": True}
            value = f"{look.symbol} {value}"
        elif column.kind == "code":
            properties["font_name"] = "Consolas"
        elif column.kind == "share":
            properties["num_format"] = "0.0%" if value and abs(value) < 0.01 else "0%"
        elif column.kind == "grave" and value in ("hard", "error", "contradicts itself"):
            properties |= {"bg_color": GRAVE_SOFT, "font_color": GRAVE, "bold": True}
        self.write(sheet, r, k, value, **properties)


def _frozen(page: Page) -> int:
    return 1 + next((k for k, column in enumerate(page.columns) if column.field in ("id", "conflict", "goal")), -1)


def _number_format(value: int | float | Decimal) -> str:
    return "#,##0" if value == int(value) else "#,##0.00##"


def _height(page: Page, row: Row | Mapping[str, Any]) -> int:
    """Pixels that the row's longest cell needs when wrapped; not every program that reads the file works it out."""
    lines = max((_lines(row[c.field], c) for c in page.columns), default=1)
    return 6 + 17 * min(lines, MOST_LINES)


def _lines(value: Any, column: Column, arrow: int = 0) -> int:
    if not isinstance(value, str):
        return 1
    fitting = max(1, int(column.width * (0.85 if column.kind == "code" else 1.05)) - arrow)
    return sum(max(1, -(-len(line) // fitting)) for line in value.split("\n"))
