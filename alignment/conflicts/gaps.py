"""How far apart the members of a conflict are on each item: the least, over lever values, of the summed distances to what
the members allow (for two bounds: the lower one less the upper one)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment.conflicts.cells import value_at
from alignment.conflicts.line import Floats, Frame, Line
from alignment.conflicts.positions import Ints, Positions
from alignment.rules.formula import Both, Compare, Either, Formula, Not, Residue
from alignment.rules.normal import Normal


def gaps(line: Line, frame: Frame, at: Positions, members: Sequence[int], rows: Ints) -> Floats:
    """Gap of the members (rules by number) on items by row, in lever units; NaN where some member allows nothing."""
    part, where = _part(frame, rows), at.take(rows)
    points = _candidates(line, part, members)
    inside = _in_domain(line, points)
    total = np.zeros_like(inside)
    for member in members:
        total += _distance(line, part, where, member, inside)
    total = np.where(np.isfinite(inside), total, np.inf)
    best = total.min(axis=1, initial=np.inf)
    return np.where(np.isfinite(best), best, np.nan)


def _part(frame: Frame, rows: Ints) -> Frame:
    return Frame(
        frame.start, frame.keys, frame.value[rows], frame.today[rows], frame.low[rows], frame.high[rows],
        frame.low_open[rows], frame.high_open[rows], frame.atoms[rows], frame.givens[rows],
        frame.in_scope[rows], frame.unknown[rows],
    )  # fmt: skip


def _candidates(line: Line, frame: Frame, members: Sequence[int]) -> Floats:
    """Values at which a sum of distances can be least: members' ends, and endings and lattice points beside them."""
    columns = [a[:, m] for m in members if m < len(line.intervals) for a in (frame.low, frame.high)]
    residues: list[Residue] = []
    for m in members:
        if m >= len(line.intervals):
            parts = atoms_of(line, m)
            columns += [frame.atoms[:, t] for t, atom in enumerate(line.atoms) if atom.part in parts]
            residues += [p for p in parts if isinstance(p, Residue)]
    for bound in (line.lever.minimum, line.lever.maximum):
        if bound is not None:
            columns.append(np.full(len(frame), float(bound)))
    ends = np.column_stack(columns) if columns else np.zeros((len(frame), 1))
    ends = np.where(np.isfinite(ends), ends, np.nan)
    found = [ends]
    for residue in residues:
        m, v = float(residue.modulus), float(residue.value)
        down = np.floor((ends - v) / m + 1e-9) * m + v
        found += [down, down + m]
    return np.column_stack(found)


def atoms_of(line: Line, member: int) -> list[Formula]:
    """Comparisons and endings inside a union rule."""
    form = line.rules[member].form
    assert isinstance(form, Normal)
    return [p for p in _leaves(form.logic.forbidden()) if isinstance(p, (Compare, Residue))]


def _leaves(formula: Formula) -> list[Formula]:
    if isinstance(formula, (Both, Either)):
        return [p for part in formula.parts for p in _leaves(part)]
    return _leaves(formula.part) if isinstance(formula, Not) else [formula]


def _in_domain(line: Line, points: Floats) -> Floats:
    """Points moved to lever values: onto the lattice on both sides, NaN outside the domain."""
    low = -np.inf if line.lever.minimum is None else float(line.lever.minimum)
    high = np.inf if line.lever.maximum is None else float(line.lever.maximum)
    if line.lever.step is not None:
        step, base = float(line.lever.step), float(line.lever.minimum or 0)
        k = (points - base) / step
        points = np.column_stack([np.floor(k + 1e-9), np.ceil(k - 1e-9)]) * step + base
    slack = 1e-9 * np.maximum(np.abs(points), 1.0)
    return np.where((points >= low - slack) & (points <= high + slack), points, np.nan)


def _distance(line: Line, frame: Frame, at: Positions, member: int, points: Floats) -> Floats:
    if member < len(line.intervals):
        low, high = frame.low[:, member, None], frame.high[:, member, None]
        above = np.maximum(low - points, 0.0)
        return np.asarray(above + np.maximum(points - high, 0.0) + np.where(np.isposinf(low), np.inf, 0.0))
    return _union_distance(line, frame, at, member, points)


def _union_distance(line: Line, frame: Frame, at: Positions, member: int, points: Floats) -> Floats:
    """Distance to the nearest point of a union: 0 inside, else to the nearest end that touches what it allows."""
    ends = _candidates(line, frame, [member])
    with np.errstate(invalid="ignore"):
        grid = np.rint(np.where(np.isfinite(ends), ends, 0) * at.scale).astype(np.int64)
    touches = np.zeros(ends.shape, bool)
    for shift in (-1, 0, 1):
        touches |= value_at(line, at, frame.givens, member, grid, shift)
    ends = np.where(touches & np.isfinite(ends), ends, np.nan)
    with np.errstate(invalid="ignore"):
        here = np.rint(np.where(np.isfinite(points), points, 0) * at.scale).astype(np.int64)
        inside = value_at(line, at, frame.givens, member, here, 0)
        away = np.abs(points[:, :, None] - ends[:, None, :])
        away = np.where(np.isfinite(away), away, np.inf).min(axis=2, initial=np.inf)
    return np.asarray(np.where(inside, 0.0, away))
