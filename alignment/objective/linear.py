"""Reads the coefficients of a linear expression exactly, or says that it is not linear."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from sqlglot import exp


@dataclass(frozen=True)
class _Form:
    """A sum of coefficients times metrics, and a rest: a number, or None where it depends on other columns."""

    metrics: dict[str, Fraction]
    rest: Fraction | None


class _NotLinear(Exception):
    pass


def coefficients(tree: exp.Expression, metrics: Collection[str]) -> dict[str, Fraction] | None:
    """The exact coefficient of each metric in a linear expression; None where the expression is not linear in them."""
    try:
        return _form(tree, metrics).metrics
    except _NotLinear:
        return None


def _form(node: exp.Expression, metrics: Collection[str]) -> _Form:
    if isinstance(node, exp.Paren):
        return _form(node.this, metrics)
    if not any(column.name in metrics for column in node.find_all(exp.Column)):
        return _Form({}, _constant(node))
    if isinstance(node, exp.Column):
        return _Form({node.name: Fraction(1)}, Fraction(0))
    if isinstance(node, exp.Neg):
        return _scaled(_form(node.this, metrics), Fraction(-1))
    if isinstance(node, (exp.Add, exp.Sub)):
        sign = Fraction(-1 if isinstance(node, exp.Sub) else 1)
        return _sum(_form(node.this, metrics), _scaled(_form(node.expression, metrics), sign))
    if isinstance(node, exp.Mul):
        return _product(_form(node.this, metrics), _form(node.expression, metrics))
    if isinstance(node, exp.Div):
        below = _form(node.expression, metrics)
        if below.metrics or not below.rest:
            raise _NotLinear
        return _scaled(_form(node.this, metrics), 1 / below.rest)
    raise _NotLinear


def _constant(node: exp.Expression) -> Fraction | None:
    if isinstance(node, exp.Paren):
        return _constant(node.this)
    if isinstance(node, exp.Literal) and not node.is_string:
        return Fraction(node.name.replace("_", ""))
    if isinstance(node, exp.Neg):
        inside = _constant(node.this)
        return None if inside is None else -inside
    if not isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
        return None
    left, right = _constant(node.this), _constant(node.expression)
    if left is None or right is None or (isinstance(node, exp.Div) and right == 0):
        return None
    if isinstance(node, exp.Add):
        return left + right
    if isinstance(node, exp.Sub):
        return left - right
    return left * right if isinstance(node, exp.Mul) else left / right


def _scaled(form: _Form, by: Fraction) -> _Form:
    rest = None if form.rest is None else form.rest * by
    return _Form({metric: a * by for metric, a in form.metrics.items()}, rest)


def _sum(left: _Form, right: _Form) -> _Form:
    metrics = dict(left.metrics)
    for metric, a in right.metrics.items():
        metrics[metric] = metrics.get(metric, Fraction(0)) + a
    rest = None if left.rest is None or right.rest is None else left.rest + right.rest
    return _Form(metrics, rest)


def _product(left: _Form, right: _Form) -> _Form:
    if left.metrics and right.metrics:
        raise _NotLinear
    number, other = (right, left) if left.metrics else (left, right)
    if number.rest is None:
        raise _NotLinear
    return _scaled(other, number.rest)
