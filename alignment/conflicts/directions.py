"""Does a larger number in a rule allow more, or less? Read off the tree where the signs of what it meets are known."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from alignment.conflicts.numbers import COMPARISONS, OwnNumber
from alignment.initiative.models import Lever
from alignment.rules.algebra import bare, number_of

Signs = Mapping[str, int]

_UP = (exp.GT, exp.GTE)
_DOWN = (exp.LT, exp.LTE)
_MONOTONE = (exp.Paren, exp.Least, exp.Greatest, exp.Coalesce)


def known_signs(columns: Signs, levers: Mapping[str, Lever]) -> dict[str, int]:
    """Signs of columns, and of levers whose domain has one."""
    found = dict(columns)
    for name, lever in levers.items():
        if lever.minimum is not None and lever.minimum >= 0:
            found[name] = 1
        elif lever.maximum is not None and lever.maximum <= 0:
            found[name] = -1
    return found


def direction(number: OwnNumber, signs: Signs) -> int:
    """1 where a larger number allows all that was allowed and more, -1 where a smaller one does, 0 where unknown."""
    node: exp.Expr = next(c for c in number.tree.find_all(exp.Column) if c.name == number.name)
    sign = 1
    while node.parent is not None and not isinstance(node.parent, (*COMPARISONS, exp.Between)):
        sign *= _through(node, node.parent, signs)
        node = node.parent
    comparison = node.parent
    if sign == 0 or comparison is None:
        return 0
    return _into(node, comparison) * sign * _polarity(comparison)


def _through(node: exp.Expr, parent: exp.Expr, signs: Signs) -> int:
    """Sign of the change of the parent when the node grows."""
    if isinstance(parent, _MONOTONE):
        return 1
    if isinstance(parent, exp.Neg):
        return -1
    is_left = node.arg_key == "this"
    if isinstance(parent, exp.Add):
        return 1
    if isinstance(parent, exp.Sub):
        return 1 if is_left else -1
    other = parent.args.get("expression" if is_left else "this")
    if isinstance(parent, exp.Mul):
        return sign_of(other, signs)
    if isinstance(parent, exp.Div):
        return sign_of(other, signs) if is_left else 0
    if isinstance(parent, (exp.If, exp.Case)):
        return 1 if node.arg_key in ("true", "default", "ifs") else 0
    return 0


def _into(node: exp.Expr, comparison: exp.Expr) -> int:
    if isinstance(comparison, exp.Between):
        return {"low": -1, "high": 1}.get(str(node.arg_key), 0)
    way = 1 if isinstance(comparison, _UP) else -1 if isinstance(comparison, _DOWN) else 0
    return way if node.arg_key == "this" else -way


def _polarity(node: exp.Expr) -> int:
    """1 where the rule needs the comparison, -1 where it denies it, 0 where it does either."""
    sign = 1
    while node.parent is not None:
        inside, node = node, node.parent
        if isinstance(node, exp.Not):
            sign = -sign
        elif isinstance(node, (exp.If, exp.Case)):
            if inside.arg_key not in ("true", "default", "ifs"):
                return 0
        elif not isinstance(node, (exp.And, exp.Or, exp.Paren)):
            return 0
    return sign


def sign_of(tree: object, signs: Signs) -> int:
    """1 or -1 for what is never below or never above zero, where that can be read off; else 0."""
    if not isinstance(tree, exp.Expression):
        return 0
    tree = bare(tree)
    value = number_of(tree)
    if value is not None:
        return (value > 0) - (value < 0)
    if isinstance(tree, exp.Column):
        return signs.get(tree.name, 0)
    if isinstance(tree, exp.Neg):
        return -sign_of(tree.this, signs)
    if isinstance(tree, (exp.Mul, exp.Div)):
        return sign_of(tree.this, signs) * sign_of(tree.expression, signs)
    if isinstance(tree, exp.Add):
        first, second = sign_of(tree.this, signs), sign_of(tree.expression, signs)
        return first if first == second else 0
    if isinstance(tree, (exp.Least, exp.Greatest)):
        parts = {sign_of(t, signs) for t in (tree.this, *tree.expressions)}
        return parts.pop() if len(parts) == 1 else 0
    return 1 if isinstance(tree, exp.Abs) else 0
