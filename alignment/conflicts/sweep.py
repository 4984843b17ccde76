"""One pass over the catalogue for one lever: every minimal conflict with its items, and what each rule does.

Items touched by rules that are intervals only are decided by their ends (see `pairs`); those in scope of a rule that
is a
union are cut into cells (see `cells`). What is kept grows with conflicts, not with items.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, islice
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue
from alignment.conflicts import cells, tightness
from alignment.conflicts.batches import Batch, Bools, Floats, Ints, batches
from alignment.conflicts.bounds import Bounds, bounds_of, is_tighter
from alignment.conflicts.distances import Distances
from alignment.conflicts.endings import Pieces, pieces
from alignment.conflicts.gaps import gaps
from alignment.conflicts.implied import Implied, Judge
from alignment.conflicts.line import Frame, Line, frame_of, leans_on_range
from alignment.conflicts.nearness import Slacks
from alignment.conflicts.pairs import Envelope, Members, envelope, hits
from alignment.conflicts.positions import FAR, Positions, positions
from alignment.conflicts.tightness import Quantile, Room
from alignment.initiative.models import Lever


@dataclass
class Found:
    """A minimal conflict while the pass goes on: items by number, their gaps, what is at stake, and whether the
    lever's range
    or lattice is needed for it on some item."""

    rows: list[NDArray[np.int32]] = field(default_factory=list)
    gaps: list[Floats] = field(default_factory=list)
    stakes: list[float] = field(default_factory=list)
    by_domain: bool = False

    @property
    def stake(self) -> float:
        return math.fsum(self.stakes)

    def add(self, other: Found) -> None:
        """The same conflict on other items."""
        self.rows += other.rows
        self.gaps += other.gaps
        self.stakes += other.stakes
        self.by_domain |= other.by_domain

    def in_order(self) -> None:
        """Batches in the order of the catalogue, whichever thread came first."""
        order = sorted(range(len(self.rows)), key=lambda i: int(self.rows[i][0]))
        self.rows, self.gaps = [self.rows[i] for i in order], [self.gaps[i] for i in order]


@dataclass
class Sweep:
    """What one pass found. Counts are by rule of the line; `infeasible` marks items without a value by hard rules.

    leaning: rules whose form leans on the lever's range; what they allow outside it is not asked here (see `freely`).
    in_sql: rules that SQL compares with today's value, which may be too near a bound for doubles. Of rules that lean
    on the
    range, values out of it are left to SQL too. unsure: items, by number, that only
    fractions decide; they are in no conflict, nor in `rooms` and `implied`. not_laid_out: some items were passed over
    because
    their endings have too long a period. strays: is today's value out of the range on some item?
    """

    line: Line
    leaning: frozenset[int]
    conflicts: dict[Members, Found]
    in_scope: Ints
    unknown: Ints
    violated: Ints
    in_sql: Bools
    rooms: list[Room]
    implied: Implied
    slacks: Slacks
    distances: Distances
    infeasible: Bools
    focus: int | None = None
    unsure: list[int] = field(default_factory=list)
    complete: bool = True
    not_laid_out: bool = False
    strays: bool = False

    @property
    def bounded(self) -> bool:
        return self.line.lever.minimum is not None and self.line.lever.maximum is not None

    def possible(self) -> Bools:
        """Pairs of a floor and a ceiling, by row, that did not clash and whose rules are in no conflict alone."""
        floors, ceilings = tuple(self.line.floors), tuple(self.line.ceilings)
        alone = {members[0] for members in self.conflicts if len(members) == 1}
        found = np.zeros((len(floors), len(ceilings)), bool)
        for f, r in enumerate(floors):
            for c, s in enumerate(ceilings):
                pair = (min(r, s), max(r, s))
                found[f, c] = r != s and r not in alone and s not in alone and pair not in self.conflicts
        return found


def sweep(line: Line, catalogue: Catalogue, focus: int | None = None) -> Sweep:
    """Runs the pass: the first batch alone, which the guesses of medians come from, then the rest in two threads.

    focus: a rule, by number, of which alone conflicts, scope, missing and broken items are wanted; the rest is left
    out.
    """
    found = empty(line, catalogue)
    found.focus = focus
    stream = batches(catalogue, line.numbers, line.flags)
    for batch in stream:
        _one_batch(found, batch)
        break
    rest = list(islice(stream, 1))
    if not rest:
        return found
    shares = [found, _beginning(found, catalogue)]
    todo = _Shared(chain(rest, stream))
    with ThreadPoolExecutor(len(shares)) as pool:
        for done in [pool.submit(_work, share, todo) for share in shares]:
            done.result()
    _merge(found, shares[1])
    return found


class _Shared:
    """A stream of batches that several threads take from, one at a time."""

    def __init__(self, stream: Iterator[Batch]) -> None:
        self._stream, self._lock = stream, Lock()

    def next(self) -> Batch | None:
        with self._lock:
            return next(self._stream, None)


def _work(share: Sweep, todo: _Shared) -> None:
    while (batch := todo.next()) is not None:
        _one_batch(share, batch)


def _beginning(found: Sweep, catalogue: Catalogue) -> Sweep:
    """An empty pass that knows what the first batch told: guesses of medians, and what is not possible any more."""
    share = empty(found.line, catalogue)
    share.focus = found.focus
    for room, like in zip(share.rooms, found.rooms, strict=True):
        room.median.within = like.median.within
    share.implied = Implied(
        found.implied.by.copy(), found.implied.never_binds.copy(), found.implied.by_domain.copy(), share.implied.known
    )
    share.slacks = Slacks(found.slacks.least.copy())
    share.infeasible = found.infeasible
    return share


def _merge(found: Sweep, other: Sweep) -> None:
    """Adds what another thread found on other items."""
    for members, entry in other.conflicts.items():
        found.conflicts.setdefault(members, Found()).add(entry)
    for entry in found.conflicts.values():
        entry.in_order()
    for mine, more in zip(found.rooms, other.rooms, strict=True):
        mine.add(more)
    found.in_scope += other.in_scope
    found.unknown += other.unknown
    found.violated += other.violated
    found.in_sql |= other.in_sql
    found.implied.add(other.implied)
    found.slacks.add(other.slacks)
    found.distances.add(other.distances)
    found.unsure = sorted([*found.unsure, *other.unsure])
    found.complete &= other.complete
    found.not_laid_out |= other.not_laid_out
    found.strays |= other.strays


def empty(line: Line, catalogue: Catalogue) -> Sweep:
    """A pass before its first item."""
    r = len(line.rules)
    leaning = frozenset(m for m, rule in enumerate(line.rules) if leans_on_range(rule, line.lever))
    in_sql = np.full(r, not _today_on_grid(line))
    hard = np.array([rule.hard for rule in line.rules])
    slacks = Slacks(np.full((len(line.floors), len(line.ceilings)), np.inf))
    in_scope, unknown, violated = (np.zeros(r, np.int64) for _ in range(3))
    rooms, nothing_yet = [Room() for _ in range(r)], np.zeros(catalogue.rows, bool)
    return Sweep(
        line, leaning, {}, in_scope, unknown, violated, in_sql, rooms, Implied.at_start(hard), slacks,
        Distances.at_start(line), nothing_yet,
    )  # fmt: skip


def _today_on_grid(line: Line) -> bool:
    return line.whole and line.today_grid is not None and line.partial_grid % line.today_grid == 0


def _one_batch(found: Sweep, batch: Batch) -> None:
    line = found.line
    bounds = bounds_of(line, batch)
    in_union = _in_unions(line, batch)
    if found.focus is not None:
        _one_rule(found, batch, bounds, in_union)
        return
    union = _Union(found, batch, np.flatnonzero(in_union)) if line.unions else None
    unsure = bounds.unsure if union is None else bounds.unsure | union.unsure(batch.size)
    found.unsure += (batch.start + np.flatnonzero(unsure)).tolist()
    _count(found, batch, bounds, unsure)
    around = envelope(bounds)
    _intervals(found, batch, bounds, around, ~in_union & ~unsure)
    found.distances.take(bounds, around)
    found.slacks.take(bounds, found.possible(), around)
    if union is not None:
        union.conflicts(~unsure)
        union.rooms(~unsure)
    unknown = _unknown(line, batch)
    for r, marks in unknown.items():
        found.unknown[r] += np.count_nonzero(marks)
    found.implied.take(_judge(line, batch, bounds, unknown, unsure, union))


def _one_rule(found: Sweep, batch: Batch, bounds: Bounds, in_union: Bools) -> None:
    """A batch as far as the rule in focus is concerned."""
    line, focus = found.line, found.focus
    assert focus is not None
    scope = batch.holds(line.scopes[focus])
    union = _Union(found, batch, np.flatnonzero(in_union & scope)) if line.unions else None
    unsure = bounds.unsure if union is None else bounds.unsure | union.unsure(batch.size)
    found.unsure += (batch.start + np.flatnonzero(unsure & scope)).tolist()
    found.in_scope[focus] += np.count_nonzero(scope)
    found.unknown[focus] += np.count_nonzero(_unknown(line, batch, focus).get(focus, False))
    found.strays |= _is_astray(line, batch)
    if focus < len(line.intervals):
        _count_broken(found, bounds, focus)
    found.in_sql |= bounds.unsure.any()
    _intervals(found, batch, bounds, envelope(bounds), scope & ~in_union & ~unsure)
    if union is not None:
        union.conflicts(~unsure)


def _judge(
    line: Line, batch: Batch, bounds: Bounds, unknown: dict[int, Bools], unsure: Bools, union: _Union | None
) -> Judge:
    """The batch as `implied` sees it."""
    sure = ~unsure if unsure.any() else None

    def known(r: int) -> Bools | None:
        """In scope, sure, and not NULL on an interval; None where that holds for all items."""
        tests = [] if line.scopes[r] == "true" else [batch.holds(line.scopes[r])]
        tests += [] if r not in unknown else [~unknown[r]]
        tests += [] if sure is None else [sure]
        return None if not tests else np.logical_and.reduce(tests)

    hard = np.array([rule.hard for rule in line.rules])
    unions = frozenset(range(len(line.intervals), len(line.rules)))
    surely = cache(lambda s, r: is_tighter(line, batch, s, r))
    return Judge(bounds, hard, cache(known), surely, unions, None if union is None else union.allows_no_more)


def _in_unions(line: Line, batch: Batch) -> Bools:
    found = np.zeros(batch.size, bool)
    for sql in line.scopes[len(line.intervals) :]:
        found |= batch.holds(sql)
    return found


# Counts


def _count(found: Sweep, batch: Batch, bounds: Bounds, unsure: Bools) -> None:
    line = found.line
    found.strays |= _is_astray(line, batch)
    sure = None if not unsure.any() else ~unsure
    unit = None if not found.bounded else 1.0 if line.whole else float(bounds.scale)
    for r, sql in enumerate(line.scopes):
        found.in_scope[r] += batch.size if sql == "true" else np.count_nonzero(batch.holds(sql))
    for r in range(len(line.intervals)):
        scope = None if line.scopes[r] == "true" else batch.holds(line.scopes[r])
        if sure is not None:
            scope = sure if scope is None else scope & sure
        tightness.take(found.rooms[r], bounds, r, scope, unit)
        _count_broken(found, bounds, r)
    if bounds.unsure.any():
        found.in_sql[:] = True


def _is_astray(line: Line, batch: Batch) -> bool:
    """Is today's value out of the range on some item of a batch, or nearly?"""
    if line.today is None or line.today.sql is None:
        return False
    least, greatest = batch.span(line.today.sql)
    low, high = line.lever.minimum, line.lever.maximum
    hair = 1e-6 * max(1.0, abs(least), abs(greatest))
    return (low is not None and least < float(low) + hair) or (high is not None and greatest > float(high) - hair)


