"""Decides what the extremes of single rows leave open: branch and bound with proofs that do not rest on a solver's
tolerance.

A node fails when its ladders run empty, when a row cannot be met, or when some non-negative mix of its rows cannot be
met
by any allowed values (the programme's multipliers say which mix; the mix is then judged on the cells themselves). A
node
holds when a point of allowed values satisfies every row. Source: weak Lagrangian duality; Neumaier & Shcherbina,
Safe bounds in linear and mixed-integer linear programming (2004).
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

import numpy as np

from alignment.conflicts.coupled.bounds import beyond
from alignment.conflicts.coupled.exact import row_fails_exactly
from alignment.conflicts.coupled.exact_ladders import ladder_exactly
from alignment.conflicts.coupled.fewest import Fewest, fewest
from alignment.conflicts.coupled.mixes import core, core_of_rows, mix_fails, strict_mix_fails
from alignment.conflicts.coupled.narrowing import narrowed
from alignment.conflicts.coupled.relaxation import Relaxed, relax
from alignment.conflicts.coupled.verdicts import Batch, Judge, Question, Verdict
from alignment.conflicts.coupled.witness import allowed_at, dived, holds_near, holds_within, mixed_slots

MOST_NODES = 400
FEW = 3


@dataclass
class _Budget:
    nodes: int
    deadline: float | None

    def spent(self) -> bool:
        self.nodes -= 1
        return self.nodes < 0 or (self.deadline is not None and monotonic() > self.deadline)


def decide(judge: Judge, question: Question, deadline: float | None = None, nodes: int = MOST_NODES) -> Verdict:
    """The verdict on one question; `open` only where time or nodes run out, or fractions cannot tell."""
    batch = judge.batch([question])
    exact = ladder_exactly(judge, batch) if _is_blurred(judge, batch) else None
    if exact is not None:
        return exact
    counted = _by_counting(judge, batch) if len(batch.others) == 1 else None
    return counted or _search(judge, batch, _Budget(nodes, deadline))


def _by_counting(judge: Judge, batch: Batch) -> Verdict | None:
    """Decides rows that count changes along ladders; None where that leaves the question open."""
    told: list[Fewest] = []
    for row in batch.others:
        found = fewest(judge, batch, int(row))
        if found is None:
            continue
        told.append(found)
        least, bound = found.least, float(judge.model.rows.bound[row])
        is_whole = bound.is_integer() and (np.isinf(least) or least.is_integer())
        noise = 0.0 if is_whole else 1e-9 * max(1.0, abs(bound))
        if least > bound + noise or (least == bound and judge.model.rows.strict[row]):
            rules = core_of_rows(judge, batch, np.array([row]))
            judge.known.add(batch.questions[0].component, rules, "fails")
            return "fails"
    if any(holds_within(judge, batch, found.allowed) for found in told):
        return "holds"
    return "holds" if len(told) == len(batch.others) == 1 and not len(batch.limits.row) else None


def _is_blurred(judge: Judge, batch: Batch) -> bool:
    return bool((batch.pushed.unsure | judge.model.slots.unsure[batch.slots]).any())


def _search(judge: Judge, root: Batch, budget: _Budget) -> Verdict:
    todo, left_open = [root], False
    while todo:
        batch = todo.pop()
        if budget.spent():
            return "open"
        if bool(batch.pushed.empty.any()) or _row_fails(judge, batch):
            continue
        relaxed = relax(judge, batch)
        if relaxed is None:
            left_open = True
            continue
        if relaxed.slack < 1e-6 and (mix_fails(judge, batch, relaxed) or strict_mix_fails(judge, batch)):
            if batch is root:
                judge.known.add(root.questions[0].component, core(judge, root, relaxed), "fails")
            continue
        if (batch is root or mixed_slots(relaxed) <= FEW) and holds_near(judge, batch, relaxed):
            return "holds"
        if batch is root:
            counted = _by_counting(judge, batch) if len(batch.others) > 1 else None
            if counted is not None:
                return counted
            if dived(judge, batch, relaxed):
                return "holds"
        children = _branches(judge, batch, relaxed)
        if children is None:
            left_open = True
            continue
        todo += children
    return "open" if left_open else "fails"


def _row_fails(judge: Judge, batch: Batch) -> bool:
    """Is some row out of reach of the extremes of its slots? Near ties are decided in fractions."""
    failed, unsure = np.zeros(1, bool), np.zeros(1, bool)
    judge.by_extremes(batch, failed, unsure)
    if failed[0] or not unsure[0]:
        return bool(failed[0])
    return row_fails_exactly(judge, batch)


# Branching


def _branches(judge: Judge, batch: Batch, relaxed: Relaxed) -> list[Batch] | None:
    """Parts of a node: by a slot whose pieces are mixed, else one with a value between allowed ones; None: no way."""
    pieces, share = relaxed.pieces, relaxed.share
    fraction = np.minimum(share, 1 - share)
    if len(fraction) and fraction.max() > 1e-6:
        p = int(fraction.argmax())
        s = int(pieces.slot[p])
        mine = pieces.cells[p]
        return [narrowed(judge, batch, s, allowed=mine), narrowed(judge, batch, s, allowed=~mine)]
    for at in np.flatnonzero(~allowed_at(judge, batch, relaxed.point)).tolist():
        halves = _split(judge, batch, at, float(relaxed.point[at]))
        if halves:
            return halves
    return _one_of(judge, batch, relaxed) or _another_piece(judge, batch, relaxed)


def _another_piece(judge: Judge, batch: Batch, relaxed: Relaxed) -> list[Batch] | None:
    """Parts by the first slot that may still be in several pieces."""
    pieces = relaxed.pieces
    several = np.flatnonzero(np.bincount(pieces.slot, minlength=len(batch.slots))[pieces.slot] > 1)
    if not len(several):
        return None
    p = int(several[0])
    mine = pieces.cells[p]
    s = int(pieces.slot[p])
    return [narrowed(judge, batch, s, allowed=mine), narrowed(judge, batch, s, allowed=~mine)]


def _one_of(judge: Judge, batch: Batch, relaxed: Relaxed) -> list[Batch] | None:
    """A node per item that may be the one which satisfies a row that asks for one."""
    rows = judge.model.rows
    for row in batch.others[rows.some[batch.others]]:
        entries, _ = judge.entries(np.array([row]))
        at = batch.place[rows.entry_slot[entries]]
        factor, offset = rows.entry_factor[entries], rows.offset[rows.entry_piece[entries], 0]
        if (factor * relaxed.point[at] + offset <= rows.bound[row]).any():
            continue
        found = []
        for s, a, b in zip(at.tolist(), factor.tolist(), offset.tolist(), strict=True):
            limit, strict = (float(rows.bound[row]) - b) / a, np.array([bool(rows.strict[row])])
            value, is_open, has = beyond(judge.model, batch.found, np.array([s]), np.array([limit]), strict, a < 0)
            if has[0]:
                end = (float(value[0]), bool(is_open[0]))
                inside = end[0] <= batch.found.high[s] if a < 0 else end[0] >= batch.found.low[s]
                found += (
                    [narrowed(judge, batch, s, low=end) if a < 0 else narrowed(judge, batch, s, high=end)]
                    if inside
                    else []
                )
        return found
    return None


def _split(judge: Judge, batch: Batch, s: int, value: float) -> list[Batch]:
    which, bound, closed = np.array([s]), np.array([value]), np.zeros(1, bool)
    up, up_open, has_up = beyond(judge.model, batch.found, which, bound, closed, True)
    down, down_open, has_down = beyond(judge.model, batch.found, which, bound, closed, False)
    low, high = batch.found.low[s], batch.found.high[s]
    above, below = has_up[0] and up[0] <= high, has_down[0] and down[0] >= low
    halves = []
    if above:
        halves.append(narrowed(judge, batch, s, low=(float(up[0]), bool(up_open[0]))))
    if below:
        halves.append(narrowed(judge, batch, s, high=(float(down[0]), bool(down_open[0]))))
    smaller = (not above or up[0] > low or (up_open[0] and not batch.found.low_open[s])) and (
        not below or down[0] < high or (down_open[0] and not batch.found.high_open[s])
    )
    apart = not above or not below or up[0] > down[0] or (up[0] == down[0] and up_open[0] and down_open[0])
    return halves if smaller and apart else []
