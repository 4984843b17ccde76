"""A rule as a sentence and as text: either says the same as the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from alignment.errors import RuleError
from ui.rules.sentence import (
    ALL,
    AMOUNT,
    AT_LEAST,
    AT_MOST,
    BETWEEN,
    EXACTLY,
    IS,
    IS_NOT,
    WITHIN,
    Sentence,
    raw_of,
    read,
    rule_of,
    split_raw,
)

COLUMNS = ("cost", "current_price")


@pytest.mark.parametrize(
    ("comparison", "much", "of", "rule"),
    [
        (AT_LEAST, "130 %", "cost", "price >= cost * 1.3"),
        (AT_LEAST, "1.08", "cost", "price >= cost * 1.08"),
        (AT_LEAST, "100 %", "cost", "price >= cost"),
        (AT_LEAST, "", "cost", "price >= cost"),
        (AT_MOST, "+500", "cost", "price <= cost + 500"),
        (AT_MOST, "−5", "cost", "price <= cost - 5"),
        (AT_MOST, "+8 %", "cost", "price <= cost * 1.08"),
        (AT_MOST, "$9.99", AMOUNT, "price <= 9.99"),
        (AT_MOST, "1,200", AMOUNT, "price <= 1200"),
        (EXACTLY, "100 %", "current_price", "price = current_price"),
        (WITHIN, "8 %", "current_price", "abs(price / current_price - 1) <= 0.08"),
        (WITHIN, "50", "current_price", "abs(price - current_price) <= 50"),
        (BETWEEN, "85 % to 115 %", "cost", "price between cost * 0.85 and cost * 1.15"),
        (BETWEEN, "85 to 115 %", "cost", "price between cost * 0.85 and cost * 1.15"),
        (BETWEEN, "5 to 9", AMOUNT, "price between 5 and 9"),
        (IS, "review, decline", AMOUNT, "price in ('review', 'decline')"),
        (IS_NOT, "decline", AMOUNT, "price not in ('decline')"),
    ],
)
def test_a_sentence_becomes_a_rule(comparison, much, of, rule):
    assert rule_of(Sentence(ALL, "price", comparison, much, of)) == rule


@pytest.mark.parametrize(
    ("comparison", "much", "of", "said"),
    [
        (AT_LEAST, "", AMOUNT, "it is not said how much"),
        (AT_LEAST, "a lot", "cost", "'a lot' is not a number"),
        (AT_LEAST, "130 %", AMOUNT, "is a share of nothing"),
        (BETWEEN, "5", AMOUNT, "is not a range"),
        (WITHIN, "8 %", AMOUNT, "nothing to be within"),
        (IS, " ", AMOUNT, "no value is named"),
    ],
)
def test_a_sentence_that_is_not_complete_says_what_it_lacks(comparison, much, of, said):
    with pytest.raises(RuleError, match=said):
        rule_of(Sentence(ALL, "price", comparison, much, of))


@given(
    comparison=some.sampled_from([AT_LEAST, AT_MOST, EXACTLY, WITHIN]),
    percent=some.decimals(1, 900, places=2),
    column=some.sampled_from(COLUMNS),
)
def test_what_was_made_from_a_sentence_is_read_back_as_one_that_makes_the_same_rule(comparison, percent, column):
    rule = rule_of(Sentence("kind = 'a'", "price", comparison, f"{percent} %", column))
    back = read(rule, "kind = 'a'", ["price"], COLUMNS)
    assert back is not None and (back.scope, back.comparison) == ("kind = 'a'", comparison)
    assert rule_of(back) == rule


@pytest.mark.parametrize(
    "rule",
    [
        "price % 5 = 0 or price = cost",
        "avg(price) <= 3",
        "price >= cost * 1.1 + 3",
        "price >= unknown_column",
        "cost > 3",
    ],
)
def test_a_rule_that_five_choices_cannot_say_stays_as_written(rule):
    assert read(rule, None, ["price"], COLUMNS) is None


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        ("price >= cost\nwhere kind = 'a'", ("price >= cost", "kind = 'a'")),
        ("price >= cost\n  WHERE kind = 'a'", ("price >= cost", "kind = 'a'")),
        ("count(*) filter (where price > 1) <= 3", ("count(*) filter (where price > 1) <= 3", None)),
        ("  price >= cost ", ("price >= cost", None)),
        ("price >= cost\nwhere ", ("price >= cost", None)),
    ],
)
def test_scope_stands_on_a_line_of_its_own(raw, parts):
    assert split_raw(raw) == parts


def test_rule_and_scope_are_put_together_as_they_are_taken_apart():
    assert split_raw(raw_of("price >= cost", "kind = 'a'")) == ("price >= cost", "kind = 'a'")
