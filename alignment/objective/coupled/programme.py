"""A block as a programme for HiGHS: relaxed to shares, for the rows' multipliers, or in whole numbers, for a choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from alignment.conflicts.programme import quiet_solver
from alignment.objective.coupled.block import Block

SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """What the solver found: of each item the candidate, None where there is none."""

    state: Literal["optimal", "infeasible", "unfinished"]
    chosen: np.ndarray | None


def multipliers_of(block: Block) -> np.ndarray | None:
    """The rows' multipliers of the relaxed programme; None where it has no solution or was not finished."""
    solver, highspy = _solver(block, -block.values, whole=False)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.maximum(0.0, -np.array(solver.getSolution().row_dual[: len(block.bound)]))


def chosen_of(block: Block, costs: np.ndarray | None = None, least: float | None = None) -> Answer:
    """The choice of the largest value, or of the least costs among those whose value is at least `least`."""
    alone = np.flatnonzero(np.diff(block.start) == 1)
    picked = block.start[:-1].copy()
    if len(alone) == block.items:
        return Answer("optimal", picked) if block.holds(picked) else Answer("infeasible", None)
    solver, highspy = _solver(block, -block.values if costs is None else costs, whole=True, least=least)
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Answer("infeasible", None)
    found = np.array(solver.getSolution().col_value)
    if len(found) == block.size:
        picked = block.first_best(found)
    if len(found) < block.size or not block.holds(picked):
        return Answer("unfinished", None)
    return Answer("optimal" if status == highspy.HighsModelStatus.kOptimal else "unfinished", picked)


def _solver(block: Block, costs: np.ndarray, whole: bool, least: float | None = None) -> tuple[Any, Any]:
    import highspy
    from scipy.sparse import csr_matrix, vstack

    one_each = csr_matrix((np.ones(block.size), np.arange(block.size), block.start), shape=(block.items, block.size))
    parts, low, high = [block.matrix, one_each], [np.full(len(block.bound), -np.inf), np.ones(block.items)], []
    high = [block.bound, np.ones(block.items)]
    if least is not None:
        parts.append(csr_matrix(block.values[None, :]))
        low, high = [*low, np.array([least])], [*high, np.array([np.inf])]
    rows = vstack(parts, format="csr")
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = block.size, rows.shape[0]
    model.col_cost_, model.col_lower_, model.col_upper_ = costs, np.zeros(block.size), np.ones(block.size)
    model.row_lower_, model.row_upper_ = np.concatenate(low), np.concatenate(high)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_ = rows.indptr.astype(np.int32), rows.indices.astype(np.int32)
    model.a_matrix_.value_ = rows.data
    if whole:
        model.integrality_ = [highspy.HighsVarType.kInteger] * block.size
    solver = quiet_solver()
    for option in ("mip_rel_gap", "mip_abs_gap"):
        solver.setOptionValue(option, 0.0)
    solver.setOptionValue("time_limit", SECONDS)
    solver.passModel(model)
    return solver, highspy
