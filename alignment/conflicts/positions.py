"""Bounds as positions on a line of whole numbers, on which every question about overlap is exact.

On a lattice position k is the value base + k·step. Without one, position 2n is the n-th point of the grid on which
all bounds
lie, and 2n + 1 the open stretch above it. An open end moves by one. Rules then allow ranges of positions, ends
included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from alignment.conflicts.batches import Bools, Floats
from alignment.conflicts.frames import Frame
from alignment.conflicts.line import Line
from alignment.initiative.models import Lever

Ints = NDArray[np.int64]

FAR = 2**61
NOWHERE = 2**62
NEAR = 1e-9
FINEST = 2.0**48
LARGEST = 2.0**49


@dataclass(frozen=True)
class Positions:
    """Allowed ranges of N items: by R interval rules (first, last), by T atoms, and the domain's; empty where first >
    last.

    unsure: items with bounds so near each other that only fractions decide. scale: grid points per lever unit.
    """

    first: Ints
    last: Ints
    atom_first: Ints
    atom_last: Ints
    domain: tuple[int, int]
    unsure: Bools
    scale: int
    step: int | None
    origin: int

    def take(self, rows: NDArray[np.int64]) -> Positions:
        """The positions of some of the items."""
        return Positions(
            self.first[rows], self.last[rows], self.atom_first[rows], self.atom_last[rows],
            self.domain, self.unsure[rows], self.scale, self.step, self.origin,
        )  # fmt: skip


def positions(frame: Frame, line: Line) -> Positions:
    """Positions of a frame's bounds."""
    scale = _scale(frame, line)
    step = None if line.lever.step is None else int(Fraction(line.lever.step) * scale)
    origin = int(Fraction(line.lever.minimum or 0) * scale)
    inexact = _inexact_columns(line)
    low, unsure_low = _snapped(frame.low, scale, inexact[0])
    high, unsure_high = _snapped(frame.high, scale, inexact[1])
    atoms, unsure_atoms = _snapped(frame.atoms, scale, inexact[2])
    place = _Place(step, origin)
    first = np.where(
        np.isneginf(frame.low), -FAR, np.where(np.isposinf(frame.low), NOWHERE, place.lower(low, frame.low_open))
    )
    last = np.where(
        np.isposinf(frame.high), FAR, np.where(np.isneginf(frame.high), -FAR, place.upper(high, frame.high_open))
    )
    atom_first, atom_last = _atom_ranges(line, atoms, np.isnan(frame.atoms), place)
    unsure = _too_large(frame, scale)
    if any(i.any() for i in inexact):
        unsure |= _near(frame, line, np.column_stack([unsure_low, unsure_high, unsure_atoms]), scale)
    return Positions(first, last, atom_first, atom_last, _domain(line.lever, scale, place), unsure, scale, step, origin)