def _count_broken(found: Sweep, bounds: Bounds, rule: int) -> None:
    if found.in_sql[rule] or found.line.today is None:
        return
    broken = _broken(bounds, rule)
    if rule in found.leaning:
        broken &= (bounds.today >= bounds.low) & (bounds.today <= bounds.high)
    found.violated[rule] += np.count_nonzero(broken)


def _broken(bounds: Bounds, rule: int) -> Bools:
    """Items whose value today a rule forbids."""
    f, c = bounds.floors.row_of(rule), bounds.ceilings.row_of(rule)
    with np.errstate(invalid="ignore"):
        below = None if f is None else bounds.today < bounds.floors.ends[f]
        above = None if c is None else bounds.today > bounds.ceilings.ends[c]
    found = np.zeros(bounds.size, bool)
    for side in (below, above):
        if side is not None:
            found |= side
    return found


def _unknown(line: Line, batch: Batch, only: int | None = None) -> dict[int, Bools]:
    """By rule that may be NULL on an interval of the lever, the items on which it is; of one rule only where wanted."""
    found: dict[int, Bools] = {}
    for r, sql in enumerate(line.unknowns):
        if sql == "false" or (only is not None and r != only):
            continue
        marks = batch.holds(sql)
        if r in line.doubts and marks.any():
            rows = np.flatnonzero(marks)
            marks = np.zeros(batch.size, bool)
            marks[rows] = cells.forbids_stretch(line.doubts[r], batch, rows)
        found[r] = marks
    return found


