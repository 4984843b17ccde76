"""Which constraints and backstops mention a name, and on which side a constraint bounds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from alignment.initiative.models import Initiative

UPPER, LOWER = "upper", "lower"


def mentions(initiative: Initiative) -> Mapping[str, tuple[str, ...]]:
    """Ids of the constraints and backstops that mention each name, in lower case; retired constraints do not count."""
    found: dict[str, list[str]] = {}
    for id_, texts, guards in _records(initiative):
        for name in sorted({n for text in texts for n in names_in(text)} | {g.lower() for g in guards}):
            found.setdefault(name, []).append(id_)
    return {name: tuple(ids) for name, ids in found.items()}


def names_in(text: str) -> set[str]:
    """Names of the columns in a condition, in lower case; none where it cannot be read."""
    tree = _tree(text)
    return set() if tree is None else {column.name.lower() for column in tree.find_all(exp.Column)}


@lru_cache(maxsize=10_000)
def bounds_on(text: str, name: str) -> frozenset[str]:
    """The sides, `upper` and `lower`, on which a rule bounds a name, other columns taken as positive.

    Only comparisons that stand by themselves or joined by `and` count, and only where the direction is plain.
    """
    tree = _tree(text)
    return frozenset(() if tree is None else (side for part in _conjuncts(tree) for side in _sides(part, name.lower())))


def _records(initiative: Initiative) -> Iterator[tuple[str, list[str], tuple[str, ...]]]:
    for c in initiative.constraints:
        if c.status != "retired":
            yield c.id, [c.rule] + ([c.where] if c.where else []), c.guards
    for b in initiative.backstops:
        yield b.id, [b.when], ()


def _tree(text: str) -> exp.Expression | None:
    try:
        tree = sqlglot.parse_one(text, read="duckdb")
    except (SqlglotError, RecursionError):
        return None
    return tree if isinstance(tree, exp.Expression) else None


def _conjuncts(tree: exp.Expression) -> Iterator[exp.Expression]:
    if isinstance(tree, exp.Paren):
        yield from _conjuncts(tree.this)
    elif isinstance(tree, exp.And):
        yield from _conjuncts(tree.this)
        yield from _conjuncts(tree.expression)
    else:
        yield tree


def _sides(node: exp.Expression, name: str) -> set[str]:
    if isinstance(node, exp.Between):
        return {UPPER, LOWER} if _slope(node.this, name) else set()
    if not isinstance(node, (exp.LT, exp.LTE, exp.GT, exp.GTE)):
        return set()
    at_most = isinstance(node, (exp.LT, exp.LTE))
    if isinstance(node.this, exp.Abs) and at_most and not _holds(node.expression, name):
        return {UPPER, LOWER} if _slope(node.this.this, name) else set()
    slope = _difference(_slope(node.this, name), _slope(node.expression, name))
    if not slope:
        return set()
    return {UPPER if (slope > 0) == at_most else LOWER}


def _holds(node: exp.Expression, name: str) -> bool:
    return any(column.name.lower() == name for column in node.find_all(exp.Column))


def _slope(node: exp.Expression, name: str) -> int | None:
    """+1 where the expression rises with the name, −1 where it falls, 0 without it, None where unclear."""
    if not _holds(node, name):
        return 0
    if isinstance(node, exp.Column):
        return 1
    if isinstance(node, exp.Paren):
        return _slope(node.this, name)
    if isinstance(node, exp.Neg):
        return _negated(_slope(node.this, name))
    if isinstance(node, exp.Add):
        return _difference(_slope(node.this, name), _negated(_slope(node.expression, name)))
    if isinstance(node, exp.Sub):
        return _difference(_slope(node.this, name), _slope(node.expression, name))
    if isinstance(node, (exp.Mul, exp.Div)):
        return _product_slope(node, name)
    return None


def _product_slope(node: exp.Binary, name: str) -> int | None:
    left, right = node.this, node.expression
    if _holds(left, name) and _holds(right, name):
        return _rate_slope(node, name)
    if _holds(left, name):
        return _times(_slope(left, name), _sign(right))
    slope = _times(_slope(right, name), _sign(left))
    return _negated(slope) if isinstance(node, exp.Div) else slope


def _rate_slope(node: exp.Binary, name: str) -> int | None:
    """(x − c) / x rises with x, and no other shape is judged."""
    top = node.this.this if isinstance(node.this, exp.Paren) else node.this
    plain = isinstance(node, exp.Div) and isinstance(node.expression, exp.Column) and isinstance(top, exp.Sub)
    if not plain or _holds(top.expression, name) or not isinstance(top.this, exp.Column):
        return None
    return _sign(top.expression)


def _sign(node: exp.Expression) -> int | None:
    if isinstance(node, exp.Paren):
        return _sign(node.this)
    if isinstance(node, exp.Neg):
        return _negated(_sign(node.this))
    if isinstance(node, (exp.Mul, exp.Div)):
        return _times(_sign(node.this), _sign(node.expression))
    if isinstance(node, exp.Add):
        return 1 if _sign(node.this) == _sign(node.expression) == 1 else None
    return 1 if isinstance(node, (exp.Column, exp.Literal, exp.Least, exp.Greatest)) else None


def _negated(slope: int | None) -> int | None:
    return None if slope is None else -slope


def _times(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left * right


def _difference(left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return None
    if left == 0 or right == 0 or left == -right:
        return left or -right
    return None
