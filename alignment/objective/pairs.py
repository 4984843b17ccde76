"""Comparisons of every two candidates of an item, for many items at once: ranks, ties and Kendall's tau-b."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Comparisons:
    """Of K by N candidates, how many of the item have a smaller and a larger objective; of items tau-b, or NaN."""

    below: np.ndarray
    above: np.ndarray
    tau: np.ndarray


def compare(objective: np.ndarray, utility: np.ndarray, tolerance: np.ndarray) -> Comparisons:
    """Compares candidates by objective, exactly, and by utility, within a tolerance per item.

    objective, utility: K by N, NaN where a candidate is not allowed. tau is NaN where one of the two does not vary.
    """
    k, n = objective.shape
    kind = np.uint8 if k < 128 else np.uint16
    wide = np.int16 if k < 128 else np.int64
    below, above = np.zeros((k, n), kind), np.zeros((k, n), kind)
    score = np.zeros(n, np.int64)
    varied = np.zeros(n, np.int64)
    for j in range(k - 1):
        up, down = objective[j + 1 :] > objective[j], objective[j + 1 :] < objective[j]
        more, less = utility[j + 1 :] > utility[j] + tolerance, utility[j + 1 :] < utility[j] - tolerance
        up8, down8 = up.view(np.int8), down.view(np.int8)
        below[j + 1 :] += up.view(np.uint8)
        above[j + 1 :] += down.view(np.uint8)
        below[j] += np.add.reduce(down8, axis=0, dtype=kind)
        above[j] += np.add.reduce(up8, axis=0, dtype=kind)
        signs = (up8 - down8) * (more.view(np.int8) - less.view(np.int8))
        score += np.add.reduce(signs, axis=0, dtype=wide)
        varied += np.add.reduce((more | less).view(np.int8), axis=0, dtype=wide)
    ordered = below.sum(axis=0, dtype=np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        tau = score / np.sqrt(ordered.astype(float) * varied)
    tau[(ordered == 0) | (varied == 0)] = np.nan
    return Comparisons(below, above, tau)
