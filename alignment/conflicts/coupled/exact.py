"""Near ties in fractions: values of slots, excesses of rows, and ladders pushed without rounding."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from alignment.conflicts.coupled.totals import least_of
from alignment.conflicts.coupled.verdicts import MENDABLE, Batch, Judge
from alignment.conflicts.exactly import breakpoints, in_scope
from alignment.conflicts.line import Floats
from alignment.conflicts.members import exact_row, rows_of
from alignment.conflicts.positions import Ints
from alignment.rules.ruleset import columns_needed

MOST_ITEMS = 4_000
MOST_PUSHES = 20_000
MOST_ENTRIES = 60


def value_of(judge: Judge, slot: int, value: float) -> Fraction:
    """The exact value that a double stands for: the nearest point of the lever's grid, or itself where it is none."""
    lever = int(judge.model.slots.lever[slot])
    if lever < 0:
        return Fraction(value)
    scale = judge.model.grids[lever].scale
    near = round(value * scale)
    return Fraction(near, scale) if abs(value * scale - near) < 1e-6 else Fraction(value)


def holds_exactly(judge: Judge, batch: Batch, point: Floats) -> bool:
    """Does a point of allowed values satisfy every row in fractions? Small misses are mended where a slot has room."""
    rows = np.concatenate([batch.others, batch.arcs.row, batch.limits.row])
    if not np.isfinite(point).all() or len(batch.slots) > MOST_ITEMS or judge.is_far(batch, rows, point):
        return False
    values = {int(s): value_of(judge, int(s), float(x)) for s, x in zip(batch.slots, point, strict=True)}
    defining = [int(r) for r in rows if _is_definition(judge, int(r))]
    rows = np.setdiff1d(rows, defining)
    for _ in range(3):
        _define(judge, defining, values)
        bad = _exceeded(judge, rows, values)
        if bad is None:
            return False
        if not bad:
            return True
        for row, excess in bad.items():
            _mend(judge, batch, row, excess, values)
    return False


def _is_definition(judge: Judge, row: int) -> bool:
    """Does a row say that an auxiliary unknown is at least, or at most, what an item gives?"""
    return getattr(judge.model.rows.source[row][0], "slot", None) is not None


def _define(judge: Judge, rows: list[int], values: dict[int, Fraction]) -> None:
    """Gives auxiliary unknowns their exact values: the greatest, or least, of what their items give."""
    found: dict[int, list[Fraction]] = {}
    turns: dict[int, int] = {}
    for row in rows:
        source: Any = judge.model.rows.source[row][0]
        slot = int(np.searchsorted(judge.model.numbers, source.slot))
        excess = excess_of(judge, row, {**values, slot: Fraction(0)})
        if excess is not None:
            found.setdefault(slot, []).append(excess)
            turns[slot] = source.turn
    for slot, excesses in found.items():
        values[slot] = turns[slot] * max(excesses)


def _exceeded(judge: Judge, rows: Ints, values: Mapping[int, Fraction]) -> dict[int, Fraction] | None:
    """Rows that a point breaks with their excess; None where some row cannot be told."""
    found: dict[int, Fraction] = {}
    for row in rows:
        excess = excess_of(judge, int(row), values)
        if excess is None:
            return None
        strict = bool(judge.model.rows.strict[row])
        if excess > 0 or (strict and excess == 0):
            if excess > Fraction(MENDABLE) * max(1, abs(int(judge.model.rows.bound[row]))):
                return None
            found[int(row)] = excess
    return found


def excess_of(judge: Judge, row: int, values: Mapping[int, Fraction]) -> Fraction | None:
    """Left side less bound of a row at given values of slots of the model."""
    source, k = judge.model.rows.source[row]
    return source.excess(k, _Uncompressed(judge, values))


class _Uncompressed(dict[int, Fraction]):
    """Values by the numbers that sources use: lever times items plus item, auxiliary unknowns after them."""

    def __init__(self, judge: Judge, values: Mapping[int, Fraction]) -> None:
        model = judge.model
        n = len(model.keys)
        super().__init__()
        for slot, value in values.items():
            lever, item = int(model.slots.lever[slot]), int(model.slots.item[slot])
            self[lever * n + item if lever >= 0 else model.numbers[slot]] = value


def _mend(judge: Judge, batch: Batch, row: int, excess: Fraction, values: dict[int, Fraction]) -> None:
    """Moves one slot of a row that has room, is on no lattice and is counted linearly, so that the row is met
    exactly.
    """
    rows, found = judge.model.rows, batch.found
    for e in range(judge.entry_start[row], judge.entry_start[row + 1]):
        slot, factor = int(rows.entry_slot[e]), float(rows.entry_factor[e])
        lever = int(judge.model.slots.lever[slot])
        if (
            rows.entry_piece[e] >= 0
            or not factor
            or (lever >= 0 and (judge.model.grids[lever].step or judge.model.strips[lever].lever.values))
        ):
            continue
        at = batch.place[slot]
        slope = _slope(judge, row, slot, values)
        moved = values[slot] - excess / slope if slope else values[slot]
        if slope and found.low[at] < float(moved) < found.high[at]:
            values[slot] = moved
            return


def _slope(judge: Judge, row: int, slot: int, values: dict[int, Fraction]) -> Fraction:
    before = excess_of(judge, row, values)
    after = excess_of(judge, row, {**values, slot: values[slot] + 1})
    return Fraction(0) if before is None or after is None else after - before


