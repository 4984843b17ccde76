"""Unions of intervals, lattices and endings: which rules forbid which stretch of the line, item by item, in arrays.

The line of positions is cut at all ends of an item's rules; inside a cell no rule changes its mind, save for endings,
of
which a cell holds each pattern or not. Items on which the same sets of rules forbid the cells share one enumeration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alignment.conflicts.batches import Batch, Bools
from alignment.conflicts.endings import Pieces, pieces, residue
from alignment.conflicts.frames import frame_of
from alignment.conflicts.line import Line, part_of
from alignment.conflicts.minimal import minimal_hitting_sets
from alignment.conflicts.positions import FAR, Ints, Positions, positions
from alignment.rules.formula import Both, Compare, Either, Formula, Given, Not, Residue, Truth
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked

BLOCK = 2048


def forbidden(
    line: Line, at: Positions, givens: Bools, ends: Pieces, outside: Bools | None = None
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
    zero = 0 if at.step is None else -(at.origin // at.step)
    fixed = np.tile(np.array([d0, d1 + 1, *([zero] if d0 < zero <= d1 else [])]), (n, 1))
    cuts = np.concatenate([fixed, at.first, at.last + 1, at.atom_first, at.atom_last + 1], axis=1)
    cuts = np.sort(np.clip(cuts, d0, d1 + 1), axis=1)
    return cuts[:, :-1], np.diff(cuts, axis=1)


def judged(
    line: Line, at: Positions, givens: Bools, ends: Pieces, starts: Ints, widths: Ints
) -> tuple[Bools, Bools]:
    interval = (starts[:, :, None] < at.first[:, None, :]) | (starts[:, :, None] > at.last[:, None, :])
    exists, verdicts = [], []
    for q in range(ends.size):
        exists.append((widths > 0) & ends.contains(q, starts, widths))
        unions = [_value(_forbidden_form(rule), line, at, givens, ends.patterns[q], starts) for rule in line.unions]
        verdicts.append(np.concatenate([interval, *(u[:, :, None] for u in unions)], axis=2) if unions else interval)
    return np.concatenate(exists, axis=1), np.concatenate(verdicts, axis=1)


def _forbidden_form(rule: Checked) -> Formula:
    assert isinstance(rule.form, Normal)
    return rule.form.logic.forbidden()


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
    unknown = (first == FAR) & (last == -FAR)
    return ~unknown & ~inside


def value_at(line: Line, at: Positions, givens: Bools, member: int, grid: Ints, shift: int) -> Bools:
    """Does a union rule allow the lever values of whole grid numbers, or the stretch beside them (shift -1 or 1)?

    On a lattice, where positions are steps, grid numbers off the lattice are judged by the step below them.
    """
    places = (grid - at.origin) // at.step + shift if at.step else 2 * grid + shift
    n = at.origin + places * at.step if at.step else places // 2
    on_grid = np.full(grid.shape, at.step is not None or shift == 0)
    residues = [residue(r, n, on_grid, at.scale) for r in line.residues]
    return ~_truth(_forbidden_form(line.rules[member]), line, at, givens, residues, places)


def infeasible(line: Line, at: Positions, givens: Bools, ends: Pieces, outside: Bools | None = None) -> Bools:
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
    line: Line, at: Positions, givens: Bools, ends: Pieces, outside: Bools | None = None
) -> list[Pattern]:
    """Minimal conflicts of infeasible items, enumerated once per pattern; bit r is rule r of the line."""
    groups: dict[tuple[int, ...], list[Ints]] = {}
    for rows, exists, rules in forbidden(line, at, givens, ends, outside):
        masks, which = _numbered(rules)
        which = _each_once(np.where(exists, which, -1))
        unique, group = np.unique(which, axis=0, return_inverse=True)
        for g, row in enumerate(unique):
            key = tuple(sorted(masks[i] for i in row if i >= 0))
            groups.setdefault(key, []).append(rows[group.reshape(-1) == g])
    found = []
    for key, parts in sorted(groups.items()):
        sets, complete = minimal_hitting_sets(key)
        found.append(Pattern(np.concatenate(parts), tuple(sets), complete))
    return found


def _numbered(rules: Bools) -> tuple[list[int], Ints]:
    """The different sets of rules that forbid cells, as bits, and which of them each cell has, B by C."""
    b, c, r = rules.shape
    wide = np.zeros((b * c, max(1, -(-r // 64)) * 64), bool)
    wide[:, :r] = rules.reshape(b * c, r)
    words = np.packbits(wide, axis=1, bitorder="little").view(np.uint64)
    if words.shape[1] == 1:
        unique, which = np.unique(words[:, 0], return_inverse=True)
    else:
        unique, which = np.unique(words, axis=0, return_inverse=True)
    return [int.from_bytes(row.tobytes(), "little") for row in unique], which.reshape(b, c)


def _each_once(which: Ints) -> Ints:
    """Each row sorted, what stands there twice blanked."""
    rows = np.sort(which, axis=1)
    rows[:, 1:][rows[:, 1:] == rows[:, :-1]] = -1
    return np.sort(rows, axis=1)


# Rules against each other, and alone


def _picked(line: Line, at: Positions, members: Sequence[int]) -> tuple[Line, Positions, list[int]]:
    """The line with only some rules cut into it; which of its rules, by their new numbers, the members are."""
    part, numbers, intervals, atoms = part_of(line, members)
    where = replace(
        at, first=at.first[:, intervals], last=at.last[:, intervals],
        atom_first=at.atom_first[:, atoms], atom_last=at.atom_last[:, atoms],
    )  # fmt: skip
    return part, where, numbers


def allows_no_more(line: Line, at: Positions, givens: Bools, ends: Pieces, s: int | None, r: int) -> Bools:
    """Items on which rule s (None: the lever's range) allows only what rule r allows."""
    part, where, places = _picked(line, at, [r] if s is None else [s, r])
    answer = np.zeros(len(at.first), bool)
    for rows, exists, rules in forbidden(part, where, givens, ends):
        more = exists & rules[:, :, places[-1]]
        if s is not None:
            more &= ~rules[:, :, places[0]]
        answer[rows] = ~more.any(axis=1)
    return answer


def room(line: Line, at: Positions, givens: Bools, ends: Pieces, r: int) -> Ints:
    """How many values a union rule leaves within the range, an open stretch counting for two."""
    return _summed(line, at, givens, ends, r, Pieces.values)


def length(line: Line, at: Positions, givens: Bools, ends: Pieces, r: int) -> Ints:
    """Grid points that a union rule leaves within the range, on the open line."""
    return _summed(line, at, givens, ends, r, Pieces.length)


def _summed(
    line: Line, at: Positions, givens: Bools, ends: Pieces, r: int, amount: Callable[[Pieces, int, Ints, Ints], Ints]
) -> Ints:
    part, where, _ = _picked(line, at, [r])
    starts, widths = stretches(where)
    _, rules = judged(part, where, givens, ends, starts, widths)
    amounts = np.concatenate([amount(ends, q, starts, widths) for q in range(ends.size)], axis=1)
    return np.asarray(np.where((amounts > 0) & ~rules[:, :, 0], amounts, 0).sum(axis=1))


def forbids_stretch(line: Line, batch: Batch, rows: Ints) -> Bools:
    """Items of a batch, by row, on which the one rule of a line without lattice forbids a whole stretch of the
    range."""
    frame = frame_of(line, batch, rows)
    at = positions(frame, line)
    ends = pieces(line, at)
    assert ends is not None  # on an open line endings are always laid out
    starts, widths = stretches(at)
    _, rules = judged(line, at, frame.givens, ends, starts, widths)
    many = np.concatenate([ends.values(q, starts, widths) > 1 for q in range(ends.size)], axis=1)
    if ends.size > 1:
        many = np.concatenate([ends.length(q, starts, widths) > 0 for q in range(ends.size)], axis=1)
    return np.asarray((many & rules[:, :, 0]).any(axis=1))
