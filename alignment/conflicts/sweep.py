"""One pass over the catalogue for one lever: every minimal conflict with its items, and what each rule does.

Items touched by rules that are intervals only are decided by their ends (see `pairs`); those in scope of a rule that
is a union are cut into cells (see `cells`). What is kept grows with conflicts, beside one interval for each item.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain, islice
from threading import Lock

import numpy as np

from alignment.catalogue.reading import Catalogue
from alignment.conflicts import cells, tightness
from alignment.conflicts.batches import Batch, Bools, Ints, batches
from alignment.conflicts.bounds import Bounds, bounds_of, is_tighter
from alignment.conflicts.implied import Judge
from alignment.conflicts.line import Line
from alignment.conflicts.pairs import Envelope, come_near, envelope, hits
from alignment.conflicts.swept import Found, Sweep, beginning, empty, merge, record
from alignment.conflicts.tightness import Quantile
from alignment.conflicts.unions import Union

AT_ONCE = 8_192
FIRST = 1_024


def sweep(line: Line, catalogue: Catalogue, focus: int | None = None) -> Sweep:
    """Runs the pass: the first batch alone, which the guesses of medians come from, then the rest in two threads.

    focus: a rule, by number, of which alone conflicts, scope, missing and broken items are wanted; the rest is left
    out.
    """
    found = empty(line, catalogue)
    found.focus = focus
    stream = batches(catalogue, line.numbers, line.flags)
    for batch in stream:
        one_batch(found, batch)
        break
    rest = list(islice(stream, 1))
    if not rest:
        return found
    shares = [found, beginning(found, catalogue)]
    todo = _Shared(chain(rest, stream))
    with ThreadPoolExecutor(len(shares)) as pool:
        for done in [pool.submit(_work, share, todo) for share in shares]:
            done.result()
    merge(found, shares[1])
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
        one_batch(share, batch)


def one_batch(found: Sweep, batch: Batch) -> None:
    """Adds a batch of items to a pass."""
    line = found.line
    bounds = bounds_of(line, batch)
    in_union = _in_unions(line, batch)
    if found.focus is not None:
        _one_rule(found, batch, bounds, in_union)
        return
    union = Union(found, batch, np.flatnonzero(in_union)) if line.unions else None
    unsure = bounds.unsure if union is None else bounds.unsure | union.unsure(batch.size)
    found.unsure += (batch.start + np.flatnonzero(unsure)).tolist()
    _count(found, batch, bounds, unsure)
    around = envelope(bounds)
    stuck = np.flatnonzero((around.top > around.bottom) & ~in_union & ~unsure)
    _intervals(found, batch, bounds, stuck)
    _keep(found, batch, bounds, around, in_union | unsure)
    _measure(found, bounds, around, stuck)
    if union is not None:
        union.conflicts(~unsure)
        union.rooms(~unsure)
    unknown = _unknown(line, batch)
    for r, marks in unknown.items():
        found.unknown[r] += np.count_nonzero(marks)
    found.implied.take(_judge(line, batch, bounds, unknown, unsure, union))


def _keep(found: Sweep, batch: Batch, bounds: Bounds, around: Envelope, open_: Bools) -> None:
    """Notes what the interval rules leave of the range on each item; nothing where that is not all there is to know."""
    here = slice(batch.start, batch.start + batch.size)
    found.floor[here] = np.where(open_, np.inf, np.maximum(around.floor, bounds.low) / bounds.scale)
    found.ceiling[here] = np.where(open_, -np.inf, np.minimum(around.ceiling, bounds.high) / bounds.scale)


def _one_rule(found: Sweep, batch: Batch, bounds: Bounds, in_union: Bools) -> None:
    """A batch as far as the rule in focus is concerned."""
    line, focus = found.line, found.focus
    assert focus is not None
    scope = batch.holds(line.scopes[focus])
    union = Union(found, batch, np.flatnonzero(in_union & scope)) if line.unions else None
    unsure = bounds.unsure if union is None else bounds.unsure | union.unsure(batch.size)
    found.unsure += (batch.start + np.flatnonzero(unsure & scope)).tolist()
    found.in_scope[focus] += np.count_nonzero(scope)
    found.unknown[focus] += np.count_nonzero(_unknown(line, batch, focus).get(focus, False))
    found.strays |= _is_astray(line, batch)
    if focus < len(line.intervals):
        _count_broken(found, bounds, focus)
    found.in_sql |= bounds.unsure.any()
    around = envelope(bounds)
    stuck = (around.top > around.bottom) & scope & ~in_union & ~unsure
    _intervals(found, batch, bounds, np.flatnonzero(stuck & _meets(bounds, focus, around)))
    if union is not None:
        union.conflicts(~unsure)


def _judge(
    line: Line, batch: Batch, bounds: Bounds, unknown: dict[int, Bools], unsure: Bools, union: Union | None
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


def _intervals(found: Sweep, batch: Batch, bounds: Bounds, stuck: Ints) -> None:
    """Adds the conflicts of items, by row, that interval rules leave nothing."""
    all_hard = all(rule.hard for rule in found.line.intervals)
    for rows in _in_blocks(stuck):
        block = bounds.take(rows)
        for hit in hits(block, _wanted(found, block)):
            if found.focus is not None and found.focus not in hit.members:
                continue
            told = len(hit.members) > 1 or hit.members[0] not in found.leaning
            record(found, batch, hit.members, rows[hit.rows], hit.gaps, hit.by_domain and told)
        if not all_hard:
            around = envelope(block, lambda rule: found.line.rules[rule].hard)
            rows = rows[around.top > around.bottom]
        found.infeasible[batch.start + rows] = True


def _wanted(found: Sweep, block: Bounds) -> Bools:
    """Pairs of a floor and a ceiling, F by C, that may clash on some items."""
    if found.focus is None:
        return come_near(block, found.distances.take(block))
    floors, ceilings = (np.array(side.rules, int) == found.focus for side in (block.floors, block.ceilings))
    return np.asarray(floors[:, None] | ceilings)


def _measure(found: Sweep, bounds: Bounds, around: Envelope, seen: Ints) -> None:
    """Adds to the distances the items not seen yet on which a floor and a ceiling are apart, or as near as matters."""
    possible, unseen = found.possible(), np.ones(bounds.size, bool)
    unseen[seen] = False
    for part in (slice(0, FIRST), slice(FIRST, bounds.size)):
        floor, ceiling = around.floor[part], around.ceiling[part]
        with np.errstate(invalid="ignore"):
            wanted = floor >= ceiling - (found.distances.reach(possible) * bounds.scale + 1.0)
        wanted |= (floor > bounds.high) | (ceiling < bounds.low)
        for rows in _in_blocks(np.flatnonzero(wanted & unseen[part]) + part.start):
            found.distances.take(bounds.take(rows))


def _in_blocks(rows: Ints) -> Iterator[Ints]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))


def _meets(bounds: Bounds, rule: int, around: Envelope) -> Bools:
    """Items on which a rule is above the least ceiling or below the greatest floor."""
    f, c = bounds.floors.row_of(rule), bounds.ceilings.row_of(rule)
    found = np.zeros(bounds.size, bool)
    if f is not None:
        found |= bounds.floors.inside(f) > around.bottom
    if c is not None:
        found |= bounds.ceilings.inside(c) < around.top
    return found


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
            Union(more, batch, np.flatnonzero(_in_unions(found.line, batch))).rooms(~marks)
    for r, median in medians.items():
        for width in found.rooms[r].apart:
            median.take(width)
        found.rooms[r].median = median


__all__ = ["Found", "Sweep", "empty", "one_batch", "rooms_again", "sweep"]
