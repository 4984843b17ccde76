"""Ladders pushed without rounding, slot by slot, for the few that doubles cannot decide."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from alignment.conflicts.coupled.exact import MOST_ITEMS, excess_of, row_of, value_of
from alignment.conflicts.coupled.verdicts import Batch, Judge, Verdict
from alignment.conflicts.exactly import breakpoints, forbids, in_scope, representatives
from alignment.initiative.models import Lever
from alignment.rules.ruleset import Checked

MOST_PUSHES = 20_000


def ladder_exactly(judge: Judge, batch: Batch) -> Verdict | None:
    """The verdict on a question whose rows are all arcs and limits, in fractions; None where there are others."""
    if len(batch.others) or batch.pushed.cyclic.any():
        return None
    pushed = _Exact(judge, batch)
    return pushed.verdict()


class _Exact:
    """Least values pushed upwards in fractions, slot by slot."""

    def __init__(self, judge: Judge, batch: Batch) -> None:
        self.judge, self.batch = judge, batch
        self.rules = batch.questions[0].rules
        self.values: dict[int, tuple[Fraction, bool] | None] = {}
        self.cells: dict[int, list[tuple[Fraction | None, bool, Fraction | None, bool]]] = {}

    def verdict(self) -> Verdict:
        if len(self.batch.slots) > MOST_ITEMS:
            return "open"
        for slot in self.batch.slots:
            least = self.next(int(slot), None, False)
            if least is _NONE:
                return "fails"
            self.values[int(slot)] = least
        coefficients = self._coefficients()
        if coefficients is None:
            return "open"
        todo = list(coefficients)
        for _ in range(MOST_PUSHES):
            if not todo:
                return "holds"
            row = todo.pop()
            moved = self._push(*coefficients[row])
            if moved is None:
                return "fails"
            if moved >= 0:
                todo += [r for r, c in coefficients.items() if c[0] == moved and r not in todo]
        return "open"

    def _coefficients(self) -> dict[int, tuple[int, int, Fraction, Fraction, bool]] | None:
        """By row: lower slot (-1: none), upper slot, factor, offset, strict. A ceiling is a row without an upper slot.

        None where some row cannot be told exactly.
        """
        found: dict[int, tuple[int, int, Fraction, Fraction, bool]] = {}
        zero = Fraction(0)
        rows = self.judge.model.rows
        for row in np.concatenate([self.batch.arcs.row, self.batch.limits.row]):
            row = int(row)
            slots = [int(s) for s in rows.entry_slot[self.judge.entry_start[row] : self.judge.entry_start[row + 1]]]
            base = excess_of(self.judge, row, dict.fromkeys(slots, zero))
            moved = {s: excess_of(self.judge, row, {t: Fraction(int(t == s)) for t in slots}) for s in slots}
            if base is None or None in moved.values():
                return None
            factor = {s: value - base for s, value in moved.items() if value is not None}
            up = [s for s in slots if factor[s] < 0]
            down = [s for s in slots if factor[s] > 0]
            if not up and not down:
                return None
            lower, upper = (down[0] if down else -1), (up[0] if up else -1)
            size = -factor[upper] if upper >= 0 else factor[lower]
            ratio = factor[lower] / size if lower >= 0 else zero
            found[row] = (lower, upper, ratio, base / size, bool(rows.strict[row]))
        return found

    def _push(self, lower: int, upper: int, factor: Fraction, offset: Fraction, strict: bool) -> int | None:
        """-1 where nothing moved, else the slot that did; None where it has no value left."""
        if upper < 0:
            least = self.values[lower]
            limit = -offset
            return -1 if least is None or least[0] < limit or (least[0] == limit and not (strict or least[1])) else None
        if lower >= 0:
            source = self.values[lower]
            if source is None:
                return -1
            bound, is_open = factor * source[0] + offset, strict or source[1]
        else:
            bound, is_open = offset, strict
        now = self.values[upper]
        if now is not None and (now[0] > bound or (now[0] == bound and (now[1] or not is_open))):
            return -1
        new = self.next(upper, bound, is_open)
        if new is _NONE:
            return None
        self.values[upper] = new
        return upper

    def next(self, slot: int, bound: Fraction | None, is_open: bool) -> tuple[Fraction, bool] | None:
        """The least allowed value at or above a bound (above it where open) and whether it is open; None: no least."""
        if slot not in self.cells:
            self.cells[slot] = self._cells(slot)
        for low, low_open, high, high_open in self.cells[slot]:
            start, start_open = (low, low_open)
            if bound is not None and (start is None or bound > start or (bound == start and is_open)):
                start, start_open = bound, is_open
            if start is None:
                return None
            start, start_open = self._on_lattice(slot, start, start_open)
            if high is None or start < high or (start == high and not start_open and not high_open):
                return start, start_open
        return _NONE

    def _on_lattice(self, slot: int, value: Fraction, is_open: bool) -> tuple[Fraction, bool]:
        lever = int(self.judge.model.slots.lever[slot])
        step = self.judge.model.strips[lever].lever.step if lever >= 0 else None
        if step is None:
            return value, is_open
        base = Fraction(self.judge.model.strips[lever].lever.minimum or 0)
        k = -((base - value) // Fraction(step))
        at = base + k * Fraction(step)
        return (at + Fraction(step), False) if is_open and at == value else (at, False)

    def _cells(self, slot: int) -> list[tuple[Fraction | None, bool, Fraction | None, bool]]:
        """What the item rules of the question leave of a slot, from low to high, exactly."""
        model = self.judge.model
        lever = int(model.slots.lever[slot])
        if lever < 0:
            return [(None, True, None, True)]
        strip = model.strips[lever]
        mine = [r for bit, r in enumerate(strip.rules) if self.rules >> model.lever_rules[lever][bit] & 1]
        if strip.lever.values is not None:
            cells = np.flatnonzero(self.batch.found.allowed[self.batch.place[slot]])
            points = [value_of(self.judge, slot, float(model.slots.first[slot, c])) for c in cells]
            return [(x, False, x, False) for x in points]
        row = row_of(self.judge, slot)
        return exact_cells([r for r in mine if in_scope(r, row)], strip.lever, row)


_NONE = (Fraction(0), True)


def exact_cells(
    rules: list[Checked], lever: Lever, row: dict[str, object]
) -> list[tuple[Fraction | None, bool, Fraction | None, bool]]:
    """What rules leave of a lever on one item as points and open stretches, from low to high; ends None where
    infinite.
    """
    points = representatives(rules, lever, row)
    allowed = [x for x in points if not any(forbids(r, x, row) for r in rules)]
    if lever.step is not None:
        return _lattice_cells(points, set(allowed), lever)
    low = None if lever.minimum is None else Fraction(lever.minimum)
    high = None if lever.maximum is None else Fraction(lever.maximum)
    cuts = set(breakpoints(rules, row)) | {v for v in (low, high) if v is not None} or {Fraction(0)}
    inside = sorted(c for c in cuts if (low is None or c >= low) and (high is None or c <= high))
    found: list[tuple[Fraction | None, bool, Fraction | None, bool]] = []
    good = set(allowed)
    for x in points:
        if x not in good:
            continue
        if x in cuts:
            found.append((x, False, x, False))
            continue
        below = max((c for c in inside if c < x), default=None)
        above = min((c for c in inside if c > x), default=None)
        found.append((below, True, above, True))
    return sorted(set(found), key=lambda c: (c[0] is not None, c[0] or Fraction(0), c[1]))


def _lattice_cells(
    points: list[Fraction], allowed: set[Fraction], lever: Lever
) -> list[tuple[Fraction | None, bool, Fraction | None, bool]]:
    found: list[tuple[Fraction | None, bool, Fraction | None, bool]] = []
    for i, x in enumerate(points):
        if x not in allowed:
            continue
        following = points[i + 1] if i + 1 < len(points) else None
        stretch = following is not None and following in allowed
        last = following if stretch else (None if following is None and lever.maximum is None else x)
        first = None if i == 0 and lever.minimum is None else x
        found.append((first, False, last, False))
    return found
