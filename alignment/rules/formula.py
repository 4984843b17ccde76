"""Formulas over one lever, true or false, never unknown: what a rule is TRUE for, FALSE for, and cannot divide at."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

from sqlglot import exp

from alignment.rules.algebra import Value

Operator = Literal["<", "<=", ">", ">=", "=", "<>"]

OPPOSITE: dict[Operator, Operator] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "="}
MIRRORED: dict[Operator, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}


@dataclass(frozen=True)
class Truth:
    """Always true, or never."""

    holds: bool


@dataclass(frozen=True)
class Given:
    """A condition over columns; NULL counts as false."""

    tree: exp.Expression


@dataclass(frozen=True)
class Compare:
    """lever ⋈ bound; false where the bound is NULL."""

    operator: Operator
    bound: Value


@dataclass(frozen=True)
class Residue:
    """lever % modulus ⋈ value, with SQL's sign (that of the lever); exact."""

    modulus: Fraction
    operator: Operator
    value: Fraction


@dataclass(frozen=True)
class Both:
    """Every part holds."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Either:
    """Some part holds."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Formula


Formula = Truth | Given | Compare | Residue | Both | Either | Not

TRUE, FALSE = Truth(True), Truth(False)


def both(*parts: Formula) -> Formula:
    """All of the parts, flattened, with constants folded."""
    flat: list[Formula] = []
    for part in parts:
        if part == FALSE:
            return FALSE
        if part != TRUE:
            flat += part.parts if isinstance(part, Both) else [part]
    return TRUE if not flat else flat[0] if len(flat) == 1 else Both(tuple(flat))


def either(*parts: Formula) -> Formula:
    """Any of the parts, flattened, with constants folded."""
    flat: list[Formula] = []
    for part in parts:
        if part == TRUE:
            return TRUE
        if part != FALSE:
            flat += part.parts if isinstance(part, Either) else [part]
    return FALSE if not flat else flat[0] if len(flat) == 1 else Either(tuple(flat))


def negation(part: Formula) -> Formula:
    """The opposite of a two-valued formula, brought down to its parts; a bound that may be NULL stays inside Not."""
    if isinstance(part, Truth):
        return Truth(not part.holds)
    if isinstance(part, Not):
        return part.part
    if isinstance(part, Both):
        return either(*(negation(p) for p in part.parts))
    if isinstance(part, Either):
        return both(*(negation(p) for p in part.parts))
    if isinstance(part, Given):
        return Given(_denied(part.tree))
    if isinstance(part, Residue):
        return Residue(part.modulus, OPPOSITE[part.operator], part.value)
    return Compare(OPPOSITE[part.operator], part.bound) if isinstance(part.bound, Fraction) else Not(part)


def _denied(tree: exp.Expression) -> exp.Expression:
    """A condition that is true where `tree` is false or NULL."""
    if isinstance(tree, exp.Not) and isinstance(tree.this, exp.Is):
        return tree.this.copy()
    if isinstance(tree, exp.Is):
        return exp.Not(this=tree.copy())
    return exp.Not(this=exp.Coalesce(this=exp.Paren(this=tree.copy()), expressions=[exp.Boolean(this=False)]))


@dataclass(frozen=True)
class Logic:
    """A condition in three values: where it is TRUE, where FALSE, and where a lever value makes a divisor zero.

    The condition is NULL because of a divisor where `zero` holds and it is neither TRUE nor FALSE: `zero` may reach
    into those of the two answers that `reaches` names.
    """

    true: Formula
    false: Formula
    zero: Formula = FALSE
    reaches: frozenset[bool] = frozenset()

    def conjoined(self, other: Logic) -> Logic:
        zero = either(self._zero_outside(True), other._zero_outside(True))
        return Logic(both(self.true, other.true), either(self.false, other.false), zero, _reach(zero, False))

    def disjoined(self, other: Logic) -> Logic:
        zero = either(self._zero_outside(False), other._zero_outside(False))
        return Logic(either(self.true, other.true), both(self.false, other.false), zero, _reach(zero, True))

    def negated(self) -> Logic:
        return Logic(self.false, self.true, self.zero, frozenset(not answer for answer in self.reaches))

    def forbidden(self) -> Formula:
        """Where a rule forbids: FALSE, or NULL because the lever value makes a divisor zero (SQL CHECK otherwise)."""
        return self._forbidden

    def unknown(self) -> Formula:
        """Where the rule is NULL."""
        return self._unknown

    @cached_property
    def _forbidden(self) -> Formula:
        return either(self.false, self._zero_outside(True))

    @cached_property
    def _unknown(self) -> Formula:
        return both(negation(self.true), negation(self.false))

    def _zero_outside(self, answer: bool) -> Formula:
        if answer not in self.reaches:
            return self.zero
        return both(self.zero, negation(self.true if answer else self.false))


def _reach(zero: Formula, answer: bool) -> frozenset[bool]:
    return frozenset() if zero == FALSE else frozenset({answer})
