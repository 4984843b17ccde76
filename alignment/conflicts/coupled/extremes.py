"""Least and greatest values in aggregate rules: a bound on the greatest is a bound on every item, and a spread needs
one
unknown of its own for each end; the other way round one item must reach the bound."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from alignment.conflicts.coupled.aggregates import Unknown
from alignment.conflicts.coupled.forms import Form
from alignment.conflicts.coupled.sources import GroupSource
from alignment.rules.algebra import NotNormal

if TYPE_CHECKING:
    from alignment.conflicts.coupled.groups import Builder


def add_extremes(
    builder: Builder, top: Form, groups: list[int], signs: list[int], strict: bool, extremes: list[Unknown]
) -> None:
    """Rows of a demand that has extremes among its unknowns. Raises NotNormal where it is not linear."""
    alone = len(top.terms) == 1
    auxiliary: dict[tuple[str, int], int] = {}
    for g, sign in zip(groups, signs, strict=True):
        numbers = builder.coefficients(top, g)
        assert numbers is not None
        for unknown in extremes:
            factor = sign * numbers[0][unknown.name]
            outward = factor > 0 if unknown.kind == "max" else factor < 0
            if alone and factor:
                _single(builder, unknown, g, outward, Fraction(-sign * numbers[1]) / factor, strict, top, sign)
            elif factor and not outward:
                raise NotNormal("it asks for the least and greatest to be apart")
            elif factor:
                slot = builder.drafts.auxiliary()
                auxiliary[unknown.name, g] = slot
                _every(builder, unknown, g, slot)
    if not alone:
        builder.add_sums(top, groups, signs, strict, auxiliary)


def _items(builder: Builder, unknown: Unknown, g: int) -> Any:
    return np.flatnonzero((builder.where.group == g) & builder.parts[unknown.name].counted)


def _single(
    builder: Builder, unknown: Unknown, g: int, outward: bool, limit: Fraction, strict: bool, top: Form, sign: int
) -> None:
    """greatest <= limit: every item is; greatest >= limit: one item is; the least likewise."""
    turn = 1 if (unknown.kind == "max") == outward else -1
    items, part = _items(builder, unknown, g), builder.parts[unknown.name]
    levers = sorted(part.factors)
    if not outward and len(levers) > 1:
        raise NotNormal("it looks for an extreme over several levers")
    count = len(items)
    rows = np.arange(count) if outward else np.zeros(count, np.int64)
    offset = part.offset[items] * turn
    bound = turn * float(limit) - offset if outward else np.array([turn * float(limit)])
    source = _ExtremeSource(builder, unknown, turn, limit, items, outward)
    label = builder.where.labels[g]
    wide = builder.drafts.cells
    factors = [turn * part.factors[name][items] for name in levers]
    builder.drafts.add(
        builder.number,
        bound,
        strict,
        [label] * len(bound),
        source,
        range(len(bound)),
        np.concatenate([rows] * len(levers)),
        np.concatenate([builder.slot_of[name] + items for name in levers]),
        np.concatenate(factors),
        some=not outward,
        factor=None if outward else np.repeat(factors[0][:, None], wide, axis=1),
        offset=None if outward else np.repeat(offset[:, None], wide, axis=1),
    )


def _every(builder: Builder, unknown: Unknown, g: int, slot: int) -> None:
    """The slot is at least every item's amount, or at most."""
    turn = 1 if unknown.kind == "max" else -1
    items, part = _items(builder, unknown, g), builder.parts[unknown.name]
    levers = sorted(part.factors)
    rows = np.arange(len(items))
    source = _ExtremeSource(builder, unknown, turn, None, items, True, slot)
    builder.drafts.add(
        builder.number,
        -turn * part.offset[items],
        False,
        [builder.where.labels[g]] * len(items),
        source,
        range(len(items)),
        np.concatenate([rows] * (len(levers) + 1)),
        np.concatenate([*(builder.slot_of[name] + items for name in levers), np.full(len(items), slot)]),
        np.concatenate([*(turn * part.factors[name][items] for name in levers), np.full(len(items), -float(turn))]),
    )


class _ExtremeSource:
    """Exact excess of rows about single items of an extreme."""

    def __init__(
        self,
        builder: Builder,
        unknown: Unknown,
        turn: int,
        limit: Fraction | None,
        items: Any,
        outward: bool,
        slot: int | None = None,
    ) -> None:
        self.builder, self.unknown, self.turn, self.limit = builder, unknown, turn, limit
        self.items, self.outward, self.slot = items, outward, slot

    def excess(self, k: int, values: Any) -> Fraction | None:
        builder, chosen = self.builder, self.items[k : k + 1] if self.outward else self.items
        one = Form(((self.unknown.name, Fraction(1)),))
        source = GroupSource(
            builder.drafts.exactly,
            builder.form,
            one,
            np.ones(1, np.int64),
            [{}],
            [chosen],
            builder.keys,
            {name: builder.slot_of[name] for name in builder.form.checked.rule.levers},
            builder.levers,
        )
        found = source.excess(0, values)
        limit = values[self.slot] if self.slot is not None else self.limit
        return None if found is None or limit is None else self.turn * (found - limit)
