"""Rows of aggregate rules told exactly, from the rule's own aggregates on the items of a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlglot import exp

from alignment.conflicts.coupled.aggregates import AggregateForm, Unknown, columns_of
from alignment.conflicts.coupled.forms import Form
from alignment.conflicts.coupled.rows import ExactRows
from alignment.conflicts.positions import Ints
from alignment.initiative.models import Lever
from alignment.rules.exact import evaluate


@dataclass(frozen=True)
class GroupSource:
    """Exact excess of the rows of one demand, evaluated from the rule's own aggregates on the items of a group."""

    exactly: ExactRows
    form: AggregateForm
    top: Form
    signs: Ints
    constants: Sequence[Mapping[str, Any]]
    items: Sequence[Ints]
    keys: Sequence[Any]
    slot_of: Mapping[str, int]
    levers: Mapping[str, Lever]
    extremes: Sequence[Mapping[str, int]] = ()

    def excess(self, k: int, values: Mapping[int, Fraction]) -> Fraction | None:
        row = dict(self.constants[k])
        items = self.items[k]
        trees = [u.node for u in self.form.unknowns]
        names = columns_of(trees, self.levers)
        rows = self.exactly.of([self.keys[i] for i in items], names) if len(items) else []
        filled = [self._filled(int(i), r, values) for i, r in zip(items, rows, strict=True)]
        own = self.extremes[k] if self.extremes else {}
        for unknown in self.form.unknowns:
            if unknown.name in own:
                row[unknown.name] = values.get(own[unknown.name])
                continue
            found = [v for r in filled if (v := self._amount(unknown, r)) is not None]
            row[unknown.name] = (
                sum(found, Fraction(0))
                if unknown.kind == "sum"
                else (max if unknown.kind == "max" else min)(found, default=None)
            )
        total = evaluate(self.top.constant, row)
        for name, factor in self.top.terms:
            a, b = evaluate(factor, row), row[name]
            if a is None or b is None or total is None:
                return None
            total += a * b
        return None if total is None else Fraction(int(self.signs[k]) * total)

    def averaged(self, unknown: Unknown, k: int) -> int:
        """By what the sum behind an unknown is divided: the items of an average, 1 for a sum, least or greatest."""
        inner = unknown.node.this if isinstance(unknown.node, exp.Filter) else unknown.node
        if not isinstance(inner, exp.Avg):
            return 1
        if unknown.condition is None:
            return len(self.items[k])
        counts = (g.name for g in self.form.givens if g.condition == unknown.condition and g.argument is None)
        return int(self.constants[k].get(next(counts, ""), 0) or 0)

    def _filled(self, item: int, row: Mapping[str, Any], values: Mapping[int, Fraction]) -> dict[str, Any]:
        known = {name: _as_value(self.levers[name], values.get(start + item)) for name, start in self.slot_of.items()}
        return {**row, **known}

    def _amount(self, unknown: Unknown, row: Mapping[str, Any]) -> Any:
        node = unknown.node
        if isinstance(node, exp.Filter):
            if evaluate(node.expression.this, row) is not True:
                return None
            node = node.this
        return Fraction(1) if isinstance(node, exp.Count) else evaluate(node.this, row)


def _as_value(lever: Lever, value: Fraction | None) -> Any:
    if value is None or lever.values is None or not any(isinstance(v, str) for v in lever.values):
        return value
    return lever.values[int(value)]
