"""The few items that doubles cannot decide, in exact fractions: the same answers as the pass over the catalogue
gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from alignment.catalogue.reading import Catalogue
from alignment.conflicts.exactly import (
    bounds_on,
    forbids,
    gap,
    in_scope,
    masks_of,
    representatives,
    unknown_on_interval,
)
from alignment.conflicts.line import Line
from alignment.conflicts.members import exact_row, rows_at
from alignment.conflicts.minimal import minimal_hitting_sets
from alignment.conflicts.sweep import Found, Sweep
from alignment.initiative.models import Lever
from alignment.rules.ruleset import Checked, columns_needed

Row = Mapping[str, Any]
AT_ONCE = 5_000


def decide_unsure(found: Sweep, catalogue: Catalogue) -> None:
    """Adds the items that the pass left unsure to what it found."""
    line = found.line
    trees = [t for r in line.rules for t in (r.rule.tree, r.rule.scope) if t is not None]
    columns = [c for c in columns_needed(trees) if c != line.lever.name]
    columns += [c for c in (line.lever.current, catalogue.value) if c is not None]
    for start in range(0, len(found.unsure), AT_ONCE):
        numbers = found.unsure[start : start + AT_ONCE]
        for number, row in zip(numbers, rows_at(catalogue, numbers, columns), strict=True):
            _one(found, number, exact_row(row), catalogue)


def _one(found: Sweep, number: int, row: Row, catalogue: Catalogue) -> None:
    line = found.line
    masks = masks_of(line.rules, line.lever, row)
    hard = sum(1 << i for i, rule in enumerate(line.rules) if rule.hard)
    found.infeasible[number] |= all(mask & hard for mask in masks)
    if 0 not in masks:
        sets, complete = minimal_hitting_sets(masks)
        found.complete &= complete
        for bits in sets:
            _record(found, number, tuple(i for i in range(len(line.rules)) if bits >> i & 1), row, catalogue)
    _implied(found, masks, row)
    for r, rule in enumerate(line.rules):
        if in_scope(rule, row):
            _room(found, r, rule, row)


def _record(found: Sweep, number: int, members: tuple[int, ...], row: Row, catalogue: Catalogue) -> None:
    line = found.line
    rules = [line.rules[m] for m in members]
    entry = found.conflicts.setdefault(members, Found())
    apart = gap(rules, line.lever, row)
    entry.rows.append(np.array([number], np.int32))
    entry.gaps.append(np.array([np.nan if apart is None else apart]))
    entry.stakes.append(float(row[catalogue.value] or 0) if catalogue.value else 0.0)
    leaning = bool(found.leaning & set(members))
    free = line.lever.model_copy(update={"step": None}) if leaning else Lever(name=line.lever.name)
    entry.by_domain = entry.by_domain or 0 in masks_of(rules, free, row)


def _implied(found: Sweep, masks: set[int], row: Row) -> None:
    line, state = found.line, found.implied
    known = [in_scope(rule, row) and not unknown_on_interval(rule, line.lever, row) for rule in line.rules]
    for r in range(len(line.rules)):
        if not known[r]:
            continue
        state.known[r] += 1
        mine = [mask for mask in masks if mask >> r & 1]
        inside = [known[s] and all(mask >> s & 1 for mask in mine) for s in range(len(line.rules))]
        state.by[r] &= np.array(inside)
        state.by_domain[r] &= not mine
        others = (inside[s] for s in range(len(line.rules)) if s != r and line.rules[s].hard)
        state.never_binds[r] &= not mine or any(others)


def _room(found: Sweep, r: int, rule: Checked, row: Row) -> None:
    line, room = found.line, found.rooms[r]
    parts = parts_on(rule, line.lever, row)
    finite = all(low is not None and high is not None for low, high in parts)
    width = sum((high - low for low, high in parts), Fraction(0)) if finite else None  # type: ignore[operator]
    room.cramped += _is_cramped(line, r, rule, row, width)
    if found.bounded and width is not None:
        inside = np.array([float(width * (line.grid or 1))])
        room.total += float(inside[0])
        room.apart.append(inside)


def _is_cramped(line: Line, r: int, rule: Checked, row: Row, width: Fraction | None) -> bool:
    further = [sign * 4 * part.modulus for part in line.residues for sign in (-1, 1)]
    left = [x for x in representatives([rule], line.lever, row, further) if not forbids(rule, x, row)]
    if r >= len(line.intervals):
        free = line.lever.step is None
        many = len(left) > 1 or (free and len(left) == 1 and left[0] not in _ends(rule, line.lever, row))
        return not many
    today = row.get(line.lever.current) if line.lever.current else None
    step = Fraction(line.lever.step or 0)
    narrow = width is not None and (width < step or width <= 0)
    return narrow or not left or (today is not None and left == [today])


def _ends(rule: Checked, lever: Lever, row: Row) -> set[Fraction]:
    """The points among the representatives of an open line, which alternate with stretches."""
    points = representatives([rule], Lever(name=lever.name), row)
    own = {Fraction(v) for v in (lever.minimum, lever.maximum) if v is not None}
    return {*points[1::2], *own}


def parts_on(rule: Checked, lever: Lever, row: Row) -> Sequence[tuple[Fraction | None, Fraction | None]]:
    """What a rule leaves of the lever's range on an item, the lattice left out, as stretches; an infinite end is
    None."""
    low, high = (None if v is None else Fraction(v) for v in (lever.minimum, lever.maximum))
    bounds = bounds_on(rule, row)
    if bounds == "nothing":
        return ()
    if isinstance(bounds, tuple):
        first = max((v for v in (bounds[0], low) if v is not None), default=None)
        last = min((v for v in (bounds[1], high) if v is not None), default=None)
        return () if first is not None and last is not None and first > last else ((first, last),)
    points = representatives([rule], Lever(name=lever.name), row, [v for v in (low, high) if v is not None])
    found: list[tuple[Fraction | None, Fraction | None]] = []
    for i in range(0, len(points), 2):
        first, last = points[i - 1] if i else None, points[i + 1] if i + 1 < len(points) else None
        first = low if first is None else first if low is None else max(first, low)
        last = high if last is None else last if high is None else min(last, high)
        if not forbids(rule, points[i], row) and (first is None or last is None or first < last):
            found.append((first, last))
    return found
