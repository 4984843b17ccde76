"""What a rule that allows more opens: minimal conflicts that were hidden behind those it clears, with their items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from alignment.conflicts.coupled.answers import Asked, items_of, search_all
from alignment.conflicts.coupled.changed import in_place_of, with_rows
from alignment.conflicts.coupled.dualise import Frontier, Shared
from alignment.conflicts.coupled.evidence import broken_parts
from alignment.conflicts.coupled.loosening import Dial
from alignment.conflicts.coupled.model import Component, Model
from alignment.conflicts.coupled.verdicts import Judge, Question
from alignment.conflicts.minimal import minimal_sets

Ids = tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """What is in conflict before a change: sets of item rules, and coupled sets with their items."""

    item_sets: Sequence[Ids]
    items: dict[Ids, frozenset[int]]


@dataclass(frozen=True)
class Opened:
    """Conflicts that are new, and the numbers of items that are newly in some conflict."""

    sets: tuple[Ids, ...]
    items: frozenset[int]


def opened(
    dial: Dial,
    value: Fraction,
    decimals: int,
    known: Known,
    after: Sequence[Ids],
    deadline: float | None,
) -> Opened | None:
    """What follows from moving a number so that its rule allows more; None where that is not told in time.

    after: conflicts of item rules with the rule once it is moved. A set is new only where it contains one that is in
    conflict no more, behind which it was hidden.
    """
    model, name = dial.dials.judge.model, dial.rule.id
    number = {r.id: i for i, r in enumerate(model.items + model.coupled)}
    old, new = 1 << number[name], dial.bit
    bits = {ids: _bits(ids, number) for ids in (*known.item_sets, *known.items, *after) if set(ids) <= set(number)}
    judge = _moved(dial, value, decimals, old)
    if judge is None:
        return None
    asked = Asked(judge, deadline, True)
    parts = [c for c in judge.model.components if c.rules & new]
    before = {ids: b ^ old | new for ids, b in bits.items() if b & old}
    still = [b for ids, b in before.items() if ids in known.items and _fails(asked, parts, b)]
    items = [before[ids] for ids in after if ids in before]
    cleared = tuple(b for b in before.values() if b not in still and b not in items)
    shared = Shared(sets=minimal_sets([*still, *items, *(b for b in bits.values() if not b & old)]))
    start = len(shared.sets)
    fronts = [(c, Frontier(c.rules, new, cleared)) for c in parts if any(u & ~c.rules == 0 for u in cleared)]
    if not search_all(asked, fronts, shared) or not shared.complete or shared.unsure:
        return None
    found = set(minimal_sets(shared.sets))
    fresh = sorted(found & set(shared.sets[start:]))
    return _compared(judge, fresh, sorted(found & set(still)), old, new, known)


def _fails(asked: Asked, parts: Sequence[Component], rules: int) -> bool:
    """Does a set still fail on some component?"""
    questions = [Question(c, rules) for c in parts if rules & ~c.rules == 0]
    return "fails" in asked.verdicts(questions)


def _bits(ids: Ids, number: dict[str, int]) -> int:
    return sum(1 << number[i] for i in ids)


def _moved(dial: Dial, value: Fraction, decimals: int, old: int) -> Judge | None:
    """The judge of the model with the rule as it will be."""
    before = dial.dials.judge
    rows = dial.rows_at(value, decimals, np.ones(len(dial.start), bool))
    return None if rows is None else in_place_of(with_rows(before, dial.rule, rows), before, old)


def _compared(judge: Judge, fresh: Sequence[int], still: Sequence[int], old: int, new: int, known: Known) -> Opened:
    """Conflicts after a change against those before. Of those that stay, the items can only become fewer, but for sets
    whose item rules have no item in common.
    """
    model = judge.model
    items: set[int] = set()
    for rules in [*fresh, *(b for b in still if _item_rules(model, b ^ new | old) > 1)]:
        before = rules ^ new | old
        touched = items_of(model, before, broken_parts(judge, rules))
        items |= set(touched.tolist()) - known.items.get(model.ids(before), frozenset())
    return Opened(tuple(sorted(model.ids(b ^ new | old) for b in fresh)), frozenset(items))


def _item_rules(model: Model, rules: int) -> int:
    return (rules & ((1 << len(model.items)) - 1)).bit_count()
