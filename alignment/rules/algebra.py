"""Arithmetic on context expressions and on fractions that are linear in one lever.

A context value is a Fraction, where it is constant, or a sqlglot tree over columns. `Linear` is a·x + b and `Ratio` is
one linear form over another, x being the lever.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache

from sqlglot import exp

Value = Fraction | exp.Expression

ZERO, ONE = Fraction(0), Fraction(1)


class NotNormal(Exception):
    """The expression is not a ratio of linear forms of the lever; the text says what stands in the way."""


@lru_cache(maxsize=4096)
def constant(text: str) -> Fraction:
    """The exact value of a number as it is written."""
    return Fraction(Decimal(text))


def literal(value: Fraction) -> exp.Expression:
    """A tree of an exact number: a decimal where there is one, else a quotient."""
    if not _short(value):
        top, bottom = literal(Fraction(value.numerator)), literal(Fraction(value.denominator))
        return exp.Paren(this=exp.Div(this=top, expression=bottom))
    number = exp.Literal.number(decimal_text(abs(value)))
    return exp.Paren(this=exp.Neg(this=number)) if value < 0 else number


def decimal_text(value: Fraction) -> str:
    """A fraction that has a finite decimal form, written out in full."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    whole = abs(int(value * 10**digits))
    sign = "-" if value < 0 else ""
    if digits == 0:
        return f"{sign}{whole}"
    text = str(whole).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}"


def tree_of(value: Value) -> exp.Expression:
    """A context value as a tree."""
    return literal(value) if isinstance(value, Fraction) else value.copy()


def _wrapped(value: Value) -> exp.Expression:
    tree = tree_of(value)
    plain = isinstance(tree, (exp.Literal, exp.Column, exp.Paren, exp.Func))
    return tree if plain else exp.Paren(this=tree)


def add(a: Value, b: Value) -> Value:
    """a + b, with multiples of the same part collected: cost * 0.1 + cost is cost * 1.1."""
    parts: dict[str, tuple[Fraction, exp.Expression]] = {}
    total = _collect(a, ONE, parts) + _collect(b, ONE, parts)
    found: Value | None = None
    for factor, part in parts.values():
        term = _multiple(part, factor) if factor else _null_or_zero(part)
        found = term if found is None else _sum(found, term)
    if found is None:
        return total
    return found if total == 0 else _sum(found, total)


def _collect(value: Value, factor: Fraction, parts: dict[str, tuple[Fraction, exp.Expression]]) -> Fraction:
    """Adds factor · value to the multiples in `parts` and returns its constant."""
    if isinstance(value, Fraction):
        return factor * value
    tree = bare(value)
    if isinstance(tree, exp.Literal) and not tree.is_string:
        return factor * constant(tree.name)
    if isinstance(tree, exp.Neg):
        return _collect(tree.this, -factor, parts)
    if isinstance(tree, (exp.Add, exp.Sub)):
        sign = -1 if isinstance(tree, exp.Sub) else 1
        return _collect(tree.this, factor, parts) + _collect(tree.expression, sign * factor, parts)
    if isinstance(tree, (exp.Mul, exp.Div)):
        left, right = number_of(tree.this), number_of(tree.expression)
        if right is not None and right != 0:
            return _collect(tree.this, factor * right if isinstance(tree, exp.Mul) else factor / right, parts)
        if left is not None and left != 0 and isinstance(tree, exp.Mul):
            return _collect(tree.expression, factor * left, parts)
    name = tree.sql()
    before = parts.get(name, (ZERO, tree))[0]
    parts[name] = (before + factor, tree)
    return ZERO


def number_of(tree: exp.Expression) -> Fraction | None:
    """The exact value of a tree that is a number, with or without a minus sign; None where it is not."""
    tree = bare(tree)
    if isinstance(tree, exp.Neg):
        inner = number_of(tree.this)
        return None if inner is None else -inner
    return constant(tree.name) if isinstance(tree, exp.Literal) and not tree.is_string else None


def _multiple(part: exp.Expression, factor: Fraction) -> exp.Expression:
    if factor < 0:
        return exp.Neg(this=_wrapped(_multiple(part, -factor)))
    if factor == 1:
        return part.copy()
    if _short(factor):
        return exp.Mul(this=_wrapped(part), expression=literal(factor))
    if _short(1 / factor):
        return exp.Div(this=_wrapped(part), expression=literal(1 / factor))
    top = (
        part if factor.numerator == 1 else exp.Mul(this=_wrapped(part), expression=literal(Fraction(factor.numerator)))
    )
    return exp.Div(this=_wrapped(top), expression=literal(Fraction(factor.denominator)))


def _sum(a: Value, b: Value) -> Value:
    if isinstance(b, exp.Neg):
        return exp.Sub(this=_wrapped(a), expression=_wrapped(bare(b.this)))
    if isinstance(b, Fraction) and b < 0:
        return exp.Sub(this=_wrapped(a), expression=literal(-b))
    if isinstance(a, exp.Neg):
        return exp.Sub(this=_wrapped(b), expression=_wrapped(bare(a.this)))
    return exp.Add(this=_wrapped(a), expression=_wrapped(b))


