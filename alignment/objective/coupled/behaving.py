"""The pass over all items as it is under rules over several items: joint choices in place of each item's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from alignment.objective.coupled.coupling import Coupling
from alignment.objective.coupled.without import without
from alignment.objective.grid import Grid
from alignment.objective.intervals import achievable
from alignment.objective.report import Captured, Coupled
from alignment.objective.sweep import TIE, Sweep
from alignment.words import listed


def joint_sweep(coupling: Coupling, swept: Sweep, per_unit: np.ndarray) -> Sweep:
    """A pass whose model, best choice and guardrails come from the joint choices; the rest stays item by item.

    per_unit: utility per unit of each metric. Guardrails are the item rules, then those over several items.
    """
    play, utility = coupling.play, per_unit @ coupling.play.deltas
    chosen, best = coupling.model.chosen, coupling.best(per_unit)
    model, top = utility[chosen], utility[best.chosen]
    model = np.where(np.abs(top - model) <= TIE * np.abs(top), top, model)
    deltas, changes = play.deltas[:, chosen], play.deltas[:, best.chosen]
    freed = without(coupling.table, best, utility, coupling.item_rules, coupling.numbers)
    total, now = float(top.sum()), float(utility[chosen].sum())
    price = [max(0.0, float(utility[freed[rule]].sum()) - total) for rule in coupling.guardrails]
    protects = [now - float(utility[coupling.model_without[rule]].sum()) for rule in coupling.guardrails]
    sums = replace(swept.sums, best_change=changes.sum(axis=1), price=np.array(price), protects=np.array(protects))
    return replace(
        swept, model=model, best=top, model_change=deltas.sum(axis=1), model_deltas=deltas,
        model_rows=play.rows[chosen], best_rows=play.rows[best.chosen], sums=sums,
    )  # fmt: skip


def coupled_of(coupling: Coupling, per_unit: np.ndarray) -> Coupled:
    """What was applied and how. The gap is the larger one of the two choices.

    That of the best choice is a share of what it adds, that of the model's a share of the objective's whole range.
    """
    utility = per_unit @ coupling.play.deltas
    best = coupling.best(per_unit)
    top = achievable(utility[best.chosen])
    gaps = [_share(best.gap, top), _share(coupling.model.gap, _range(coupling, coupling.play.objective))]
    method: Literal["milp", "lagrangian"] = "milp" if best.exact and coupling.model.exact else "lagrangian"
    return Coupled(tuple(coupling.numbers), method, 0.0 if method == "milp" else max(gaps))


def _share(gap: float, whole: float) -> float:
    return gap / whole if whole > 0 else 0.0


def _range(coupling: Coupling, values: np.ndarray) -> float:
    start, allowed = coupling.play.start[:-1], coupling.play.allowed
    top = np.maximum.reduceat(np.where(allowed, values, -np.inf), start)
    return float((top - np.minimum.reduceat(np.where(allowed, values, np.inf), start)).sum())


def without_interval(captured: Captured, coupling: Coupling) -> Captured:
    """The captured share of joint choices: resampled items would not be bound by the same rules."""
    if captured.model is None:
        return replace(captured, low=None, high=None)
    tie = "ties" if len(coupling.numbers) == 1 else "tie"
    reason = f"{listed(coupling.numbers)} {tie} the items together, so they cannot be drawn one by one"
    return replace(captured, low=None, high=None, undefined=0.0, reason=reason)


def shadow_of(coupling: Coupling, per_unit: np.ndarray, grid: Grid) -> np.ndarray:
    """Of every table row the price of what its candidate uses of the rules, less its item's share of what there is.

    With it off the utility, the sum over items of the largest utility is an upper bound of that of any joint choice,
    whatever the weights (weak duality); at these weights it is the bound that the best choice was proved by.
    """
    rows, play = coupling.table.rows, coupling.play
    price = np.where(coupling.table.active, coupling.best(per_unit).multipliers, 0.0)
    used = rows.matrix.T @ price
    items = np.bincount(rows.part[rows.part >= 0], minlength=rows.parts)
    spare = np.bincount(rows.row_part, price * rows.bound, rows.parts) / np.maximum(items, 1)
    shadow = np.zeros(grid.candidates)
    shadow[play.rows] = used - np.append(spare, 0.0)[rows.part][play.item]
    return shadow
