"""Objectives out of what people type and paste."""

from decimal import Decimal

import pytest

from alignment.errors import AccordError
from alignment.initiative.models import Initiative, Objective, Term
from ui.mapping.repair import repaired
from ui.mapping.writing import check, of_formula, of_pasted, of_score, of_terms, said

INITIATIVE = Initiative.model_validate(
    {"accord": 1, "id": "x", "levers": [{"name": "price"}], "metrics": [{"name": "revenue"}, {"name": "returns"}]}
)
TWO = [{"metric": "a", "coefficient": -1}, {"metric": "b", "coefficient": 1200}]


@pytest.mark.parametrize(
    ("text", "sense", "expression"),
    [
        ("revenue - 0.5 * returns", "maximise", "revenue - 0.5 * returns"),
        ("maximise revenue", "maximise", "revenue"),
        ("Minimize: returns", "minimise", "returns"),
        ("min returns", "minimise", "returns"),
        ("max(revenue, 0)", "maximise", "max(revenue, 0)"),
        ("revenue\n  - returns", "maximise", "revenue - returns"),
        ("expression: revenue\nsense: minimise", "minimise", "revenue"),
        ('{"objective": {"expression": "revenue"}}', "maximise", "revenue"),
    ],
)
def test_pasted_text_is_a_formula_or_a_block(text, sense, expression):
    found = of_pasted(text)
    assert (found.sense, found.expression) == (sense, expression)


@pytest.mark.parametrize("text", ["", "objective: {expression: revenue, score: s}", "terms: [{metric: revenue}]"])
def test_what_cannot_be_an_objective_is_refused_in_one_line(text):
    with pytest.raises(AccordError) as error:
        of_pasted(text)
    assert len(str(error.value).splitlines()) == 1


def test_terms_skip_empty_rows_and_keep_decimals():
    rows = [
        {"metric": "revenue", "coefficient": 0.1, "rate": None},
        {"metric": None, "coefficient": float("nan"), "rate": None},
        {"metric": "returns", "coefficient": -3, "rate": "12 USD a return"},
    ]
    found = of_terms(rows, "maximise", 30, " pricing ")
    assert [(t.metric, t.coefficient, t.rate) for t in found.terms] == [
        ("revenue", Decimal("0.1"), None), ("returns", Decimal("-3"), "12 USD a return"),
    ]  # fmt: skip
    assert (found.horizon_days, found.owner) == (30, "pricing")


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ([], "no term yet"),
        ([{"metric": "revenue", "coefficient": None}], "revenue has no coefficient"),
        ([{"metric": None, "coefficient": 2.0}], "has no metric"),
        ([{"metric": "revenue", "coefficient": 1}, {"metric": "revenue", "coefficient": 2}], "two terms"),
        ([{"metric": "revenue", "coefficient": "much"}], "write a number"),
        ([{"metric": "revenue", "coefficient": float("inf")}], "finite"),
    ],
)
def test_terms_that_say_too_little_are_refused(rows, part):
    with pytest.raises(AccordError, match=part):
        of_terms(rows, "maximise", None, None)


@pytest.mark.parametrize(
    ("objective", "part"),
    [
        (Objective(expression="revenu"), "revenu"),
        (Objective(terms=(Term(metric="revenu", coefficient=Decimal(1)),)), "not a recorded metric"),
        (Objective(score="name"), "not a column of numbers"),
    ],
)
def test_unknown_names_are_refused_before_anything_is_recorded(objective, part):
    with pytest.raises(AccordError, match=part):
        check(objective, INITIATIVE, {"name": "VARCHAR", "score": "DOUBLE"})


def test_columns_of_the_table_may_be_named():
    check(Objective(expression="revenue * weight"), INITIATIVE, {"weight": "DECIMAL(4,2)"})
    check(Objective(score="score"), INITIATIVE, {"score": "DOUBLE"})
    check(of_score("anything", "maximise", None, None), INITIATIVE, {})


@pytest.mark.parametrize(
    ("objective", "text"),
    [
        (of_formula("a - 0.5*b", "maximise", None, None), "a − 0.5 × b"),
        (of_formula("case when kind = 'x*y' then a end", "maximise", None, None), "case when kind = 'x*y' then a end"),
        (of_terms(TWO, "maximise", None, None), "−a + 1,200 × b"),
        (of_score("s", "maximise", None, None), "the score in column s"),
    ],
)
def test_an_objective_as_people_read_it(objective, text):
    assert said(objective) == text


def test_a_repaired_objective_keeps_owner_horizon_and_rates():
    before = Objective(
        sense="minimise", horizon_days=7, owner="pricing",
        terms=(Term(metric="revenue", coefficient=Decimal(-1), rate="per dollar"),),
    )  # fmt: skip
    after = repaired(before, {"revenue": 0.06, "returns": -5025.0})
    assert (after.sense, after.horizon_days, after.owner) == ("maximise", 7, "pricing")
    assert [(t.metric, float(t.coefficient), t.rate) for t in after.terms] == [
        ("revenue", 0.06, "per dollar"), ("returns", -5025.0, None),
    ]  # fmt: skip
