"""Moves a point towards satisfying every row, one slot of each question at a time; many questions side by side.

The slot that moves is the one whose move lowers the total excess most; ladders keep their order by the neighbours'
values.
A hint only: what comes out is checked by whoever asked.
"""

from __future__ import annotations

import numpy as np

from alignment.conflicts.coupled.bounds import beyond
from alignment.conflicts.coupled.totals import values_at
from alignment.conflicts.coupled.verdicts import Batch, Judge
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints

MOST_MOVES = 250
BEYOND = 1e-9


def descended(judge: Judge, batch: Batch, point: Floats, wanted: Bools) -> Floats:
    """The point after moves that lower the excess of its rows; wanted: questions to work on."""
    point = point.copy()
    entries, which = judge.entries(batch.others)
    if not len(entries):
        return point
    work = _Work(judge, batch, entries, which)
    active = wanted.copy()
    for _ in range(MOST_MOVES):
        value, excess = work.excess(point)
        worst = work.worst(excess, active)
        active &= worst >= 0
        if not active.any():
            break
        proposal = work.proposals(point, value, excess, worst)
        chosen = work.best(point, value, excess, proposal)
        active &= chosen >= 0
        moved = chosen[active]
        point[moved] = proposal[moved]
    return point


class _Work:
    """What stays the same between moves: entries, sizes of rows, who has which slot."""

    def __init__(self, judge: Judge, batch: Batch, entries: Ints, which: Ints) -> None:
        self.judge, self.batch, self.entries, self.which = judge, batch, entries, which
        rows = judge.model.rows
        self.at = batch.place[rows.entry_slot[entries]]
        self.factor = rows.entry_factor[entries]
        self.piece = rows.entry_piece[entries]
        self.bound = rows.bound[batch.others]
        self.strict = rows.strict[batch.others]
        self.questions = len(batch.questions)
        self.some = rows.some[batch.others]

    def excess(self, point: Floats) -> tuple[Floats, Floats]:
        """Each entry's value, and each row's excess; rows that one entry alone satisfies count the least."""
        value = values_at(self.judge.model, self.batch, self.entries, point)
        total = np.bincount(self.which, value, len(self.bound))
        if self.some.any():
            least = np.full(len(self.bound), np.inf)
            np.fmin.at(least, self.which, value)
            total = np.where(self.some, least, total)
        excess = total - self.bound
        noise = BEYOND * (np.abs(self.bound) + 1e-6)
        return value, np.where((excess > noise) | (self.strict & (excess > -noise)), np.maximum(excess, noise), 0.0)

    def worst(self, excess: Floats, active: Bools) -> Ints:
        """The most exceeded row of each question, -1 where there is none."""
        size = excess / np.maximum(np.abs(self.bound), 1e-6)
        found = np.full(self.questions, -1)
        order = np.argsort(size, kind="stable")
        order = order[size[order] > 0]
        found[self.batch.of_row[order]] = order
        return np.where(active, found, -1)

    def proposals(self, point: Floats, value: Floats, excess: Floats, worst: Ints) -> Floats:
        """For each slot of the worst rows an allowed value that lowers the row; NaN where there is none."""
        model, found = self.judge.model, self.batch.found
        proposal = np.full(len(point), np.nan)
        mine = np.flatnonzero(np.isin(self.which, worst[worst >= 0]))
        low, high = self._between(point)
        plain = mine[(self.piece[mine] < 0) & (self.factor[mine] != 0)]
        at, factor = self.at[plain], self.factor[plain]
        step = excess[self.which[plain]] / factor * (1 + 1e-9)
        for down in (True, False):
            here = np.flatnonzero((factor > 0) == down)
            if not len(here):
                continue
            slots = at[here]
            limit = low[slots] if down else high[slots]
            raw = point[slots] - step[here]
            raw = np.maximum(raw, limit) if down else np.minimum(raw, limit)
            closed = np.zeros(len(here), bool)
            far, far_open, has_far = beyond(model, found, slots, raw, closed, not down)
            near, near_open, has_near = beyond(model, found, slots, raw, closed, down)
            fits = has_far & ~far_open & ((far >= limit) if down else (far <= limit))
            chosen = np.where(fits, far, np.where(has_near & ~near_open, near, np.nan))
            better = (chosen < point[slots]) if down else (chosen > point[slots])
            proposal[slots] = np.where(better & (chosen >= low[slots]) & (chosen <= high[slots]), chosen, np.nan)
        self._pieces(proposal, mine[self.piece[mine] >= 0], point, value, low, high)
        return proposal

    def _pieces(self, proposal: Floats, mine: Ints, point: Floats, value: Floats, low: Floats, high: Floats) -> None:
        """For slots that are counted piecewise: the nearest value of the cell that counts least."""
        if not len(mine):
            return
        rows, part, batch = self.judge.model.rows, self.judge.model.slots, self.batch
        at = self.at[mine]
        slots = batch.slots[at]
        first, last = np.maximum(part.first[slots], low[at, None]), np.minimum(part.last[slots], high[at, None])
        x = np.clip(point[at, None], part.first[slots], part.last[slots])
        inside = (
            batch.found.allowed[at]
            & (first <= last)
            & (part.first[slots] >= low[at, None])
            & (part.last[slots] <= high[at, None])
        )
        inside &= ~(part.first_open[slots] & (x == part.first[slots])) & ~(
            part.last_open[slots] & (x == part.last[slots])
        )
        with np.errstate(invalid="ignore"):
            amount = rows.factor[self.piece[mine]] * x + rows.offset[self.piece[mine]]
        amount = np.where(inside, amount, np.inf)
        cell = amount.argmin(axis=1)
        every = np.arange(len(mine))
        better = amount[every, cell] < value[mine] - 1e-12
        proposal[at[better]] = x[every, cell][better]

    def _between(self, point: Floats) -> tuple[Floats, Floats]:
        """Ends of each slot's room, narrowed by the neighbours' values along ladders."""
        found, arcs = self.batch.found, self.batch.arcs
        low, high = found.low.copy(), found.high.copy()
        if len(arcs.row):
            lower, upper = self.batch.place[arcs.lower], self.batch.place[arcs.upper]
            nudge = np.where(arcs.strict, 1e-9 * np.maximum(np.abs(point[lower]), 1.0), 0.0)
            np.maximum.at(low, upper, arcs.factor * point[lower] + arcs.offset + nudge)
            np.minimum.at(high, lower, (point[upper] - arcs.offset) / arcs.factor - nudge)
        return low, high

    def best(self, point: Floats, value: Floats, excess: Floats, proposal: Floats) -> Ints:
        """The slot of each question whose move lowers the total excess most; -1 where none does."""
        there = values_at(self.judge.model, self.batch, self.entries, np.where(np.isnan(proposal), point, proposal))
        size = np.maximum(np.abs(self.bound), 1e-6)
        total = np.bincount(self.which, value, len(self.bound)) - self.bound
        change = (np.maximum(total[self.which] + there - value, 0.0) - np.maximum(total[self.which], 0.0)) / size[
            self.which
        ]
        if self.some.any():
            change = np.where(self.some[self.which], np.minimum(there - self.bound[self.which], 0.0) - 0.0, change)
        gain = np.bincount(self.at, np.nan_to_num(change, nan=np.inf), len(point))
        gain = np.where(np.isnan(proposal), np.inf, gain)
        found = np.full(self.questions, -1)
        order = np.lexsort((np.arange(len(gain)), gain))[::-1]
        order = order[gain[order] < -1e-15]
        found[self.batch.of_slot[order]] = order
        return found
