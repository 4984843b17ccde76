"""Opposing bounds that clash on no item, tightest first, and how near they come.

The pass over the items has found the least slack of every floor and ceiling (see `distances`); a second one looks at
the few tightest pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from alignment.catalogue.reading import Catalogue
from alignment.conflicts.batches import Bools, Floats, Ints, batches
from alignment.conflicts.bounds import Bounds, bounds_of
from alignment.conflicts.distances import Distances
from alignment.conflicts.line import Line
from alignment.conflicts.tightness import Quantile

MOST = 20


@dataclass
class Pair:
    """A rule with a floor and one with a ceiling that are near each other.

    slack: the least; off a grid, doubles of another scale may give another last digit, so it is looked for anew.
    rows: items with the least slack. ends: both ends there.
    """

    floor: int
    ceiling: int
    slack: float = np.inf
    p5: Quantile = field(default_factory=lambda: Quantile(0.05))
    within: int = 0
    rows: list[Ints] = field(default_factory=list)
    ends: list[tuple[Floats, Floats]] = field(default_factory=list)


def tightest(line: Line, distances: Distances, possible: Bools, catalogue: Catalogue) -> list[Pair]:
    """The pairs that come nearest, looked at once more. possible: pairs, F by C, that clash on no item."""
    exact = int(np.count_nonzero(possible & (distances.apart >= -distances.limit)))
    if np.isfinite(distances.limit) and exact < min(MOST, int(np.count_nonzero(possible))):
        distances = _all(line, catalogue)
    pairs = [Pair(f, c) for f, c, _ in _chosen(line, -distances.apart, possible)]
    if pairs:
        _look(_narrowed(line, pairs), pairs, catalogue)
    return pairs


def _narrowed(line: Line, pairs: Sequence[Pair]) -> Line:
    """The line with nothing but the pairs' bounds."""
    floors, ceilings = {p.floor for p in pairs}, {p.ceiling for p in pairs}
    ends = tuple(e for e in line.ends if e.rule in (floors if e.is_floor else ceilings))
    return replace(line, ends=ends, atoms=(), givens=(), scopes=(), unknowns=(), today=None)


def _all(line: Line, catalogue: Catalogue) -> Distances:
    """The distances of all pairs, no item passed over."""
    found = Distances.at_start(line)
    for bounds in _passes(line, catalogue):
        found.take(bounds)
    return found


def _passes(line: Line, catalogue: Catalogue) -> Iterable[Bounds]:
    return (bounds_of(line, batch) for batch in batches(catalogue, line.numbers, line.flags))


def _chosen(line: Line, least: Floats, possible: Bools) -> Sequence[tuple[int, int, float]]:
    """The tightest pairs of rules; of two ranges the tighter direction counts."""
    floors, ceilings = tuple(line.floors), tuple(line.ceilings)
    best: dict[tuple[str, ...], tuple[float, int, int]] = {}
    for f, c in np.argwhere(possible & np.isfinite(least)):
        ids = tuple(sorted(line.rules[r].id for r in (floors[f], ceilings[c])))
        slack = float(least[f, c])
        if ids not in best or slack < best[ids][0]:
            best[ids] = (slack, int(f), int(c))
    ranked = sorted(best.items(), key=lambda entry: (entry[1][0], entry[0]))[:MOST]
    return [(floors[f], ceilings[c], slack) for _, (slack, f, c) in ranked]


def _look(line: Line, pairs: Sequence[Pair], catalogue: Catalogue) -> None:
    """Fills in the pairs' quantiles, counts and worst items."""
    start = 0
    with ThreadPoolExecutor(2) as pool:
        for bounds in _passes(line, catalogue):
            shares = [pool.submit(_look_at_all, share, bounds, start) for share in (pairs[::2], pairs[1::2])]
            for share in shares:
                share.result()
            start += bounds.size
    for pair in pairs:
        while pair.p5.value() is None:
            pair.p5 = pair.p5.again()
            for bounds in _passes(line, catalogue):
                low, high = _ends(pair, bounds)
                known = np.isfinite(low) & np.isfinite(high)
                pair.p5.take((high[known] - low[known]) / bounds.scale)


def _look_at_all(pairs: Sequence[Pair], bounds: Bounds, start: int) -> None:
    for pair in pairs:
        _look_at(pair, bounds, start)


def _look_at(pair: Pair, bounds: Bounds, start: int) -> None:
    low, high = _ends(pair, bounds)
    with np.errstate(invalid="ignore"):
        between = high - low
        known = np.isfinite(between)
        slack = between / bounds.scale
        least = float(np.min(slack, where=known, initial=np.inf))
        pair.within += int(np.count_nonzero(known & (20 * between <= np.abs(low))))
    pair.p5.take(slack if known.all() else slack[known])
    if least < pair.slack:
        pair.slack, pair.rows, pair.ends = least, [], []
    if least == pair.slack:
        worst = np.flatnonzero(known & (slack == least))
        pair.rows.append(start + worst)
        pair.ends.append((low[worst] / bounds.scale, high[worst] / bounds.scale))


def _ends(pair: Pair, bounds: Bounds) -> tuple[Floats, Floats]:
    f, c = bounds.floors.row_of(pair.floor), bounds.ceilings.row_of(pair.ceiling)
    assert f is not None and c is not None
    return bounds.floors.bound(f), bounds.ceilings.bound(c)
