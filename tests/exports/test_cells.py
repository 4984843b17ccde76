"""Text made safe for where it goes, and numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.exports.cells import cell_text, sheet_names, xml_text
from alignment.exports.looks import looks
from alignment.exports.wording import number, share, worst_item
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


@pytest.mark.parametrize(("value", "shown"), [
    (0, "0"), (1183, "1,183"), (9.99, "9.99"), (1.5, "1.5"), (-0.25, "−0.25"), (1234567.891, "1,234,567.89"),
    (3.50531, "3.505"), (150.125, "150.12"),
    (0.1 + 0.2, "0.3"), (0.00012345, "0.0001234"), (1e-9, "0.000000001"), (None, "–"), (float("inf"), "–"),
])  # fmt: skip
def test_numbers_are_grouped_and_end_where_they_matter(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(("value", "shown"), [
    (0.41, "41 %"), (1, "100 %"), (0, "0 %"), (0.004, "0.4 %"), (0.0001, "<0.1 %"), (0.9999, "99.9 %"), (-0.2, "−20 %"),
    (None, "–"), (0.0585, "6 %"),
])  # fmt: skip
def test_shares_are_whole_percents_and_never_all_or_nothing_of_what_is_not(value, shown):
    assert share(value) == shown


@pytest.mark.parametrize(("worst", "shown"), [
    ({}, ""),
    ({"sku": 1183, "lower": 9.99, "upper": 8.49}, "sku 1183: at least 9.99, at most 8.49"),
    ({"sku": "a", "lower": None, "upper": 3, "cost": 2500.5}, "sku a: at most 3 (cost 2,500.5)"),
    ({"sku": 1, "lower": None, "upper": None}, "sku 1"),
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
