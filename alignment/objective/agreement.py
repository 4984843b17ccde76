"""How far teams agree on what matters: Kendall's W over their rankings of the goals, and which goals divide them."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, permutations
from math import factorial
from typing import Literal

import numpy as np

from alignment.initiative.models import Initiative
from alignment.objective.report import Agreement, Pair, Ranks

MOST_ENUMERATED = 200_000
PERMUTATIONS = 20_000
SEED = 1939


def agreement_of(initiative: Initiative) -> Agreement | None:
    """Kendall's W, tie-corrected, over the teams that gave points; None with fewer than two of them or than two goals.

    A team's weight of a goal is the mean over its participants of their share of points. W and p are None where every
    team ranks all goals alike. Source: Kendall and Babington Smith (1939), "The problem of m rankings".
    """
    goals = [goal.id for goal in initiative.goals]
    weights = _team_weights(initiative)
    teams = tuple(team for team in initiative.teams if team in weights)
    if len(teams) < 2 or len(goals) < 2:
        return None
    ranks = np.array([_ranks([weights[team].get(goal, 0.0) for goal in goals]) for team in teams])
    w = kendall_w(ranks)
    p, method = _p_value(ranks)
    pairs = tuple(Pair((teams[a], teams[b]), tau_b(ranks[a], ranks[b])) for a, b in combinations(range(len(teams)), 2))
    table = tuple(
        Ranks(goal, {team: float(ranks[t, g]) for t, team in enumerate(teams)}) for g, goal in enumerate(goals)
    )
    return Agreement(w, None if w is None else p, method, teams, pairs, table)


def kendall_w(ranks: np.ndarray) -> float | None:
    """W = 12 S / (k²(n³−n) − k ΣT) of k rankings of n goals (k by n); None where every ranking is one tie."""
    k, n = ranks.shape
    ties = sum(float((c**3 - c).sum()) for c in (np.unique(row, return_counts=True)[1] for row in ranks))
    below = k**2 * (n**3 - n) - k * ties
    return None if below == 0 else float(12 * _spread(ranks.sum(axis=0)) / below)


def tau_b(left: np.ndarray, right: np.ndarray) -> float | None:
    """Kendall's tau-b of two rankings; None where one of them is one tie."""
    a, b = (np.sign(np.subtract.outer(x, x)) for x in (left, right))
    below = float((a**2).sum()) * float((b**2).sum())
    return None if below == 0 else float((a * b).sum() / np.sqrt(below))


def _team_weights(initiative: Initiative) -> dict[str, dict[str, float]]:
    given: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for point in initiative.points:
        given[point.team, point.participant][point.goal] += float(point.points)
    shares: dict[str, list[dict[str, float]]] = defaultdict(list)
    for (team, _), points in given.items():
        total = sum(points.values())
        if total > 0:
            shares[team].append({goal: value / total for goal, value in points.items()})
    return {
        team: {goal: sum(s.get(goal, 0.0) for s in rows) / len(rows) for goal in {g for s in rows for g in s}}
        for team, rows in shares.items()
    }


def _ranks(weights: list[float]) -> np.ndarray:
    """Mid-ranks, 1 for the largest weight; weights that differ in the last bit only are tied."""
    values = np.round(np.array(weights), 12)
    above = (values[None, :] > values[:, None]).sum(axis=1)
    same = (values[None, :] == values[:, None]).sum(axis=1)
    return np.asarray(above + (same + 1) / 2)


def _spread(sums: np.ndarray) -> np.ndarray:
    return np.asarray(((sums - sums.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1))


def _p_value(ranks: np.ndarray) -> tuple[float, Literal["exact", "permutation"]]:
    k, n = ranks.shape
    seen = _spread(ranks.sum(axis=0)) - 1e-9
    if factorial(n) ** (k - 1) <= MOST_ENUMERATED:
        order = np.array(list(permutations(range(n))))
        sums = ranks[:1]
        for row in ranks[1:]:
            sums = (sums[:, None, :] + row[order][None, :, :]).reshape(-1, n)
        return float((_spread(sums) >= seen).mean()), "exact"
    rng = np.random.default_rng(SEED)
    sums = sum((rng.permuted(np.tile(row, (PERMUTATIONS, 1)), axis=1) for row in ranks[1:]), ranks[0])
    return float(((_spread(sums) >= seen).sum() + 1) / (PERMUTATIONS + 1)), "permutation"
