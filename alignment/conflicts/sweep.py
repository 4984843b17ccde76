"""One pass over the catalogue for one lever: every minimal conflict with its items, and what each rule does.

Intervals of a line have Helly number 2, so rules that are intervals conflict alone or in pairs; items touched by a rule that
is a union are cut into cells instead. Both are arrays over batches of items; what is kept grows with conflicts, not with items.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue
from alignment.conflicts import cells
from alignment.conflicts.gaps import gaps
from alignment.conflicts.line import Bools, Floats, Frame, Line, frames
from alignment.conflicts.positions import FAR, Ints, Positions, positions

Members = tuple[int, ...]


@dataclass
class Found:
    """A minimal conflict while the pass goes on: items by number, their keys, gaps, stakes, and whether the domain is needed."""

    rows: list[Ints] = field(default_factory=list)
    keys: list[Any] = field(default_factory=list)
    gaps: list[Floats] = field(default_factory=list)
    stake: float = 0.0
    by_domain: bool = False

    @property
    def items(self) -> int:
        return sum(len(r) for r in self.rows)


@dataclass
class Sweep:
    """What one pass found. Counts are by rule of the line; `infeasible` marks items without a value by hard rules."""

    line: Line
    conflicts: dict[Members, Found]
    in_scope: Ints
    unknown: Ints
    violated: Ints
    no_room: Ints
    widths: list[list[Floats]]
    implied: Bools
    by_domain: Bools
    never_binds: Bools
    known: Ints
    slack: Floats
    slack_rows: Ints
    within: Ints
    infeasible: Bools
    unsure: list[Any]
    complete: bool


def sweep(line: Line, catalogue: Catalogue) -> Sweep:
    """Runs the pass. Items whose bounds are too near each other for doubles are left in `unsure`, by key."""
    r = len(line.rules)
    found = Sweep(
        line, {}, *(np.zeros(r, np.int64) for _ in range(4)), [[] for _ in range(r)],
        ~np.eye(r, dtype=bool), np.ones(r, bool), np.ones(r, bool), np.zeros(r, np.int64),
        np.full((len(line.intervals),) * 2, np.inf), np.full((len(line.intervals),) * 2, -1),
        np.zeros((len(line.intervals),) * 2, np.int64), np.zeros(catalogue.rows, bool), [], True,
    )  # fmt: skip
    for frame in frames(line, catalogue):
        _one_batch(found, frame)
    return found


def _one_batch(found: Sweep, frame: Frame) -> None:
    line = found.line
    at = positions(frame, line)
    rows = np.arange(len(frame))
    ends = cells.endings(line, at)
    in_union = frame.in_scope[:, len(line.intervals) :].any(axis=1)
    sure = ~at.unsure
    found.unsure += [frame.keys[int(i)].as_py() for i in np.flatnonzero(at.unsure)]
    _count(found, frame, at)
    _pairs(found, frame, at, rows[sure & ~in_union])
    if line.unions and ends is not None:
        _unions(found, frame, at, rows[sure & in_union], ends)
    elif line.unions:
        found.complete = False
    _slacks(found, frame)
    _implications(found, frame, at, ends)


# Counts


def _count(found: Sweep, frame: Frame, at: Positions) -> None:
    line, n = found.line, len(found.line.intervals)
    found.in_scope += frame.in_scope.sum(axis=0)
    found.unknown[:n] += (frame.unknown & _has_width(line, frame)).sum(axis=0)
    broken = _breaks(frame, at) & frame.in_scope[:, :n]
    found.violated[:n] += broken.sum(axis=0)
    low = -np.inf if line.lever.minimum is None else float(line.lever.minimum)
    high = np.inf if line.lever.maximum is None else float(line.lever.maximum)
    step = float(line.lever.step or 0)
    for r in range(n):
        scope = frame.in_scope[:, r]
        width = np.minimum(frame.high[scope, r], high) - np.maximum(frame.low[scope, r], low)
        found.no_room[r] += int(((width < step) | (width <= 0)).sum())
        if np.isfinite(low) and np.isfinite(high):
            found.widths[r].append(np.maximum(width, 0.0))


def _has_width(line: Line, frame: Frame) -> Bools:
    return np.asarray(frame.low < frame.high)


def _breaks(frame: Frame, at: Positions) -> Bools:
    """Which interval rules today's value breaks, compared on the grid."""
    with np.errstate(invalid="ignore"):
        today, low, high = (np.rint(a * float(at.scale)) for a in (frame.today[:, None], frame.low, frame.high))
        below = (today < low) | ((today == low) & frame.low_open)
        above = (today > high) | ((today == high) & frame.high_open)
    return np.asarray((below | above) & ~np.isnan(frame.today[:, None]))


