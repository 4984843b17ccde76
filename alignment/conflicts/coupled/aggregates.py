"""Reads aggregate rules: which sums over items a rule compares, item by item linear in the levers or piecewise so.

Aggregates over columns alone are constants of each group; those with a lever are unknowns. In the rule's tree both
become
columns named `#0`, `#1`, …
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from alignment.conflicts.coupled.demands import Demand, demands_of, divisors_of
from alignment.conflicts.coupled.forms import Form, Givens, has_unknown, pieces_of
from alignment.initiative.models import Lever
from alignment.rules.algebra import ONE, ZERO, Linear, NotNormal, Value, divide
from alignment.rules.formula import TRUE, Formula, both
from alignment.rules.logic import logic_of, quotients
from alignment.rules.parse import AGGREGATES
from alignment.rules.ruleset import Checked
from alignment.rules.signs import Side

Kind = Literal["sum", "min", "max"]


@dataclass(frozen=True)
class Linearly:
    """An item's amount is linear in levers, by conditions over columns."""

    pieces: tuple[tuple[Givens, Form], ...]


@dataclass(frozen=True)
class Piecewise:
    """An item's amount is factor · lever + offset wherever a formula of the lever holds, else nothing."""

    lever: str
    pieces: tuple[tuple[Formula, Value, Value], ...]


@dataclass(frozen=True)
class ByValue:
    """An item's amount is decided for each value of a finite lever."""

    lever: str
    amount: exp.Expression
    condition: exp.Expression | None


@dataclass(frozen=True)
class Unknown:
    """An aggregate with a lever: how it gathers, what each item gives, which items by their columns, and its own
    tree.
    """

    name: str
    kind: Kind
    amount: Linearly | Piecewise | ByValue
    condition: exp.Expression | None
    node: exp.Expression
    filtered: bool


@dataclass(frozen=True)
class Given:
    """An aggregate over columns alone, a constant of each group; `argument` is None for count(*)."""

    name: str
    node: exp.Expression
    argument: exp.Expression | None
    condition: exp.Expression | None


@dataclass(frozen=True)
class AggregateForm:
    """An aggregate rule as demands over its unknowns."""

    checked: Checked
    unknowns: tuple[Unknown, ...]
    givens: tuple[Given, ...]
    demands: tuple[Demand, ...]
    divisors: tuple[tuple[Givens, Form], ...]

    def conditions(self, lever: str) -> list[Formula]:
        """Formulas of a lever whose truth on each cell is needed."""
        return [
            f
            for u in self.unknowns
            if isinstance(u.amount, Piecewise) and u.amount.lever == lever
            for f, _, _ in u.amount.pieces
        ]


def read_aggregate(checked: Checked, levers: Mapping[str, Lever], signs: Mapping[str, int]) -> AggregateForm:
    """The form of an aggregate rule. Raises NotNormal with what stands in the way."""
    reader = _Reader(levers, signs, [], [])
    tree = exp.Paren(this=checked.rule.tree.copy())
    nodes: list[exp.Expression] = list(tree.find_all(*AGGREGATES))
    for node in nodes:
        whole: exp.Expression = node.parent if isinstance(node.parent, exp.Filter) else node
        whole.replace(reader.replaced(node, whole.copy()))
    unknown = {u.name for u in reader.unknowns}
    demands = demands_of(tree.this, lambda c: c.name in unknown)
    form = AggregateForm(
        checked, tuple(reader.unknowns), tuple(reader.givens), tuple(demands), tuple(divisors_of(demands))
    )
    _check_extremes(form)
    return form


def _check_extremes(form: AggregateForm) -> None:
    extremes = {u.name for u in form.unknowns if u.kind != "sum"}
    forms = [f for _, f in form.divisors] + [d.quotient.bottom for d in form.demands if d.quotient is not None]
    if any(name in extremes for f in forms for name, _ in f.terms):
        raise NotNormal("it divides by a least or greatest value")


