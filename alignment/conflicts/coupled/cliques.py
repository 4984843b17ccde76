"""Items of a ladder that cannot all keep one value: of each clique at most one may, which bounds counts of changes.

A linear programme may let every item of a broken ladder half keep its value; these rows forbid that. Two items are at
odds
where the bound that one's value pushes along the ladder passes the other's; greedy chains of items at odds are cliques.
Source: Dilworth, A decomposition theorem for partially ordered sets (1950).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.conflicts.coupled.ladders import NEAR
from alignment.conflicts.coupled.verdicts import Batch, Judge
from alignment.conflicts.line import Floats
from alignment.conflicts.positions import Ints


@dataclass(frozen=True)
class Clique:
    """Slots of a batch, each with one of its cells, a point: at most one of them may be chosen."""

    slots: Ints
    cells: Ints


def cliques_of(judge: Judge, batch: Batch) -> list[Clique]:
    """Cliques of slots that are counted piecewise and tied by ladders, among what a batch of one question allows.

    Which items are at odds depends on the ladders alone, so cliques are found once for each set of ladders and counts.
    """
    if not len(batch.arcs.row) or not len(batch.others):
        return []
    question = batch.questions[0]
    key = (question.component.number, question.rules & (judge.ordering | judge.counting))
    every = judge.cliques.get(key) if key[0] >= 0 else None
    if every is None:
        every = judge.cliques[key] = _found(judge, batch)
    return [c for c in (_left(judge, batch, clique) for clique in every) if c is not None]


def _found(judge: Judge, batch: Batch) -> list[Clique]:
    points, above = _points(judge, batch), _arcs_up(batch)
    odds = {s: _at_odds(s, points, above) for s in points if s in above}
    apart = {s: found for s, found in odds.items() if found}
    used = sorted({*apart, *(s for found in apart.values() for s in found)})
    order = sorted(used, key=lambda s: (_depth(s, above), -points[s][1], s), reverse=True)
    chains: dict[tuple[int, ...], None] = {}
    for sequence in (order, order[::-1]):
        for members in _chains(sequence, points, apart):
            if len(members) > 1:
                chains[tuple(sorted(members))] = None
    return [Clique(np.array(m), np.array([points[s][0] for s in m])) for m in chains]


def _left(judge: Judge, batch: Batch, clique: Clique) -> Clique | None:
    """The members whose value is still allowed; None where fewer than two are left."""
    found, at = batch.found, clique.slots
    value = judge.model.slots.first[batch.slots[at], clique.cells]
    stays = found.allowed[at, clique.cells] & (value >= found.low[at]) & (value <= found.high[at])
    return Clique(at[stays], clique.cells[stays]) if stays.sum() > 1 else None


def _points(judge: Judge, batch: Batch) -> dict[int, tuple[int, float]]:
    """For each slot that is counted piecewise, the cell that is today's value alone, and that value."""
    model = judge.model
    entries, _ = judge.entries(batch.others)
    counted = np.unique(batch.place[model.rows.entry_slot[entries[model.rows.entry_piece[entries] >= 0]]])
    slots = batch.slots[counted]
    first, last = model.slots.first[slots], model.slots.last[slots]
    single = (first == last) & ~model.slots.first_open[slots] & (first == model.slots.today[slots][:, None])
    which, cell = np.nonzero(single)
    return {int(counted[w]): (int(c), float(first[w, c])) for w, c in zip(which, cell, strict=True)}


def _arcs_up(batch: Batch) -> dict[int, list[tuple[int, float, float, bool]]]:
    found: dict[int, list[tuple[int, float, float, bool]]] = {}
    arcs = batch.arcs
    for lower, upper, factor, offset, strict in zip(
        batch.place[arcs.lower].tolist(),
        batch.place[arcs.upper].tolist(),
        arcs.factor.tolist(),
        arcs.offset.tolist(),
        arcs.strict.tolist(),
        strict=True,
    ):
        found.setdefault(lower, []).append((upper, factor, offset, strict))
    return found


def _at_odds(
    start: int, points: dict[int, tuple[int, float]], above: dict[int, list[tuple[int, float, float, bool]]]
) -> set[int]:
    """Slots above whose own value the start's value passes when it is pushed along the ladder."""
    bound = {start: points[start][1]}
    todo = [start]
    steps = 0
    while todo and steps < 20_000:
        at = todo.pop()
        for upper, factor, offset, _ in above.get(at, ()):
            steps += 1
            pushed = factor * bound[at] + offset
            if upper not in bound or pushed > bound[upper] + NEAR:
                bound[upper] = pushed
                todo.append(upper)
    return {s for s, b in bound.items() if s != start and s in points and b > points[s][1] + NEAR * max(1.0, abs(b))}


def _depth(slot: int, above: dict[int, list[tuple[int, float, float, bool]]]) -> int:
    """Number of steps above a slot, along the first arcs."""
    depth, at = 0, slot
    while at in above and depth < 10_000:
        at, depth = above[at][0][0], depth + 1
    return depth


def _chains(sequence: list[int], points: dict[int, tuple[int, float]], odds: dict[int, set[int]]) -> list[list[int]]:
    """Slots in chains of which any two are at odds, each slot to the chain whose last value is nearest."""
    chains: list[list[int]] = []
    for slot in sequence:
        mine = odds.get(slot, set())
        fitting = [c for c in chains if all(m in mine or slot in odds.get(m, ()) for m in c)]
        if fitting:
            min(fitting, key=lambda c: abs(points[c[-1]][1] - points[slot][1])).append(slot)
        else:
            chains.append([slot])
    return chains


def add_cliques(cliques: list[Clique], weights: Floats, factor: Floats, offset: Floats) -> float:
    """Adds weighted cliques to a mix of rows, and returns what they add to its bound."""
    for clique, weight in zip(cliques, weights, strict=True):
        offset[clique.slots, clique.cells] += weight
    return float(weights.sum())
