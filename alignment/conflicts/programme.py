"""Linear programmes, with whole numbers or without, solved by HiGHS; answers are doubles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

INFINITE = float("inf")


@dataclass
class Programme:
    """Variables with ranges, and rows of coefficients with a least and a greatest value; built up, then solved."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[float, Mapping[int, float], float]] = field(default_factory=list)

    def variable(self, low: float = 0.0, high: float = INFINITE, whole: bool = False) -> int:
        """Adds a variable; its number."""
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)
        return len(self.low) - 1

    def row(self, low: float, coefficients: Mapping[int, float], high: float = INFINITE) -> None:
        """Requires low <= the sum of coefficients times variables <= high."""
        self.rows.append((low, coefficients, high))

    def least(self, costs: Mapping[int, float]) -> list[float] | None:
        """Values of the variables at which the sum of costs by variables is least; None where the rows cannot hold."""
        import highspy

        solver = quiet_solver()
        solver.setOptionValue("mip_rel_gap", 0.0)
        solver.passModel(_model(highspy, self, costs))
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return [float(v) for v in solver.getSolution().col_value]


def quiet_solver() -> Any:
    """A HiGHS solver on one thread that prints nothing; by itself it greets on standard output when it is made."""
    import highspy

    class Quiet(highspy.Highs):
        def enableCallbacks(self) -> None:
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()

    solver = Quiet()
    solver.setOptionValue("threads", 1)
    for tolerance in ("primal_feasibility_tolerance", "dual_feasibility_tolerance", "mip_feasibility_tolerance"):
        solver.setOptionValue(tolerance, 1e-9)
    return solver


def _model(highspy: Any, programme: Programme, costs: Mapping[int, float]) -> Any:
    model = highspy.HighsLp()
    n = len(programme.low)
    model.num_col_, model.num_row_ = n, len(programme.rows)
    model.col_cost_ = np.array([costs.get(i, 0.0) for i in range(n)])
    model.col_lower_, model.col_upper_ = np.array(programme.low), np.array(programme.high)
    model.row_lower_ = np.array([low for low, _, _ in programme.rows])
    model.row_upper_ = np.array([high for _, _, high in programme.rows])
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.cumsum([0, *(len(c) for _, c, _ in programme.rows)]).astype(np.int32)
    model.a_matrix_.index_ = np.array(_flat(c.keys() for _, c, _ in programme.rows), np.int32)
    model.a_matrix_.value_ = np.array(_flat(c.values() for _, c, _ in programme.rows), float)
    if any(programme.whole):
        kinds = highspy.HighsVarType
        model.integrality_ = [kinds.kInteger if w else kinds.kContinuous for w in programme.whole]
    return model


def _flat(parts: Any) -> Sequence[float]:
    return [value for part in parts for value in part]
