"""Does the verdict stand when the stated weights move? Draws of weights, each judged like the real ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.objective.grid import Grid, Group, each_block
from alignment.objective.ground import Ground
from alignment.objective.intervals import GOOD, HALF, MOST_RESAMPLED, Margins, Z, resampled_sums

DRAWS = 500
CONCENTRATION = 50
SEED = 50
CLEAR = 8.0
TILE = 960  # metrics by items in one product; of more, BLAS starts threads that wait for ours


def draws_of(weights: np.ndarray) -> np.ndarray:
    """500 seeded draws of weights from a Dirichlet with this mean and concentration 50; goals of weight 0 stay at 0."""
    drawn = np.zeros((DRAWS, len(weights)))
    positive = weights > 0
    mean = weights[positive] / weights[positive].sum()
    drawn[:, positive] = np.random.default_rng(SEED).dirichlet(CONCENTRATION * mean, DRAWS)
    return drawn


@dataclass(frozen=True)
class _Moments:
    """Per draw, sums over items of the best choice's utility b and the model's m: of b, bb, mb."""

    best: np.ndarray
    square: np.ndarray
    product: np.ndarray


def margins_of(
    grid: Grid,
    ground: Ground,
    deltas: np.ndarray,
    places: np.ndarray,
    per_unit: np.ndarray,
    shadow: np.ndarray | None = None,
) -> list[Margins]:
    """The margins of the verdict under each draw.

    per_unit: draws by metrics, utility per unit of change. deltas: metrics by items, the model's changes; places:
    those items among all. shadow: by table row, what comes off the utility where rules tie items together, so that the
    best choice is judged by an upper bound.
    A quantile whose sign is certain (8 standard deviations; by Cantelli's inequality 6.3 do) is given by the sum alone;
    others are resampled like the real one, or by the delta method above 100,000 items.
    """
    at = np.full(grid.items, -1)
    at[places] = np.arange(len(places))
    if shadow is not None:
        deltas = np.concatenate([deltas, np.zeros((1, deltas.shape[1]))])
        per_unit = np.concatenate([per_unit, -np.ones((len(per_unit), 1))], axis=1)
    found = _moments(grid, ground, deltas, at, per_unit, shadow)
    model = per_unit @ deltas.sum(axis=1)
    square = np.einsum("dq,qr,dr->d", per_unit, deltas @ deltas.T, per_unit)
    half, half_spread = _sum_and_spread(model, square, found, HALF, len(places))
    good, good_spread = _sum_and_spread(model, square, found, GOOD, len(places))
    ends = [half + Z * half_spread, good - Z * good_spread]
    sides = ((half, half_spread, HALF, 0.975), (good, good_spread, GOOD, 0.025))
    for end, (total, spread, part, level) in zip(ends, sides, strict=True):
        unclear = np.flatnonzero((np.abs(total) <= CLEAR * spread) & (len(places) <= MOST_RESAMPLED))
        for start in range(0, len(unclear), 50):
            some = unclear[start : start + 50]
            net = _net(grid, ground, deltas, at, per_unit[some], shadow, part)
            end[some] = np.quantile(resampled_sums(net), level, axis=0)
    return [Margins(float(h), float(g)) for h, g in zip(*ends, strict=True)]


def _sum_and_spread(
    model: np.ndarray, square: np.ndarray, found: _Moments, part: float, items: int
) -> tuple[np.ndarray, np.ndarray]:
    total = model - part * found.best
    squares = square - 2 * part * found.product + part**2 * found.square
    return total, np.sqrt(np.maximum(squares - total**2 / max(1, items), 0.0))


def _moments(
    grid: Grid, ground: Ground, deltas: np.ndarray, at: np.ndarray, per_unit: np.ndarray, shadow: np.ndarray | None
) -> _Moments:

    def one(group: Group, part: slice) -> np.ndarray:
        sums = np.zeros((3, len(per_unit)))
        points, here = _points(group, part, ground, at, shadow)
        tile = max(16, TILE // max(1, len(points)))
        for start in range(0, len(here), tile):
            some = slice(start, start + tile)
            best = _tops(points[:, :, some], per_unit)
            sums[0] += best.sum(axis=1)
            sums[1] += np.einsum("dn,dn->d", best, best)
            sums[2] += np.einsum("dq,dq->d", per_unit, best @ deltas[:, here[some]].T)
        return sums

    total = np.zeros((3, len(per_unit)))
    for sums in each_block(grid.groups(), one):
        total += sums
    return _Moments(*total)


def _points(
    group: Group, part: slice, ground: Ground, at: np.ndarray, shadow: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Changes of a block's items, metrics by candidates by items, forbidden candidates replaced by an allowed one.

    The shadow is one more metric.
    """
    items = group.items[part]
    allowed = group.feasible(part)
    here = np.flatnonzero(at[items] >= 0)
    allowed = allowed[:, here]
    first = allowed.argmax(axis=0)
    points = np.empty((len(ground.bases) + (shadow is not None), *allowed.shape))
    columns = np.arange(len(here))
    if shadow is not None:
        x = shadow[group.rows[:, part][:, here]]
        points[-1] = np.where(allowed, x, x[first, columns])
    for q, base in enumerate(ground.bases):
        x = group.values[q][:, part][:, here] - base[items[here]]
        points[q] = np.where(allowed, x, x[first, columns])
    return points, at[items[here]]


def _tops(points: np.ndarray, per_unit: np.ndarray) -> np.ndarray:
    """The largest utility of each item (columns) under each draw (rows)."""
    best = per_unit @ points[:, 0]
    for k in range(1, points.shape[1]):
        np.maximum(best, per_unit @ points[:, k], out=best)
    return best


def _net(
    grid: Grid,
    ground: Ground,
    deltas: np.ndarray,
    at: np.ndarray,
    per_unit: np.ndarray,
    shadow: np.ndarray | None,
    part: float,
) -> np.ndarray:
    """Draws by items: the model's utility less a part of the best choice's."""
    best = np.zeros((len(per_unit), deltas.shape[1]))

    def one(group: Group, block: slice) -> None:
        points, here = _points(group, block, ground, at, shadow)
        best[:, here] = _tops(points, per_unit)

    each_block(grid.groups(), one)
    return np.asarray(per_unit @ deltas - part * best)
