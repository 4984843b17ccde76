"""Rules that change nothing: on every item where they are known, another hard rule or the lever's range allows no
more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from alignment.conflicts.batches import Bools, Floats, Ints
from alignment.conflicts.bounds import Bounds

FIRST = 512

Known = Callable[[int], Bools | None]
Surely = Callable[[int, int], bool]
Among = Callable[[int | None, int, Ints], Bools]


@dataclass
class Implied:
    """What is still possible after the items seen so far, by rule: R by R, which rules imply which; R, which never
    bind.

    by_domain: whether the range alone allows no more. known: items in scope on which a rule is known.
    """

    by: Bools
    never_binds: Bools
    by_domain: Bools
    known: Ints

    @classmethod
    def at_start(cls, hard: Bools) -> Implied:
        n = len(hard)
        return cls(
            np.tile(hard, (n, 1)) & ~np.eye(n, dtype=bool), np.ones(n, bool), np.ones(n, bool), np.zeros(n, np.int64)
        )

    def take(self, judge: Judge) -> None:
        """Adds a batch: a few items first, on which most rules are seen to bind, then the rest."""
        is_first = not self.known.any()
        for rule in range(len(self.known)):
            self.known[rule] += judge.count(rule)
        parts = (slice(0, FIRST), slice(FIRST, judge.size)) if is_first else (slice(0, judge.size),)
        for rows in parts:
            spans = judge.spans(rows)
            for r in np.flatnonzero(self.never_binds | self.by_domain | self.by.any(axis=1)):
                self._one(int(r), spans)

    def add(self, other: Implied) -> None:
        """What is possible on other items too."""
        self.by &= other.by
        self.never_binds &= other.never_binds
        self.by_domain &= other.by_domain
        self.known += other.known

    def _one(self, r: int, spans: Spans) -> None:
        """One rule against the others; of those that imply it so far, each is looked at, of the rest only as many as
        needed."""
        told = [int(s) for s in np.flatnonzero(self.by[r]) if not spans.judge.surely(int(s), r)]
        settled = len(told) < np.count_nonzero(self.by[r])
        never_binds = bool(self.never_binds[r]) and not settled
        free = spans.free(r) if self.by_domain[r] or never_binds else None
        if self.by_domain[r]:
            self.by_domain[r] = bool(np.all(free))
        left = ~free if never_binds and free is not None else None
        for s in told:
            inside = spans.inside(s, r)
            self.by[r, s] = bool(inside.all())
            if left is not None:
                left &= ~inside
        if left is None:
            return
        for other in np.flatnonzero(spans.hard):
            if not left.any():
                break
            if other != r:
                left &= ~spans.inside(int(other), r)
        self.never_binds[r] = not left.any()


@dataclass(frozen=True)
class Judge:
    """A batch as the question sees it. known: by rule, the items in scope on which it is known, None for all.

    surely: whether rule s allows only what rule r does on all items on which r is known, told without looking at them;
    false where that does not tell.

    unions: numbers of the rules that are no interval; asked by `among`: on which of some items rule s (None: the
    range) allows
    no more than rule r, where s or r is one of these.
    """

    bounds: Bounds
    hard: Bools
    known: Known
    surely: Surely = lambda s, r: False
    unions: frozenset[int] = frozenset()
    among: Among | None = None

    @property
    def size(self) -> int:
        return self.bounds.size

    def count(self, r: int) -> int:
        known = self.known(r)
        return self.size if known is None else int(np.count_nonzero(known))

    def spans(self, rows: slice) -> Spans:
        return Spans(self, rows)


class Spans:
    """What interval rules allow on some items of a batch within the range, as their first and last positions."""

    def __init__(self, judge: Judge, rows: slice) -> None:
        self.judge, self.rows, self.hard = judge, rows, judge.hard
        self.size = len(range(judge.size)[rows])
        self.span, self.asked, self.answering = cache(self._span), cache(self._asked), cache(self._answering)

    def _span(self, rule: int) -> tuple[Floats | None, Floats | None]:
        """First and last position; None where that is the range's own end. Nothing at all is inf to -inf."""
        bounds = self.judge.bounds
        f, c = bounds.floors.row_of(rule), bounds.ceilings.row_of(rule)
        low = None if f is None else np.maximum(bounds.floors.inside(f, self.rows), bounds.first)
        high = None if c is None else np.minimum(bounds.ceilings.inside(c, self.rows), bounds.last)
        empty = (bounds.first if low is None else low) > (bounds.last if high is None else high)
        if low is not None and np.isinf(bounds.last):
            empty = empty | (low == np.inf)
        if not np.any(empty):
            return low, high
        return (
            np.where(empty, np.inf, bounds.first if low is None else low),
            np.where(empty, -np.inf, bounds.last if high is None else high),
        )

    def _asked(self, r: int) -> tuple[Floats | None, Floats | None]:
        """The span of a rule that may be implied, without limits on the items where it is not known."""
        low, high = self.span(r)
        known = self.judge.known(r)
        if known is None:
            return low, high
        here = known[self.rows]
        return None if low is None else np.where(here, low, -np.inf), None if high is None else np.where(
            here, high, np.inf
        )

    def _answering(self, s: int) -> tuple[Floats | None, Floats | None]:
        """The span of a rule that may imply others, NaN, which is inside nothing, on the items where it is not
        known."""
        low, high = self.span(s)
        known = self.judge.known(s)
        if known is None or known[self.rows].all():
            return low, high
        bounds, here = self.judge.bounds, known[self.rows]
        return (
            np.where(here, bounds.first if low is None else low, np.nan),
            np.where(here, bounds.last if high is None else high, np.nan),
        )

    def free(self, r: int) -> Bools:
        """Items on which a rule allows the whole range, or is not known."""
        if r in self.judge.unions:
            return self._of_union(None, r)
        low, high = self.asked(r)
        found = np.ones(self.size, bool)
        if low is not None:
            found &= low <= self.judge.bounds.first
        if high is not None:
            found &= high >= self.judge.bounds.last
        return found

    def inside(self, s: int, r: int) -> Bools:
        """Items on which rule s allows only what rule r does, or r is not known."""
        if s in self.judge.unions or r in self.judge.unions:
            return self._of_union(s, r)
        (low, high), (first, last) = self.asked(r), self.answering(s)
        bounds = self.judge.bounds
        found: Bools | None = None
        if low is not None:
            found = np.asarray((bounds.first if first is None else first) >= low)
        if high is not None:
            below = np.asarray((bounds.last if last is None else last) <= high)
            found = below if found is None else found & below
        if found is None:
            found = self._known(s)
        return found if self.judge.known(r) is None else found | ~self._known(r)

    def _known(self, rule: int) -> Bools:
        known = self.judge.known(rule)
        return np.ones(self.size, bool) if known is None else known[self.rows]

    def _of_union(self, s: int | None, r: int) -> Bools:
        assert self.judge.among is not None
        asked = self._known(r) if s is None else self._known(r) & self._known(s)
        found = ~self._known(r)
        rows = np.flatnonzero(asked)
        if len(rows):
            found[rows] = self.judge.among(s, r, rows + (self.rows.start or 0))
        return found