@dataclass
class _Reader:
    levers: Mapping[str, Lever]
    signs: Mapping[str, int]
    unknowns: list[Unknown]
    givens: list[Given]

    def is_lever(self, column: exp.Column) -> bool:
        return column.name in self.levers

    def replaced(self, node: exp.Expression, whole: exp.Expression) -> exp.Expression:
        """The column, or quotient of columns, that stands for an aggregate; it is noted as unknown or given."""
        condition = whole.expression.this if isinstance(whole, exp.Filter) else None
        argument = None if isinstance(node, exp.Count) and isinstance(node.this, exp.Star) else node.this
        by_lever = condition is not None and has_unknown(condition, self.is_lever)
        if not has_unknown(whole, self.is_lever):
            return self._given(whole, argument, condition)
        if isinstance(node, exp.Avg):
            if by_lever:
                raise NotNormal("it averages over items that the lever chooses")
            count = self._given(exp.Count(this=exp.Star()), None, condition)
            return exp.Paren(
                this=exp.Div(this=self._unknown("sum", whole, argument, condition, False), expression=count)
            )
        if isinstance(node, exp.Count):
            if not by_lever:
                return self._given(exp.Count(this=exp.Star()), None, condition)
            return self._unknown("sum", whole, exp.Literal.number(1), condition, True)
        if isinstance(node, exp.Sum):
            return self._unknown("sum", whole, argument, condition, by_lever)
        if by_lever:
            raise NotNormal("it looks for the least or greatest among items that the lever chooses")
        return self._unknown("max" if isinstance(node, exp.Max) else "min", whole, argument, condition, False)

    def _name(self) -> str:
        return f"#{len(self.unknowns) + len(self.givens)}"

    def _given(
        self, node: exp.Expression, argument: exp.Expression | None, condition: exp.Expression | None
    ) -> exp.Expression:
        name = self._name()
        self.givens.append(Given(name, node, argument, condition))
        return exp.column(name, quoted=True)

    def _unknown(
        self,
        kind: Kind,
        node: exp.Expression,
        argument: exp.Expression | None,
        condition: exp.Expression | None,
        by_lever: bool,
    ) -> exp.Expression:
        assert argument is not None
        name = self._name()
        amount = self._amount(argument, condition if by_lever else None)
        if kind != "sum" and not isinstance(amount, Linearly):
            raise NotNormal("it looks for the least or greatest of something that is not linear in the lever")
        given = None if by_lever else condition
        self.unknowns.append(
            Unknown(name, kind, amount, given, node, by_lever and not isinstance(node.this, exp.Count))
        )
        return exp.column(name, quoted=True)

    def _amount(self, argument: exp.Expression, condition: exp.Expression | None) -> Linearly | Piecewise | ByValue:
        both_trees = [argument] + ([condition] if condition is not None else [])
        names = sorted({c.name for t in both_trees for c in t.find_all(exp.Column) if c.name in self.levers})
        if len(names) == 1 and self.levers[names[0]].values is not None:
            return ByValue(names[0], argument, condition)
        if condition is None:
            try:
                return Linearly(tuple(_flat(g, q.top, q.bottom) for g, q in pieces_of(argument, self.is_lever)))
            except NotNormal:
                if len(names) > 1:
                    raise
        if len(names) > 1:
            raise NotNormal("it chooses items by several levers")
        return self._piecewise(names[0], argument, condition)

    def _piecewise(self, name: str, argument: exp.Expression, condition: exp.Expression | None) -> Piecewise:
        side = Side(name, self.levers[name], self.signs)
        guard = TRUE if condition is None else logic_of(condition, side).true
        found = []
        for where, ratio in quotients(argument, side):
            if not ratio.bottom.is_constant or (ratio.divisors and any(not d.is_constant for d in ratio.divisors)):
                raise NotNormal("it sums quotients of the lever")
            factor, offset = _over(ratio.top, ratio.bottom.b)
            found.append((both(guard, where), factor, offset))
        return Piecewise(name, tuple(found))


def _over(top: Linear, bottom: Value) -> tuple[Value, Value]:
    if bottom == ONE:
        return top.a, top.b
    return (ZERO if top.a == ZERO else divide(top.a, bottom)), (ZERO if top.b == ZERO else divide(top.b, bottom))


def _flat(givens: Givens, top: Form, bottom: Form) -> tuple[Givens, Form]:
    if not bottom.is_constant:
        raise NotNormal("it sums quotients of the lever")
    if bottom.constant == ONE:
        return givens, top
    over = bottom.constant
    return givens, Form(tuple((n, divide(f, over)) for n, f in top.terms), divide(top.constant, over))


def columns_of(trees: Sequence[exp.Expression], levers: Mapping[str, Lever]) -> list[str]:
    """Names of the columns in trees that are no levers, sorted."""
    return sorted({c.name for t in trees for c in t.find_all(exp.Column) if c.name not in levers})
