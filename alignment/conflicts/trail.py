"""One item's trail: what each rule allows on it, what is left, which rules decide the ends, and what each costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from alignment.catalogue.reading import Catalogue, open_catalogue, quoted
from alignment.conflicts.exactly import forbids, in_scope, unknown_on_interval
from alignment.conflicts.line import leaves
from alignment.conflicts.members import exact_row, shown_value
from alignment.conflicts.parts import allowed_parts, allowed_values, allows_value
from alignment.conflicts.report import Part
from alignment.errors import UsageError
from alignment.initiative.models import Initiative, Lever
from alignment.rules.exact import evaluate, exact
from alignment.rules.formula import Residue
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked, Choice, RuleSet, Stage, read_rules

State = Literal["known", "unknown", "out_of_scope"]


@dataclass(frozen=True)
class RuleOnItem:
    """What one rule allows on the item: intervals, or values of a finite lever; None where it has no normal form."""

    constraint: str
    parts: tuple[Part, ...] | None
    values: tuple[Any, ...] | None
    state: State
    allows_today: bool | None


@dataclass(frozen=True)
class Without:
    """What is left when one rule is off."""

    constraint: str
    left: tuple[Any, ...]


@dataclass(frozen=True)
class Trail:
    """The answer to `why`; `left` holds intervals, or values of a finite lever."""

    item: Any
    lever: str | None = field(metadata={"json": False})
    today: Any = field(metadata={"json": False})
    rules: tuple[RuleOnItem, ...]
    left: tuple[Any, ...]
    lower_by: tuple[str, ...]
    upper_by: tuple[str, ...]
    without: tuple[Without, ...]


def trail(initiative: Initiative, item: Any, catalogue: Any, stage: Stage, today: date | None) -> Trail:
    """The trail of an item on the initiative's first lever that has rules."""
    table = catalogue if isinstance(catalogue, Catalogue) else open_catalogue(initiative, catalogue)
    rules = read_rules(initiative, table, stage, today)
    row = item_row(table, item)
    lever = _main_lever(rules)
    if lever is None:
        alone = tuple(_rule_alone(rule, row) for rule in rules.checked if rule.rule.family == "item")
        return Trail(shown_value(row[table.key]), None, None, alone, (), (), (), ())
    exact_values = exact_row(row)
    current = row.get(lever.current) if lever.current else None
    left = _Left(lever, rules, exact_values, exact(current))
    return left.trail(shown_value(row[table.key]), shown_value(current))


def item_row(table: Catalogue, item: Any) -> dict[str, Any]:
    """The row of an item by its key, whatever type the key was given in. Raises UsageError where there is none."""
    query = f"select * from {quoted(table.table)} where cast({quoted(table.key)} as varchar) = ? limit 1"
    found = table.connection.execute(query, [str(item)])
    names = [column[0] for column in found.description]
    row = found.fetchone()
    if row is None:
        raise UsageError(f"there is no item '{item}' in {table.name}; write a value of its key column '{table.key}'")
    return dict(zip(names, row, strict=True))


def _main_lever(rules: RuleSet) -> Lever | None:
    named = [name for rule in rules.checked for name in rule.rule.levers]
    return next(
        (lever for name, lever in rules.levers.items() if name in named), next(iter(rules.levers.values()), None)
    )


def _rule_alone(rule: Checked, row: dict[str, Any]) -> RuleOnItem:
    """A rule about the data: it allows everything where it is not false, else nothing."""
    values = exact_row(row)
    if not in_scope(rule, values):
        return RuleOnItem(rule.id, (), None, "out_of_scope", None)
    truth = evaluate(rule.rule.tree, values) if isinstance(rule.form, Normal) else None
    parts = () if truth is False else (Part(None, False, None, False),)
    return RuleOnItem(rule.id, parts, None, "unknown" if truth is None else "known", truth is not False)