# Conflicts of intervals


def _intervals(found: Sweep, batch: Batch, bounds: Bounds, around: Envelope, among: Bools) -> None:
    if not found.line.intervals:
        return
    stuck = (around.top > around.bottom) & among
    if found.focus is not None:
        stuck &= _meets(bounds, found.focus, around)
    rows = np.flatnonzero(stuck)
    if not len(rows):
        return
    for hit in hits(bounds, rows):
        if found.focus is not None and found.focus not in hit.members:
            continue
        told = len(hit.members) > 1 or hit.members[0] not in found.leaning
        _record(found, batch, hit.members, hit.rows, hit.gaps, hit.by_domain and told)
    hard = found.line.rules
    if all(rule.hard for rule in found.line.intervals):
        found.infeasible[batch.start + rows] = True
        return
    around = envelope(bounds, lambda rule: hard[rule].hard)
    found.infeasible[batch.start + rows[around.top[rows] > around.bottom[rows]]] = True


def _meets(bounds: Bounds, rule: int, around: Envelope) -> Bools:
    """Items on which a rule is above the least ceiling or below the greatest floor."""
    f, c = bounds.floors.row_of(rule), bounds.ceilings.row_of(rule)
    found = np.zeros(bounds.size, bool)
    if f is not None:
        found |= bounds.floors.inside(f) > around.bottom
    if c is not None:
        found |= bounds.ceilings.inside(c) < around.top
    return found


