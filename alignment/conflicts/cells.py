"""Unions of intervals, lattices and endings: which rules forbid which stretch of the line, item by item, in arrays.

The line of positions is cut at all ends of an item's rules; inside a cell no rule changes its mind, save for endings, of
which a cell holds each pattern or not. Items on which the same sets of rules forbid the cells share one enumeration.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from alignment.conflicts.line import Bools, Line
from alignment.conflicts.minimal import minimal_hitting_sets
from alignment.conflicts.positions import FAR, Ints, Positions
from alignment.rules.formula import Both, Compare, Either, Formula, Given, Not, Residue, Truth
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked

BLOCK = 2048
LONGEST_PERIOD = 2_000_000

Masks = NDArray[np.uint8]


@dataclass(frozen=True)
class Endings:
    """Patterns of endings: for each position of one period, which of the residues hold; counts allow range queries."""

    period: int
    patterns: Bools
    counts: Ints

    @property
    def size(self) -> int:
        return len(self.patterns)


def endings(line: Line, at: Positions) -> Endings | None:
    """The endings of a line's union rules; None where the period is too long to be laid out.

    Without residues there is one pattern, which every cell has.
    """
    if not line.residues:
        return Endings(1, np.zeros((1, 0), bool), np.array([[0, 1]]))
    moduli = [int(r.modulus * at.scale) for r in line.residues]
    period = math.lcm(*moduli, at.step) // at.step if at.step else 2 * math.lcm(*moduli)
    if period > LONGEST_PERIOD:
        return None
    k = np.arange(period)
    n = at.origin + k * at.step if at.step else k // 2
    on_grid = np.ones(period, bool) if at.step else k % 2 == 0
    codes = sum(_residue(r, n, on_grid, at.scale).astype(np.int64) << i for i, r in enumerate(line.residues))
    seen = np.unique(codes)
    patterns = (seen[:, None] >> np.arange(len(line.residues)) & 1).astype(bool)
    member = codes[None, :] == seen[:, None]
    counts = np.concatenate([np.zeros((len(seen), 1), np.int64), np.cumsum(member, axis=1)], axis=1)
    return Endings(period, patterns, counts)


def _residue(part: Residue, n: Ints, on_grid: Bools, scale: int) -> Bools:
    equal = on_grid & (n % int(part.modulus * scale) == int(Fraction(part.value) * scale))
    return equal if part.operator == "=" else ~equal


def forbidden(
    line: Line, at: Positions, givens: Bools, ends: Endings, outside: Bools | None = None
) -> Iterator[tuple[Ints, Bools, Bools]]:
    """Blocks of (item rows, cell exists, rule forbids cell): shapes B, B by C, B by C by R.

    outside: items by union rules, true where a rule does not apply and so forbids nothing.
    """
    for start in range(0, len(at.first), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(at.first)))
        part = at.take(rows)
        starts, widths = stretches(part)
        exists, rules = judged(line, part, givens[rows], ends, starts, widths)
        if outside is not None and line.unions:
            rules[:, :, -len(line.unions) :] &= ~outside[rows][:, None, :]
        yield rows, exists, rules


def stretches(at: Positions) -> tuple[Ints, Ints]:
    """First position and number of positions of each cell, B by C; a width of 0 is no cell."""
    d0, d1 = at.domain
    n = len(at.first)
    cuts = np.concatenate(
        [np.full((n, 1), d0), at.first, at.last + 1, at.atom_first, at.atom_last + 1, np.full((n, 1), d1 + 1)], axis=1
    )
    cuts = np.sort(np.clip(cuts, d0, d1 + 1), axis=1)
    return cuts[:, :-1], np.diff(cuts, axis=1)


def judged(line: Line, at: Positions, givens: Bools, ends: Endings, starts: Ints, widths: Ints) -> tuple[Bools, Bools]:
    interval = (starts[:, :, None] < at.first[:, None, :]) | (starts[:, :, None] > at.last[:, None, :])
    exists, verdicts = [], []
    for q in range(ends.size):
        exists.append((widths > 0) & _holds_pattern(ends, q, starts, widths))
        unions = [_value(_forbidden_form(rule), line, at, givens, ends.patterns[q], starts) for rule in line.unions]
        verdicts.append(np.concatenate([interval, *(u[:, :, None] for u in unions)], axis=2) if unions else interval)
    return np.concatenate(exists, axis=1), np.concatenate(verdicts, axis=1)


def _forbidden_form(rule: Checked) -> Formula:
    assert isinstance(rule.form, Normal)
    return rule.form.logic.forbidden()


def _holds_pattern(ends: Endings, q: int, starts: Ints, widths: Ints) -> Bools:
    """Is some position of each cell of pattern q?"""
    if ends.size == 1:
        return np.ones(starts.shape, bool)
    whole = widths >= ends.period
    first = starts % ends.period
    length = np.minimum(widths, ends.period)
    over = np.maximum(first + length - ends.period, 0)
    counts = ends.counts[q]
    inside = counts[np.minimum(first + length, ends.period)] - counts[first] + counts[over]
    return whole | (inside > 0)


def _value(formula: Formula, line: Line, at: Positions, givens: Bools, pattern: Bools, starts: Ints) -> Bools:
    """A formula's truth on each cell, B by C."""
    endings_hold = [np.full(starts.shape, bool(holds)) for holds in pattern]
    return _truth(formula, line, at, givens, endings_hold, starts)


