"""The linear programme of one question: the point of greatest common slack, and the multipliers that bound it.

Cells are relaxed to the hull of what is allowed; a slot whose amounts are piecewise is a mix of its pieces. Solved with
HiGHS; what it says is only ever a hint: points and multipliers are checked by whoever asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.conflicts.coupled.cliques import Clique, cliques_of
from alignment.conflicts.coupled.verdicts import Batch, Judge
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints
from alignment.conflicts.programme import quiet_solver

LONGEST_SECONDS = 5.0
INSET = 1e-4


@dataclass(frozen=True)
class Pieces:
    """Groups of allowed cells of a slot on which all amounts are the same line: slot, cells, ends."""

    slot: Ints
    group: Ints
    low: Floats
    high: Floats
    cells: list[Ints]


@dataclass(frozen=True)
class Relaxed:
    """The best point of a programme, its slack (below 0: none exists), a multiplier per row and per clique, each
    piece's share.
    """

    point: Floats
    slack: float
    multipliers: Floats
    share: Floats
    pieces: Pieces
    cliques: list[Clique]
    weights: Floats


def active_rows(batch: Batch) -> Ints:
    """All rows that count in a batch, sums first; rows that one entry alone satisfies are left out."""
    return np.concatenate([batch.others, batch.arcs.row, batch.limits.row])


def pieces_of(judge: Judge, batch: Batch, rows: Ints) -> Pieces:
    """Splits each slot that is counted piecewise into groups of cells alike; other slots have one group."""
    model, found = judge.model, batch.found
    entries, _ = judge.entries(rows)
    piece = model.rows.entry_piece[entries]
    by_slot: dict[int, list[int]] = {}
    for e in np.flatnonzero(piece >= 0):
        by_slot.setdefault(int(batch.place[model.rows.entry_slot[entries[e]]]), []).append(int(piece[e]))
    slot, group, low, high, cells = [], [], [], [], []
    first, last = model.slots.first[batch.slots], model.slots.last[batch.slots]
    for s in range(len(batch.slots)):
        if s not in by_slot:
            inset = INSET * min(1.0, found.high[s] - found.low[s])
            slot.append(s)
            group.append(0)
            low.append(found.low[s] + (inset if found.low_open[s] else 0.0))
            high.append(found.high[s] - (inset if found.high_open[s] else 0.0))
            cells.append(np.flatnonzero(found.allowed[s]))
            continue
        lines: dict[tuple[float, ...], list[int]] = {}
        for c in np.flatnonzero(found.allowed[s] & (first[s] <= found.high[s]) & (last[s] >= found.low[s])):
            key = tuple(float(a[p, c]) for p in by_slot[s] for a in (model.rows.factor, model.rows.offset))
            lines.setdefault(key, []).append(int(c))
        for g, members in enumerate(lines.values()):
            slot.append(s)
            group.append(g)
            low.append(max(first[s, members].min(), found.low[s]))
            high.append(min(last[s, members].max(), found.high[s]))
            cells.append(np.array(members))
    return Pieces(np.array(slot), np.array(group), np.array(low, float), np.array(high, float), cells)


def relax(judge: Judge, batch: Batch, slack: float | None = None, strictly: bool = False) -> Relaxed | None:
    """Solves the programme of a batch of one question; None where the solver gives no answer.

    slack: look for a point of one piece per slot with at least this slack instead; it takes whole shares, and longer.
    strictly: give slack to strict rows alone, so that the multipliers show whether these can be met at all.
    """
    import highspy

    model = judge.model
    rows = active_rows(batch)
    rows = rows[~model.rows.some[rows]]
    pieces = pieces_of(judge, batch, rows)
    columns = _Columns(pieces, len(batch.slots))
    cliques = cliques_of(judge, batch)
    solver = quiet_solver()
    solver.passModel(_programme(judge, batch, rows, columns, cliques, slack, strictly))
    if slack is not None:
        solver.setOptionValue("time_limit", LONGEST_SECONDS)
        solver.setOptionValue("mip_max_improving_sols", 1)
    solver.run()
    solution = solver.getSolution()
    if not solution.value_valid or (slack is None and solver.getModelStatus() != highspy.HighsModelStatus.kOptimal):
        return None
    values = np.array(solution.col_value)
    duals = np.abs(np.array(solution.row_dual)) if slack is None else np.zeros(len(rows) + len(cliques))
    y = values[columns.value]
    point = np.bincount(pieces.slot, y, len(batch.slots)).astype(float)
    share = np.where(columns.share >= 0, values[np.maximum(columns.share, 0)], 1.0)
    every = np.zeros(len(model.rows))
    every[rows] = duals[: len(rows)] / columns.norm
    return Relaxed(point, float(values[-1]), every, share, pieces, cliques, duals[len(rows) : len(rows) + len(cliques)])


class _Columns:
    """Numbers of columns: a value per piece, a share per piece where a slot has several, and the slack last."""

    def __init__(self, pieces: Pieces, slots: int) -> None:
        n = len(pieces.slot)
        self.several: Bools = np.bincount(pieces.slot, minlength=slots)[pieces.slot] > 1
        self.pieces = pieces
        self.value: Ints = np.arange(n)
        self.share: Ints = np.where(self.several, n + np.cumsum(self.several) - 1, -1)
        self.count = n + int(self.several.sum()) + 1
        self.norm: Floats = np.ones(0)


def _programme(
    judge: Judge,
    batch: Batch,
    rows: Ints,
    columns: _Columns,
    cliques: list[Clique],
    slack: float | None,
    strictly: bool,
) -> object:
    import highspy

    triples, bound, norm = _coefficients(judge, batch, rows, columns)
    columns.norm = norm
    r, c, v = (np.concatenate([t[i] for t in triples]) for i in range(3))
    more_r, more_c, more_v, lower, upper = _mixing(columns, cliques, len(rows))
    r, c, v = (
        np.concatenate([r, np.arange(len(rows)), more_r]),
        np.concatenate([c, np.full(len(rows), columns.count - 1), more_c]),
        np.concatenate([v, _shares_slack(judge, rows, slack, strictly), more_v]),
    )
    keep = v != 0
    r, c, v = r[keep], c[keep], v[keep]
    order = np.lexsort((r, c))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns.count, len(rows) + len(lower)
    lp.col_cost_ = np.append(np.zeros(columns.count - 1), -1.0 if slack is None else 0.0)
    lp.col_lower_, lp.col_upper_ = _column_bounds(columns, slack)
    if slack is not None:
        kind = highspy.HighsVarType
        shares = set(columns.share[columns.share >= 0].tolist())
        lp.integrality_ = [kind.kInteger if c in shares else kind.kContinuous for c in range(columns.count)]
    lp.row_lower_ = np.concatenate([np.full(len(rows), -np.inf), lower])
    lp.row_upper_ = np.concatenate([bound / norm, upper])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.searchsorted(c[order], np.arange(columns.count + 1))
    lp.a_matrix_.index_, lp.a_matrix_.value_ = r[order], v[order]
    return lp


def _shares_slack(judge: Judge, rows: Ints, slack: float | None, strictly: bool) -> Floats:
    """How much of the common slack each row is given: all; but none where whole pieces are counted, which need no
    room.
    """
    if strictly:
        return judge.model.rows.strict[rows].astype(float)
    if slack is None:
        return np.ones(len(rows))
    entries, which = judge.entries(rows)
    piece = judge.model.rows.entry_piece[entries]
    moving = np.where(
        piece >= 0, (judge.model.rows.factor[piece] != 0).any(axis=1) if len(judge.model.rows.factor) else False, True
    )
    return np.where(np.bincount(which, moving, len(rows)) > 0, 1.0, 0.0)


def _coefficients(
    judge: Judge, batch: Batch, rows: Ints, columns: _Columns
) -> tuple[list[tuple[Ints, Ints, Floats]], Floats, Floats]:
    model, pieces = judge.model, columns.pieces
    entries, which = judge.entries(rows)
    at = batch.place[model.rows.entry_slot[entries]]
    start = np.searchsorted(pieces.slot, np.arange(len(batch.slots) + 1))
    count = (start[1:] - start[:-1])[at]
    wide = np.repeat(np.arange(len(entries)), count)
    piece = np.repeat(start[at], count) + np.arange(len(wide)) - np.repeat(np.cumsum(count) - count, count)
    e, row = entries[wide], which[wide]
    line = model.rows.entry_piece[e]
    cell = np.array([pieces.cells[p][0] if len(pieces.cells[p]) else 0 for p in range(len(pieces.slot))], np.int64)[
        piece
    ]
    factor = np.where(
        line >= 0, model.rows.factor[line, cell] if len(model.rows.factor) else 0.0, model.rows.entry_factor[e]
    )
    offset = np.where(line >= 0, model.rows.offset[line, cell] if len(model.rows.offset) else 0.0, 0.0)
    bound = model.rows.bound[rows].copy()
    single = columns.share[piece] < 0
    bound -= np.bincount(row, np.where(single, offset, 0.0), len(rows))
    norm = np.maximum(
        np.bincount(row, np.abs(factor) + np.abs(offset), len(rows))
        / np.maximum(np.bincount(row, minlength=len(rows)), 1),
        1e-9,
    )
    mixed = ~single & (offset != 0)
    triples = [
        (row, columns.value[piece], factor / norm[row]),
        (row[mixed], columns.share[piece[mixed]], offset[mixed] / norm[row[mixed]]),
    ]
    return triples, bound, norm


def _mixing(columns: _Columns, cliques: list[Clique], first: int) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """Cliques; shares of a slot's pieces sum to 1; and each piece's value lies between share · low and share · high."""
    pieces = columns.pieces
    several = np.flatnonzero(columns.several)
    slots, which = np.unique(pieces.slot[several], return_inverse=True)
    own = {(int(pieces.slot[p]), int(c)): p for p in several for c in pieces.cells[p][:1] if len(pieces.cells[p]) == 1}
    r, c, v = [first + len(cliques) + which], [columns.share[several]], [np.ones(len(several))]
    lower, upper = [np.full(len(cliques), -np.inf), np.ones(len(slots))], [np.ones(len(cliques)), np.ones(len(slots))]
    for k, clique in enumerate(cliques):
        members = [own.get((int(s), int(cell))) for s, cell in zip(clique.slots, clique.cells, strict=True)]
        alone = [batch_slot not in set(slots.tolist()) for batch_slot in clique.slots.tolist()]
        upper[0][k] -= sum(alone)  # slots left with that value and no other
        shares = np.array([columns.share[p] for p in members if p is not None], np.int64)
        r, c, v = [*r, np.full(len(shares), first + k)], [*c, shares], [*v, np.ones(len(shares))]
    at = first + len(cliques) + len(slots)
    for ends, sign in ((pieces.low, 1.0), (pieces.high, -1.0)):
        finite = several[np.isfinite(ends[several])]
        rows = at + np.arange(len(finite))
        r += [rows, rows]
        c += [columns.value[finite], columns.share[finite]]
        v += [np.full(len(finite), sign), -sign * ends[finite]]
        lower.append(np.zeros(len(finite)))
        upper.append(np.full(len(finite), np.inf))
        at += len(finite)
    return np.concatenate(r), np.concatenate(c), np.concatenate(v), np.concatenate(lower), np.concatenate(upper)


def _column_bounds(columns: _Columns, slack: float | None) -> tuple[Floats, Floats]:
    pieces, n = columns.pieces, len(columns.pieces.slot)
    low = np.where(columns.several, np.minimum(pieces.low, 0.0), pieces.low)
    high = np.where(columns.several, np.maximum(pieces.high, 0.0), pieces.high)
    shares = columns.count - 1 - n
    return np.concatenate([low, np.zeros(shares), [-np.inf if slack is None else slack]]), np.concatenate(
        [high, np.ones(shares), [1.0]]
    )
