"""Exact evaluation agrees with the contract's arithmetic, and the grid of a bound holds all its values."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import sqlglot
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alignment.rules.algebra import add, constant, decimal_text, divide, literal, multiply, negate, tree_of
from alignment.rules.exact import evaluate, exact, grid
from tests.oracles.rules import UNDIVIDED, value
from tests.rules.texts import context, facts, rows, rules


def tree(text: str) -> Any:
    return sqlglot.parse_one(text, read="duckdb")


def exactly(row: dict[str, Any]) -> dict[str, Any]:
    return {name: exact(cell) for name, cell in row.items()}


@settings(max_examples=250, deadline=None, phases=[Phase.generate])
@given(context | facts | rules, rows, st.sampled_from([Decimal(n) for n in ("-1", "0", "0.5", "2", "3.3")]))
def test_any_expression_has_its_exact_value(text: str, row: dict[str, Any], x: Decimal) -> None:
    expected = value(tree(text), {**row, "x": x})
    assert evaluate(tree(text), exactly({**row, "x": x})) == (None if expected is UNDIVIDED else expected)


@settings(max_examples=250, deadline=None, phases=[Phase.generate])
@given(context, rows)
def test_values_lie_on_their_grid(text: str, row: dict[str, Any]) -> None:
    whole = grid(tree(text), {"a": 1, "b": 1, "c": 1})
    found = evaluate(tree(text), exactly(row))
    assert whole is None or found is None or (found * whole).denominator == 1


@settings(max_examples=250, deadline=None, phases=[Phase.generate])
@given(context, context, rows)
def test_arithmetic_on_trees_is_arithmetic_on_their_values(first: str, second: str, row: dict[str, Any]) -> None:
    a, b = tree(first), tree(second)
    x, y = value(a, row), value(b, row)
    known = x is not None and y is not None
    assert value(tree_of(add(a, b)), row) == (x + y if known else None)
    assert value(tree_of(multiply(a, b)), row) == (x * y if known else None)
    assert value(tree_of(divide(a, b)), row) == (x / y if known and y else None)
    assert value(tree_of(negate(a)), row) == (None if x is None else -x)


@pytest.mark.parametrize("number", ["0", "1", "-1", "0.5", "1/3", "-2/7", "1.08", "123456789.000001", "1/1024"])
def test_a_number_as_a_tree_is_that_number(number: str) -> None:
    assert evaluate(literal(Fraction(number)), {}) == Fraction(number)


@pytest.mark.parametrize(("number", "text"), [("1.50", "1.5"), ("-0.05", "-0.05"), ("1e3", "1000"), ("0", "0")])
def test_decimals_are_written_out(number: str, text: str) -> None:
    assert decimal_text(constant(number)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t like 'a%'", True),
        ("t not like 'a%'", False),
        ("t not like 'x%'", True),
        ("t like 'a_c'", True),
        ("missing not like 'a%'", None),
        ("length(t) + length(upper(t))", 6),
        ("upper(t)", "ABC"),
        ("year(d) * 100 + month(d)", 202603),
        ("extract(quarter from d)", 1),
        ("dayofweek(d)", 0),
        ("week(d)", 9),
        ("d > date '2026-02-28'", True),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(2.345, 2)", Fraction("2.35")),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("ln(0)", None),
        ("sqrt(-1)", None),
        ("sqrt(4)", 2),
        ("floor(-0.5)", -1),
        ("exp(1000)", None),
        ("exp(-1000)", 0),
    ],
)
def test_functions(text: str, expected: Any) -> None:
    row = {"t": "abc", "missing": None, "d": date(2026, 3, 1)}
    assert evaluate(tree(text), row) == expected


def test_a_double_is_the_decimal_that_prints_it() -> None:
    assert exact(0.1) == Fraction(1, 10)
    assert exact(float("nan")) is None and exact(float("inf")) is None
