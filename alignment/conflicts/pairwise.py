"""Loosened bounds judged without the engine: what is left of their conflict, and what it hid on the items it leaves.

A new minimal conflict holds a loosened bound, and a part of it was minimal on the item before. Of intervals only pairs
conflict, so it is such a pair with unions added; where a lever has no unions nothing opens. Bounds are compared in
doubles on all items, and in fractions on those where that does not tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from alignment.conflicts.ends import is_bound
from alignment.conflicts.exactly import breakpoints, forbidden_on, holds, in_scope, masks_of, representatives
from alignment.conflicts.grounds import Repairs
from alignment.conflicts.members import Clash, plain
from alignment.conflicts.minimal import minimal_hitting_sets
from alignment.conflicts.solving import Row, is_possible, points_between
from alignment.conflicts.troubled import Places, Troubled, furthest_first, is_pair_of_bounds
from alignment.initiative.models import Lever
from alignment.rules.formula import Both, Formula, Not, Residue
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked

MOST_EXACT = 60
MOST_HIDDEN = 150
MOST_BETWEEN = 120

Ids = tuple[str, ...]
Changed = Mapping[str, Checked]


def after_loosening(clash: Clash, changed: Changed, repairs: Repairs) -> tuple[list[Any], dict[Ids, list[Any]]] | None:
    """The items that the conflict is still on, those furthest apart first; where there are none, what opens on others.

    changed: the rules that are loosened, as they are then, by id. None where this needs the engine.
    """
    if clash.lever is None or not all(is_bound(repairs.bench.rules.of(i)) for i in changed):
        return None
    if not all(is_bound(rule) for rule in changed.values()):
        return None
    left = _left(clash, changed, repairs)
    if left is None or left:
        return None if left is None else (left, {})
    opened = _opened(clash, changed, repairs)
    return None if opened is None else ([], opened)


# What is left


def _left(clash: Clash, changed: Changed, repairs: Repairs) -> list[Any] | None:
    """Keys of items on which the members leave no value, those furthest apart first; the first few of many."""
    bench = repairs.bench
    lever = bench.rules.levers[str(clash.lever)]
    members = _members(clash.ids, changed, repairs)
    if not is_pair_of_bounds(clash, bench):
        if clash.items > MOST_EXACT or not Troubled.holds(clash):
            return None
        keys = [plain(k) for k in clash.keys]
        return [k for k, row in zip(keys, repairs.exact_rows(keys), strict=True) if not _meet(members, lever, row)]
    apart = repairs.troubled.spot(clash).apart(members, lever)
    surely = np.flatnonzero(apart.none)
    if len(surely):
        return [_key(clash, int(surely[i])) for i in furthest_first(apart.gap[surely], MOST_EXACT)]
    doubtful = np.flatnonzero(~apart.room)
    keys = [_key(clash, int(doubtful[i])) for i in furthest_first(apart.gap[doubtful], MOST_EXACT)]
    return [k for k, row in zip(keys, repairs.exact_rows(keys), strict=True) if not _meet(members, lever, row)]


def _key(clash: Clash, position: int) -> Any:
    return plain(clash.keys[position])


def _members(ids: Ids, changed: Changed, repairs: Repairs) -> list[Checked]:
    return [changed.get(i) or repairs.bench.rules.of(i) for i in ids]


def _meet(members: Sequence[Checked], lever: Lever, row: Row) -> bool:
    """Do rules leave a value of the lever on an item, decided in fractions?"""
    applying = [rule for rule in members if in_scope(rule, row)]
    points = points_between([rule for rule in applying if is_bound(rule)], lever, row, MOST_BETWEEN)
    forbidden = forbidden_on(applying, row)
    points = representatives(applying, lever, row) if points is None else points
    return any(not any(holds(f, x, row) for f in forbidden) for x in points)


# What opens


def _opened(clash: Clash, changed: Changed, repairs: Repairs) -> dict[Ids, list[Any]] | None:
    """New minimal conflicts, with their items; None where that is not known."""
    bench = repairs.bench
    on_lever = [r for r in bench.rules.checked if isinstance(r.form, Normal) and r.form.lever == clash.lever]
    unions = [r for r in on_lever if not is_bound(r)]
    touched = [c for c in repairs.clashes if c.family == "item" and set(c.ids) & set(changed)]
    bounds = {c.ids: [i for i in c.ids if is_bound(bench.rules.of(i))] for c in touched}
    if any(len(c.ids) == 1 or len(bounds[c.ids]) != 2 or not Troubled.holds(c) for c in touched):
        return None
    if not unions:
        return {}
    lever = bench.rules.levers[str(clash.lever)]
    found: dict[Ids, list[Any]] = {}
    for one in touched:
        members = [*_members(tuple(bounds[one.ids]), changed, repairs), *unions]
        if len(one.ids) == len(on_lever):
            continue
        at = _hiding(one, members[:2], unions, lever, repairs)
        if len(at) > MOST_HIDDEN:
            return None
        keys = [_key(one, int(i)) for i in at]
        for key, row in zip(keys, repairs.exact_rows(keys), strict=True):
            if _likely_meet(members, unions, lever, row):
                continue
            known = _with_one_union(members, lever, row) if len(unions) == 1 else None
            for ids in _minimal(members, lever, row) if known is None else known:
                within = (c.ids for c in repairs.clashes if set(c.ids) < set(ids) and not set(c.ids) & set(changed))
                if set(ids) & set(changed) and not any(key in repairs.before(part) for part in within):
                    found.setdefault(ids, []).append(key)
    return found


def _hiding(
    clash: Clash, bounds: Sequence[Checked], unions: Sequence[Checked], lever: Lever, repairs: Repairs
) -> Places:
    """Positions of a conflict's items on which loosened bounds leave so little that unions may forbid all of it."""
    if len(unions) == 1 and len(clash.ids) == 3:
        return np.zeros(0, np.int64)
    spot = repairs.troubled.spot(clash)
    hides = ~spot.apart(bounds, lever).none
    for endings in _endings_always_allowed(unions[0], lever) if len(unions) == 1 else ():
        hides &= ~spot.apart(bounds, endings).room
    return np.flatnonzero(hides)


