"""The linear programme of one question: the point of greatest common slack, and the multipliers that bound it.

Cells are relaxed to the hull of what is allowed; a slot whose amounts are piecewise is a mix of its pieces. Solved with
HiGHS; what it says is only ever a hint: points and multipliers are checked by whoever asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from alignment.conflicts.coupled.cliques import Clique, cliques_of
from alignment.conflicts.coupled.pieces import Pieces, pieces_of
from alignment.conflicts.coupled.totals import least_of
from alignment.conflicts.coupled.verdicts import Batch, Judge
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints
from alignment.conflicts.programme import quiet_solver

MOST_MIXED_NODES = 200


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


def relax(
    judge: Judge, batch: Batch, slack: float | None = None, strictly: bool = False, rates: Floats | None = None
) -> Relaxed | None:
    """Solves the programme of a batch of one question; None where the solver gives no answer.

    slack: look for a point of one piece per slot with at least this slack instead; it takes whole shares, and longer.
    strictly: give slack to strict rows alone, so that the multipliers show whether these can be met at all.
    rates: how fast each row of the model gives way; the slack, below 0, is then how far they have to at least.
    """
    rows = active_rows(batch)
    rows = rows[~judge.model.rows.some[rows]]
    pieces = pieces_of(judge, batch, rows)
    columns = _Columns(pieces, len(batch.slots))
    cliques = cliques_of(judge, batch)
    values, duals = _solved(
        judge, _programme(judge, batch, rows, columns, cliques, slack, strictly, rates), slack is not None
    )
    if values is None:
        return None
    share = np.where(columns.share >= 0, values[np.maximum(columns.share, 0)], 1.0)
    y = np.where(columns.value >= 0, values[np.maximum(columns.value, 0)], share * _or_0(pieces.low))
    point = np.bincount(pieces.slot, y, len(batch.slots)).astype(float)
    every = np.zeros(len(judge.model.rows))
    every[rows] = duals[: len(rows)] / columns.norm
    return Relaxed(point, float(values[-1]), every, share, pieces, cliques, duals[len(rows) : len(rows) + len(cliques)])


def _solved(judge: Judge, programme: Any, whole: bool) -> tuple[Floats | None, Floats]:
    """Values of the columns (None without an answer) and sizes of the multipliers of the rows, 0 with whole shares."""
    import highspy

    if judge.solver is None:
        judge.solver = quiet_solver()
        judge.solver.setOptionValue("mip_max_improving_sols", 1)
        judge.solver.setOptionValue("mip_max_nodes", MOST_MIXED_NODES)
    solver = judge.solver
    solver.passModel(programme)
    solver.run()
    solution = solver.getSolution()
    if not solution.value_valid or (not whole and solver.getModelStatus() != highspy.HighsModelStatus.kOptimal):
        return None, np.zeros(0)
    values = np.array(solution.col_value)
    return values, np.zeros(programme.num_row_) if whole else np.abs(np.array(solution.row_dual))


def _or_0(ends: Floats) -> Floats:
    return np.where(np.isfinite(ends), ends, 0.0)


class _Columns:
    """Numbers of columns: a value per piece (none for a single value that has a share), a share per piece where a slot
    has several, and the slack last.
    """

    def __init__(self, pieces: Pieces, slots: int) -> None:
        self.several: Bools = np.bincount(pieces.slot, minlength=slots)[pieces.slot] > 1
        self.pieces = pieces
        self.fixed: Bools = self.several & (pieces.low == pieces.high)
        self.values = int((~self.fixed).sum())
        self.value: Ints = np.where(self.fixed, -1, np.cumsum(~self.fixed) - 1)
        self.share: Ints = np.where(self.several, self.values + np.cumsum(self.several) - 1, -1)
        self.count = self.values + int(self.several.sum()) + 1
        self.norm: Floats = np.ones(0)


def _programme(
    judge: Judge,
    batch: Batch,
    rows: Ints,
    columns: _Columns,
    cliques: list[Clique],
    slack: float | None,
    strictly: bool,
    rates: Floats | None,
) -> Any:
    import highspy

    triples, bound, norm = _coefficients(judge, batch, rows, columns)
    columns.norm = norm
    mixing, lower, upper = _mixing(columns, cliques, len(rows))
    slacks = _shares_slack(judge, batch, rows, norm, slack, strictly) if rates is None else rates[rows] / norm
    triples += [(np.arange(len(rows)), np.full(len(rows), columns.count - 1), slacks), *mixing]
    r, c, v = (np.concatenate([t[i] for t in triples]) for i in range(3))
    keep = v != 0
    r, c, v = r[keep], c[keep], v[keep]
    order = np.lexsort((r, c))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns.count, len(rows) + len(lower)
    lp.col_cost_ = np.append(np.zeros(columns.count - 1), -1.0 if slack is None else 0.0)
    lp.col_lower_, lp.col_upper_ = _column_bounds(columns, slack)
    if slack is not None:
        kind = highspy.HighsVarType
        lp.integrality_ = [
            kind.kInteger if columns.values <= c < columns.count - 1 else kind.kContinuous for c in range(columns.count)
        ]
    lp.row_lower_ = np.concatenate([np.full(len(rows), -np.inf), lower])
    lp.row_upper_ = np.concatenate([bound / norm, upper])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.searchsorted(c[order], np.arange(columns.count + 1))
    lp.a_matrix_.index_, lp.a_matrix_.value_ = r[order], v[order]
    return lp


def _shares_slack(judge: Judge, batch: Batch, rows: Ints, norm: Floats, slack: float | None, strictly: bool) -> Floats:
    """How much of the common slack each row is given: as far as a sum may be from its bound at best, so that slack is a
    share of that; nothing where whole pieces are counted and a point of whole pieces is wanted.
    """
    if strictly:
        return judge.model.rows.strict[rows].astype(float)
    entries, which = judge.entries(rows)
    least, _, _ = least_of(judge.model, batch, entries)
    room = judge.model.rows.bound[rows] - np.bincount(which, least, len(rows))
    size = np.where(np.isfinite(room), np.maximum(room / norm, 1e-6), 1.0)
    ordered = judge.kind_of_row[rows] != 2
    is_open = batch.found.low_open.any() or batch.found.high_open.any() or judge.model.rows.strict[rows].any()
    size[ordered] = float(is_open)
    if slack is None:
        return size
    piece = judge.model.rows.entry_piece[entries]
    moving = np.where(
        piece >= 0, (judge.model.rows.factor[piece] != 0).any(axis=1) if len(judge.model.rows.factor) else False, True
    )
    return np.where(np.bincount(which, moving, len(rows)) > 0, size, 0.0)


_Triple = tuple[Ints, Ints, Floats]


def _coefficients(judge: Judge, batch: Batch, rows: Ints, columns: _Columns) -> tuple[list[_Triple], Floats, Floats]:
    model, pieces = judge.model, columns.pieces
    entries, which = judge.entries(rows)
    at = batch.place[model.rows.entry_slot[entries]]
    start = np.searchsorted(pieces.slot, np.arange(len(batch.slots) + 1))
    count = (start[1:] - start[:-1])[at]
    wide = np.repeat(np.arange(len(entries)), count)
    piece = np.repeat(start[at], count) + np.arange(len(wide)) - np.repeat(np.cumsum(count) - count, count)
    e, row = entries[wide], which[wide]
    line, cell = model.rows.entry_piece[e], pieces.cells.argmax(axis=1)[piece]
    factor, offset = model.rows.entry_factor[e], np.zeros(len(e))
    if len(model.rows.factor):
        factor = np.where(line >= 0, model.rows.factor[line, cell], factor)
        offset = np.where(line >= 0, model.rows.offset[line, cell], 0.0)
    single = columns.share[piece] < 0
    bound = model.rows.bound[rows] - np.bincount(row, np.where(single, offset, 0.0), len(rows))
    count_of = np.maximum(np.bincount(row, minlength=len(rows)), 1)
    norm = np.maximum(np.bincount(row, np.abs(factor) + np.abs(offset), len(rows)) / count_of, 1e-9)
    fixed = columns.fixed[piece]
    whole = np.where(fixed, offset + factor * _or_0(pieces.low)[piece], offset)
    mixed = ~single & (whole != 0)
    triples = [
        (row[~fixed], columns.value[piece[~fixed]], (factor / norm[row])[~fixed]),
        (row[mixed], columns.share[piece[mixed]], whole[mixed] / norm[row[mixed]]),
    ]
    return triples, bound, norm


def _mixing(columns: _Columns, cliques: list[Clique], first: int) -> tuple[list[_Triple], Floats, Floats]:
    """Cliques; shares of a slot's pieces sum to 1; and each piece's value lies between share · low and share · high."""
    pieces = columns.pieces
    several = np.flatnonzero(columns.several)
    slots, which = np.unique(pieces.slot[several], return_inverse=True)
    of_cliques, most = _at_most_one(columns, cliques, first)
    triples = [of_cliques, (first + len(cliques) + which, columns.share[several], np.ones(len(several)))]
    lower, upper = [np.full(len(cliques), -np.inf), np.ones(len(slots))], [most, np.ones(len(slots))]
    at = first + len(cliques) + len(slots)
    wide = several[~columns.fixed[several]]
    for ends, sign in ((pieces.low, 1.0), (pieces.high, -1.0)):
        finite = wide[np.isfinite(ends[wide])]
        rows = at + np.arange(len(finite))
        triples.append((rows, columns.value[finite], np.full(len(finite), sign)))
        triples.append((rows, columns.share[finite], -sign * ends[finite]))
        lower.append(np.zeros(len(finite)))
        upper.append(np.full(len(finite), np.inf))
        at += len(finite)
    return triples, np.concatenate(lower), np.concatenate(upper)


def _at_most_one(columns: _Columns, cliques: list[Clique], first: int) -> tuple[_Triple, Floats]:
    """Rows of cliques, and how many more of each may be chosen: 1, less those that are left with that value alone."""
    pieces = columns.pieces
    alone = pieces.cells.sum(axis=1) == 1
    cell = pieces.cells.argmax(axis=1)
    own = {(int(s), int(c)): p for p, s, c in zip(np.flatnonzero(alone), pieces.slot[alone], cell[alone], strict=True)}
    most, r, c = np.ones(len(cliques)), [], []
    for k, clique in enumerate(cliques):
        for member in zip(clique.slots.tolist(), clique.cells.tolist(), strict=True):
            p = own.get(member)
            if p is None:
                continue
            if columns.share[p] < 0:
                most[k] -= 1
            else:
                r.append(first + k)
                c.append(int(columns.share[p]))
    return (np.array(r, np.int64), np.array(c, np.int64), np.ones(len(r))), most


def _column_bounds(columns: _Columns, slack: float | None) -> tuple[Floats, Floats]:
    pieces, own = columns.pieces, ~columns.fixed
    low = np.where(columns.several, np.minimum(pieces.low, 0.0), pieces.low)[own]
    high = np.where(columns.several, np.maximum(pieces.high, 0.0), pieces.high)[own]
    shares = columns.count - 1 - columns.values
    return (
        np.concatenate([low, np.zeros(shares), [-np.inf if slack is None else slack]]),
        np.concatenate([high, np.ones(shares), [1.0]]),
    )
