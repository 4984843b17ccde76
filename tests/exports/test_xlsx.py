"""The workbook as a person who is mailed it opens it: read back with another library than the one that wrote it."""

from io import BytesIO
from zipfile import ZipFile

import openpyxl
import pytest

from alignment.exports import export
from alignment.initiative.models import Initiative
from alignment.initiative.reading import read_text
from tests.exports.reports import HASH, MAPPING, REPORT, TEXT, initiative
from tests.golden.compare import same_as_read


def opened(initiative: Initiative, report=REPORT, mapping=MAPPING) -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(export(initiative, report, mapping, "xlsx")))


@pytest.fixture(scope="module")
def book() -> openpyxl.Workbook:
    return opened(initiative())


def column(sheet, heading: str) -> list:
    k = next(cell.column for cell in sheet[1] if cell.value == heading)
    return [sheet.cell(row, k) for row in range(2, sheet.max_row + 1)]


def everything(book: openpyxl.Workbook) -> str:
    lines = []
    for sheet in book:
        lines += [f"== {sheet.title}"]
        for row in sheet.iter_rows():
            cells = [str(cell.value).replace("\n", " / ") for cell in row if cell.value is not None]
            lines += [" | ".join(cells)] if cells else []
    return "\n".join(lines) + "\n"


def test_it_reads_as_a_person_reviewed_it(book):
    same_as_read("sheet.xlsx.txt", everything(book))


def test_summary_comes_first_then_all_constraints_then_a_sheet_per_team(book):
    assert book.sheetnames == [
        "Summary", "Constraints", "operations", "brand", "tech", "R&D", "Conflicts", "Backstops", "Goals", "Objective",
        "Findings",
    ]  # fmt: skip


def test_each_table_keeps_its_heading_in_sight_and_can_be_filtered(book):
    for name in ("Constraints", "operations", "Conflicts", "Backstops", "Goals"):
        sheet = book[name]
        assert sheet.freeze_panes in ("A2", "B2", "C2"), name
        assert sheet.auto_filter.ref.startswith("A1:"), name
        assert all(cell.font.bold for cell in sheet[1]), name


def test_every_sheet_prints_landscape_on_one_page_width_with_title_and_hash(book):
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.oddHeader.left.text == "Spring pricing"
        assert HASH in sheet.oddFooter.left.text


def test_teams_have_their_colour_and_text_that_can_be_read_on_it(book):
    shown = {cell.value: (cell.fill.fgColor.rgb, cell.font.color.rgb) for cell in column(book["Constraints"], "Team")}
    assert shown["● operations"] == ("FF0072B2", "FFFFFFFF")
    assert shown["◆ brand"] == ("FFCC79A7", "FF0B1211")
    assert book["brand"].sheet_properties.tabColor.rgb == "FFCC79A7"


def test_numbers_are_numbers_and_dates_are_dates(book):
    sheet = book["Constraints"]
    assert [cell.value for cell in column(sheet, "Items in scope")] == [2000] * 4
    assert column(sheet, "Relax to")[0].value == 1.02
    assert column(sheet, "Review by")[0].is_date
    assert [cell.value for cell in column(sheet, "Broken today")] == [12, 0, None, None]


def test_a_team_sheet_holds_that_teams_constraints_alone(book):
    assert [cell.value for cell in column(book["tech"], "Id")] == ["pack-ladder", "old-cap"]
    assert book["R&D"]["A2"].value == "R&D has recorded no constraint."


def test_a_conflict_names_members_items_worst_and_ways_out(book):
    sheet = book["Conflicts"]
    assert column(sheet, "Conflict")[0].value == "floor-over-cost\n+ promo-ceiling"
    assert column(sheet, "Items")[0].value == 132
    assert "sku 1183" in column(sheet, "Worst item")[0].value
    first = column(sheet, "Ways out")[0].value.splitlines()[0]
    assert first == "1. floor-over-cost, rule: price >= cost * 1.02 (clears 132 items; operations gives up $1.50)"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")', "{=1}", "http://x.y"])
def test_text_stays_text_whatever_it_begins_with(text):
    constraint = initiative().constraints[0].model_copy(update={"because": text, "owner": text})
    made = opened(initiative().model_copy(update={"constraints": (constraint,), "summary": text}))
    for heading in ("Because", "Owner"):
        cell = column(made["Constraints"], heading)[0]
        assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)
    assert made["Summary"]["A2"].data_type == "s"


def test_nothing_in_the_workbook_runs():
    with ZipFile(BytesIO(export(initiative(), REPORT, MAPPING, "xlsx"))) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 11
    assert not any("<f>" in sheet or "<f " in sheet for sheet in sheets)


def test_characters_that_xml_cannot_hold_are_marked_and_long_text_is_cut():
    odd = "a\x00b\x07c\ufffe_x0041_d"
    constraint = initiative().constraints[0].model_copy(update={"because": odd, "owner": "x" * 40_000})
    made = opened(initiative().model_copy(update={"constraints": (constraint,)}))
    assert column(made["Constraints"], "Because")[0].value == "a\ufffdb\ufffdc\ufffd_x0041_d"
    owner = column(made["Constraints"], "Owner")[0].value
    assert (len(owner), owner[-1]) == (32_767, "…")


def test_any_team_name_gets_a_sheet_of_its_own():
    teams = ("Summary", "a/b:c*d?[e]\\f", "x" * 50, "x" * 51, "SUMMARY", "History", "'quoted'", "  ")
    made = opened(read_text("accord: 1\nid: a\n").model_copy(update={"teams": teams}), None, None)
    own = made.sheetnames[2:-1]
    assert len(own) == len(teams)
    assert len({name.casefold() for name in made.sheetnames}) == len(made.sheetnames)
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in made.sheetnames)
    assert own[0] == "Summary (2)"


def test_an_initiative_with_nothing_in_it_says_so():
    made = opened(read_text("accord: 1\nid: empty\n"), None, None)
    assert made["Constraints"]["A2"].value == "No constraint has been recorded."
    assert made["Summary"]["B3"].value == "not checked"
    assert "Conflicts" not in made.sheetnames


def test_the_same_input_gives_the_same_bytes_and_no_time_of_day():
    first, second = (export(initiative(), REPORT, MAPPING, "xlsx") for _ in range(2))
    assert first == second
    assert opened(initiative()).properties.created.date().isoformat() == "2026-03-01"
    undated = read_text(TEXT.replace("as_of: 2026-03-01\n", ""))
    assert opened(undated).properties.created.date().isoformat() == "2000-01-01"


def test_a_thousand_constraints_fit():
    one = initiative().constraints[0]
    many = tuple(one.model_copy(update={"id": f"c{i}"}) for i in range(1000))
    made = opened(initiative().model_copy(update={"constraints": many}), None, None)
    assert len(column(made["Constraints"], "Id")) == 1000
