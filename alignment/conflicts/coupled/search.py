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

from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from alignment.conflicts.coupled.bounds import Room, beyond, trimmed
from alignment.conflicts.coupled.cliques import add_cliques
from alignment.conflicts.coupled.descent import descended
from alignment.conflicts.coupled.exact import holds_exactly, row_fails_exactly, tie_fails
from alignment.conflicts.coupled.exact_ladders import ladder_exactly
from alignment.conflicts.coupled.fewest import fewest
from alignment.conflicts.coupled.ladders import push
from alignment.conflicts.coupled.relaxation import Relaxed, active_rows, relax
from alignment.conflicts.coupled.totals import ULP, has_ending, least_piece
from alignment.conflicts.coupled.verdicts import Batch, Judge, Question, Verdict
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints

MOST_NODES = 200


@dataclass
class _Budget:
    nodes: int
    deadline: float | None

    def spent(self) -> bool:
        self.nodes -= 1
        return self.nodes < 0 or (self.deadline is not None and monotonic() > self.deadline)


def decide(judge: Judge, question: Question, deadline: float | None = None) -> Verdict:
    """The verdict on one question; `open` only where time or nodes run out, or fractions cannot tell."""
    batch = judge.batch([question])
    exact = ladder_exactly(judge, batch) if _is_blurred(judge, batch) else None
    if exact is not None:
        return exact
    counted = _by_counting(judge, batch)
    return counted or _search(judge, batch, _Budget(MOST_NODES, deadline))


def _by_counting(judge: Judge, batch: Batch) -> Verdict | None:
    """Decides rows that count changes along ladders; None where that leaves the question open."""
    told = 0
    for row in batch.others:
        least = fewest(judge, batch, int(row))
        if least is None:
            continue
        told += 1
        bound = float(judge.model.rows.bound[row])
        noise = (
            0.0
            if float(bound).is_integer() and (np.isinf(least) or float(least).is_integer())
            else 1e-9 * max(1.0, abs(bound))
        )
        if least > bound + noise or (least == bound and judge.model.rows.strict[row]):
            return "fails"
    return "holds" if told == len(batch.others) == 1 else None


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
        if relaxed.slack < 1e-6 and (mix_fails(judge, batch, relaxed) or _strict_mix_fails(judge, batch)):
            continue
        if _holds_near(judge, batch, relaxed):
            return "holds"
        if batch is root and _has_pieces(relaxed) and _holds_mixed(judge, batch, relaxed):
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


def _holds_near(judge: Judge, batch: Batch, relaxed: Relaxed) -> bool:
    near, found = judge.point_at(batch, relaxed.point)
    every = np.ones(len(batch.slots), bool)
    moved = descended(judge, batch, near, np.ones(1, bool))
    for point, ok in ((near, found), (moved, found), (relaxed.point, every)):
        if not ok.all():
            continue
        inside = _allowed(judge, batch, point)
        if inside.all() and (judge.satisfied(batch, point)[0] or holds_exactly(judge, batch, point)):
            judge.remember(batch, 0, point)
            return True
    return False


def _has_pieces(relaxed: Relaxed) -> bool:
    return bool((np.minimum(relaxed.share, 1 - relaxed.share) > 1e-6).any())


def _holds_mixed(judge: Judge, batch: Batch, relaxed: Relaxed) -> bool:
    """Looks for a point of whole pieces, first with room to spare so that it survives moves to allowed values."""
    for part in (0.2, 0.01):
        whole = relax(judge, batch, max(relaxed.slack, 0.0) * part)
        if whole is None:
            return False
        if _holds_near(judge, batch, whole):
            return True
    return False


def _allowed(judge: Judge, batch: Batch, point: Floats) -> Bools:
    """Which values of a point lie in an allowed cell."""
    part, slots = judge.model.slots, batch.slots
    wide = point[:, None]
    first, last = part.first[slots], part.last[slots]
    inside = ((wide > first) | ((wide == first) & ~part.first_open[slots])) & (
        (wide < last) | ((wide == last) & ~part.last_open[slots])
    )
    on = np.ones(len(slots), bool)
    for number, grid in enumerate(judge.model.grids):
        if grid.step:
            here = part.lever[slots] == number
            k = (point[here] * grid.scale - grid.origin) / grid.step
            on[here] = np.abs(k - np.rint(k)) < 1e-6 / grid.step
    return np.asarray((inside & batch.found.allowed & has_ending(judge.model, slots, point)).any(axis=1) & on)


# Proof by a mix of rows


def _strict_mix_fails(judge: Judge, batch: Batch) -> bool:
    """As `mix_fails`, with multipliers that lean on strict rows."""
    if not judge.model.rows.strict[active_rows(batch)].any():
        return False
    relaxed = relax(judge, batch, strictly=True)
    return relaxed is not None and relaxed.slack < 1e-6 and mix_fails(judge, batch, relaxed)


