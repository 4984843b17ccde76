"""Ladders without cycles on a lattice, pushed slot by slot in one pass up and one down: what `ladders.push` does in
rounds of arrays, for the usual case in which no rounding can matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor, isfinite

import numpy as np

from alignment.conflicts.coupled.bounds import SNAP, Room
from alignment.conflicts.coupled.ladders import FARTHEST, NEAR, Arcs, Pushed
from alignment.conflicts.coupled.model import Grid, Model
from alignment.conflicts.positions import Ints

_Arc = tuple[int, float, float, bool]
_Cell = tuple[float, float, int]


@dataclass(frozen=True)
class Order:
    """Slots (numbers of the model) from the bottom of their ladders to the top. upwards, downwards: by place among
    these, the arcs from below and from above: place, factor, offset, strict.
    """

    slots: Ints
    upwards: tuple[tuple[int, tuple[_Arc, ...]], ...]
    downwards: tuple[tuple[int, tuple[_Arc, ...]], ...]


def order_of(model: Model, arcs: Arcs) -> Order | None:
    """The order of pushing; None where ladders turn in circles or numbers need more care than one pass takes."""
    slots = np.concatenate([arcs.lower, arcs.upper])
    levers = np.unique(model.slots.lever[slots])
    if not arcs.exact.all() or (arcs.factor <= 0).any() or any(n < 0 or not model.grids[n].step for n in levers):
        return None
    if model.slots.unit[slots].any() or model.slots.unsure[slots].any() or _turns(model, slots):
        return None
    below: dict[int, list[_Arc]] = {}
    above: dict[int, list[_Arc]] = {}
    listed = zip(*(a.tolist() for a in (arcs.lower, arcs.upper, arcs.factor, arcs.offset, arcs.strict)), strict=True)
    for lower, upper, factor, offset, strict in listed:
        below.setdefault(upper, []).append((lower, factor, offset, strict))
        above.setdefault(lower, []).append((upper, factor, offset, strict))
    sorted_ = _sorted(sorted(set(slots.tolist())), below, above)
    if sorted_ is None:
        return None
    at = {s: i for i, s in enumerate(sorted_)}
    up, down = _placed(below, at), _placed(above, at)
    return Order(np.array(sorted_, np.int64), tuple(up), tuple(reversed(down)))


def _placed(ways: dict[int, list[_Arc]], at: dict[int, int]) -> list[tuple[int, tuple[_Arc, ...]]]:
    """Arcs by place of their slots, in the order of places."""
    found = [(at[s], tuple((at[o], f, c, strict) for o, f, c, strict in arcs)) for s, arcs in ways.items()]
    return sorted(found)


def _turns(model: Model, slots: Ints) -> bool:
    """Does some slot with endings reach below zero, where these turn round?"""
    with_ends = np.array([g.ends is not None for g in model.grids] + [False])
    return bool((model.slots.first[slots][with_ends[model.slots.lever[slots]]] < 0).any())


def _sorted(slots: Sequence[int], below: dict[int, list[_Arc]], above: dict[int, list[_Arc]]) -> list[int] | None:
    waits = {s: len(below.get(s, ())) for s in slots}
    ready = [s for s in slots if not waits[s]]
    for s in ready:
        for upper, *_ in above.get(s, ()):
            waits[upper] -= 1
            if not waits[upper]:
                ready.append(upper)
    return ready if len(ready) == len(slots) else None


@dataclass
class Lattice:
    """The cells of slots as first and last lattice point and ending, read when first asked for."""

    model: Model
    cells: dict[int, list[_Cell]] = field(default_factory=dict)
    tables: dict[int, tuple[list[list[int]], list[list[int]], int]] = field(default_factory=dict)

    def next(self, slot: int, allowed: Sequence[bool], bound: float, is_open: bool, up: bool) -> float | None:
        """The allowed value at or next beyond a bound (itself excluded where open); None where there is none."""
        lever = int(self.model.slots.lever[slot])
        grid = self.model.grids[lever]
        target = _target(bound, is_open, grid, up)
        step = grid.step or 1
        ahead, behind, period = self._table(lever, grid)
        best: float | None = None
        for may, (first, last, pattern) in zip(allowed, self._cells(slot, grid), strict=False):
            if up and best is not None and first > best:
                break  # cells stand in the order of their first points
            if not may or (last < target if up else first > target):
                continue
            k = int(max(first, target)) if up else int(min(last, target))
            if period > 1:
                k += ahead[pattern][k % period] if up else -behind[pattern][k % period]
            if (k <= last and (best is None or k < best)) if up else (k >= first and (best is None or k > best)):
                best = k
        return None if best is None else (grid.origin + best * step) / grid.scale

    def _cells(self, slot: int, grid: Grid) -> list[_Cell]:
        found = self.cells.get(slot)
        if found is None:
            part, step = self.model.slots, grid.step or 1
            edges = [np.rint((a[slot] * grid.scale - grid.origin) / step).tolist() for a in (part.first, part.last)]
            found = self.cells[slot] = list(zip(*edges, part.pattern[slot].tolist(), strict=True))
        return found

    def _table(self, lever: int, grid: Grid) -> tuple[list[list[int]], list[list[int]], int]:
        """By ending and place in a period: points up to the next one with that ending, and down to the one before."""
        if lever not in self.tables:
            if grid.ends is None:
                self.tables[lever] = ([], [], 1)
            else:
                period = len(grid.ends.above.codes)
                points = np.arange(period) + period * (abs(grid.ends.zero) // period + 2)
                every = np.arange(grid.ends.size)[:, None]
                ahead, behind = grid.ends.following(every, points) - points, points - grid.ends.preceding(every, points)
                self.tables[lever] = (ahead.tolist(), behind.tolist(), period)
        return self.tables[lever]


def _target(bound: float, is_open: bool, grid: Grid, up: bool) -> float:
    """The lattice point at or beyond a bound, counted in steps; a bound that is a point but for noise is that point."""
    step = grid.step or 1
    if not isfinite(bound):
        return bound
    scaled = bound * grid.scale
    near = round(scaled)
    place = ((near / grid.scale if abs(scaled - near) < SNAP else bound) * grid.scale - grid.origin) / step
    whole = round(place)
    if abs(place - whole) < SNAP / step:
        return whole + ((1 if up else -1) if is_open else 0)
    return ceil(place) if up else floor(place)


def push_in_order(lattice: Lattice, found: Room, order: Order, place: Ints, done: Pushed) -> bool:
    """Narrows a room along ladders; False, and nothing is changed, where some bound is too far out to be sure."""
    at = place[order.slots]
    empty = done.empty[at].tolist()
    up = _passed(lattice, found, order, at, empty, True)
    down = _passed(lattice, found, order, at, empty, False)
    if up is None or down is None:
        return False
    found.low[at], found.low_open[at] = up
    found.high[at], found.high_open[at] = down
    done.empty[at] = empty
    return True


def lift_in_order(lattice: Lattice, found: Room, order: Order, place: Ints) -> bool:
    """Pushes least values up and nothing else; False, and nothing is changed, where some bound is too far out."""
    at = place[order.slots]
    pushed = _passed(lattice, found, order, at, found.empty[at].tolist(), True)
    if pushed is None:
        return False
    found.low[at], found.low_open[at] = pushed
    return True


def _passed(
    lattice: Lattice, found: Room, order: Order, at: Ints, empty: list[bool], up: bool
) -> tuple[list[float], list[bool]] | None:
    end, end_open = (found.low, found.low_open) if up else (found.high, found.high_open)
    ends, opens = end[at].tolist(), end_open[at].tolist()
    for i, arcs in order.upwards if up else order.downwards:
        if empty[i]:
            continue
        best, best_open = ends[i], opens[i]
        for other, factor, offset, strict in arcs:
            if empty[other]:
                continue
            bound = factor * ends[other] + offset if up else (ends[other] - offset) / factor
            if abs(bound) > FARTHEST:
                if isfinite(bound):
                    return None
                continue
            is_open = strict or opens[other]
            if abs(bound - best) <= NEAR * max(1.0, abs(bound)):
                if is_open and not best_open:
                    best, best_open = bound, is_open
            elif bound > best if up else bound < best:
                best, best_open = bound, is_open
        if best != ends[i] or best_open != opens[i]:
            value = lattice.next(int(order.slots[i]), found.allowed[at[i]].tolist(), best, best_open, up)
            if value is None:
                ends[i], opens[i], empty[i] = best, best_open, True
            else:
                ends[i], opens[i] = value, False
    return ends, opens
