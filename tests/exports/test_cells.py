"""Text made safe for where it goes, and the looks of teams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.exports.cells import cell_text, sheet_names, xml_text
from alignment.exports.looks import looks
from alignment.exports.wording import worst_item
from ui.teams import roster


@given(st.lists(st.text(max_size=60), max_size=12))
def test_sheet_names_are_legal_and_all_different(wanted):
    names = sheet_names(wanted)
    assert len(names) == len(wanted)
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 1 <= len(name.encode("utf-16-le")) // 2 <= 31
        assert not set(name) & set("[]:*?/\\") and name[0] != "'" and name[-1] != "'"


@given(st.text())
def test_cell_text_is_what_a_cell_can_hold(text):
    assert len(cell_text(text).encode("utf-16-le")) <= 2 * 32_767
    assert xml_text(cell_text(text)) == cell_text(text)


def test_a_long_text_is_not_cut_within_a_character():
    assert cell_text("😀" * 20_000)[-2:] == "😀…"


@pytest.mark.parametrize(("worst", "shown"), [
    ({}, ""),
    ({"sku": 1183, "lower": 9.99, "upper": 8.49}, "sku 1183: at least 9.99, at most 8.49"),
    ({"sku": "a", "lower": None, "upper": 3, "cost": 2500.5}, "sku a: at most 3 (cost 2500.5)"),
    ({"sku": 1, "lower": None, "upper": None}, "sku 1"),
    ({"sku": 1, "lower": 12000.25, "upper": 12000.2}, "sku 1: at least 12,000.25, at most 12,000.20"),
])  # fmt: skip
def test_the_worst_item_in_a_line(worst, shown):
    assert worst_item(worst) == shown


@pytest.mark.parametrize("teams", [
    ("operations", "brand", "tech", "finance", "legal"),
    ("Brand", "sales", "brand", "R&D", "sales", "a", "b", "c", "d", "e", "f", "g"),
])  # fmt: skip
def test_a_team_looks_the_same_in_a_sheet_as_on_a_page(teams):
    sheet, page = looks(teams), roster(teams)
    assert {t: (x.symbol, x.colour, x.text) for t, x in sheet.items()} == {
        t: (x.symbol, x.colour, x.text) for t, x in page.items()
    }
