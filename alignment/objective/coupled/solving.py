"""The best choice in a block, and how far at most it is from the best there can be.

Multipliers of the rows give an upper bound (weak duality) and tell which candidates no best choice can hold; HiGHS
decides among the rest in whole numbers. Where too much is left for that, the bound and the best choice found are
reported as they are. Source: M. L. Fisher, "The Lagrangian Relaxation Method for Solving Integer Programming Problems",
Management Science 27 (1981).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from alignment.objective.coupled.ascent import ascend
from alignment.objective.coupled.block import Block
from alignment.objective.coupled.programme import Answer, chosen_of, multipliers_of

MOST_SOLVED = 20_000
MOST_ORDERED = 2_000
MOST_PROMISING = 4_000
FIRST_LOOK = 200
TOLERANCE = 1e-10


@dataclass(frozen=True)
class Solved:
    """chosen: of each item its candidate, None where there is none. value <= the best there can be <= bound."""

    state: Literal["exact", "bounded", "infeasible", "unfinished"]
    chosen: np.ndarray | None
    value: float
    bound: float
    multipliers: np.ndarray


def solve(block: Block, most: int = MOST_SOLVED) -> Solved:
    """The choice of the largest value; of several the one whose candidates come first, in sum over items.

    most: candidates up to which the choice is proved in whole numbers.
    """
    free = np.zeros(len(block.bound))
    picked = block.first_best(block.values)
    if block.holds(picked):
        value = float(block.values[picked].sum())
        return Solved("exact", picked, value, value, free)
    if block.size > most:
        return _bounded(block, most)
    multipliers = multipliers_of(block)
    if multipliers is None:
        return _by(chosen_of(block), block, free)
    loss, bound = _losses(block, multipliers)
    value, chosen = _first_look(block, loss)
    kept = loss <= max(bound - value, 0.0) + _tolerance(block)
    answer = chosen_of(block.only(kept)) if kept.any() else Answer("infeasible", None)
    if answer.chosen is None:
        return _by(answer, block, multipliers)
    picked = np.flatnonzero(kept)[answer.chosen]
    if answer.state != "optimal":
        better = picked if chosen is None or block.values[picked].sum() > value else chosen
        return Solved("bounded", better, float(block.values[better].sum()), bound, multipliers)
    picked = _first_of_ties(block, picked, loss, bound)
    value = float(block.values[picked].sum())
    return Solved("exact", picked, value, value, multipliers)


def _tolerance(block: Block) -> float:
    return TOLERANCE * block.items


def _losses(block: Block, multipliers: np.ndarray) -> tuple[np.ndarray, float]:
    """What the bound loses where a candidate is chosen, and the bound."""
    reduced = block.reduced(multipliers)
    tops = block.tops(reduced)
    return tops[block.item] - reduced, float(tops.sum() + multipliers @ block.bound)


def _first_look(block: Block, loss: np.ndarray) -> tuple[float, np.ndarray | None]:
    """A good choice among the most promising candidates, with its value."""
    count = block.items + FIRST_LOOK + 2 * len(block.bound)
    if count >= block.size:
        return -np.inf, None
    kept = _promising(loss, count)
    answer = chosen_of(block.only(kept))
    if answer.chosen is None:
        return -np.inf, None
    chosen = np.flatnonzero(kept)[answer.chosen]
    return float(block.values[chosen].sum()), chosen


def _promising(loss: np.ndarray, count: int) -> np.ndarray:
    kept = loss <= 0
    kept[np.argsort(loss, kind="stable")[:count]] = True
    return kept


def _by(answer: Answer, block: Block, multipliers: np.ndarray) -> Solved:
    """What a solver said about the whole block."""
    if answer.chosen is None:
        state: Literal["infeasible", "unfinished"] = "infeasible" if answer.state == "infeasible" else "unfinished"
        return Solved(state, None, -np.inf, np.inf, multipliers)
    value = float(block.values[answer.chosen].sum())
    if answer.state == "optimal":
        return Solved("exact", answer.chosen, value, value, multipliers)
    return Solved("bounded", answer.chosen, value, block.limit(multipliers), multipliers)


def _first_of_ties(block: Block, picked: np.ndarray, loss: np.ndarray, bound: float) -> np.ndarray:
    """Of all choices of the same value the one whose candidates come first; the one at hand where that is too long."""
    value = float(block.values[picked].sum())
    kept = loss <= bound - value + _tolerance(block)
    kept[picked] = True
    several = int(kept.sum())
    if several == block.items or several > MOST_ORDERED:
        return picked
    part = block.only(kept)
    rank = np.flatnonzero(kept) - block.start[:-1][part.item]
    answer = chosen_of(part, rank.astype(float), value - _tolerance(block))
    return picked if answer.chosen is None else np.asarray(np.flatnonzero(kept)[answer.chosen])


def _bounded(block: Block, most: int) -> Solved:
    """A bound by subgradients, and the best choice among the most promising candidates."""
    found = ascend(block)
    loss, bound = _losses(block, found.multipliers)
    kept = _promising(loss, min(most, MOST_PROMISING))
    kept[block.first_best(-loss)] = True
    answer = chosen_of(block.only(kept))
    known = [] if found.chosen is None else [found.chosen]
    known += [] if answer.chosen is None else [np.flatnonzero(kept)[answer.chosen]]
    if not known:
        return Solved("unfinished", None, -np.inf, bound, found.multipliers)
    best = max(known, key=lambda option: float(block.values[option].sum()))
    value = float(block.values[best].sum())
    return Solved("bounded", best, value, max(bound, value), found.multipliers)
