"""For each coupled conflict and each member the smallest move of the member's own number that clears it, and what that
opens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import monotonic
from typing import Any

from alignment.conflicts.coupled.answers import CoupledAnswers
from alignment.conflicts.coupled.loosening import Dial, Dials, dial_of, least_value
from alignment.conflicts.coupled.model import Model
from alignment.conflicts.coupled.opening import Known, opened
from alignment.conflicts.grounds import Repairs
from alignment.conflicts.members import Clash, plain
from alignment.conflicts.numbers import OwnNumber, added_numbers
from alignment.conflicts.repairs import Tried, tried
from alignment.conflicts.trials import Ids, Keys, Move, Trial
from alignment.rules.normal import Linked
from alignment.rules.ruleset import Checked

MOST_EFFORT = 30_000
MOST_WITH_TIME = 5_000_000
OPENING = 10  # times that each lever of each item is looked at to tell what a move opens, about


@dataclass
class Found:
    """A move that clears a conflict, before it is known what it opens."""

    clash: Clash
    dial: Dial
    move: Move
    after: Mapping[Ids, Keys] = field(default_factory=dict)

    @property
    def is_of_item_rule(self) -> bool:
        return self.dial.rule.rule.family == "item"


@dataclass
class _Work:
    """The conflicts, what was found out about them, and what was left out."""

    answers: CoupledAnswers
    repairs: Repairs
    dials: Dials
    deadline: float | None
    left_out: set[Ids] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        return self.dials.is_spent or (self.deadline is not None and monotonic() > self.deadline)

    @property
    def model(self) -> Model:
        return self.dials.judge.model

    @cached_property
    def number(self) -> dict[Any, int]:
        """Numbers of items by their keys."""
        return {plain(key): i for i, key in enumerate(self.model.keys)}

    @cached_property
    def known(self) -> Known:
        items = {c.ids: frozenset(self.number[plain(k)] for k in c.keys) for c in self.answers.clashes}
        return Known([c.ids for c in self.repairs.clashes], items)


def coupled_repairs(
    answers: CoupledAnswers, repairs: Repairs, deadline: float | None = None, most: int | None = None
) -> tuple[dict[tuple[Ids, str], Tried], set[Ids]]:
    """By conflict and member the smallest move that clears the conflict, with what it opens.

    Members whose number cannot do that alone are absent. Also returns the conflicts of which some member was left out:
    no other is begun once so many items have been looked at, by default few, and many where a time is given.
    deadline: that time, on the monotonic clock.
    """
    clashes = [c for c in answers.clashes if c.family != "item"]
    if answers.judge is None or not clashes:
        return {}, set()
    if any(isinstance(rule.form, Linked) for rule in answers.judge.model.coupled):
        return {}, {c.ids for c in clashes}
    if most is None:
        most = MOST_EFFORT if deadline is None else MOST_WITH_TIME
    work = _Work(answers, repairs, Dials(answers.judge, repairs.bench, most), deadline)
    found: list[Found] = []
    for clash in _in_order(clashes, repairs):
        if work.is_over:
            work.left_out.add(clash.ids)
        else:
            found += [f for id in clash.ids if (f := _found(clash, id, work))]
    _try_among_items(found, repairs)
    told = {(f.clash.ids, f.move.rule): t for f in found if (t := _judged(f, work)) is not None}
    return told, work.left_out


def _in_order(clashes: Sequence[Clash], repairs: Repairs) -> list[Clash]:
    hard = {r.id for r in repairs.bench.rules.checked if r.hard}
    return sorted(clashes, key=lambda c: (not set(c.ids) <= hard, -c.items, c.ids))


def _found(clash: Clash, id: str, work: _Work) -> Found | None:
    """The move of the first number of a member that clears a conflict alone."""
    rule, parts = work.repairs.bench.rules.of(id), work.answers.parts[clash.ids]
    for number in _numbers(rule, work.repairs):
        dial = dial_of(work.dials, rule, number, clash.ids, parts)
        if dial is None:
            continue
        value = least_value(dial)
        if value is not None:
            work.dials.effort += OPENING * len(work.model.slots)
            return Found(clash, dial, Move(id, number, *value))
    return None


def _numbers(rule: Checked, repairs: Repairs) -> list[OwnNumber]:
    own = repairs.numbers_of(rule)
    if own:
        return own
    return (
        repairs.added_to(rule)
        if rule.rule.family == "item"
        else added_numbers(rule.id, rule.rule, repairs.bench.reader)
    )


def _try_among_items(found: Sequence[Found], repairs: Repairs) -> None:
    """What the moves of item rules do among item rules."""
    mine = [f for f in found if f.is_of_item_rule and any(f.move.rule in c.ids for c in repairs.clashes)]
    trials = [Trial((f.move,), repairs.touched([f.move.rule])) for f in mine]
    for f, after in zip(mine, repairs.bench.run(trials), strict=True):
        f.after = after


def _judged(found: Found, work: _Work) -> Tried | None:
    """What a move opens among item rules and coupled ones; None where that takes too long."""
    repairs, move = work.repairs, found.move
    sets = [ids for ids in found.after if move.rule in ids]
    more = opened(found.dial, move.value, move.decimals, work.known, sets, work.deadline)
    if more is None:
        work.left_out.add(found.clash.ids)
        return None
    alone = tried(Trial((move,), None), found.after, repairs)
    keys = {plain(work.model.keys[i]) for i in more.items}
    names = {*alone.opens, *("+".join(ids) for ids in more.sets)}
    return Tried((move,), alone.opened | keys, tuple(sorted(names)))
