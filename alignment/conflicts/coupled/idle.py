"""Coupled rules that change nothing: in each pair or group, the levers' ranges or one other hard rule already keep
what the rule asks for.

Each row of a rule is turned round; it is kept by another rule where that one leaves no values which break the row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, reduce
from operator import or_

import numpy as np

from alignment.conflicts.coupled.changed import kept, with_rows
from alignment.conflicts.coupled.exact import row_fails_exactly
from alignment.conflicts.coupled.model import Component, Model
from alignment.conflicts.coupled.rows import Rows, Source
from alignment.conflicts.coupled.search import decide
from alignment.conflicts.coupled.verdicts import Batch, Judge, Question
from alignment.conflicts.line import Bools
from alignment.conflicts.positions import Ints

FIRST = 32
MOST_EXACT = 200
MOST_ASKED = 100
MOST_NODES = 20


@dataclass(frozen=True)
class Turned:
    """A row that asks for the opposite of another."""

    source: Source

    def excess(self, k: int, values: Mapping[int, Fraction]) -> Fraction | None:
        found = self.source.excess(k, values)
        return None if found is None else -found


def idle(judge: Judge, rule: int) -> tuple[bool, tuple[str, ...]]:
    """Does a coupled rule (its number among these) never bind, and which rules imply it each alone.

    A few rows are looked at first, which tells most rules apart; where a search is needed and too long, the answer is
    that it binds.
    """
    model = judge.model
    rows = _turned_rows(model, rule)
    if rows is None or not len(rows):
        return False, ()
    turned = with_rows(judge, model.coupled[rule], rows)
    every = len(model.rows) + np.arange(len(rows))
    first = _Keeping(turned, every[:FIRST])
    others = [r for r in _hard(model) if r != len(model.items) + rule and first.may_keep(r)]
    if all(first.by_range()):
        whole = _Keeping(turned, every)
        if whole.by_range().all():
            return True, ()
    others = first.without_idle(others)
    likely = [r for r in others if first.by_rule(r).all()]
    if not np.any([first.by_range(), *(first.by_rule(r) for r in others)], axis=0).all():
        return False, ()
    whole = _Keeping(turned, every)
    names = tuple(sorted(model.id(r) for r in likely if whole.by_rule(r).all()))
    return bool(names) or _all_kept(whole, others), names


def _all_kept(whole: _Keeping, others: Sequence[int]) -> bool:
    """Is each row kept by the ranges or by some rule?"""
    left = ~whole.by_range()
    for rule in others:
        if not left.any():
            break
        left &= ~whole.by_rule(rule)
    return not left.any()


def _hard(model: Model) -> list[int]:
    return [i for i, rule in enumerate(model.items + model.coupled) if rule.hard]


def _turned_rows(model: Model, rule: int) -> Rows | None:
    """The rows of a coupled rule turned round; None where the opposite of what it asks is no single row."""
    mine = model.rows.rule == rule
    rows = kept(model.rows, mine)
    if rows.some.any() or not len(rows) or (np.bincount(rows.entry_row, minlength=len(rows)) == 0).any():
        return None
    if (model.slots.lever[rows.entry_slot] < 0).any():
        return None
    return replace(
        rows,
        rule=np.full(len(rows), len(model.coupled)),
        bound=-rows.bound,
        strict=~rows.strict,
        entry_factor=-rows.entry_factor,
        factor=-rows.factor,
        offset=-rows.offset,
        source=tuple((Turned(source), k) for source, k in rows.source),
    )


class _Keeping:
    """Which of some rows, turned round, cannot hold under the levers' ranges, or under one rule."""

    def __init__(self, judge: Judge, rows: Ints) -> None:
        self.judge, self.rows = judge, rows
        entries, _ = judge.entries(rows)
        self.slots = np.unique(judge.model.rows.entry_slot[entries])
        self.known: dict[int, Bools] = {}

    def may_keep(self, rule: int) -> bool:
        """Does a rule speak about a lever of some of the rows at all?"""
        model = self.judge.model
        if rule < len(model.items):
            return bool(self.speaking >> rule & 1)
        theirs = model.rows.rule[model.rows.entry_row] == rule - len(model.items)
        return bool((theirs & self.touched).any())

    @cached_property
    def speaking(self) -> int:
        """The rules that speak about the parts of the catalogue in which the rows are, as bits."""
        numbers = np.unique(self.judge.model.component_of_slot[self.slots]).tolist()
        return reduce(or_, (self.judge.model.components[k].rules for k in numbers), 0)

    @cached_property
    def touched(self) -> Bools:
        """Which entries of the model are about the slots of the rows."""
        marked = np.zeros(len(self.judge.model.slots), bool)
        marked[self.slots] = True
        return marked[self.judge.model.rows.entry_slot]

    def without_idle(self, rules: Sequence[int]) -> list[int]:
        """The rules without those on single items, where even all of these together leave values that break rows."""
        model, items = self.judge.model, [r for r in rules if r < len(self.judge.model.items)]
        together = self._batch(sum(1 << r for r in items))
        over, near, entries, which = self.judge.reach(together, self.rows)
        empty = together.found.empty[together.place[model.rows.entry_slot[entries]]]
        kept_ = over | near | (np.bincount(which, empty, len(self.rows)) > 0)
        alone = self.by_range()
        return list(rules) if (kept_ & ~alone).any() else [r for r in rules if r not in items]

    def by_range(self) -> Bools:
        return self.by_rule(-1)

    def by_rule(self, rule: int) -> Bools:
        """By number of the rule, item rules first; -1 for the range alone."""
        if rule not in self.known:
            is_item = rule < len(self.judge.model.items)
            self.known[rule] = self._by_extremes(rule) if is_item else self._by_search(rule)
        return self.known[rule]

    def _by_extremes(self, rule: int) -> Bools:
        judge = self.judge
        batch = self._batch(0 if rule < 0 else 1 << rule)
        over, near, _, _ = judge.reach(batch, self.rows)
        found = over & ~near
        for i in np.flatnonzero(near)[:MOST_EXACT]:
            one = replace(batch, others=self.rows[i : i + 1], of_row=np.zeros(1, np.int64))
            found[i] = row_fails_exactly(judge, one)
        return found

    def _batch(self, bits: int) -> Batch:
        """What some item rules leave of the slots of the rows."""
        return self.judge.batch([Question(Component(-1, self.slots, np.zeros(0, np.int64), bits), bits)])

    def _by_search(self, rule: int) -> Bools:
        """Row by row until one is not kept."""
        judge, model = self.judge, self.judge.model
        found = np.zeros(len(self.rows), bool)
        theirs = np.flatnonzero(model.rows.rule == rule - len(model.items))
        at = model.component_of_slot[model.rows.entry_slot[judge.entry_start[theirs]]]
        bits = 1 << rule | 1 << (len(model.items) + len(model.coupled) - 1)
        for i, row in enumerate(self.rows[:MOST_ASKED]):
            here = int(model.component_of_slot[model.rows.entry_slot[judge.entry_start[row]]])
            part = model.components[here]
            question = Question(Component(-1, part.slots, np.append(theirs[at == here], row), bits), bits)
            if decide(judge, question, nodes=MOST_NODES) != "fails":
                break
            found[i] = True
        return found