def negate(a: Value) -> Value:
    """-a."""
    if isinstance(a, Fraction):
        return -a
    if isinstance(a, exp.Neg):
        return bare(a.this)
    if isinstance(a, exp.Paren):
        return negate(a.this)
    if isinstance(a, exp.Sub):
        left, right = negate(bare(a.this)), bare(a.expression)
        return _sum(right, left) if isinstance(left, exp.Neg) else _sum(left, right)
    return exp.Neg(this=_wrapped(a))


def bare(a: exp.Expression) -> exp.Expression:
    """A tree without the parentheses around it."""
    while isinstance(a, exp.Paren):
        a = a.this
    return a


def multiply(a: Value, b: Value) -> Value:
    """a · b."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a * b
    for this, other in ((a, b), (b, a)):
        if isinstance(this, Fraction):
            return _scale(other, this)
    if isinstance(a, exp.Neg):
        return negate(multiply(bare(a.this), b))
    if isinstance(b, exp.Neg):
        return negate(multiply(a, bare(b.this)))
    return exp.Mul(this=_wrapped(a), expression=_wrapped(b))


def _scale(value: Value, factor: Fraction) -> Value:
    if factor == 1:
        return value
    if factor == 0:
        return _null_or_zero(value)
    parts: dict[str, tuple[Fraction, exp.Expression]] = {}
    total = _collect(value, factor, parts)
    found: Value = total
    for share, part in parts.values():
        term = _multiple(part, share)
        found = term if found == ZERO else _sum(term, found) if isinstance(found, Fraction) else _sum(found, term)
    return found


def _null_or_zero(tree: Value) -> Value:
    """Zero times something is zero only where that something is known."""
    return exp.Mul(this=_wrapped(tree), expression=literal(ZERO)) if isinstance(tree, exp.Expression) else ZERO


def divide(a: Value, b: Value) -> Value:
    """a / b; a constant zero divisor is refused."""
    if isinstance(b, Fraction):
        if b == 0:
            raise NotNormal("it divides by zero")
        return multiply(1 / b, a)
    if isinstance(a, exp.Neg):
        return negate(divide(bare(a.this), b))
    return exp.Div(this=_wrapped(a), expression=_wrapped(b))


def _short(value: Fraction) -> bool:
    """Has a number a finite decimal form?"""
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    return denominator == 1


@dataclass(frozen=True)
class Linear:
    """a·x + b."""

    a: Value
    b: Value

    @property
    def is_constant(self) -> bool:
        return self.a == ZERO

    @cached_property
    def root(self) -> Value:
        """Where it is zero, if the lever is in it; several comparisons ask for it."""
        return divide(negate(self.b), self.a)

    def plus(self, other: Linear) -> Linear:
        return Linear(add(self.a, other.a), add(self.b, other.b))

    def times(self, other: Linear) -> Linear:
        """The product, where it is still linear."""
        if not self.is_constant and not other.is_constant:
            raise NotNormal("it multiplies the lever by itself")
        flat, rest = (self, other) if self.is_constant else (other, self)
        return Linear(_scaled(rest.a, flat.b), multiply(flat.b, rest.b))

    def negated(self) -> Linear:
        return Linear(negate(self.a), negate(self.b))


def _scaled(a: Value, factor: Value) -> Value:
    return ZERO if a == ZERO else multiply(factor, a)


@dataclass(frozen=True)
class Ratio:
    """top / bottom, and all that was divided by on the way."""

    top: Linear
    bottom: Linear = Linear(ZERO, ONE)
    divisors: tuple[Linear, ...] = ()

    def plus(self, other: Ratio) -> Ratio:
        divisors = self.divisors + other.divisors
        if self.bottom == other.bottom:
            return Ratio(self.top.plus(other.top), self.bottom, divisors)
        top = self.top.times(other.bottom).plus(other.top.times(self.bottom))
        return Ratio(top, self.bottom.times(other.bottom), divisors)

    def times(self, other: Ratio) -> Ratio:
        divisors = self.divisors + other.divisors
        return Ratio(self.top.times(other.top), self.bottom.times(other.bottom), divisors)

    def over(self, other: Ratio) -> Ratio:
        if other.top == Linear(ZERO, ZERO):
            raise NotNormal("it divides by zero")
        divisors = (*self.divisors, *other.divisors, other.top)
        if other.top.is_constant and isinstance(other.top.b, Fraction) and other.bottom == Linear(ZERO, ONE):
            scale = 1 / other.top.b
            top = Linear(_scaled(self.top.a, scale), multiply(scale, self.top.b))
            return Ratio(top, self.bottom, divisors)
        return Ratio(self.top.times(other.bottom), self.bottom.times(other.top), divisors)

    def negated(self) -> Ratio:
        return Ratio(self.top.negated(), self.bottom, self.divisors)


def lever_of(name: str) -> Ratio:
    """The lever itself."""
    return Ratio(Linear(ONE, ZERO))


def context(value: Value) -> Ratio:
    """A value without the lever."""
    return Ratio(Linear(ZERO, value))
