"""Conflicts among interval rules: alone against the lever's range, or in pairs, with the items and gaps of each.

Intervals of a line have Helly number 2: if every two meet, all meet. So the greatest floor and the least ceiling of
an item
decide whether it is in conflict, and only items that are get their pairs looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from alignment.conflicts.batches import Bools, Floats, Ints
from alignment.conflicts.bounds import Bounds

Members = tuple[int, ...]
NOWHERE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Hit:
    """Items of some on which a set of rules is in conflict: their places, gaps in lever units, and whether some of the
    items would have a value if the lever had no range and no lattice."""

    members: Members
    rows: Ints
    gaps: Floats
    by_domain: bool


@dataclass(frozen=True)
class Envelope:
    """Greatest floor and least ceiling of N items, in grid points as bounded, and in positions within the range.

    Where some rule allows nothing at all the greatest floor is infinite, and the least ceiling is minus infinity.
    """

    floor: Floats
    ceiling: Floats
    top: Floats
    bottom: Floats


def envelope(bounds: Bounds, chosen: Callable[[int], bool] = lambda rule: True) -> Envelope:
    """The envelope of the chosen rules. The tightest end is also the tightest after it moved to the lattice."""
    floor, ceiling = (side.tightest(bounds.size, chosen) for side in (bounds.floors, bounds.ceilings))
    top = np.maximum(bounds.floors.placed(floor), bounds.first)
    bottom = np.minimum(bounds.ceilings.placed(ceiling), bounds.last)
    if np.isposinf(bottom).any():
        bottom = np.where(np.isposinf(top), -np.inf, bottom)
    return Envelope(floor, ceiling, top, bottom)


def hits(bounds: Bounds, near: Bools) -> Iterator[Hit]:
    """The minimal conflicts of items; items without one may be among them.

    near: pairs of a floor and a ceiling, F by C, that may clash on some of the items and are wanted.
    """
    everything = np.arange(bounds.size)
    first, last = (np.array(side.inside(slice(None))) for side in (bounds.floors, bounds.ceilings))
    for rule, alone in _alone(bounds, first, last):
        here = everything[alone]
        yield Hit((rule,), here, _gap_alone(bounds, rule, here), _apart(bounds, rule, here))
    floors, ceilings = bounds.floors.bounds(), bounds.ceilings.bounds()
    for f, c in np.argwhere(near):
        here = np.flatnonzero(first[f] > last[c])
        if len(here):
            members = tuple(sorted((bounds.floors.rules[f], bounds.ceilings.rules[c])))
            gaps, close = _gap(bounds, floors[f].take(here), ceilings[c].take(here))
            free = bounds.floors.ends[f].take(here[close]) <= bounds.ceilings.ends[c].take(here[close])
            yield Hit(members, here, gaps, bool(free.any()))


def come_near(bounds: Bounds, apart: Floats) -> Bools:
    """Pairs that may clash, by how far floors are above ceilings at most: on a lattice less than a step is too few."""
    return np.asarray(apart > -(bounds.step or 0.0) - 1.0)


def _alone(bounds: Bounds, first: Floats, last: Floats) -> list[tuple[int, Bools]]:
    """Rules that leave nothing of the range by themselves, with their items; these take no part in pairs there."""
    found: list[tuple[int, Bools]] = []
    for rule in dict.fromkeys((*bounds.floors.rules, *bounds.ceilings.rules)):
        f, c = bounds.floors.row_of(rule), bounds.ceilings.row_of(rule)
        low = bounds.first if f is None else np.maximum(first[f], bounds.first)
        high = bounds.last if c is None else np.minimum(last[c], bounds.last)
        alone = np.asarray((low > high) | np.isposinf(low))
        if not alone.any():
            continue
        found.append((rule, alone))
        if f is not None:
            first[f, alone] = -np.inf
        if c is not None:
            last[c, alone] = np.inf
    return sorted(found, key=lambda pair: pair[0])


def _apart(bounds: Bounds, rule: int, rows: Ints) -> bool:
    """Does a rule allow something, were there no range, on some of the items?"""
    f, c = bounds.floors.row_of(rule), bounds.ceilings.row_of(rule)
    low = -np.inf if f is None else bounds.floors.ends[f, rows]
    high = np.inf if c is None else bounds.ceilings.ends[c, rows]
    return bool(np.any((low <= high) & (low < np.inf)))


def _gap(bounds: Bounds, low: Floats, high: Floats) -> tuple[Floats, Ints]:
    """Distances between floors and lower ceilings, in lever units, and the places at which they are less than a step:
    there by way of the points of the lattice."""
    gap = low - high
    step = bounds.step
    if step is None or gap.min() >= step:
        return gap / bounds.scale, NOWHERE
    close = np.flatnonzero(gap < step)
    gap[close] = _gap_on_lattice(bounds, low[close], high[close])
    return gap / bounds.scale, close


def _gap_on_lattice(bounds: Bounds, low: Floats, high: Floats) -> Floats:
    assert bounds.step is not None
    below = np.floor((np.minimum(low, high) - bounds.origin) / bounds.step) * bounds.step + bounds.origin
    between = np.floor((low - bounds.origin) / bounds.step) >= np.ceil((high - bounds.origin) / bounds.step)
    return np.where(between, low - high, np.minimum(low - below, below + bounds.step - high))


def _gap_alone(bounds: Bounds, rule: int, rows: Ints) -> Floats:
    """Distance from the lever's range to what a rule allows; NaN where it allows nothing at all."""
    f, c = bounds.floors.row_of(rule), bounds.ceilings.row_of(rule)
    low = np.full(len(rows), -np.inf) if f is None else bounds.floors.bound(f, rows)
    high = np.full(len(rows), np.inf) if c is None else bounds.ceilings.bound(c, rows)
    best = np.full(len(rows), np.inf)
    for point in (low, high, np.full(len(rows), bounds.low), np.full(len(rows), bounds.high)):
        for value in _lever_values(bounds, point):
            inside = np.isfinite(value) & (value >= bounds.low) & (value <= bounds.high)
            value = np.where(inside, value, 0.0)
            away = np.maximum(low - value, 0.0) + np.maximum(value - high, 0.0)
            best = np.where(inside, np.minimum(best, away), best)
    return np.where(np.isfinite(best), best / bounds.scale, np.nan)


def _lever_values(bounds: Bounds, points: Floats) -> list[Floats]:
    if bounds.step is None:
        return [points]
    steps = (points - bounds.origin) / bounds.step
    return [np.floor(steps) * bounds.step + bounds.origin, np.ceil(steps) * bounds.step + bounds.origin]