def _truth(formula: Formula, line: Line, at: Positions, givens: Bools, residues: list[Bools], places: Ints) -> Bools:
    """A formula's truth at positions, B by C; residues: truth of each of the line's endings there."""
    if isinstance(formula, Truth):
        return np.full(places.shape, formula.holds)
    if isinstance(formula, Not):
        return ~_truth(formula.part, line, at, givens, residues, places)
    if isinstance(formula, (Both, Either)):
        parts = [_truth(p, line, at, givens, residues, places) for p in formula.parts]
        return np.logical_and.reduce(parts) if isinstance(formula, Both) else np.logical_or.reduce(parts)
    if isinstance(formula, Given):
        g = next(i for i, (part, _) in enumerate(line.givens) if part == formula)
        return np.broadcast_to(givens[:, g : g + 1], places.shape)
    if isinstance(formula, Residue):
        return residues[line.residues.index(formula)]
    return _compared(formula, line, at, places)


def _compared(formula: Compare, line: Line, at: Positions, places: Ints) -> Bools:
    t = next(i for i, atom in enumerate(line.atoms) if atom.part == formula)
    first, last = at.atom_first[:, t : t + 1], at.atom_last[:, t : t + 1]
    inside = (places >= first) & (places <= last)
    if formula.operator != "<>":
        return inside
    unknown = (first == 1) & (last == 0)
    return ~unknown & ~inside


def value_at(line: Line, at: Positions, givens: Bools, member: int, grid: Ints, shift: int) -> Bools:
    """Does a union rule allow the lever values of whole grid numbers, or the stretch beside them (shift -1 or 1)?

    On a lattice, where positions are steps, grid numbers off the lattice are judged by the step below them.
    """
    places = (grid - at.origin) // at.step + shift if at.step else 2 * grid + shift
    n = at.origin + places * at.step if at.step else grid
    on_grid = np.full(grid.shape, at.step is not None or shift == 0)
    residues = [_residue(r, n, on_grid, at.scale) for r in line.residues]
    return ~_truth(_forbidden_form(line.rules[member]), line, at, givens, residues, places)


def infeasible(line: Line, at: Positions, givens: Bools, ends: Endings, outside: Bools | None = None) -> Bools:
    """Which items have no allowed value at all, by all interval rules together and each union rule."""
    joint = Positions(
        at.first.max(axis=1, initial=-FAR)[:, None], at.last.min(axis=1, initial=FAR)[:, None],
        at.atom_first, at.atom_last, at.domain, at.unsure, at.scale, at.step, at.origin,
    )  # fmt: skip
    found = np.zeros(len(at.first), bool)
    for rows, exists, rules in forbidden(line, joint, givens, ends, outside):
        found[rows] = ~(exists & ~rules.any(axis=2)).any(axis=1)
    return found


@dataclass(frozen=True)
class Pattern:
    """Items on which the same sets of rules forbid the values, with the minimal conflicts of each of them."""

    rows: Ints
    conflicts: tuple[int, ...]
    complete: bool


def patterns(
    line: Line, at: Positions, givens: Bools, ends: Endings, outside: Bools | None = None
) -> list[Pattern]:
    """Minimal conflicts of infeasible items, enumerated once per pattern; bit r is rule r of the line."""
    groups: dict[bytes, list[Ints]] = {}
    families: dict[bytes, list[int]] = {}
    for rows, exists, rules in forbidden(line, at, givens, ends, outside):
        masks = np.packbits(rules, axis=2, bitorder="little")
        masks[~exists] = 255
        keyed = _ordered(masks)
        unique, which = np.unique(keyed, axis=0, return_inverse=True)
        for g, row in enumerate(unique):
            key = row.tobytes()
            families.setdefault(key, _as_sets(row, masks.shape[2], rules.shape[2]))
            groups.setdefault(key, []).append(rows[which.reshape(-1) == g])
    found = []
    for key, parts in groups.items():
        sets, complete = minimal_hitting_sets(families[key])
        found.append(Pattern(np.concatenate(parts), tuple(sets), complete))
    return found


def _ordered(masks: Masks) -> Masks:
    """Each item's masks sorted, with doubles blanked, as one row of bytes."""
    b, c, width = masks.shape
    rows = np.ascontiguousarray(masks).view(np.dtype((np.void, width))).reshape(b, c)
    rows = np.sort(rows, axis=1) if width in (1, 2, 4, 8) else np.array([sorted(r.tolist()) for r in rows], rows.dtype)
    as_bytes = np.ascontiguousarray(rows).view(np.uint8).reshape(b, c, width).copy()
    double = (as_bytes[:, 1:] == as_bytes[:, :-1]).all(axis=2)
    as_bytes[:, 1:][double] = 255
    return as_bytes.reshape(b, c * width)


def _as_sets(row: Masks, width: int, rules: int) -> list[int]:
    blank = (1 << (8 * width)) - 1
    parts = {int.from_bytes(bytes(row[i : i + width]), "little") for i in range(0, len(row), width)}
    full = (1 << rules) - 1
    return [p & full for p in parts if p != blank or full == blank]
