"""Can a set of rules hold on a component? Decided for many at once, by the extremes of each row.

Ladders are pushed to their least and greatest values; a row that not even the extremes of its slots satisfy cannot
hold.
Where all rows of a component pull each slot one way, the extremes decide; else some points are tried, and what then is
still open is left to `search`. What doubles cannot tell apart is left open too, and decided in fractions there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from alignment.conflicts.coupled.bounds import Room, beyond, room
from alignment.conflicts.coupled.known import Known, satisfied_rules
from alignment.conflicts.coupled.ladders import Arcs, Kinds, Limits, Pushed, kinds_of, limit, push, push_up
from alignment.conflicts.coupled.model import Component, Model
from alignment.conflicts.coupled.passes import Lattice, Order, lift_in_order, order_of, push_in_order
from alignment.conflicts.coupled.totals import contested, is_whole, least_of, noise_of, totals_of, values_at
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints

if TYPE_CHECKING:
    from alignment.conflicts.coupled.cliques import Clique

MOST_ARCS = 300  # in a question, for a pass slot by slot; with more of them, rounds of arrays are quicker
MENDABLE = 1e-3  # of a bound: how much a row may be exceeded by a point that is moved onto it in fractions

Verdict = Literal["holds", "fails", "open"]


@dataclass(frozen=True)
class Question:
    """Can these rules (bits) hold on this component?"""

    component: Component
    rules: int


@dataclass
class Batch:
    """Several questions laid side by side: slots, and the rows that count, with the question of each."""

    questions: Sequence[Question]
    slots: Ints
    of_slot: Ints
    place: Ints
    found: Room
    pushed: Pushed
    arcs: Arcs
    limits: Limits
    others: Ints
    of_row: Ints


@dataclass
class Judge:
    """A model with its rows by kind; and what was found out once, to be used again.

    ordering, laddering, counting: the coupled rules with ladders or limits, those with ladders, and those that count
    items piecewise.
    """

    model: Model
    kinds: Kinds = field(init=False)
    known: Known = field(default_factory=Known)
    cliques: dict[tuple[int, int], list[Clique]] = field(default_factory=dict)
    ladders: dict[tuple[int, int], Any] = field(default_factory=dict)
    orders: dict[tuple[int, int], Order | None] = field(default_factory=dict)
    lattice: Lattice = field(init=False)
    fewest: dict[tuple[int, int, bytes, bytes], Any] = field(default_factory=dict)
    uncounted: set[int] = field(default_factory=set)
    solver: Any = None
    arc_of_row: Ints = field(init=False)
    kind_of_row: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.kinds = kinds_of(self.model)
        self.lattice = Lattice(self.model)
        n = len(self.model.rows)
        self.kind_of_row, self.arc_of_row = np.full(n, 2), np.full(n, -1)
        for kind, rows in ((0, self.kinds.arcs.row), (1, self.kinds.limits.row)):
            self.kind_of_row[rows] = kind
            self.arc_of_row[rows] = np.arange(len(rows))
        self.ordering = self._bits(self.kind_of_row < 2)
        self.laddering = self._bits(self.kind_of_row == 0)
        self.counting = self._bits(self._has_pieces())
        self.entry_start = np.searchsorted(self.model.rows.entry_row, np.arange(n + 1))

    def _has_pieces(self) -> Bools:
        rows = self.model.rows
        return np.bincount(rows.entry_row, rows.entry_piece >= 0, len(rows)) > 0

    def _bits(self, rows: Bools) -> int:
        """The coupled rules that some of the marked rows belong to."""
        base = len(self.model.items)
        return sum(1 << (base + int(r)) for r in np.unique(self.model.rows.rule[rows]))

    def batch(self, questions: Sequence[Question]) -> Batch:
        """The slots of several questions with what their rules leave, ladders pushed."""
        model = self.model
        slots = np.concatenate([q.component.slots for q in questions])
        of_slot = np.repeat(np.arange(len(questions)), [len(q.component.slots) for q in questions])
        place = np.full(len(model.slots), -1)
        place[slots] = np.arange(len(slots))
        width = model.slots.forbidden.shape[2]
        words = np.zeros((len(questions), len(model.grids) + 1, width), np.uint64)
        for i, q in enumerate(questions):
            words[i, :-1] = model.words(q.rules)
        found = room(model, slots, words[of_slot, model.slots.lever[slots]])
        rows = np.concatenate([q.component.rows for q in questions])
        of_row = np.repeat(np.arange(len(questions)), [len(q.component.rows) for q in questions])
        active = np.array([model.active(q.rules) for q in questions]).reshape(len(questions), -1)
        keep = active[of_row, model.rows.rule[rows]]
        rows, of_row = rows[keep], of_row[keep]
        kind = self.kind_of_row[rows]
        arcs, limits = self._arcs(rows[kind == 0]), self._limits(rows[kind == 1])
        pushed = self.pushed(questions, found, arcs, limits, place)
        return Batch(questions, slots, of_slot, place, found, pushed, arcs, limits, rows[kind == 2], of_row[kind == 2])

    def pushed(self, questions: Sequence[Question], found: Room, arcs: Arcs, limits: Limits, place: Ints) -> Pushed:
        """Narrows a room by limits and ladders: in one pass where the ladders of all questions are short of steps."""
        if 0 < len(arcs.row) <= MOST_ARCS * len(questions):
            orders = [self._order(q) for q in questions]
            done = Pushed(found.empty.copy(), np.zeros(len(found.slots), bool), np.zeros(len(found.slots), bool))
            if len(limits.row):
                limit(self.model, found, limits, place, done)
            if None not in orders and all(
                push_in_order(self.lattice, found, order, place, done) for order in orders if order is not None
            ):
                return done.closed(found)
        return push(self.model, found, arcs, limits, place)

    def _push_up(self, batch: Batch, start: Room) -> None:
        few = len(batch.arcs.row) <= MOST_ARCS * len(batch.questions)
        orders = [self._order(q) if few else None for q in batch.questions]
        lifted = [o is not None and lift_in_order(self.lattice, start, o, batch.place) for o in orders]
        if not all(lifted):
            push_up(self.model, start, batch.arcs, batch.place)

    def has_order(self, question: Question) -> bool:
        """Do the ladders of a question lie on a lattice, so that one pass pushes them?"""
        order = self._order if question.component.number >= 0 else self._read_order
        return order(question) is not None

    def _order(self, question: Question) -> Order | None:
        component = question.component
        key = (component.number, question.rules & component.rules & self.laddering)
        if key[0] < 0:
            return None
        if key not in self.orders:
            self.orders[key] = self._read_order(question)
        return self.orders[key]

    def _read_order(self, question: Question) -> Order | None:
        rows = question.component.rows
        rows = rows[self.model.active(question.rules)[self.model.rows.rule[rows]]]
        return order_of(self.model, self._arcs(rows[self.kind_of_row[rows] == 0]))

    def _arcs(self, rows: Ints) -> Arcs:
        a, at = self.kinds.arcs, self.arc_of_row[rows]
        return Arcs(rows, a.lower[at], a.upper[at], a.factor[at], a.offset[at], a.strict[at], a.exact[at])

    def _limits(self, rows: Ints) -> Limits:
        a, at = self.kinds.limits, self.arc_of_row[rows]
        return Limits(rows, a.slot[at], a.bound[at], a.floor[at], a.strict[at])

    def entries(self, rows: Ints) -> tuple[Ints, Ints]:
        """Entry numbers of some rows, and which of the rows each belongs to."""
        start, stop = self.entry_start[rows], self.entry_start[rows + 1]
        count = stop - start
        which = np.repeat(np.arange(len(rows)), count)
        offset = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        return np.repeat(start, count) + offset, which

    def verdicts(self, questions: Sequence[Question]) -> list[Verdict]:
        """The answer to each question, `open` where it takes a search."""
        answers = [self.known.verdict(q.component, q.rules) for q in questions]
        new = [i for i, answer in enumerate(answers) if answer is None or answer == "open"]
        for i, answer in zip(new, self._decided([questions[i] for i in new]), strict=True):
            answers[i] = answer
            if answer != "open":
                self.known.add(questions[i].component, questions[i].rules, answer)
        return [answer or "open" for answer in answers]

    def _decided(self, questions: Sequence[Question]) -> list[Verdict]:
        if not questions:
            return []
        batch = self.batch(questions)
        n = len(questions)
        failed, unsure = np.zeros(n, bool), np.zeros(n, bool)
        failed[batch.of_slot[batch.pushed.empty]] = True
        unsure[batch.of_slot[batch.pushed.unsure | self.model.slots.unsure[batch.slots]]] = True
        decided = self.by_extremes(batch, failed, unsure)
        decided[batch.of_slot[batch.pushed.cyclic]] = False
        found = np.where(unsure, 2, np.where(failed, 1, np.where(decided, 0, 2)))
        self._try_points(batch, found, unsure)
        return [("holds", "fails", "open")[int(v)] for v in found]

    def by_extremes(self, batch: Batch, failed: Bools, unsure: Bools) -> Bools:
        """Marks questions that fail on a row's extreme, and tells those that the extremes decide."""
        decided = np.ones(len(batch.questions), bool)
        if not len(batch.others):
            return decided
        over, near, entries, which = self.reach(batch, batch.others)
        alive = ~failed[batch.of_row]
        unsure[batch.of_row[near & alive]] = True
        failed[batch.of_row[over & ~near & alive]] = True
        decided[contested(self.model, batch, entries, which)] = False
        return decided

    def reach(self, batch: Batch, rows: Ints) -> tuple[Bools, Bools, Ints, Ints]:
        """Which rows the extremes of their slots do not meet, which of them doubles cannot tell; and their entries."""
        model = self.model
        entries, which = self.entries(rows)
        least, size, is_open = least_of(model, batch, entries)
        total = totals_of(model, rows, which, least, len(rows))
        spread = np.bincount(which, size, len(rows))
        any_open = np.bincount(which, is_open & (size > 0), len(rows)) > 0
        margin = total - model.rows.bound[rows]
        noise = noise_of(which, size, model.rows.bound[rows], len(rows)) + np.bincount(
            which, self._blur(batch, entries), len(rows)
        )
        whole = is_whole(which, least, model.rows.bound[rows], len(rows))
        near = (np.abs(margin) <= noise) & ~whole & np.isfinite(spread)
        over = (margin > 0) | ((margin == 0) & (any_open | model.rows.strict[rows]))
        return over, near, entries, which

    def _blur(self, batch: Batch, entries: Ints) -> Floats:
        rows, slots = self.model.rows, self.model.slots
        return np.abs(rows.entry_factor[entries]) * slots.unit[rows.entry_slot[entries]]

    def _try_points(self, batch: Batch, found: Ints, unsure: Bools) -> None:
        """Looks for a point that satisfies every row of an open question: known ones, near today's, and the ends."""
        for start in ("known", "today", "low", "high"):
            still = (found == 2) & ~unsure
            if not still.any():
                return
            point, ok = self._start(batch, start)
            good = np.ones(len(batch.questions), bool)
            good[batch.of_slot[~ok]] = False
            self._keep(batch, found, still & good, point)

    def _keep(self, batch: Batch, found: Ints, wanted: Bools, point: Floats) -> None:
        """Marks the wanted questions of which a point satisfies all rows, and remembers the point."""
        held = np.flatnonzero(wanted & self.satisfied(batch, point))
        found[held] = 0
        for i in held.tolist():
            self.remember(batch, i, point)

    def remember(self, batch: Batch, i: int, point: Floats) -> None:
        """Keeps a point of a batch that satisfies its i-th question, and what else it satisfies."""
        component = batch.questions[i].component
        if component.number >= 0:
            rules = satisfied_rules(self, batch, i, point)
            self.known.add(component, rules, "holds", point[batch.of_slot == i])

    def _start(self, batch: Batch, start: str) -> tuple[Floats, Bools]:
        """A point of each question, and where there is a value: near known ones or today's, or the ends themselves."""
        found = batch.found
        if start == "low":
            return found.low, np.isfinite(found.low) & ~found.low_open
        if start == "high":
            return found.high, np.isfinite(found.high) & ~found.high_open
        wanted = self.model.slots.today[batch.slots]
        if start == "known":
            for i, q in enumerate(batch.questions):
                point = self.known.nearest(q.component, q.rules)
                if point is not None:
                    wanted[batch.of_slot == i] = point
        return self.point_at(batch, wanted)

    def point_at(self, batch: Batch, wanted: Floats) -> tuple[Floats, Bools]:
        """Allowed values near wanted ones that follow the ladders, pushed upwards; and where there is one."""
        found, model = batch.found, self.model
        wanted = np.where(
            np.isnan(wanted),
            np.where(np.isfinite(found.low), found.low, np.where(np.isfinite(found.high), found.high, 0.0)),
            wanted,
        )
        inside = np.clip(wanted, found.low, found.high)
        every = np.arange(len(batch.slots))
        closed = np.zeros(len(every), bool)
        up, up_open, has_up = beyond(model, found, every, inside, closed, True)
        down, down_open, has_down = beyond(model, found, every, inside, closed, False)
        with np.errstate(invalid="ignore"):
            use_up = (
                has_up
                & ~up_open
                & ((np.abs(up - inside) <= np.abs(down - inside)) | ~has_down | down_open)
                & (up <= found.high)
            )
        chosen = np.where(use_up, up, down)
        fine = (use_up | (has_down & ~down_open & (down >= found.low))) & ~batch.pushed.empty
        chosen = np.where(fine, chosen, _middle(found))
        if len(batch.arcs.row):
            start = Room(
                batch.slots,
                found.allowed,
                np.where(np.isfinite(chosen), chosen, found.low),
                np.zeros(len(every), bool),
                found.high.copy(),
                found.high_open.copy(),
                found.empty.copy(),
            )
            self._push_up(batch, start)
            chosen = np.where(
                start.low_open,
                _middle(
                    Room(
                        start.slots, start.allowed, start.low, start.low_open, found.high, found.high_open, start.empty
                    )
                ),
                start.low,
            )
        return chosen, np.isfinite(chosen) & ~batch.pushed.empty

    def satisfied(self, batch: Batch, point: Floats) -> Bools:
        """Questions of which every row, arcs and limits too, surely holds at a point; near ties do not count."""
        good = np.ones(len(batch.questions), bool)
        rows = np.concatenate([batch.others, batch.arcs.row, batch.limits.row])
        if not len(rows):
            return good
        bad = rows[self.broken_rows(batch, rows, point)]
        filled = self.entry_start[bad] < self.entry_start[bad + 1]
        good[batch.of_slot[batch.place[self.model.rows.entry_slot[self.entry_start[bad[filled]]]]]] = False
        for i, q in enumerate(batch.questions):
            if not filled.all() and np.isin(q.component.rows, bad[~filled]).any():
                good[i] = False
        return good

    def broken_rows(self, batch: Batch, rows: Ints, point: Floats) -> Bools:
        """Which rows do not surely hold at a point."""
        excess, noise, whole = self.excess(batch, rows, point)
        with np.errstate(invalid="ignore"):
            exact = (whole | self._on_grid(rows)) & (np.abs(excess) <= noise)
            return ~np.where(exact, ~self.model.rows.strict[rows], excess < -noise)

    def is_far(self, batch: Batch, rows: Ints, point: Floats) -> bool:
        """Is some row exceeded by more than rounding, and by more than a move of one slot off a lattice may mend?"""
        excess, noise, _ = self.excess(batch, rows, point)
        levers = self.model.slots.lever[batch.slots]
        grids, strips = self.model.grids, self.model.strips
        loose = any(n < 0 or not (grids[n].step or strips[n].lever.values) for n in np.unique(levers))
        most = MENDABLE * np.maximum(1.0, np.abs(self.model.rows.bound[rows])) if loose else 0.0
        far = (excess > 2 * noise + most) & (self.kind_of_row[rows] == 2) & ~self.model.rows.some[rows]
        return bool(far.any())

    def excess(self, batch: Batch, rows: Ints, point: Floats) -> tuple[Floats, Floats, Bools]:
        """Left sides less bounds of rows at a point, how far rounding may be off, and where it is none at all."""
        entries, which = self.entries(rows)
        value = values_at(self.model, batch, entries, point)
        bound = self.model.rows.bound[rows]
        excess = totals_of(self.model, rows, which, value, len(rows)) - bound
        noise = noise_of(which, np.abs(value), bound, len(rows))
        return excess, noise, is_whole(which, value, bound, len(rows))

    def _on_grid(self, rows: Ints) -> Bools:
        """Arcs on whose grid a tie is a true one."""
        known = np.zeros(len(rows), bool)
        arcs = self.kind_of_row[rows] == 0
        known[arcs] = self.kinds.arcs.exact[self.arc_of_row[rows[arcs]]]
        return known


def _middle(found: Room) -> Floats:
    """A value inside of what is left, off its ends."""
    low, high = found.low, found.high
    with np.errstate(invalid="ignore"):
        middle = np.where(
            np.isfinite(low) & np.isfinite(high),
            (low + high) / 2,
            np.where(np.isfinite(low), low + 1, np.where(np.isfinite(high), high - 1, 0.0)),
        )
    return np.where((low == high) & (found.low_open | found.high_open), np.nan, middle)