# Intervals


def _pairs(found: Sweep, frame: Frame, at: Positions, rows: Ints) -> None:
    if not len(rows) or not found.line.intervals:
        return
    d0, d1 = at.domain
    first, last = at.first[rows], at.last[rows]
    alone = np.maximum(first, d0) > np.minimum(last, d1)
    hard = np.array([r.hard for r in found.line.intervals])
    self_hard = (alone & hard).any(axis=1)
    first, last = np.where(alone, -FAR, first), np.where(alone, FAR, last)
    clash = first.max(axis=1) > last.min(axis=1)
    hard_first = np.where(hard, first, -FAR).max(axis=1)
    hard_last = np.where(hard, last, FAR).min(axis=1)
    found.infeasible[frame.start + rows[self_hard | (hard_first > hard_last)]] = True
    for r in np.flatnonzero(alone.any(axis=0)):
        _record(found, frame, at, (int(r),), rows[alone[:, r]])
    rows, first, last = rows[clash], first[clash], last[clash]
    for r in np.flatnonzero((first > -FAR).any(axis=0)) if len(rows) else ():
        against = first[:, r : r + 1] > last
        for s in np.flatnonzero(against.any(axis=0)):
            _record(found, frame, at, tuple(sorted((int(r), int(s)))), rows[against[:, s]])


def _record(found: Sweep, frame: Frame, at: Positions, members: Members, rows: Ints) -> None:
    entry = found.conflicts.setdefault(members, Found())
    entry.rows.append(frame.start + rows)
    entry.keys.append(frame.keys.take(_indices(rows)))
    entry.gaps.append(gaps(found.line, frame, at, members, rows))
    entry.stake += float(frame.value[rows].sum())
    if not entry.by_domain:
        entry.by_domain = _needs_domain(found.line, frame, at, members, rows)


def _indices(rows: Ints) -> Any:
    """Row numbers as an Arrow array, made in place: converting from NumPy would load pandas."""
    import pyarrow as pa

    whole = np.ascontiguousarray(rows, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(whole), [None, pa.py_buffer(whole)])


def _needs_domain(line: Line, frame: Frame, at: Positions, members: Members, rows: Ints) -> bool:
    """Could the members hold together on some of the items if the lever had no domain and no lattice?"""
    if at.domain == (-FAR, FAR) and at.step is None:
        return False
    if all(m < len(line.intervals) for m in members):
        low, high = frame.low[np.ix_(rows, members)], frame.high[np.ix_(rows, members)]
        is_open = frame.low_open[np.ix_(rows, members)] | frame.high_open[np.ix_(rows, members)]
        low_n, high_n = np.rint(low * float(at.scale)), np.rint(high * float(at.scale))
        top, bottom = low_n.max(axis=1), high_n.min(axis=1)
        return bool((((top < bottom) | ((top == bottom) & ~is_open.any(axis=1))) & np.isfinite(top + bottom * 0)).any())
    return _free_line_meets(line, frame, members, rows)


def _free_line_meets(line: Line, frame: Frame, members: Members, rows: Ints) -> bool:
    from dataclasses import replace

    from alignment.initiative.models import Lever

    free = replace(line, lever=Lever(name=line.lever.name))
    at = positions(frame, free).take(rows)
    ends = cells.endings(free, at)
    if ends is None:
        return False
    return any(
        (exists & ~rules[:, :, list(members)].any(axis=2)).any()
        for _, exists, rules in cells.forbidden(free, at, frame.givens[rows], ends)
    )


# Unions


