"""The first sheet of the workbook: the verdict in words, the counts, each team's share in them, and what is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alignment.conflicts.report import ConflictReport
from alignment.exports.looks import ACCENT, WHITE
from alignment.exports.sheet import Cell, open_points
from alignment.exports.xlsx_pages import BAND, GRAVE, GRAVE_SOFT, LINE, Book, Page
from alignment.initiative.models import Initiative
from alignment.words import counted, share

Fact = tuple[str, Cell]


def write_summary(
    book: Book,
    name: str,
    initiative: Initiative,
    report: ConflictReport | None,
    mapped: Mapping[str, Any] | None,
    pages: Mapping[str, Page],
) -> None:
    """Writes the sheet; `pages` are the others by the names that they have in the workbook."""
    sheet = book.sheet(name, ACCENT)
    for k, width in enumerate((28, 24, 14, 14, 14, 34)):
        sheet.set_column(k, k, width)
    book.write(sheet, 0, 0, initiative.title, font_size=18, bold=True)
    sheet.set_row_pixels(0, 34)
    row = 1
    if initiative.summary:
        row = _paragraph(book, sheet, row, initiative.summary)
    row = _verdicts(book, sheet, row + 1, report, mapped)
    for label, value in _facts(initiative, report):
        book.write(sheet, row, 0, label, font_color="#55605e")
        book.write(sheet, row, 1, value, align="left")
        row += 1
    row = _teams(book, sheet, row + 1, initiative, report)
    row = _open(book, sheet, row + 1, open_points(initiative, report))
    _contents(book, sheet, row + 1, pages)


def _verdicts(book: Book, sheet: Any, row: int, report: ConflictReport | None, mapped: Mapping[str, Any] | None) -> int:
    for label, verdict, good, said in (
        ("Constraints", report.verdict if report else "not checked", "clear", _constraints_said(report)),
        ("Objective", mapped["verdict"] if mapped else "not measured", "aligned", _objective_said(mapped)),
    ):
        bad = verdict in ("conflict", "misaligned")
        ground, ink = (ACCENT, WHITE) if verdict == good else (GRAVE_SOFT, GRAVE) if bad else (BAND, "#0b1211")
        book.write(sheet, row, 0, label, bold=True, font_size=12)
        book.write(sheet, row, 1, verdict, bold=True, font_size=12, bg_color=ground, font_color=ink, align="center")
        book.write(sheet, row, 2, said, font_size=12)
        sheet.set_row_pixels(row, 24)
        row += 1
    return row + 1


def _constraints_said(report: ConflictReport | None) -> str | None:
    if report is None:
        return None
    if not report.conflicts:
        return f"No conflict was found on {counted(report.items, 'item')}."
    hard = sum(c.strength == "hard" for c in report.conflicts)
    found = f"{counted(len(report.conflicts), 'conflict')} ({hard} hard, {len(report.conflicts) - hard} soft)"
    return f"{found}; {report.infeasible_items:,} of {counted(report.items, 'item')} cannot keep all hard item rules."


def _objective_said(mapped: Mapping[str, Any] | None) -> str | None:
    captured = (mapped.get("behaviour") or {}).get("captured") if mapped else None
    if not captured or captured["model"] is None:
        return None
    low, high = captured["low"], captured["high"]
    interval = f" (95 % interval {share(low)} to {share(high)})" if low is not None and high is not None else ""
    return f"The model captures {share(captured['model'])} of the achievable value{interval}."


def _facts(initiative: Initiative, report: ConflictReport | None) -> list[Fact]:
    statuses = [c.status for c in initiative.constraints]
    counts = [f"{statuses.count(s)} {s}" for s in ("agreed", "proposed", "retired") if s in statuses]
    facts: list[Fact] = [
        ("Initiative", initiative.slug),
        ("As of", initiative.as_of),
        ("Currency", initiative.currency),
        ("Constraints", f"{len(statuses)} ({', '.join(counts)})" if counts else 0),
        ("Backstops", len(initiative.backstops)),
        ("Goals", len(initiative.goals)),
    ]
    if report:
        facts += [("Items in the catalogue", report.items), ("Content hash", report.content_hash)]
    return [fact for fact in facts if fact[1] is not None]


def _teams(book: Book, sheet: Any, row: int, initiative: Initiative, report: ConflictReport | None) -> int:
    headings = ("Team", "Constraints", "In conflicts", "Backstops", "Goals", "Signed")
    for k, heading in enumerate(headings):
        align = "right" if 0 < k < 5 else "left"
        book.write(sheet, row, k, heading, bold=True, bg_color=ACCENT, font_color=WHITE, align=align)
    for team in initiative.teams:
        row += 1
        look = book.teams[team]
        ground = {"bg_color": look.colour, "font_color": look.text, "bold": True}
        book.write(sheet, row, 0, f"{look.symbol} {team}", **ground)
        for k, value in enumerate(_team_row(team, initiative, report), 1):
            align = "right" if k < 5 else "left"
            book.write(sheet, row, k, value, bottom=1, bottom_color=LINE, align=align)
    return row + 1


def _team_row(team: str, initiative: Initiative, report: ConflictReport | None) -> list[Cell]:
    live = [c for c in initiative.constraints if c.team == team and c.status != "retired"]
    involved = sum(team in c.teams for c in report.conflicts) if report else None
    hashed = report.content_hash if report else None
    signed = [s for s in initiative.signatures if s.team == team and s.content_hash == hashed]
    lapsed = any(s.team == team for s in initiative.signatures)
    said = (
        f"{signed[-1].name}, {signed[-1].at.date()}"
        if signed
        else "lapsed: the content changed"
        if lapsed
        else "not yet"
    )
    backstops = sum(b.team == team for b in initiative.backstops)
    goals = sum(g.team == team for g in initiative.goals)
    return [len(live), involved, backstops, goals, said if report else None]


def _open(book: Book, sheet: Any, row: int, points: list[str]) -> int:
    book.write(sheet, row, 0, "What is open", bold=True, font_size=12)
    for point in points or ["Nothing."]:
        row = _paragraph(book, sheet, row + 1, point) - 1
    return row + 1


def _contents(book: Book, sheet: Any, row: int, pages: Mapping[str, Page]) -> None:
    book.write(sheet, row, 0, "Sheets", bold=True, font_size=12)
    for name, page in pages.items():
        row += 1
        target = "internal:'" + name.replace("'", "''") + "'!A1"
        look = book.style(font_color=ACCENT, underline=1)
        sheet.write_url(row, 0, target, look, string=name)
        book.write(sheet, row, 1, counted(len(page.rows), "row") if page.rows else "empty", font_color="#55605e")


def _paragraph(book: Book, sheet: Any, row: int, text: str) -> int:
    """Text over the sheet's whole width; merged cells do not grow by themselves, so the height is worked out."""
    wide = 125
    lines = sum(max(1, -(-len(line) // wide)) for line in text.split("\n"))
    book.write_over(sheet, row, 5, text, text_wrap=True)
    sheet.set_row_pixels(row, 6 + 17 * min(lines, 20))
    return row + 1
