"""What a coupled rule demands: linear comparisons, each under a condition over columns.

A rule is FALSE where some term of its negation holds. A term with one comparison becomes a demand; one with several
would
be a choice between comparisons, which is not linear.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import product

from sqlglot import exp

from alignment.conflicts.coupled.forms import (
    MOST_PIECES,
    Form,
    Givens,
    IsUnknown,
    Quotient,
    branches,
    has_unknown,
    pieces_of,
)
from alignment.rules.algebra import NotNormal, bare
from alignment.rules.formula import MIRRORED, OPPOSITE, Operator
from alignment.rules.logic import said
from alignment.rules.parse import conjuncts
from alignment.rules.render import comparisons
from alignment.rules.signs import OPERATORS


@dataclass(frozen=True)
class Demand:
    """Where all of `givens` are true: top / bottom ⋈ 0, the operator being <, <=, > or >=. None: it cannot be met."""

    givens: Givens
    quotient: Quotient | None
    operator: Operator = ">="


@dataclass(frozen=True)
class _Comparison:
    quotient: Quotient
    operator: Operator


@dataclass(frozen=True)
class _Term:
    givens: Givens
    compared: tuple[_Comparison, ...]

    def joined(self, other: _Term) -> _Term:
        return _Term(self.givens + other.givens, self.compared + other.compared)


_Terms = list[_Term]


@dataclass(frozen=True)
class _Truth:
    """Terms of which one holds exactly where a condition is TRUE, and where it is FALSE."""

    true: _Terms
    false: _Terms


def demands_of(tree: exp.Expression, is_unknown: IsUnknown) -> list[Demand]:
    """The demands of a condition over unknowns. Raises NotNormal with what stands in the way."""
    found: list[Demand] = []
    for term in _truth(tree, is_unknown).false:
        if len(term.compared) > 1:
            raise NotNormal("it leaves a choice between comparisons")
        if not term.compared:
            found.append(Demand(term.givens, None))
            continue
        part = term.compared[0]
        if part.operator == "=":
            raise NotNormal("it asks for a difference without saying in which direction")
        found.append(Demand(term.givens, part.quotient, OPPOSITE[part.operator]))
    return found


def divisors_of(found: list[Demand]) -> list[tuple[Givens, Form]]:
    """Forms that some demand divides by, each with the conditions under which it does."""
    seen = {(d.givens, form): None for d in found if d.quotient is not None for form in d.quotient.divisors}
    return list(seen)


def _truth(tree: exp.Expression, is_unknown: IsUnknown) -> _Truth:
    tree = bare(tree)
    if not has_unknown(tree, is_unknown):
        return _Truth([_Term((tree,), ())], [_Term((exp.Not(this=exp.Paren(this=tree.copy())),), ())])
    if isinstance(tree, (exp.And, exp.Or)):
        parts = [_truth(part, is_unknown) for part in conjuncts(tree, type(tree))]
        return reduce(_both if isinstance(tree, exp.And) else _either, parts)
    if isinstance(tree, exp.Not):
        inner = _truth(tree.this, is_unknown)
        return _Truth(inner.false, inner.true)
    if isinstance(tree, (exp.Between, exp.In)):
        parts = [_truth(part, is_unknown) for part in comparisons(tree)]
        return reduce(_both if isinstance(tree, exp.Between) else _either, parts)
    if type(tree) in OPERATORS:
        return _compared(tree.this, OPERATORS[type(tree)], tree.expression, is_unknown)
    if isinstance(tree, exp.Case):
        return _cases(tree, is_unknown)
    raise NotNormal(f"it uses {said(tree)} on unknowns")


def _both(a: _Truth, b: _Truth) -> _Truth:
    return _Truth(_products(a.true, b.true), a.false + b.false)


def _either(a: _Truth, b: _Truth) -> _Truth:
    return _Truth(a.true + b.true, _products(a.false, b.false))


def _products(a: _Terms, b: _Terms) -> _Terms:
    if len(a) * len(b) > MOST_PIECES:
        raise NotNormal("it has too many cases")
    return [x.joined(y) for x, y in product(a, b)]


def _cases(tree: exp.Case, is_unknown: IsUnknown) -> _Truth:
    true: _Terms = []
    false: _Terms = []
    for given, value in branches(tree, is_unknown):
        if value is None:
            continue
        inner, guard = _truth(value, is_unknown), [_Term(given, ())]
        true += _products(guard, inner.true)
        false += _products(guard, inner.false)
    return _Truth(true, false)


def _compared(left: exp.Expression, operator: Operator, right: exp.Expression, is_unknown: IsUnknown) -> _Truth:
    left, right = bare(left), bare(right)
    if isinstance(right, _SPLIT) and has_unknown(right, is_unknown):
        left, right, operator = right, left, MIRRORED[operator]
    if isinstance(left, exp.Abs) and has_unknown(left, is_unknown) and operator in ("<", "<=", ">", ">="):
        minus = exp.Neg(this=exp.Paren(this=right.copy()))
        first = _compared(left.this, operator, right, is_unknown)
        second = _compared(left.this, MIRRORED[operator], minus, is_unknown)
        return _both(first, second) if operator in ("<", "<=") else _either(first, second)
    if isinstance(left, (exp.Least, exp.Greatest)) and has_unknown(left, is_unknown):
        return _extreme(left, operator, right, is_unknown)
    found = _Truth([], [])
    for (ga, a), (gb, b) in product(pieces_of(left, is_unknown), pieces_of(right, is_unknown)):
        guard = _Term((*ga, *gb), ())
        for where, wanted in ((found.true, operator), (found.false, OPPOSITE[operator])):
            where += [guard.joined(_Term((), (c,))) for c in _split(a.plus(b.negated()), wanted)]
    return found


_SPLIT = (exp.Abs, exp.Least, exp.Greatest)


def _extreme(tree: exp.Expression, operator: Operator, right: exp.Expression, is_unknown: IsUnknown) -> _Truth:
    """least(a, b) >= k is a >= k and b >= k; greatest(a, b) <= k likewise. Parts that are NULL are skipped by both."""
    all_of: tuple[Operator, ...] = (">", ">=") if isinstance(tree, exp.Least) else ("<", "<=")
    if operator not in all_of:
        raise NotNormal(f"it uses {said(tree)} on unknowns")
    return reduce(_both, [_compared(part, operator, right, is_unknown) for part in [tree.this, *tree.expressions]])


def _split(quotient: Quotient, operator: Operator) -> list[_Comparison]:
    if operator == "<>":
        return [_Comparison(quotient, "<"), _Comparison(quotient, ">")]
    return [_Comparison(quotient, operator)]
