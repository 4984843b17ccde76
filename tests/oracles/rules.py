"""What a rule says, evaluated in exact fractions from the contract, independent of the product's own code.

A value is a Fraction, text, a date, a truth value, None for NULL, or UNDIVIDED: NULL because a lever value makes a
divisor zero.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any

import sqlglot
from sqlglot import exp

UNDIVIDED = object()
_MISSING = (None, UNDIVIDED)

Row = Mapping[str, Any]


def says(text: str, row: Row, levers: Collection[str] = ("x",)) -> Any:
    """True, False, None (unknown) or UNDIVIDED: what a condition gives on one row, lever values included in it."""
    return value(_parsed(text), row, levers)


def allowed(text: str, row: Row, levers: Collection[str] = ("x",)) -> bool:
    """Does a rule allow the lever values of the row? Not where it is false or they make a divisor zero."""
    result = says(text, row, levers)
    return result is not False and result is not UNDIVIDED


def value(tree: exp.Expression, row: Row, levers: Collection[str] = ("x",)) -> Any:
    """The value of a sqlglot tree on one row."""

    def of(node: exp.Expression) -> Any:
        return value(node, row, levers)

    if isinstance(tree, exp.Paren):
        return of(tree.this)
    if isinstance(tree, exp.Column):
        return _exact(row[f"{tree.table}.{tree.name}" if tree.table else tree.name])
    if isinstance(tree, exp.Literal):
        return tree.name if tree.is_string else Fraction(Decimal(tree.name))
    if isinstance(tree, exp.Null):
        return None
    if isinstance(tree, exp.Boolean):
        return bool(tree.this)
    if isinstance(tree, exp.Cast):
        return date.fromisoformat(tree.this.name)
    if isinstance(tree, exp.And):
        return _connected(of(tree.this), of(tree.expression), False)
    if isinstance(tree, exp.Or):
        return _connected(of(tree.this), of(tree.expression), True)
    if isinstance(tree, exp.Not):
        return _strict(lambda a: not a, of(tree.this))
    if isinstance(tree, exp.Between):
        x, low, high = of(tree.this), of(tree.args["low"]), of(tree.args["high"])
        return _connected(_strict(lambda a, b: a >= b, x, low), _strict(lambda a, b: a <= b, x, high), False)
    if isinstance(tree, exp.In):
        found: Any = False
        for option in tree.expressions:
            found = _connected(found, _strict(lambda a, b: a == b, of(tree.this), of(option)), True)
        return found
    if isinstance(tree, exp.Is):
        return of(tree.this) in _MISSING
    if isinstance(tree, exp.Case):
        return _case(tree, of)
    if isinstance(tree, (exp.Div, exp.Mod)):
        return _divided(tree, row, levers)
    if isinstance(tree, (exp.Coalesce, exp.Least, exp.Greatest)):
        return _skipping(tree, [of(node) for node in [tree.this, *tree.expressions]])
    if isinstance(tree, exp.Nullif):
        a, b = of(tree.this), of(tree.expression)
        return a if a in _MISSING or b in _MISSING or a != b else None
    if isinstance(tree, exp.Round):
        digits = int(tree.args["decimals"].name) if tree.args.get("decimals") else 0
        return _strict(lambda a: _rounded(a, digits), of(tree.this))
    if type(tree) in _ONE:
        return _strict(_ONE[type(tree)], of(tree.this))
    return _strict(_TWO[type(tree)], of(tree.this), of(tree.expression))


@lru_cache(maxsize=256)
def _parsed(text: str) -> exp.Expression:
    return sqlglot.parse_one(text, read="duckdb")


def _exact(found: Any) -> Any:
    return Fraction(found) if isinstance(found, (int, Decimal)) and not isinstance(found, bool) else found


def _strict(operation: Callable[..., Any], *parts: Any) -> Any:
    if None in parts:
        return None
    return UNDIVIDED if UNDIVIDED in parts else operation(*parts)


def _connected(a: Any, b: Any, absorbing: bool) -> Any:
    for found in (absorbing, UNDIVIDED, None):
        if a is found or b is found:
            return found
    return not absorbing


def _case(tree: exp.Case, of: Callable[[exp.Expression], Any]) -> Any:
    for branch in tree.args["ifs"]:
        test = of(branch.this)
        if tree.this:
            test = _strict(lambda a, b: a == b, of(tree.this), test)
        if test is True:
            return of(branch.args["true"])
    return of(tree.args["default"]) if tree.args.get("default") else None


def _divided(tree: exp.Expression, row: Row, levers: Collection[str]) -> Any:
    a, b = value(tree.this, row, levers), value(tree.expression, row, levers)
    if a is not None and b == 0:
        return UNDIVIDED if _is_root(tree.expression, row, levers) else None
    return _strict(_quotient if isinstance(tree, exp.Div) else _remainder, a, b)


def _is_root(divisor: exp.Expression, row: Row, levers: Collection[str]) -> bool:
    """Is a divisor zero because of these lever values: would it be something else right beside them?"""
    names = {column.name for column in divisor.find_all(exp.Column)} & set(levers)
    beside = [value(divisor, {**row, **{n: _exact(row[n]) + step for n in names}}, levers) for step in _STEPS]
    return any(found != 0 and found not in _MISSING for found in beside)


_STEPS = (Fraction(1, 10**9), Fraction(-1, 10**9))


def _quotient(a: Fraction, b: Fraction) -> Fraction:
    return a / b


def _remainder(a: Fraction, b: Fraction) -> Fraction:
    whole = abs(a) // abs(b)
    return a - whole * abs(b) if a >= 0 else a + whole * abs(b)


def _skipping(tree: exp.Expression, parts: list[Any]) -> Any:
    known = [part for part in parts if part not in _MISSING]
    if not known:
        return UNDIVIDED if UNDIVIDED in parts else None
    if isinstance(tree, exp.Coalesce):
        return known[0]
    return min(known) if isinstance(tree, exp.Least) else max(known)


def _rounded(a: Fraction, digits: int) -> Fraction:
    scaled = abs(a) * 10**digits
    return Fraction(floor(scaled + Fraction(1, 2)), 10**digits) * (1 if a >= 0 else -1)


_ONE: dict[type[exp.Expression], Callable[[Any], Any]] = {
    exp.Neg: lambda a: -a,
    exp.Abs: abs,
    exp.Floor: lambda a: Fraction(floor(a)),
    exp.Ceil: lambda a: Fraction(ceil(a)),
    exp.Lower: str.lower,
    exp.Upper: str.upper,
    exp.Length: lambda a: Fraction(len(a)),
    exp.Year: lambda a: Fraction(a.year),
    exp.Month: lambda a: Fraction(a.month),
}
def _like(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(_like(text[i:], pattern[1:]) for i in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and _like(text[1:], pattern[1:])


_TWO: dict[type[exp.Expression], Callable[[Any, Any], Any]] = {
    exp.Like: _like,
    exp.Add: lambda a, b: a + b,
    exp.Sub: lambda a, b: a - b,
    exp.Mul: lambda a, b: a * b,
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b,
    exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b,
}
