"""Multipliers of the rows of a block that is too large for a solver, by subgradients of the bound.

Source: M. Held, P. Wolfe, H. P. Crowder, "Validation of Subgradient Optimization", Mathematical Programming 6 (1974);
the length of a step is Polyak's towards a level below the best bound, which comes nearer when steps do not help.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.objective.coupled.block import Block

STEPS = 300
PATIENCE = 5
LEVEL = 0.25


@dataclass(frozen=True)
class Ascent:
    """The best multipliers found, and the best choice on the way that keeps all rows, None where none did."""

    multipliers: np.ndarray
    chosen: np.ndarray | None


def ascend(block: Block) -> Ascent:
    """Lowers the bound step by step; each step's own choice is tried as it is."""
    multipliers = best = np.zeros(len(block.bound))
    bound, waiting = np.inf, 0
    level = LEVEL * float(-np.minimum.reduceat(block.values, block.start[:-1]).sum()) or 1.0
    chosen: np.ndarray | None = None
    value = -np.inf
    for _ in range(STEPS):
        reduced = block.reduced(multipliers)
        picked = block.first_best(reduced)
        spare = block.bound - block.used(picked)
        now = float(reduced[picked].sum() + multipliers @ block.bound)
        if now < bound - 1e-12 * abs(bound if np.isfinite(bound) else 0.0):
            bound, best, waiting = now, multipliers, 0
        else:
            waiting += 1
        if (spare >= 0).all() and float(block.values[picked].sum()) > value:
            chosen, value = picked, float(block.values[picked].sum())
        slope = np.where((multipliers > 0) | (spare < 0), spare, 0.0)
        length = float(slope @ slope)
        if length == 0 or bound - value <= 1e-12:
            break
        if waiting >= PATIENCE:
            level, waiting = level / 2, 0
        multipliers = np.maximum(0.0, multipliers - (now - bound + level) / length * slope)
    return Ascent(best, chosen)