def _unions(found: Sweep, frame: Frame, at: Positions, rows: Ints, ends: cells.Endings) -> None:
    if not len(rows):
        return
    outside, givens = _outside(found.line, frame.in_scope[rows]), frame.givens[rows]
    bad = rows[cells.infeasible(found.line, at.take(rows), givens, ends, outside)]
    soft = sum(1 << i for i, rule in enumerate(found.line.rules) if not rule.hard)
    together: dict[int, list[Ints]] = {}
    for pattern in _patterns(found.line, frame, at, bad, ends):
        found.complete &= pattern.complete
        for bits in pattern.conflicts:
            together.setdefault(bits, []).append(bad[pattern.rows])
        if any(bits & soft == 0 for bits in pattern.conflicts):
            found.infeasible[frame.start + bad[pattern.rows]] = True
    for bits, parts in sorted(together.items()):
        members = tuple(i for i in range(len(found.line.rules)) if bits >> i & 1)
        _record(found, frame, at, members, np.sort(np.concatenate(parts)))


def _patterns(line: Line, frame: Frame, at: Positions, rows: Ints, ends: cells.Endings) -> list[cells.Pattern]:
    if not len(rows):
        return []
    return cells.patterns(line, at.take(rows), frame.givens[rows], ends, _outside(line, frame.in_scope[rows]))


def _outside(line: Line, in_scope: Bools) -> Bools:
    """Union rules that do not apply to an item forbid nothing on it."""
    return ~in_scope[:, len(line.intervals) :]


# Slack and implication


def _slacks(found: Sweep, frame: Frame) -> None:
    """Least distance between each floor and each ceiling, and how many items are within 5 % of the floor."""
    for r in range(len(found.line.intervals)):
        low = frame.low[:, r]
        bound = np.isfinite(low)
        if not bound.any():
            continue
        with np.errstate(invalid="ignore"):
            slack = np.where(bound[:, None] & np.isfinite(frame.high), frame.high - low[:, None], np.inf)
        least = slack.min(axis=0)
        better = least < found.slack[r]
        found.slack_rows[r, better] = frame.start + slack.argmin(axis=0)[better]
        found.slack[r, better] = least[better]
        found.within[r] += (slack <= 0.05 * np.abs(np.where(bound, low, 0.0))[:, None]).sum(axis=0)


def _implications(found: Sweep, frame: Frame, at: Positions, ends: cells.Endings | None) -> None:
    line, n = found.line, len(found.line.intervals)
    known = frame.in_scope.copy()
    known[:, :n] &= ~frame.unknown
    found.known += known.sum(axis=0)
    alive = [r for r in range(len(line.rules)) if found.never_binds[r] or found.implied[r].any() or found.by_domain[r]]
    if not alive:
        return
    if line.unions:
        _imply_by_cells(found, frame, at, ends, known, alive)
        return
    d0, d1 = at.domain
    hard = np.array([rule.hard for rule in line.rules])
    for r in alive:
        here = known[:, r]
        first, last = at.first[here, r], at.last[here, r]
        inside = (at.first[here] >= first[:, None]) & (at.last[here] <= last[:, None]) & known[here]
        _note(found, r, inside, (first <= d0) & (last >= d1), hard)


def _note(found: Sweep, r: int, inside: Bools, domain: Bools, hard: Bools) -> None:
    """inside: items by rules, where each rule allows only what r allows."""
    inside = inside & hard
    inside[:, r] = False
    found.implied[r] &= inside.all(axis=0)
    found.by_domain[r] &= bool(domain.all())
    found.never_binds[r] &= bool((inside.any(axis=1) | domain).all())


def _imply_by_cells(
    found: Sweep, frame: Frame, at: Positions, ends: cells.Endings | None, known: Bools, alive: Sequence[int]
) -> None:
    line = found.line
    if ends is None:
        found.implied[:], found.never_binds[:], found.by_domain[:] = False, False, False
        return
    hard = np.array([rule.hard for rule in line.rules])
    outside = _outside(line, frame.in_scope)
    for rows, exists, rules in cells.forbidden(line, at, frame.givens, ends, outside):
        for r in alive:
            here = known[rows, r]
            mine = rules[here][:, :, r] & exists[here]
            inside = ~(mine[:, :, None] & ~rules[here]).any(axis=1) & known[rows][here]
            _note(found, r, inside, ~mine.any(axis=1), hard)


def all_rows(found: Found) -> NDArray[np.int64]:
    """Numbers of a conflict's items, in the order of the pass."""
    return np.concatenate(found.rows) if found.rows else np.zeros(0, np.int64)


def members_of(conflicts: dict[Members, Found]) -> Iterator[tuple[Members, Found]]:
    """Conflicts in a fixed order."""
    yield from sorted(conflicts.items())
