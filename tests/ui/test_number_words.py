"""Numbers and names read as people write them, and no name acts as HTML or markdown."""

import re

import pytest

from ui import words

NB = words.NO_BREAK


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, f"0{NB}%"),
        (0.123, f"12{NB}%"),
        (-0.59, f"−59{NB}%"),
        (0.004, f"0.4{NB}%"),
        (0.0098, f"1{NB}%"),
        (0.00001, f"<0.1{NB}%"),
        (0.9996, f"99.9{NB}%"),
        (1, f"100{NB}%"),
        (13.3, f"1,330{NB}%"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_a_share_is_whole_percents_unless_below_one(value, text):
    assert words.share(value) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (38081.4, "USD", "$38,081"),
        (8.49, "USD", "$8.49"),
        (8, "EUR", "€8"),
        (-1.5, "GBP", "−£1.50"),
        (12.5, "CHF", f"12.50{NB}CHF"),
        (980.4, "JPY", "¥980"),
        (None, "USD", "–"),
    ],
)
def test_money_has_its_currency_and_separators(value, currency, text):
    assert words.money(value, currency) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (23_967_998_737, "USD", f"+$24.0{NB}bn"),
        (-12_644_244, "cars", f"−12.6{NB}m cars"),
        (1_849, "changes", f"+1,849{NB}changes"),
        (999_999, "USD", f"+$1.0{NB}m"),
        (-1.2783, "points", f"−1.28{NB}points"),
        (0, "points", f"0{NB}points"),
        (None, "points", "–"),
    ],
)
def test_a_change_is_short_and_signed(value, unit, text):
    assert words.compact(value, unit, sign=True) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.33, "133"), (-0.882, "−88"), (0.0006, "0.1"), (0.0001, "0"), (0, "0"), (None, "–")]
)
def test_a_point_is_a_hundredth_of_the_achievable_value(value, text):
    assert words.points(value) == text


@pytest.mark.parametrize(
    ("n", "text"), [(0, "no conflicts"), (1, "one conflict"), (12, "twelve conflicts"), (1300, "1,300 conflicts")]
)
def test_small_counts_are_spelt_out(n, text):
    assert words.in_words(n, "conflict") == text


@pytest.mark.parametrize(
    ("n", "one", "many", "text"),
    [
        (1, "item", None, "1 item"),
        (2256, "item", None, "2,256 items"),
        (2, "category", None, "2 categories"),
        (2, "day", None, "2 days"),
        (2, "person", "people", "2 people"),
    ],
)
def test_nouns_follow_their_number(n, one, many, text):
    assert words.counted(n, one, many) == text


@pytest.mark.parametrize(
    ("n", "text"), [(1, "1 day"), (30, "30 days"), (365, "1 year"), (540, "18 months"), (900, "2.5 years"), (None, "–")]
)
def test_a_span_of_days_is_said_in_the_unit_that_fits(n, text):
    assert words.days(n) == text


@pytest.mark.parametrize(
    ("values", "decimals"),
    [([20249, 38081], 0), ([8.49, 9.99], 2), ([8.491, 8.492], 3), ([5.0, 5.0, None], 0), ([], 0)],
)
def test_different_values_are_written_differently(values, decimals):
    assert words.apart(values) == decimals


def test_long_names_that_begin_alike_stay_apart_when_cut():
    names = ["a_rather_long_metric_1", "a_rather_long_metric_2", "short"]
    assert words.cut_apart(names, 14) == ["a_rath…etric_1", "a_rath…etric_2", "short"]


def test_lists_read_as_a_sentence():
    assert [words.listed(x) for x in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


NASTY = [
    "<script>alert(1)</script>",
    "a & b",
    "\"quoted\" 'too'",
    "*bold* _it_ `code`",
    "[x](http://y)",
    "$a$ :blue[b]",
]


@pytest.mark.parametrize("name", NASTY)
def test_html_holds_no_markup_of_a_name(name):
    assert not re.search(r"[<>\"']|&(?!\w+;|#x?\w+;)", words.html(name))


@pytest.mark.parametrize("name", [*NASTY, "# head", "1. list", "- item", "a | b", "~~gone~~"])
def test_markdown_holds_no_bare_punctuation_of_a_name(name):
    assert not re.search(r"(?<!\\)[*_`\[\]()<>$#~|]", words.md(name))


@pytest.mark.parametrize("name", [":smile:", "a :material/home: b", ":blue[x]"])
def test_markdown_breaks_short_codes_that_are_read_after_escapes(name):
    assert not re.search(r":[\w+/-]", words.md(name))


def test_markdown_keeps_a_name_on_one_line():
    assert "\n" not in words.md("a\n\n# b")
