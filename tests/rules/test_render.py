"""DuckDB gives the exact value of decimals, also where it chooses among products of different precision."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from alignment.rules.parse import Schema, parse_expression
from alignment.rules.render import render

SCHEMA = Schema({"cost": "number", "msrp": "number", "fine": "number"}, {"price": "number"})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("greatest(cost * 2, msrp * 0.855)", "8.54145"),
        ("greatest(msrp * 0.855, cost * 2)", "8.54145"),
        ("least(cost * 10, fine)", "1.000001"),
        ("coalesce(cost * 1.5, msrp)", "5.985"),
        ("coalesce(nullif(cost * 10, 39.9), msrp * 1.0005, 1)", "9.994995"),
        ("case when msrp * 2 > 5 then fine else cost * 2 end", "1.000001"),
        ("case when cost > 5 then cost * 2 end", None),
        ("greatest(case when fine > 1 then msrp * 0.855 else cost * 2 end, cost) - fine", "7.541449"),
        ("abs(greatest(-(msrp * 0.855), cost * -3))", "8.54145"),
    ],
)
def test_no_choice_rounds(text: str, value: str | None) -> None:
    connection = duckdb.connect()
    connection.execute("create table t (cost decimal(18, 2), msrp decimal(18, 2), fine decimal(18, 6))")
    connection.execute("insert into t values (3.99, 9.99, 1.000001)")
    sql = render(parse_expression(text, SCHEMA))
    found = connection.sql(f"select {sql} from t").fetchall()[0][0]
    assert found == (None if value is None else Decimal(value))


def test_doubles_stay_doubles() -> None:
    connection = duckdb.connect()
    connection.execute("create table t as select cast(0.1 as double) as cost, cast(0.7 as double) as msrp")
    sql = render(parse_expression("greatest(cost * 3, msrp)", SCHEMA))
    assert connection.sql(f"select typeof({sql}), {sql} from t").fetchall() == [("DOUBLE", 0.7)]