def _record(found: Sweep, batch: Batch, members: Members, rows: Ints, gap: Floats, by_domain: bool) -> None:
    entry = found.conflicts.setdefault(members, Found())
    entry.rows.append((batch.start + rows).astype(np.int32))
    entry.gaps.append(gap)
    entry.stakes.append(float(batch.value[rows].sum()))
    entry.by_domain |= by_domain


# Unions


class _Union:
    """The items of a batch that are in scope of a rule that is a union, as cells of their line."""

    def __init__(self, found: Sweep, batch: Batch, rows: Ints) -> None:
        self.found, self.batch, self.rows, self.line = found, batch, rows, found.line
        self.frame: Frame = frame_of(found.line, batch, rows)
        self.at: Positions = positions(self.frame, found.line)
        self.ends = pieces(found.line, self.at)
        smooth = replace(found.line, lever=found.line.lever.model_copy(update={"step": None}))
        self.open_at = self.at if self.at.step is None else positions(self.frame, smooth)
        self.opened: Pieces | None = pieces(smooth, self.open_at)
        self.place = np.full(batch.size, -1)
        self.place[rows] = np.arange(len(rows))
        if self.ends is None and len(rows):
            found.complete, found.not_laid_out = False, True

    def unsure(self, size: int) -> Bools:
        marks = np.zeros(size, bool)
        marks[self.rows[self.at.unsure]] = True
        return marks

    def _outside(self, rows: Ints) -> Bools:
        return ~self.frame.in_scope[rows][:, len(self.line.intervals) :]

    def conflicts(self, sure: Bools) -> None:
        rows = np.flatnonzero(sure[self.rows])
        if self.ends is None or not len(rows):
            return
        given = self.frame.givens[rows]
        bad = rows[cells.infeasible(self.line, self.at.take(rows), given, self.ends, self._outside(rows))]
        if not len(bad):
            return
        soft = sum(1 << i for i, rule in enumerate(self.line.rules) if not rule.hard)
        together: dict[int, list[Ints]] = {}
        for pattern in cells.patterns(
            self.line, self.at.take(bad), self.frame.givens[bad], self.ends, self._outside(bad)
        ):
            self.found.complete &= pattern.complete
            for bits in pattern.conflicts:
                if self.found.focus is not None and not bits >> self.found.focus & 1:
                    continue
                together.setdefault(bits, []).append(bad[pattern.rows])
            if any(bits & soft == 0 for bits in pattern.conflicts):
                self.found.infeasible[self.batch.start + self.rows[bad[pattern.rows]]] = True
        for bits, parts in sorted(together.items()):
            members = tuple(i for i in range(len(self.line.rules)) if bits >> i & 1)
            self._record(members, np.sort(np.concatenate(parts)))

    def _record(self, members: Members, rows: Ints) -> None:
        gap = gaps(self.line, self.frame, self.open_at, members, rows)
        entry = self.found.conflicts.get(members)
        by_domain = entry is None or not entry.by_domain
        if by_domain and all(m < len(self.line.intervals) for m in members) and len(members) > 1:
            by_domain = self._overlap(members, rows)
        elif by_domain:
            by_domain = not self.found.leaning & set(members) and self._meet_freely(members, rows)
        _record(self.found, self.batch, members, self.rows[rows], gap, by_domain)

    def _overlap(self, members: Members, rows: Ints) -> bool:
        """Would intervals that each leave some of the range overlap on some of the items, were there no lattice?"""
        chosen = np.ix_(rows, np.array(members))
        return bool((self.open_at.first[chosen].max(axis=1) <= self.open_at.last[chosen].min(axis=1)).any())

    def _meet_freely(self, members: Members, rows: Ints) -> bool:
        """Could the members hold together on some of the items if the lever had no range and no lattice?"""
        if self.at.domain == (-FAR, FAR) and self.at.step is None:
            return False
        free = replace(self.line, lever=Lever(name=self.line.lever.name))
        at = positions(self.frame, free).take(rows)
        ends = pieces(free, at)
        if ends is None:
            return False
        given = self.frame.givens[rows]
        return any(
            bool((exists & ~rules[:, :, list(members)].any(axis=2)).any())
            for _, exists, rules in cells.forbidden(free, at, given, ends, self._outside(rows))
        )

    def rooms(self, sure: Bools) -> None:
        """What each union rule leaves alone on the items in its scope."""
        n = len(self.line.intervals)
        for r in range(n, len(self.line.rules)):
            rows = np.flatnonzero(sure[self.rows] & self.frame.in_scope[:, r])
            if self.ends is None or not len(rows):
                continue
            room, givens = self.found.rooms[r], self.frame.givens[rows]
            values = cells.room(self.line, self.at.take(rows), givens, self.ends, r)
            room.cramped += int(np.count_nonzero(values <= 1))
            if self.found.bounded and self.opened is not None:
                width = cells.length(self.line, self.open_at.take(rows), givens, self.opened, r).astype(float)
                width = width if self.line.whole else width / self.open_at.scale
                room.total += float(width.sum())
                room.median.take(width)

    def allows_no_more(self, s: int | None, r: int, rows: Ints) -> Bools:
        """Items, by row of the batch, on which rule s (None: the range) allows only what rule r does; not where
        untold."""
        if self.ends is None:
            return np.zeros(len(rows), bool)
        places = self.place[rows]
        return cells.allows_no_more(self.line, self.at.take(places), self.frame.givens[places], self.ends, s, r)


def rooms_again(found: Sweep, medians: dict[int, Quantile], catalogue: Catalogue) -> None:
    """Passes over the catalogue once more for the medians of some rules, and puts them in place."""
    more = empty(found.line, catalogue)
    for r, median in medians.items():
        more.rooms[r].median = median
    passed_over = np.array(found.unsure, np.int64)
    for batch in batches(catalogue, found.line.numbers, found.line.flags):
        marks = np.zeros(batch.size, bool)
        here = passed_over - batch.start
        marks[here[(here >= 0) & (here < batch.size)]] = True
        _count(more, batch, bounds_of(found.line, batch), marks)
        if found.line.unions:
            _Union(more, batch, np.flatnonzero(_in_unions(found.line, batch))).rooms(~marks)
    for r, median in medians.items():
        for width in found.rooms[r].apart:
            median.take(width)
        found.rooms[r].median = median