def row_fails_exactly(judge: Judge, batch: Batch) -> bool:
    """Is some near row out of reach of the extremes of its slots, in fractions?"""
    model = judge.model
    for row in batch.others:
        entries, _ = judge.entries(np.array([row]))
        least, _, is_open = least_of(model, batch, entries)
        if (model.rows.entry_piece[entries] >= 0).any() or model.rows.some[row] or len(entries) > MOST_ITEMS:
            continue
        total = float(least.sum()) - float(model.rows.bound[row])
        if not np.isfinite(total) or abs(total) > 1e-6 * max(1.0, float(np.abs(least).sum())):
            continue
        values: dict[int, Fraction | None] = {}
        for e in entries:
            slot = int(model.rows.entry_slot[e])
            at = batch.place[slot]
            low = model.rows.entry_factor[e] > 0
            values[slot] = end_of(judge, batch, int(at), low)
        known = {s: v for s, v in values.items() if v is not None}
        excess = excess_of(judge, int(row), known) if len(known) == len(values) else None
        if excess is not None and (
            excess > 0 or (excess == 0 and (bool(model.rows.strict[row]) or bool(is_open.any())))
        ):
            return True
    return False


def tie_fails(judge: Judge, batch: Batch, rows: Ints, multipliers: Floats) -> bool:
    """Does a mix of linear rows come out as 0 < 0, or worse, in fractions? Multipliers are taken as the fractions
    near them.
    """
    model = judge.model
    largest = float(multipliers[rows].max(initial=0.0))
    used = [int(r) for r in rows if multipliers[r] > 1e-7 * largest]
    strict, total = False, Fraction(0)
    factor: dict[int, Fraction] = {}
    for row in used:
        told = linear_row(judge, row)
        if told is None:
            return False
        weight = Fraction(float(multipliers[row]) / largest).limit_denominator(10_000)
        for slot, a in told[0].items():
            factor[slot] = factor.get(slot, Fraction(0)) + weight * a
        total -= weight * told[1]
        strict = strict or bool(model.rows.strict[row])
    for slot, a in factor.items():
        if a == 0:
            continue
        at = int(batch.place[slot])
        low = a > 0
        if not np.isfinite(batch.found.low[at] if low else batch.found.high[at]):
            return False
        end = end_of(judge, batch, at, low)
        if end is None:
            return False
        total += a * end
        strict = strict or bool(batch.found.low_open[at] if low else batch.found.high_open[at])
    return total > 0 or (total == 0 and strict)


def linear_row(judge: Judge, row: int) -> tuple[dict[int, Fraction], Fraction] | None:
    """Exact factors by slot and bound of a row whose entries are all linear; None where some is not, or untold."""
    rows = judge.model.rows
    entries = slice(int(judge.entry_start[row]), int(judge.entry_start[row + 1]))
    if (rows.entry_piece[entries] >= 0).any() or rows.some[row] or entries.stop - entries.start > MOST_ENTRIES:
        return None
    slots = [int(s) for s in rows.entry_slot[entries]]
    zero = {s: Fraction(0) for s in slots}
    base = excess_of(judge, row, zero)
    if base is None:
        return None
    found = {}
    for slot in slots:
        moved = excess_of(judge, row, {**zero, slot: Fraction(1)})
        if moved is None:
            return None
        found[slot] = moved - base
    return found, -base


def end_of(judge: Judge, batch: Batch, at: int, low: bool) -> Fraction | None:
    """The exact end of what is left of a slot: on no grid, the bound of a rule or of the range that the double is near.

    None where it is near none of these, as where a ladder has pushed it.
    """
    slot = int(batch.slots[at])
    value = float(batch.found.low[at] if low else batch.found.high[at])
    lever = int(judge.model.slots.lever[slot])
    if lever < 0 or judge.model.slots.unit[slot] == 0:
        return value_of(judge, slot, value)
    best = min(_cuts(judge, batch, slot), key=lambda c: abs(float(c) - value), default=None)
    reach = 1e-9 * max(1.0, abs(value)) + 2 * float(judge.model.slots.unit[slot])
    return best if best is not None and abs(float(best) - value) <= reach else None


def _cuts(judge: Judge, batch: Batch, slot: int) -> list[Fraction]:
    """Where the item rules of a slot, its range and the rows that speak of it alone set a bound."""
    strip = judge.model.strips[int(judge.model.slots.lever[slot])]
    row = row_of(judge, slot)
    found = breakpoints([r for r in strip.rules if in_scope(r, row)], row)
    found += [Fraction(end) for end in (strip.lever.minimum, strip.lever.maximum) if end is not None]
    for limit in batch.limits.row[batch.limits.slot == slot]:
        told = linear_row(judge, int(limit))
        found += [] if told is None else [told[1] / told[0][slot]]
    return found


def row_of(judge: Judge, slot: int) -> dict[str, object]:
    """The exact values of the columns that the rules of a slot's lever use, on its item."""
    model = judge.model
    strip = model.strips[int(model.slots.lever[slot])]
    trees = [t for r in strip.rules for t in (r.rule.tree, r.rule.scope) if t is not None]
    columns = [c for c in columns_needed(trees) if c in model.catalogue.kinds]
    return exact_row(rows_of(model.catalogue, [model.keys[int(model.slots.item[slot])]], columns)[0])
