"""How far apart the members of a conflict are on each item: the least, over lever values, of the summed distances to
what
the members allow (for two bounds: the lower one less the upper one)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment.conflicts.batches import Bools, Floats, Ints
from alignment.conflicts.cells import value_at
from alignment.conflicts.frames import Frame
from alignment.conflicts.line import Line, leans_on_range, leaves
from alignment.conflicts.positions import Positions
from alignment.rules.formula import Compare, Formula, Residue
from alignment.rules.normal import Normal


def gaps(line: Line, frame: Frame, at: Positions, members: Sequence[int], rows: Ints) -> Floats:
    """Gap of the members (rules by number) on items by row, in lever units; NaN where some member allows nothing."""
    part, where = _part(frame, rows), at.take(rows)
    inside = _in_domain(line, _candidates(line, part, members), at.scale)
    total = np.zeros_like(inside)
    for member in members:
        total += _distance(line, part, where, member, inside)
    total = np.where(np.isfinite(inside), total, np.inf)
    best = total.min(axis=1, initial=np.inf)
    return np.where(np.isfinite(best), best, np.nan)


def _part(frame: Frame, rows: Ints) -> Frame:
    return Frame(
        frame.start, frame.value[rows], frame.today[rows], frame.low[rows], frame.high[rows],
        frame.low_open[rows], frame.high_open[rows], frame.atoms[rows], frame.givens[rows],
        frame.in_scope[rows], frame.unknown[rows],
    )  # fmt: skip


def _candidates(line: Line, frame: Frame, members: Sequence[int]) -> Floats:
    """Values at which a sum of distances can be least: members' ends, and endings and zero, where endings turn."""
    columns = [a[:, m] for m in members if m < len(line.intervals) for a in (frame.low, frame.high)]
    parts = [p for m in members if m >= len(line.intervals) for p in leaves_of(line, m)]
    columns += [frame.atoms[:, t] for t, atom in enumerate(line.atoms) if atom.part in parts]
    columns += [np.full(len(frame), float(b)) for b in (line.lever.minimum, line.lever.maximum) if b is not None]
    residues = [p for p in parts if isinstance(p, Residue)]
    if residues or not columns:
        columns.append(np.zeros(len(frame)))
    ends = np.column_stack(columns)
    ends = np.where(np.isfinite(ends), ends, np.nan)
    return np.column_stack([ends, *(_beside(ends, r) for r in residues)])


def _beside(points: Floats, part: Residue) -> Floats:
    """The places nearest to points, on both sides, where an ending begins or stops to hold."""
    m, v = float(part.modulus), float(part.value)
    found = []
    for offset in dict.fromkeys((0.0, v)):
        down = np.floor((points - offset) / m + 1e-9) * m + offset
        found += [down, down + m, down - m]
    return np.concatenate(found, axis=-1)


def leaves_of(line: Line, member: int) -> list[Formula]:
    """Comparisons and endings inside a union rule."""
    form = line.rules[member].form
    assert isinstance(form, Normal)
    return [p for p in leaves(form.logic.forbidden()) if isinstance(p, (Compare, Residue))]


def _in_domain(line: Line, points: Floats, scale: int) -> Floats:
    """Points moved to lever values: onto the lattice on both sides, NaN outside the domain."""
    low = -np.inf if line.lever.minimum is None else float(line.lever.minimum)
    high = np.inf if line.lever.maximum is None else float(line.lever.maximum)
    if line.lever.step is not None:
        step, base = float(line.lever.step), float(line.lever.minimum or 0)
        k = (points - base) / step
        points = np.column_stack([np.floor(k + 1e-9), np.ceil(k - 1e-9)]) * step + base
    with np.errstate(invalid="ignore"):
        return np.where((points >= low - 0.5 / scale) & (points <= high + 0.5 / scale), points, np.nan)


def _distance(line: Line, frame: Frame, at: Positions, member: int, points: Floats) -> Floats:
    if member < len(line.intervals):
        low, high = frame.low[:, member, None], frame.high[:, member, None]
        above = np.maximum(low - points, 0.0)
        return np.asarray(above + np.maximum(points - high, 0.0) + np.where(np.isposinf(low), np.inf, 0.0))
    return _union_distance(line, frame, at, member, points)


def _union_distance(line: Line, frame: Frame, at: Positions, member: int, points: Floats) -> Floats:
    """Distance to the nearest point of a union: 0 inside, else to the nearest end that touches what it allows."""
    away = np.where(_allows(line, frame, at, member, points, (0,)), 0.0, np.inf)
    ends = _candidates(line, frame, [member])
    ends = np.where(_allows(line, frame, at, member, ends, (-1, 0, 1)), ends, np.nan)
    with np.errstate(invalid="ignore"):
        for e in range(ends.shape[1]):
            away = np.fmin(away, np.abs(points - ends[:, e, None]))
    for part in leaves_of(line, member):
        if isinstance(part, Residue):
            near = _beside(points, part)
            near = np.where(_allows(line, frame, at, member, near, (-1, 0, 1)), near, np.nan)
            for k in range(near.shape[1] // points.shape[1]):
                away = np.fmin(away, np.abs(points - near[:, k * points.shape[1] : (k + 1) * points.shape[1]]))
    return np.asarray(away)


def _allows(line: Line, frame: Frame, at: Positions, member: int, points: Floats, shifts: tuple[int, ...]) -> Bools:
    """Does a rule allow points, or the stretches right beside them (shift -1 and 1)?"""
    finite = np.isfinite(points)
    grid = np.rint(np.where(finite, points, 0.0) * at.scale).astype(np.int64)
    found = np.zeros(points.shape, bool)
    for shift in shifts:
        beyond = _beyond_zero(line, member, points, shift)
        found |= value_at(line, at, frame.givens, member, grid, shift) & ~beyond
    return found & finite


def _beyond_zero(line: Line, member: int, points: Floats, shift: int) -> Bools:
    """Points on the side of zero that the lever's range leaves out, where a rule that divides by the lever says
    nothing."""
    lever = line.lever
    if not leans_on_range(line.rules[member], lever):
        return np.zeros(points.shape, bool)
    below = lever.minimum is not None and lever.minimum >= 0
    above = lever.maximum is not None and lever.maximum <= 0
    beyond = np.zeros(points.shape, bool)
    if below:
        beyond |= (points < 0) | ((points == 0) & (shift < 0))
    if above:
        beyond |= (points > 0) | ((points == 0) & (shift > 0))
    return beyond
