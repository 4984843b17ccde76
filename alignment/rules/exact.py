"""Exact evaluation of checked trees in fractions, and the grids on which bounds of decimals lie.

Doubles decide what is far apart; what is near is decided here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlglot import exp

from alignment.rules.algebra import Value, constant, number_of

Row = Mapping[str, Any]
LARGEST_GRID = 10**15


def exact(value: Any) -> Any:
    """A value from a table as it counts here: numbers as fractions, a double as the shortest decimal that prints it."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, Decimal)):
        return Fraction(value)
    if isinstance(value, float):
        return Fraction(Decimal(repr(value))) if math.isfinite(value) else None
    return value.date() if isinstance(value, datetime) else value


def evaluate(tree: Value, row: Row) -> Any:
    """The exact value of a tree on one row (names to values, see `exact`); None where it is NULL.

    Division by zero is None. Logarithms, exponentials and roots are as exact as a double.
    """
    if isinstance(tree, Fraction):
        return tree
    maker = _EVALUATORS.get(type(tree))
    if maker is None:
        raise NotImplementedError(f"no exact value for {type(tree).__name__}")
    return maker(tree, row)


def grid(tree: Value, scales: Mapping[str, int | None]) -> int | None:
    """A number M such that M times the tree's value is always whole, or None where there is none.

    scales: decimals of each column, None where it is not a column of decimals.
    """
    if isinstance(tree, Fraction):
        return tree.denominator
    found = _grid(tree, scales)
    return found if found is not None and found <= LARGEST_GRID else None


def _grid(tree: exp.Expression, scales: Mapping[str, int | None]) -> int | None:
    number = number_of(tree)
    if number is not None:
        return number.denominator
    if isinstance(tree, exp.Column):
        scale = scales.get(tree.name)
        return None if scale is None else 10**scale
    if isinstance(tree, (exp.Paren, exp.Neg, exp.Abs)):
        return _grid(tree.this, scales)
    if isinstance(tree, (exp.Add, exp.Sub)):
        return _common([_grid(tree.this, scales), _grid(tree.expression, scales)])
    if isinstance(tree, exp.Mul):
        a, b = _grid(tree.this, scales), _grid(tree.expression, scales)
        return None if a is None or b is None else a * b
    if isinstance(tree, exp.Div):
        a, divisor = _grid(tree.this, scales), number_of(tree.expression)
        return None if a is None or not divisor else a * abs(divisor.numerator)
    if isinstance(tree, (exp.Least, exp.Greatest, exp.Coalesce)):
        return _common([_grid(t, scales) for t in [tree.this, *tree.expressions]])
    if isinstance(tree, exp.Nullif):
        return _grid(tree.this, scales)
    if isinstance(tree, exp.Case):
        values = [b.args["true"] for b in tree.args["ifs"]] + (
            [tree.args["default"]] if tree.args.get("default") else []
        )
        return _common([_grid(v, scales) for v in values])
    return None


def _common(grids: list[int | None]) -> int | None:
    return None if any(g is None for g in grids) else math.lcm(*(g for g in grids if g is not None))


def _both(operation: Callable[[Any, Any], Any]) -> Callable[[exp.Expression, Row], Any]:
    def evaluated(tree: exp.Expression, row: Row) -> Any:
        a, b = evaluate(tree.this, row), evaluate(tree.expression, row)
        return None if a is None or b is None else operation(a, b)

    return evaluated


def _one(operation: Callable[[Any], Any]) -> Callable[[exp.Expression, Row], Any]:
    def evaluated(tree: exp.Expression, row: Row) -> Any:
        a = evaluate(tree.this, row)
        return None if a is None else operation(a)

    return evaluated