@dataclass(frozen=True)
class _Place:
    """Turns whole grid values into positions."""

    step: int | None
    origin: int

    def floor(self, n: Ints) -> Ints:
        return (n - self.origin) // self.step if self.step else 2 * n

    def ceiling(self, n: Ints) -> Ints:
        return -((self.origin - n) // self.step) if self.step else 2 * n

    def lower(self, n: Ints, is_open: Bools) -> Ints:
        """First position at or above a value, or above it where the end is open."""
        return np.where(is_open, self.floor(n) + 1, self.ceiling(n))

    def upper(self, n: Ints, is_open: Bools) -> Ints:
        """Last position at or below a value, or below it where the end is open."""
        return np.where(is_open, self.ceiling(n) - 1, self.floor(n))


def _scale(frame: Frame, line: Line) -> int:
    """Grid points per lever unit: the common grid where there is one, refined so far as whole doubles allow where
    not."""
    known = line.grid
    if known is not None:
        return known
    scale = line.partial_grid
    arrays = (frame.low, frame.high, frame.atoms)
    largest = max((float(np.abs(a[np.isfinite(a)]).max(initial=1.0)) for a in arrays), default=1.0)
    while scale * 10 * largest < FINEST and scale < 10**12:
        scale *= 10
    return scale


def _inexact_columns(line: Line) -> tuple[Bools, Bools, Bools]:
    """Which interval rules (floors, ceilings) and atoms have bounds that are not on the common grid."""
    floors, ceilings = np.zeros(len(line.intervals), bool), np.zeros(len(line.intervals), bool)
    for end in line.ends:
        if end.grid is None and end.ray.side != "nothing":
            (floors if end.is_floor else ceilings)[end.rule] = True
    whole = line.grid is not None
    atoms = np.array([a.grid is None and not whole for a in line.atoms], dtype=bool)
    return (floors & (not whole), ceilings & (not whole), atoms)


def _snapped(values: Floats, scale: int, inexact: Bools) -> tuple[Ints, Bools]:
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.where(np.isfinite(values), values, 0.0) * float(scale)
    unsure = np.broadcast_to(inexact, values.shape) & np.isfinite(values)
    return np.rint(np.clip(scaled, -FINEST * 4, FINEST * 4)).astype(np.int64), unsure


def _too_large(frame: Frame, scale: int) -> Bools:
    """Items with bounds beyond the whole numbers that doubles hold exactly."""
    largest = np.zeros(len(frame))
    for values in (frame.low, frame.high, frame.atoms):
        largest = np.maximum(largest, np.where(np.isfinite(values), np.abs(values), 0.0).max(axis=1, initial=0.0))
    return np.asarray(largest * scale >= LARGEST)


def _near(frame: Frame, line: Line, unsure: Bools, scale: int) -> Bools:
    """Items on which a bound that is off the grid comes near another bound, the domain's end or a lattice point."""
    values = np.column_stack([frame.low, frame.high, frame.atoms])
    fixed = [float(v) for v in (line.lever.minimum, line.lever.maximum) if v is not None]
    ends = np.column_stack([values, *(np.full(len(frame), v) for v in fixed)]) if fixed else values
    flags = np.column_stack([unsure, np.zeros((len(frame), len(fixed)), bool)]) if fixed else unsure
    ends = np.where(np.isfinite(ends), ends, np.nan)
    order = np.argsort(ends, axis=1)
    ends, flags = np.take_along_axis(ends, order, 1), np.take_along_axis(flags, order, 1)
    with np.errstate(invalid="ignore"):
        close = np.diff(ends, axis=1) <= np.maximum(NEAR * np.abs(ends[:, 1:]), 2.0 / scale)
        near = np.asarray((close & (flags[:, 1:] | flags[:, :-1])).any(axis=1))
        for period, offset in _lattices(line):
            steps = (values - offset) / period
            apart = np.abs(steps - np.rint(steps))
            near |= (unsure & (apart <= np.maximum(NEAR * np.abs(steps), 2.0 / (period * scale)))).any(axis=1)
    return np.asarray(near)


def _lattices(line: Line) -> list[tuple[float, float]]:
    found = [(float(r.modulus), float(r.value)) for r in line.residues]
    if line.lever.step is not None:
        found.append((float(line.lever.step), float(line.lever.minimum or 0)))
    return found


_Range = Callable[[Ints, _Place], tuple[Ints, Ints]]


def _atom_ranges(line: Line, atoms: Ints, absent: Bools, place: _Place) -> tuple[Ints, Ints]:
    """Where each atom holds; `<>` gets the range of `=` and is turned round by whoever evaluates it. FAR to -FAR
    where NULL."""
    first, last = np.full(atoms.shape, -FAR), np.full(atoms.shape, FAR)
    yes, no = np.ones(len(atoms), bool), np.zeros(len(atoms), bool)
    for t, atom in enumerate(line.atoms):
        n = atoms[:, t]
        if atom.part.operator in (">", ">=", "=", "<>"):
            first[:, t] = place.lower(n, yes if atom.part.operator == ">" else no)
        if atom.part.operator in ("<", "<=", "=", "<>"):
            last[:, t] = place.upper(n, yes if atom.part.operator == "<" else no)
    first[absent], last[absent] = FAR, -FAR
    return first, last


def _domain(lever: Lever, scale: int, place: _Place) -> tuple[int, int]:
    no = np.zeros(1, bool)
    low, high = lever.minimum, lever.maximum
    first = -FAR if low is None else int(place.lower(np.array([int(Fraction(low) * scale)]), no)[0])
    last = FAR if high is None else int(place.upper(np.array([int(Fraction(high) * scale)]), no)[0])
    return first, last
