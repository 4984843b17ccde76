"""Two goals against each other: the exact limit of what one choice per item can reach of both at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.errors import UsageError
from alignment.initiative.references import closest
from alignment.objective.grid import Group, each_block
from alignment.objective.ground import Stake
from alignment.objective.prepare import Choices

SHOWN = 121

Point = tuple[float, float]


@dataclass(frozen=True)
class Frontier:
    """Changes against today of two goals, turned so that more is what the goal wants, in the metrics' units.

    points: V by 2, by rising first and falling second; each is reached by one choice per item, and every reachable mix
    lies left of or below the line through all of them. vertices: how many the whole line has, where `points` are a
    part. random: the mean over each item's allowed candidates.
    """

    points: np.ndarray
    vertices: int
    random: Point


def frontier_of(choices: Choices, x: str, y: str, most: int = SHOWN) -> Frontier:
    """The limit of two goals, by their ids, over what the hard rules allow; weights do not change it.

    The convex hull of a sum over items of sets of points is the sum of their hulls, whose edges are theirs, laid
    end to end by slope. At most about `most` vertices, evenly along the line, are returned. Source: de Berg et al.,
    "Computational Geometry", 3rd edition, section 13.3. Raises UsageError for a goal that the table does not show.
    """
    pair = _stake(choices, x), _stake(choices, y)
    unit = np.array([[1 / stake.per] for stake in pair])

    def one(group: Group, part: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        allowed = group.feasible(part)
        some = np.flatnonzero(allowed.any(axis=0))
        allowed, items = allowed[:, some], group.items[part][some]
        changes = [_changes(stake, group.values[stake.place][:, part][:, some], choices, items) for stake in pair]
        both = np.stack(changes)
        mean = np.where(allowed, both, 0.0).sum(axis=1) / np.maximum(allowed.sum(axis=0), 1)
        start, edges = _hulls(both, allowed)
        return start.sum(axis=1), mean.sum(axis=1), edges

    found = each_block(choices.grid.groups(), one)
    start = sum((s for s, _, _ in found), np.zeros(2))
    random = sum((m for _, m, _ in found), np.zeros(2)) * unit[:, 0]
    edges = np.concatenate([e for _, _, e in found], axis=1) if found else np.zeros((2, 0))
    edges = edges[:, np.argsort(-edges[1] / edges[0], kind="stable")]
    line = np.concatenate([start[:, None], start[:, None] + np.cumsum(edges, axis=1)], axis=1) * unit
    return Frontier(_thinned(line, most).T, line.shape[1], (float(random[0]), float(random[1])))


def _stake(choices: Choices, goal: str) -> Stake:
    stakes = {stake.goal.id: stake for stake in choices.stakes}
    if goal not in stakes:
        raise UsageError(f"'{goal}' is not a goal that the decision table shows; {closest(goal, stakes, 'goals')}")
    return stakes[goal]


def _changes(stake: Stake, values: np.ndarray, choices: Choices, items: np.ndarray) -> np.ndarray:
    return np.asarray(stake.direction * (values - choices.ground.bases[stake.place, items]))


def _hulls(points: np.ndarray, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of every item the highest point, and the edges from there to the rightmost along its hull: 2 by N, and 2 by E.

    points: 2 by K by N. All items take their next edge together; those that have arrived drop out.
    """
    x, y = (np.where(allowed, axis, -np.inf) for axis in points)
    at = np.arange(x.shape[1])
    first = np.where(y == y.max(axis=0, initial=-np.inf), x, -np.inf).argmax(axis=0)
    start = np.stack([x[first, at], y[first, at]])
    here, edges = start.copy(), []
    while len(at):
        dx, dy = x - here[0], y - here[1]
        ahead = dx > 0
        going = ahead.any(axis=0)
        x, y, dx, dy, ahead, here = (
            x[:, going],
            y[:, going],
            dx[:, going],
            dy[:, going],
            ahead[:, going],
            here[:, going],
        )
        at = np.arange(x.shape[1])
        slope = np.divide(dy, dx, out=np.full(dx.shape, -np.inf), where=ahead)
        flattest = slope == slope.max(axis=0, initial=-np.inf)
        best = np.where(flattest, dx, -np.inf).argmax(axis=0)
        edges.append(np.stack([dx[best, at], dy[best, at]]))
        here = np.stack([x[best, at], y[best, at]])
    return start, np.concatenate(edges, axis=1) if edges else np.zeros((2, 0))


def _thinned(line: np.ndarray, most: int) -> np.ndarray:
    """About `most` of the line's vertices, evenly along it, both ends among them."""
    if line.shape[1] <= most:
        return line
    spans = line.max(axis=1) - line.min(axis=1)
    steps = np.diff(line / np.where(spans > 0, spans, 1.0)[:, None], axis=1)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*steps))])
    kept = np.unique(np.searchsorted(along, np.linspace(0, along[-1], most)).clip(0, line.shape[1] - 1))
    return line[:, np.union1d(kept, [0, line.shape[1] - 1])]
