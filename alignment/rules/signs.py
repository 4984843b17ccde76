"""Comparisons of fractions that are linear in one lever with zero, by the signs of what they multiply and divide by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from sqlglot import exp

from alignment.initiative.models import Lever
from alignment.rules.algebra import ZERO, Linear, Ratio, Value, bare, constant
from alignment.rules.formula import (
    FALSE,
    MIRRORED,
    OPPOSITE,
    TRUE,
    Compare,
    Formula,
    Given,
    Logic,
    Operator,
    Truth,
    both,
    either,
    negation,
)  # fmt: skip

OPERATORS: dict[type[exp.Expression], Operator] = {
    exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=", exp.EQ: "=", exp.NEQ: "<>",
}  # fmt: skip


@dataclass(frozen=True)
class Side:
    """The lever a rule is solved for, its domain, and columns known to be positive (1) or negative (-1) where known."""

    lever: str
    domain: Lever
    signs: Mapping[str, int] = field(default_factory=dict)

    def is_in(self, tree: exp.Expression) -> bool:
        """Does a tree name the lever?"""
        return any(c.name == self.lever and not c.table for c in tree.find_all(exp.Column))


def compare_tree(left: exp.Expression, operator: Operator, right: exp.Expression) -> exp.Expression:
    """A comparison as a tree."""
    kind = next(k for k, o in OPERATORS.items() if o == operator)
    return kind(this=exp.Paren(this=left.copy()), expression=exp.Paren(this=right.copy()))


def is_null(tree: exp.Expression) -> exp.Expression:
    """`tree is null` as a tree."""
    return exp.Is(this=exp.Paren(this=tree.copy()), expression=exp.Null())


def _is_known(tree: exp.Expression) -> Given:
    return Given(exp.Not(this=is_null(tree)))


def may_be_null(tree: exp.Expression) -> bool:
    """Is there more in a tree than numbers that are added and multiplied?"""
    return any(type(node) not in _NEVER_NULL for node in tree.walk())


_NEVER_NULL = (exp.Literal, exp.Boolean, exp.Paren, exp.Neg, exp.Add, exp.Sub, exp.Mul)


def sign(ratio: Ratio, operator: Operator, side: Side) -> Logic:
    """top / bottom ⋈ 0, by the sign of the bottom; each part is false where a column that it needs is NULL."""
    moving = [d for d in dict.fromkeys(ratio.divisors) if not d.is_constant]
    zero = either(*(_root(d, side) for d in moving))
    always = either(*(_vanishes(d, side) for d in moving))
    up, down = _linear(ratio.bottom, ">", side), _linear(ratio.bottom, "<", side)
    known = divides(ratio, side)
    safe = TRUE if moving == [ratio.bottom] else both(negation(zero), negation(always))

    def where(wanted: Operator) -> Formula:
        upright = _linear(ratio.top, wanted, side, fold=False)
        turned = _linear(ratio.top, MIRRORED[wanted], side, fold=False)
        return both(known, parts, safe, either(both(up, upright), both(down, turned)))

    parts = TRUE if zero == FALSE else has_parts(ratio)
    return Logic(where(operator), where(OPPOSITE[operator]), both(known, parts, negation(always), zero))


def _root(form: Linear, side: Side) -> Formula:
    """Where the lever makes a·x + b zero, and would not at another value."""
    root = _within(Compare("=", form.root), side)
    return root if _sign_of(form.a, side) else both(_constant_sign(form.a, "<>", side), root)


def _vanishes(form: Linear, side: Side) -> Formula:
    """Where a·x + b is zero whatever the lever."""
    return both(_constant_sign(form.a, "=", side), _constant_sign(form.b, "=", side))


def divides(ratio: Ratio, side: Side) -> Formula:
    """Where no divisor without the lever is zero or NULL."""
    fixed = [d.b for d in dict.fromkeys(ratio.divisors) if d.is_constant and not isinstance(d.b, Fraction)]
    return both(*(_constant_sign(d, "<>", side) for d in fixed))


def has_parts(ratio: Ratio) -> Formula:
    """Where no column of the ratio is NULL."""
    parts = [v for form in (ratio.top, ratio.bottom) for v in (form.a, form.b) if isinstance(v, exp.Expression)]
    trees = {tree.sql(): tree for tree in map(_unsigned, parts) if may_be_null(tree)}
    return both(*(_is_known(tree) for tree in trees.values()))


def _unsigned(tree: exp.Expression) -> exp.Expression:
    tree = bare(tree)
    return _unsigned(tree.this) if isinstance(tree, exp.Neg) else tree


def _linear(form: Linear, operator: Operator, side: Side, fold: bool = True) -> Formula:
    """a·x + b ⋈ 0 as a comparison of x, by the sign of a; `fold` uses what the lever's domain already decides."""
    if form.is_constant:
        return _constant_sign(form.b, operator, side)

    def compared(found: Operator) -> Formula:
        return _within(Compare(found, form.root), side) if fold else Compare(found, form.root)

    known = _sign_of(form.a, side)
    if known:
        return compared(operator if known > 0 else MIRRORED[operator])
    return either(
        both(_constant_sign(form.a, ">", side), compared(operator)),
        both(_constant_sign(form.a, "<", side), compared(MIRRORED[operator])),
        both(_constant_sign(form.a, "=", side), _constant_sign(form.b, operator, side)),
    )


def _within(compare: Compare, side: Side) -> Formula:
    """A comparison with a constant that the lever's domain already decides."""
    low, high, bound = side.domain.minimum, side.domain.maximum, compare.bound
    if not isinstance(bound, Fraction):
        return compare
    if low is not None and (Fraction(low) > bound or (Fraction(low) == bound and compare.operator in ("<", ">="))):
        return Truth(compare.operator in (">", ">=", "<>"))
    if high is not None and (Fraction(high) < bound or (Fraction(high) == bound and compare.operator in (">", "<="))):
        return Truth(compare.operator in ("<", "<=", "<>"))
    return compare


def _constant_sign(value: Value, operator: Operator, side: Side) -> Formula:
    """value ⋈ 0; false where the value is NULL, also where its sign is known."""
    if isinstance(value, Fraction):
        return Truth(holds(value, operator, ZERO))
    known = _sign_of(value, side)
    if known:
        return _is_known(value) if holds(Fraction(known), operator, ZERO) else FALSE
    return Given(compare_tree(value, operator, exp.Literal.number(0)))


def holds(a: Fraction, operator: Operator, b: Fraction) -> bool:
    """a ⋈ b."""
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "=": a == b, "<>": a != b}[operator]


def _sign_of(value: Value, side: Side) -> int:
    """1 or -1 where the sign is known on every row that has a value, else 0."""
    if isinstance(value, Fraction):
        return (value > 0) - (value < 0)
    tree = bare(value)
    if isinstance(tree, exp.Column):
        return side.signs.get(tree.name, 0)
    if isinstance(tree, exp.Literal):
        return 0 if tree.is_string else _sign_of(constant(tree.name), side)
    if isinstance(tree, exp.Neg):
        return -_sign_of(tree.this, side)
    if isinstance(tree, (exp.Mul, exp.Div)):
        return _sign_of(tree.this, side) * _sign_of(tree.expression, side)
    if isinstance(tree, exp.Add):
        first, second = _sign_of(tree.this, side), _sign_of(tree.expression, side)
        return first if first == second else 0
    return 0