def _remainder(a: Fraction, b: Fraction) -> Fraction | None:
    if b == 0:
        return None
    return a - b * (abs(a) // abs(b)) * (1 if (a >= 0) == (b > 0) else -1)


def _truths(tree: exp.Expression, row: Row, absorbing: bool) -> bool | None:
    unknown = False
    todo = [tree]
    while todo:
        node = todo.pop()
        if type(node) is type(tree):
            todo += [node.expression, node.this]
            continue
        value = evaluate(node, row)
        if value is absorbing:
            return absorbing
        unknown = unknown or value is None
    return None if unknown else not absorbing


def _between(tree: exp.Expression, row: Row) -> bool | None:
    x, low, high = (evaluate(t, row) for t in (tree.this, tree.args["low"], tree.args["high"]))
    tests = [None if x is None or low is None else x >= low, None if x is None or high is None else x <= high]
    return False if False in tests else None if None in tests else True


def _in(tree: exp.Expression, row: Row) -> bool | None:
    x = evaluate(tree.this, row)
    values = [evaluate(t, row) for t in tree.expressions]
    if x is None:
        return None
    return True if x in [v for v in values if v is not None] else None if None in values else False


def _case(tree: exp.Expression, row: Row) -> Any:
    for branch in tree.args["ifs"]:
        test = evaluate(branch.this, row)
        taken = test is not None and test == evaluate(tree.this, row) if tree.this else test is True
        if taken:
            return evaluate(branch.args["true"], row)
    default = tree.args.get("default")
    return None if default is None else evaluate(default, row)


def _known(tree: exp.Expression, row: Row) -> list[Any]:
    values = (evaluate(t, row) for t in [tree.this, *tree.expressions])
    return [v for v in values if v is not None]


def _round(tree: exp.Expression, row: Row) -> Fraction | None:
    a = evaluate(tree.this, row)
    if a is None:
        return None
    unit = Fraction(1, 10 ** int(tree.args["decimals"].name)) if tree.args.get("decimals") is not None else Fraction(1)
    away = math.floor(abs(a) / unit + Fraction(1, 2))
    return (away if a >= 0 else -away) * unit


def _real(function: Callable[[float], float], defined: Callable[[Any], bool]) -> Callable[[exp.Expression, Row], Any]:
    return _one(lambda a: Fraction(function(float(a))) if defined(a) else None)


def _like(text: str, pattern: str) -> bool:
    parts = ("." if c == "_" else ".*" if c == "%" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _liked(tree: exp.Expression, row: Row) -> bool | None:
    found: bool | None = _both(_like)(tree, row)
    return found if found is None or not tree.args.get("negate") else not found


def _part(name: str) -> Callable[[date], Fraction]:
    parts: dict[str, Callable[[date], int]] = {
        "year": lambda d: d.year,
        "quarter": lambda d: (d.month + 2) // 3,
        "month": lambda d: d.month,
        "week": lambda d: d.isocalendar()[1],
        "day": lambda d: d.day,
        "dow": lambda d: d.isoweekday() % 7,
    }
    return lambda d: Fraction(parts[name](d))


def _extract(tree: exp.Expression, row: Row) -> Fraction | None:
    day = evaluate(tree.expression, row)
    return None if day is None else _part(tree.this.name.lower())(day)


def _literal(tree: exp.Expression, row: Row) -> Any:
    text = tree.args["this"]
    return text if tree.args["is_string"] else constant(text)


def _column(tree: exp.Expression, row: Row) -> Any:
    name = tree.this.name
    return row[f"{tree.text('table')}.{name}" if tree.args.get("table") else name]


def _nullif(tree: exp.Expression, row: Row) -> Any:
    a = evaluate(tree.this, row)
    return None if a == evaluate(tree.expression, row) else a


_EVALUATORS: dict[type[exp.Expression], Callable[[Any, Row], Any]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Boolean: lambda t, row: bool(t.this),
    exp.Null: lambda t, row: None,
    exp.Paren: lambda t, row: evaluate(t.this, row),
    exp.Cast: lambda t, row: date.fromisoformat(t.this.name),
    exp.Neg: _one(lambda a: -a),
    exp.Add: _both(lambda a, b: a + b),
    exp.Sub: _both(lambda a, b: a - b),
    exp.Mul: _both(lambda a, b: a * b),
    exp.Div: _both(lambda a, b: None if b == 0 else a / b),
    exp.Mod: _both(_remainder),
    exp.EQ: _both(lambda a, b: a == b),
    exp.NEQ: _both(lambda a, b: a != b),
    exp.LT: _both(lambda a, b: a < b),
    exp.LTE: _both(lambda a, b: a <= b),
    exp.GT: _both(lambda a, b: a > b),
    exp.GTE: _both(lambda a, b: a >= b),
    exp.And: lambda t, row: _truths(t, row, False),
    exp.Or: lambda t, row: _truths(t, row, True),
    exp.Not: _one(lambda a: not a),
    exp.Between: _between,
    exp.In: _in,
    exp.Is: lambda t, row: evaluate(t.this, row) is None,
    exp.Like: _liked,
    exp.Case: _case,
    exp.Coalesce: lambda t, row: next(iter(_known(t, row)), None),
    exp.Least: lambda t, row: min(_known(t, row), default=None),
    exp.Greatest: lambda t, row: max(_known(t, row), default=None),
    exp.Nullif: _nullif,
    exp.Abs: _one(abs),
    exp.Round: _round,
    exp.Floor: _one(lambda a: Fraction(math.floor(a))),
    exp.Ceil: _one(lambda a: Fraction(math.ceil(a))),
    exp.Ln: _real(math.log, lambda a: a > 0),
    exp.Sqrt: _real(math.sqrt, lambda a: a >= 0),
    exp.Exp: _real(math.exp, lambda a: a < 700),
    exp.Lower: _one(str.lower),
    exp.Upper: _one(str.upper),
    exp.Length: _one(lambda a: Fraction(len(a))),
    exp.Year: _one(_part("year")),
    exp.Quarter: _one(_part("quarter")),
    exp.Month: _one(_part("month")),
    exp.Week: _one(_part("week")),
    exp.Day: _one(_part("day")),
    exp.DayOfWeek: _one(_part("dow")),
    exp.Extract: _extract,
}