def mix_fails(judge: Judge, batch: Batch, relaxed: Relaxed) -> bool:
    """Can no allowed values satisfy the sum of the rows, each times its multiplier? Judged cell by cell."""
    model, multipliers = judge.model, relaxed.multipliers
    rows = active_rows(batch)
    rows = rows[(multipliers[rows] > 0) & ~model.rows.some[rows]]
    if not len(rows):
        return False
    factor, offset, size = mixed(judge, batch, rows, multipliers)
    extra = add_cliques(relaxed.cliques, relaxed.weights, factor, offset)
    least, _ = _least(judge, batch, factor, offset)
    bound = float((multipliers[rows] * model.rows.bound[rows]).sum()) + extra
    if not np.isfinite(least).all():
        return False
    total = float(least.sum())
    noise = (
        (size[1] + 16)
        * ULP
        * (
            size[0]
            + 2 * extra
            + float(np.abs(least).sum())
            + float(np.abs(multipliers[rows] * model.rows.bound[rows]).sum())
        )
    )
    noise += float((np.abs(factor).max(axis=1, initial=0.0) * model.slots.unit[batch.slots]).sum())
    if abs(total - bound) <= noise:
        return tie_fails(judge, batch, rows, multipliers)
    return total - bound > noise


def mixed(judge: Judge, batch: Batch, rows: Ints, multipliers: Floats) -> tuple[Floats, Floats, tuple[float, int]]:
    """Factor and offset of each slot on each cell in the mix of rows; and the size of what was added, for rounding."""
    model = judge.model
    entries, which = judge.entries(rows)
    at = batch.place[model.rows.entry_slot[entries]]
    weight = multipliers[rows][which]
    cells = model.slots.first.shape[1]
    plain = model.rows.entry_piece[entries] < 0
    linear = np.bincount(at[plain], (weight * model.rows.entry_factor[entries])[plain], len(batch.slots)).astype(float)
    factor = np.repeat(linear[:, None], cells, axis=1)
    offset = np.zeros((len(batch.slots), cells))
    pieces = np.flatnonzero(~plain)
    if len(pieces):
        line = model.rows.entry_piece[entries[pieces]]
        np.add.at(factor, at[pieces], weight[pieces, None] * model.rows.factor[line])
        np.add.at(offset, at[pieces], weight[pieces, None] * model.rows.offset[line])
    reach = np.maximum(np.abs(batch.found.low), np.abs(batch.found.high))
    reach = np.where(np.isfinite(reach), reach, 0.0)
    size = float((np.abs(weight[plain] * model.rows.entry_factor[entries[plain]]) * reach[at[plain]]).sum())
    if len(pieces):
        line = model.rows.entry_piece[entries[pieces]]
        top = np.abs(model.rows.factor[line]).max(axis=1) * reach[at[pieces]] + np.abs(model.rows.offset[line]).max(
            axis=1
        )
        size += float((weight[pieces] * top).sum())
    return factor, offset, (size, len(entries))


def _least(judge: Judge, batch: Batch, factor: Floats, offset: Floats) -> tuple[Floats, Bools]:
    every = np.arange(len(batch.slots))
    with np.errstate(invalid="ignore"):
        return least_piece(judge.model, batch.found, every, batch.slots, factor, offset)


# Branching


def _branches(judge: Judge, batch: Batch, relaxed: Relaxed) -> list[Batch] | None:
    """Parts of a node: by a slot whose pieces are mixed, else one with a value between allowed ones; None: no way."""
    pieces, share = relaxed.pieces, relaxed.share
    fraction = np.minimum(share, 1 - share)
    if len(fraction) and fraction.max() > 1e-6:
        p = int(fraction.argmax())
        s = int(pieces.slot[p])
        mine = np.zeros(batch.found.allowed.shape[1], bool)
        mine[pieces.cells[p]] = True
        return [_narrowed(judge, batch, s, allowed=mine), _narrowed(judge, batch, s, allowed=~mine)]
    for at in np.flatnonzero(~_allowed(judge, batch, relaxed.point)).tolist():
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
    mine = np.zeros(batch.found.allowed.shape[1], bool)
    mine[pieces.cells[p]] = True
    s = int(pieces.slot[p])
    return [_narrowed(judge, batch, s, allowed=mine), _narrowed(judge, batch, s, allowed=~mine)]


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
                    [_narrowed(judge, batch, s, low=end) if a < 0 else _narrowed(judge, batch, s, high=end)]
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
        halves.append(_narrowed(judge, batch, s, low=(float(up[0]), bool(up_open[0]))))
    if below:
        halves.append(_narrowed(judge, batch, s, high=(float(down[0]), bool(down_open[0]))))
    smaller = (not above or up[0] > low or (up_open[0] and not batch.found.low_open[s])) and (
        not below or down[0] < high or (down_open[0] and not batch.found.high_open[s])
    )
    apart = not above or not below or up[0] > down[0] or (up[0] == down[0] and up_open[0] and down_open[0])
    return halves if smaller and apart else []


def _narrowed(
    judge: Judge,
    batch: Batch,
    s: int,
    allowed: Bools | None = None,
    low: tuple[float, bool] | None = None,
    high: tuple[float, bool] | None = None,
) -> Batch:
    found = batch.found
    cells = found.allowed.copy()
    if allowed is not None:
        cells[s] &= allowed
    ends = trimmed(judge.model, found.slots, cells)
    new = Room(
        found.slots,
        cells,
        np.maximum(ends.low, found.low),
        np.where(ends.low >= found.low, ends.low_open, found.low_open),
        np.minimum(ends.high, found.high),
        np.where(ends.high <= found.high, ends.high_open, found.high_open),
        ends.empty,
    )
    if low is not None:
        new.low[s], new.low_open[s] = low
    if high is not None:
        new.high[s], new.high_open[s] = high
    pushed = push(judge.model, new, batch.arcs, batch.limits, batch.place)
    return replace(batch, found=new, pushed=pushed)
