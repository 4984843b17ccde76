"""Linear forms in several unknowns with context expressions as coefficients, and quotients of two of them.

An unknown is a lever, a lever of the lower or upper item of a pair, or an aggregate; it is named by the column that
stands
for it in a tree (`price`, `upper.price`, `#0`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from sqlglot import exp

from alignment.rules.algebra import ONE, ZERO, NotNormal, Value, add, bare, divide, multiply, negate, number_of
from alignment.rules.logic import said

MOST_PIECES = 64

IsUnknown = Callable[[exp.Column], bool]
Givens = tuple[exp.Expression, ...]


@dataclass(frozen=True)
class Form:
    """Sum of coefficient times unknown, and a constant."""

    terms: tuple[tuple[str, Value], ...]
    constant: Value = ZERO

    @property
    def is_constant(self) -> bool:
        return not self.terms

    def plus(self, other: Form) -> Form:
        found = dict(self.terms)
        for name, factor in other.terms:
            found[name] = add(found[name], factor) if name in found else factor
        kept = tuple((n, f) for n, f in sorted(found.items(), key=lambda t: t[0]) if f != ZERO)
        return Form(kept, add(self.constant, other.constant))

    def scaled(self, factor: Value) -> Form:
        if factor == ZERO:
            return Form((), ZERO)
        return Form(tuple((n, multiply(factor, f)) for n, f in self.terms), multiply(factor, self.constant))

    def negated(self) -> Form:
        return Form(tuple((n, negate(f)) for n, f in self.terms), negate(self.constant))

    def times(self, other: Form) -> Form:
        if not self.is_constant and not other.is_constant:
            raise NotNormal("it multiplies unknowns with each other")
        flat, rest = (self, other) if self.is_constant else (other, self)
        return rest.scaled(flat.constant)


@dataclass(frozen=True)
class Quotient:
    """top / bottom, and all forms with unknowns that were divided by on the way."""

    top: Form
    bottom: Form = Form((), ONE)
    divisors: tuple[Form, ...] = ()

    def plus(self, other: Quotient) -> Quotient:
        divisors = self.divisors + other.divisors
        if self.bottom == other.bottom:
            return Quotient(self.top.plus(other.top), self.bottom, divisors)
        top = self.top.times(other.bottom).plus(other.top.times(self.bottom))
        return Quotient(top, self.bottom.times(other.bottom), divisors)

    def negated(self) -> Quotient:
        return Quotient(self.top.negated(), self.bottom, self.divisors)

    def times(self, other: Quotient) -> Quotient:
        divisors = self.divisors + other.divisors
        return Quotient(self.top.times(other.top), self.bottom.times(other.bottom), divisors)

    def over(self, other: Quotient) -> Quotient:
        divisors = self.divisors + other.divisors
        if other.top.is_constant and other.bottom == Form((), ONE):
            factor = divide(ONE, other.top.constant)
            if isinstance(other.top.constant, exp.Expression):
                top = Form(
                    tuple((n, divide(f, other.top.constant)) for n, f in self.top.terms),
                    divide(self.top.constant, other.top.constant),
                )
                return Quotient(top, self.bottom, divisors)
            return Quotient(self.top.scaled(factor), self.bottom, divisors)
        if not other.top.is_constant:
            divisors = (*divisors, other.top)
        return Quotient(self.top.times(other.bottom), self.bottom.times(other.top), divisors)


Pieces = list[tuple[Givens, Quotient]]


def name_of(column: exp.Column) -> str:
    """A column as the key of an unknown or of a row: `price`, `upper.price`."""
    return f"{column.table}.{column.name}" if column.table else column.name


def has_unknown(tree: exp.Expression, is_unknown: IsUnknown) -> bool:
    """Does a tree name an unknown?"""
    return any(is_unknown(c) for c in tree.find_all(exp.Column))


def pieces_of(tree: exp.Expression, is_unknown: IsUnknown) -> Pieces:
    """The expression as quotients of linear forms, each under conditions over columns. Raises NotNormal."""
    tree = bare(tree)
    if not has_unknown(tree, is_unknown):
        value = number_of(tree)
        return [((), Quotient(Form((), tree.copy() if value is None else value)))]
    if isinstance(tree, exp.Column):
        return [((), Quotient(Form(((name_of(tree), ONE),))))]
    if isinstance(tree, exp.Neg):
        return [(g, q.negated()) for g, q in pieces_of(tree.this, is_unknown)]
    if type(tree) in _COMBINED:
        return _combined(tree, is_unknown)
    if isinstance(tree, exp.Case):
        return _cases(tree, is_unknown)
    raise NotNormal(f"it uses {said(tree)} on unknowns")


_COMBINED: dict[type[exp.Expression], Callable[[Quotient, Quotient], Quotient]] = {
    exp.Add: Quotient.plus,
    exp.Sub: lambda a, b: a.plus(b.negated()),
    exp.Mul: Quotient.times,
    exp.Div: Quotient.over,
}


def _combined(tree: exp.Expression, is_unknown: IsUnknown) -> Pieces:
    pairs = list(product(pieces_of(tree.this, is_unknown), pieces_of(tree.expression, is_unknown)))
    if len(pairs) > MOST_PIECES:
        raise NotNormal("it has too many cases")
    combine = _COMBINED[type(tree)]
    return [((*ga, *gb), combine(a, b)) for (ga, a), (gb, b) in pairs]


def _cases(tree: exp.Case, is_unknown: IsUnknown) -> Pieces:
    found: Pieces = []
    for given, value in branches(tree, is_unknown):
        if value is not None:
            found += [((*given, *inner), q) for inner, q in pieces_of(value, is_unknown)]
    return found


def branches(tree: exp.Case, is_unknown: IsUnknown) -> list[tuple[Givens, exp.Expression | None]]:
    """Branches of a case whose tests are over columns, with the conditions under which each is taken."""
    earlier: list[exp.Expression] = []
    found: list[tuple[Givens, exp.Expression | None]] = []
    for branch in tree.args["ifs"]:
        test = exp.EQ(this=tree.this.copy(), expression=branch.this.copy()) if tree.this else branch.this
        if has_unknown(test, is_unknown):
            raise NotNormal("it has a case that depends on unknowns")
        found.append(((*earlier, test), branch.args["true"]))
        earlier = [*earlier, not_true(test)]
    found.append((tuple(earlier), tree.args.get("default")))
    return found


def not_true(tree: exp.Expression) -> exp.Expression:
    """A condition that is true where `tree` is false or NULL."""
    whole = exp.Coalesce(this=exp.Paren(this=tree.copy()), expressions=[exp.Boolean(this=False)])
    return exp.Not(this=whole)
