"""A rule with another text beside those of a model: its rows on the slots of the model, to be asked about in place of
the rule that it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

import numpy as np

from alignment.conflicts.coupled.aggregates import read_aggregate
from alignment.conflicts.coupled.known import Known
from alignment.conflicts.coupled.model import Component, Model
from alignment.conflicts.coupled.points import add_points, read_points
from alignment.conflicts.coupled.rows import Drafts, ExactRows, Rows, Source
from alignment.conflicts.coupled.verdicts import Judge
from alignment.conflicts.line import Bools
from alignment.conflicts.positions import Ints
from alignment.rules.algebra import NotNormal
from alignment.rules.ruleset import Checked, signs_of

SHAPE = ("entry_row", "entry_slot", "rule", "strict", "some")


def rows_of(model: Model, changed: Checked, exactly: ExactRows) -> Rows | None:
    """The rows of a changed rule, under the number that follows those of the model; None where it has no rows.

    An item rule becomes a row per item and bound. Items on which no coupled rule of the model speaks are left out.
    """
    drafts = Drafts(len(model.keys), _first_unknown(model, changed), model.slots.first.shape[1], exactly)
    levers = {s.lever.name: s.lever.model_copy(update={"current": None}) for s in model.strips}
    if not set(changed.rule.levers) <= set(levers):
        return None
    number = len(model.coupled)
    try:
        if changed.rule.family == "aggregate":
            form = read_aggregate(changed, levers, signs_of(model.catalogue, [changed.rule]))
            replace(model.builders[changed.id], form=form, number=number, drafts=drafts).build()
        else:
            index = {key: i for i, key in enumerate(model.keys)}
            add_points(read_points(changed, levers, model.catalogue), number, drafts, levers, model.catalogue, index)
    except NotNormal:
        return None
    return _on_slots(drafts.rows(), model)


def _first_unknown(model: Model, changed: Checked) -> int:
    """The number of the first slot that the rule made for itself, which its changed rows use again."""
    own = len(model.keys) * len(model.strips)
    mine = np.isin(model.rows.rule, [k for k, rule in enumerate(model.coupled) if rule.id == changed.id])
    used = model.numbers[model.rows.entry_slot[mine[model.rows.entry_row]]]
    return int(min(used[used >= own], default=own))


def _on_slots(rows: Rows, model: Model) -> Rows | None:
    """Rows with the numbers that the model gives their slots, without those of which it lacks one."""
    place = np.minimum(np.searchsorted(model.numbers, rows.entry_slot), max(len(model.numbers) - 1, 0))
    missing = model.numbers[place] != rows.entry_slot if len(model.numbers) else np.ones(len(place), bool)
    if not (np.bincount(rows.entry_row, minlength=len(rows)) > 0).all():
        return None
    found = kept(replace(rows, entry_slot=place), np.bincount(rows.entry_row, missing, len(rows)) == 0)
    return found if len(found) else None


def kept(rows: Rows, keep: Bools) -> Rows:
    """Some of the rows, numbered anew."""
    number, entries = np.cumsum(keep) - 1, keep[rows.entry_row]
    chosen = np.flatnonzero(keep)
    return replace(
        rows,
        **{name: getattr(rows, name)[keep] for name in ("rule", "bound", "strict", "some")},
        group=tuple(rows.group[i] for i in chosen),
        source=tuple(rows.source[i] for i in chosen),
        entry_row=number[rows.entry_row[entries]],
        entry_slot=rows.entry_slot[entries],
        entry_factor=rows.entry_factor[entries],
        entry_piece=rows.entry_piece[entries],
    )


def first_slots(rows: Rows) -> Ints:
    """The slot of each row's first entry."""
    return rows.entry_slot[np.searchsorted(rows.entry_row, np.arange(len(rows)))]


@dataclass(frozen=True)
class Between:
    """A row whose number stands between, or beyond, the values that it has in two others: excesses are linear in it."""

    first: Source
    second: Source
    share: Fraction

    def excess(self, k: int, values: Mapping[int, Fraction]) -> Fraction | None:
        a, b = self.first.excess(k, values), self.second.excess(k, values)
        return None if a is None or b is None else a + self.share * (b - a)


def between(a: Rows, b: Rows, share: Fraction) -> Rows:
    """Rows with their number a share of the way from its value in `a` to that in `b`, in which they are linear."""
    part = float(share)
    numbers = {n: getattr(a, n) + part * (getattr(b, n) - getattr(a, n)) for n in ("bound", "entry_factor")}
    pairs = [(first, second) for (first, _), (second, _) in zip(a.source, b.source, strict=True)]
    known = {id(f): f if _is_fixed(f) else Between(f, s, share) for f, s in pairs}
    return replace(a, **numbers, source=tuple((known[id(f)], k) for f, k in a.source))


def _is_fixed(source: Source) -> bool:
    """Does it say what an unknown of the rule's own stands for, whatever its numbers are?"""
    return getattr(source, "slot", None) is not None


def is_alike(a: Rows, b: Rows) -> bool:
    """Do two changes of one rule speak about the same slots, row by row?"""
    if not all(np.array_equal(getattr(a, name), getattr(b, name)) for name in SHAPE):
        return False
    return len(a.factor) == 0 == len(b.factor) or bool((a.factor == b.factor).all() and (a.offset == b.offset).all())


def with_rows(judge: Judge, changed: Checked, rows: Rows) -> Judge:
    """A judge that knows the rows of a changed rule too, as the rule that follows those of the model."""
    model = judge.model
    old, pieces = model.rows, len(model.rows.factor)
    moved: dict[str, Any] = {
        "entry_row": rows.entry_row + len(old),
        "entry_piece": np.where(rows.entry_piece < 0, -1, rows.entry_piece + pieces),
    }
    joined = {f.name: _joined(getattr(old, f.name), moved.get(f.name, getattr(rows, f.name))) for f in fields(Rows)}
    return Judge(replace(model, rows=Rows(**joined), coupled=(*model.coupled, changed)), solver=judge.solver)


def _joined(first: Any, second: Any) -> Any:
    return first + second if isinstance(first, tuple) else np.concatenate([first, second])


def in_place_of(judge: Judge, before: Judge, old: int) -> Judge:
    """The judge of a change that allows more, with the components of the model and what was known of the rule before.

    old: the bit of the rule that is replaced. What held still holds; what failed without it still fails.
    """
    model = judge.model
    new = 1 << (len(model.items) + len(model.coupled) - 1)
    mine = np.arange(len(before.model.rows), len(model.rows))
    entries, which = judge.entries(mine)
    of_row = np.full(len(mine), -1)
    of_row[which] = model.component_of_slot[model.rows.entry_slot[entries]]
    parts = [_replaced(c, mine[of_row == c.number], old, new) for c in model.components]
    known = Known()
    for number, held in before.known.held.items():
        known.held[number] = [((h & ~old) | new if h & old else h, point) for h, point in held]
    known.failed = {n: [f for f in failed if not f & old] for n, failed in before.known.failed.items()}
    found = replace(judge, model=replace(model, components=parts), known=known)
    found.lattice, found.orders = before.lattice, dict(before.orders)
    return found


def _replaced(component: Component, rows: Ints, old: int, new: int) -> Component:
    rules = (component.rules & ~old) | (new if len(rows) or component.rules & old else 0)
    return replace(component, rows=np.concatenate([component.rows, rows]), rules=rules)
