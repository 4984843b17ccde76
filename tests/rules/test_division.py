"""A lever value that makes a divisor zero is not allowed, unless something else has already decided or is unknown."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import duckdb
import pytest

from alignment.initiative.models import Lever
from alignment.rules.exact import exact
from alignment.rules.normal import Normal, normalise
from alignment.rules.parse import Schema, parse_rule
from alignment.rules.render import allows_sql
from tests.oracles.rules import allowed
from tests.rules.test_normal_random import holds

SCHEMA = Schema({"a": "number", "b": "number", "c": "number"}, {"x": "number"})
CASES = [
    ("a / x > 2", {"a": 1}, 0, False),
    ("a / x > 2", {"a": 1}, Decimal("0.1"), True),
    ("not a / x > 2", {"a": 1}, 0, False),
    ("a / x > 2", {"a": None}, 0, True),
    ("a / x > 2 or c > 0", {"a": 1, "c": 1}, 0, True),
    ("a / x > 2 or c > 0", {"a": 1, "c": None}, 0, False),
    ("(a / x > 2 or c > 0) and b > 1", {"a": 1, "b": None, "c": 1}, 0, True),
    ("(a / x > 2 or c > 0) and b > 1", {"a": 1, "b": None, "c": 0}, 0, False),
    ("(a / x > 2 and c > 0) or b > 1", {"a": 1, "b": None, "c": 0}, 0, True),
    ("(a / x > 2 and c > 0) or b > 1", {"a": 1, "b": None, "c": 1}, 0, False),
    ("not (a / x > 2 and c > 0) and b > 1", {"a": 1, "b": None, "c": 0}, 0, True),
    ("x in (a / x, 0) and b > 1", {"a": 1, "b": None}, 0, True),
    ("x between a / x and -1 or b > 1", {"a": 1, "b": None}, 0, True),
    ("(case when c > 0 then a / x > 2 or b > 1 end) and c > 5", {"a": 1, "b": 2, "c": 1}, 0, False),
    ("(case when c > 0 then a / x > 2 or b > 1 end) and a > 2", {"a": None, "b": 2, "c": 1}, 0, True),
    ("x / 0 > 1", {}, 2, True),
    ("not x < a / 0", {"a": 1}, 2, True),
    ("x > a / (1 / 0)", {"a": 1}, -1, True),
    ("x > 1 / (1 - 1) or x < 5", {}, 7, True),
]


@pytest.mark.parametrize(("text", "row", "x", "answer"), CASES)
def test_a_zero_divisor(text: str, row: dict[str, int | None], x: Decimal | int, answer: bool) -> None:
    full = {"a": None, "b": None, "c": None} | row
    assert allowed(text, {**full, "x": x}) == answer
    assert duckdb_allows(text, full, x) == answer
    normal = normalise(parse_rule(text, SCHEMA), {"x": Lever(name="x")})
    if isinstance(normal, Normal):
        cells = {name: exact(cell) for name, cell in full.items()}
        assert holds(normal.logic.forbidden(), cells, Fraction(x)) != answer


def duckdb_allows(text: str, row: dict[str, int | None], x: Decimal | int) -> bool:
    connection = duckdb.connect()
    connection.execute("create table t (a decimal(18, 2), b decimal(18, 2), c decimal(18, 2), x decimal(18, 2))")
    connection.execute("insert into t values (?, ?, ?, ?)", [*row.values(), x])
    return bool(connection.sql(f"select {allows_sql(parse_rule(text, SCHEMA))} from t").fetchall()[0][0])
