"""Rules that change nothing: on every item where they are known, another hard rule or the lever's range allows no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alignment.conflicts.batches import Bools, Floats, Ints
from alignment.conflicts.bounds import Bounds

FIRST = 1024

Inside = Callable[[int, int, Ints], Bools]


@dataclass
class Implied:
    """What is still possible after the items seen so far, by rule: R by R, which rules imply which; R, which never bind.

    by_domain: whether the range alone allows no more. known: items in scope on which a rule is known.
    """

    by: Bools
    never_binds: Bools
    by_domain: Bools
    known: Ints

    @classmethod
    def at_start(cls, hard: Bools) -> Implied:
        n = len(hard)
        return cls(np.tile(hard, (n, 1)) & ~np.eye(n, dtype=bool), np.ones(n, bool), np.ones(n, bool), np.zeros(n, np.int64))

    def take(self, known: Bools, judge: Judge) -> None:
        """known: R by N. judge: tells on which items one rule allows no more than another, or the range no more than a rule."""
        self.known += known.sum(axis=1)
        for rows in _blocks(known.shape[1]):
            for r in np.flatnonzero(self.never_binds | self.by_domain | self.by.any(axis=1)):
                self._one(int(r), known, rows, judge)

    def _one(self, r: int, known: Bools, rows: Ints, judge: Judge) -> None:
        rows = rows[known[r, rows]]
        if not len(rows):
            return
        free = judge.by_domain(r, rows)
        self.by_domain[r] &= bool(free.all())
        done = free.copy()
        for s in np.flatnonzero(self.by[r] if not self.never_binds[r] else judge.hard):
            if s == r:
                continue
            inside = known[s, rows] & (free | judge.inside(int(s), r, rows))
            self.by[r, s] &= bool(inside.all())
            done |= inside
        self.never_binds[r] &= bool(done.all())


def _blocks(n: int) -> list[Ints]:
    """A few items first: most rules are seen to bind on these."""
    return [rows for rows in (np.arange(min(n, FIRST)), np.arange(FIRST, n)) if len(rows)]


@dataclass(frozen=True)
class Judge:
    """inside(s, r, rows): where rule s allows, within the range, only what r does. by_domain(r, rows): where all is allowed."""

    hard: Bools
    inside: Inside
    by_domain: Callable[[int, Ints], Bools]


def interval_judge(bounds: Bounds, hard: Bools) -> Judge:
    """For interval rules, by their ends."""

    def span(rule: int, rows: Ints) -> tuple[Floats | float, Floats | float]:
        f, c = bounds.floors.row_of(rule), bounds.ceilings.row_of(rule)
        low = bounds.first if f is None else np.maximum(bounds.floors.inside[f, rows], bounds.first)
        high = bounds.last if c is None else np.minimum(bounds.ceilings.inside[c, rows], bounds.last)
        empty = np.asarray((low > high) | np.isposinf(low))
        if empty.any():
            low, high = np.where(empty, np.inf, low), np.where(empty, -np.inf, high)
        return low, high

    def inside(s: int, r: int, rows: Ints) -> Bools:
        (low, high), (first, last) = span(s, rows), span(r, rows)
        return np.broadcast_to(np.asarray((low >= first) & (high <= last)), (len(rows),))

    def by_domain(r: int, rows: Ints) -> Bools:
        first, last = span(r, rows)
        return np.broadcast_to(np.asarray((first <= bounds.first) & (last >= bounds.last)), (len(rows),))

    return Judge(hard, inside, by_domain)