@dataclass(frozen=True)
class _Left:
    lever: Lever
    rules: RuleSet
    row: dict[str, Any]
    today: Any

    def trail(self, item: Any, today: Any) -> Trail:
        mine = [r for r in self.rules.checked if self._decides(r)]
        shown = tuple(self._on_item(r) for r in self.rules.checked if r.rule.family == "item")
        left = self.left(mine)
        lower, upper = self._deciders(mine, left)
        without = tuple(
            Without(r.id, self.left([o for o in mine if o.id != r.id])) for r in mine if in_scope(r, self.row)
        )
        return Trail(item, self.lever.name, today, shown, left, lower, upper, without)

    def _decides(self, rule: Checked) -> bool:
        return isinstance(rule.form, (Normal, Choice)) and rule.form.lever == self.lever.name

    def left(self, rules: Sequence[Checked]) -> tuple[Any, ...]:
        """Intervals, or values, that the rules together leave within the domain."""
        if self.lever.values is not None:
            return allowed_values(rules, self.lever, self.row)
        return tuple(allowed_parts(rules, self.lever, self.row, near=self.today))

    def _on_item(self, rule: Checked) -> RuleOnItem:
        if isinstance(rule.form, Normal) and rule.form.lever is None:
            return _rule_alone(rule, self.row)
        if not in_scope(rule, self.row):
            return RuleOnItem(rule.id, (), None, "out_of_scope", None)
        if not self._decides(rule):
            return RuleOnItem(rule.id, None, None, "unknown", None)
        if self.lever.values is not None:
            values = allowed_values([rule], self.lever, self.row)
            state: State = "unknown" if self._null_everywhere(rule) else "known"
            today = None if self.today is None else allows_value(rule, self.lever, self.today, self.row)
            return RuleOnItem(rule.id, None, values, state, today)
        parts = tuple(allowed_parts([rule], self.lever, self.row, near=self.today))
        state = "unknown" if unknown_on_interval(rule, self.lever, self.row) else "known"
        today = None if self.today is None else not forbids(rule, self.today, self.row)
        return RuleOnItem(rule.id, parts, None, state, today)

    def _null_everywhere(self, rule: Checked) -> bool:
        rows = ({**self.row, self.lever.name: exact(v)} for v in self.lever.values or ())
        return any(evaluate(rule.rule.tree, row) is None for row in rows)

    def _deciders(self, rules: Sequence[Checked], left: tuple[Any, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Rules that set the lower and the upper end of what is left: the highest floors and the lowest ceilings.

        The domain's own ends belong to no rule.
        """
        if self.lever.values is not None:
            return (), ()
        whole = [r for r in rules if in_scope(r, self.row) and not _by_endings(r)]
        alone = [(r, allowed_parts([r], self.lever, self.row)) for r in whole]
        alone = [(r, parts) for r, parts in alone if parts]
        lows = {r.id: _low(parts[0]) for r, parts in alone}
        highs = {r.id: _high(parts[-1]) for r, parts in alone}
        floor, ceiling = _domain(self.lever)
        top = max(lows.values(), default=floor)
        bottom = min(highs.values(), default=ceiling)
        lower = tuple(sorted(i for i, v in lows.items() if v == top and v > floor))
        upper = tuple(sorted(i for i, v in highs.items() if v == bottom and v < ceiling))
        return lower, upper


def _by_endings(rule: Checked) -> bool:
    """Does a rule allow endings, of which there is no lowest and no highest?"""
    return isinstance(rule.form, Normal) and any(isinstance(p, Residue) for p in leaves(rule.form.logic.forbidden()))


def _low(part: Part) -> tuple[Fraction, int]:
    return (Fraction(-(10**40)) if part.lower is None else Fraction(part.lower), 0 if part.lower_closed else 1)


def _high(part: Part) -> tuple[Fraction, int]:
    return (Fraction(10**40) if part.upper is None else Fraction(part.upper), 0 if part.upper_closed else -1)


def _domain(lever: Lever) -> tuple[tuple[Fraction, int], tuple[Fraction, int]]:
    low = (Fraction(-(10**40)), 1) if lever.minimum is None else (_float(lever.minimum), 0)
    high = (Fraction(10**40), -1) if lever.maximum is None else (_float(lever.maximum), 0)
    return low, high


def _float(bound: Decimal) -> Fraction:
    return Fraction(float(bound))