def _endings_always_allowed(rule: Checked, lever: Lever) -> Iterator[Lever]:
    """The lever on values of its range and lattice, evenly spread, that a union allows on every item."""
    assert isinstance(rule.form, Normal)
    forbidden = rule.form.logic.forbidden()
    if lever.minimum is None or lever.minimum < 0:
        return
    step, base = Fraction(lever.step or 0), Fraction(lever.minimum)
    for ending in filter(None, map(_ending, forbidden.parts if isinstance(forbidden, Both) else (forbidden,))):
        on_lattice = not step or ((ending.value - base) % step == 0 and ending.modulus % step == 0)
        if on_lattice and 0 <= ending.value < ending.modulus:
            first = ending.value + math.ceil((base - ending.value) / ending.modulus) * ending.modulus
            yield lever.model_copy(update={"minimum": first, "step": ending.modulus})


def _ending(forbidden: Formula) -> Residue | None:
    """The ending outside of which alone a part of a formula forbids."""
    if isinstance(forbidden, Residue) and forbidden.operator == "<>":
        return forbidden
    inside = forbidden.part if isinstance(forbidden, Not) else None
    return inside if isinstance(inside, Residue) and inside.operator == "=" else None


def _likely_meet(members: Sequence[Checked], unions: Sequence[Checked], lever: Lever, row: Row) -> bool:
    """Do all members allow one of the values at which a union changes its mind? Then none of them conflict."""
    applying = [rule for rule in members if in_scope(rule, row)]
    points, forbidden = breakpoints(unions, row), forbidden_on(applying, row)
    return any(is_possible(x, lever) and not any(holds(f, x, row) for f in forbidden) for x in points)


def _with_one_union(members: Sequence[Checked], lever: Lever, row: Row) -> list[Ids] | None:
    """Whether two bounds and a union conflict, of which no two but the bounds did; None where there are many values.

    On a lattice every value between the bounds is tried.
    """
    points = points_between(members[:2], lever, row, MOST_BETWEEN)
    if points is None:
        return None
    if not points or not in_scope(members[2], row):
        return []
    (forbidden,) = forbidden_on(members[2:], row)
    return [tuple(sorted(m.id for m in members))] if all(holds(forbidden, x, row) for x in points) else []


def _minimal(members: Sequence[Checked], lever: Lever, row: Row) -> list[Ids]:
    """The minimal conflicts among some rules on one item."""
    sets, _ = minimal_hitting_sets(masks_of(members, lever, row))
    return [tuple(sorted(m.id for i, m in enumerate(members) if s >> i & 1)) for s in sets]
