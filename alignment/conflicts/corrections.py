"""Corrections: the cheapest sets of rules whose removal clears every hard conflict.

A correction meets every hard conflict and loses that when any rule stays: a minimal hitting set of the conflicts
(R. Reiter, "A theory of diagnosis from first principles", 1987). Conflicts that share no rule are corrected apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from alignment.catalogue.reading import quoted
from alignment.conflicts.check import Situation, components
from alignment.conflicts.members import plain
from alignment.conflicts.minimal import minimal_hitting_sets
from alignment.conflicts.programme import INFINITE, Programme
from alignment.conflicts.report import Amount, Conflict, Correction

MOST = 20
MOST_PARTIAL = 3_000
MOST_SOLVED = 120

Ids = tuple[str, ...]


@dataclass(frozen=True)
class _Ranked:
    """Corrections of one component, best first, and whether these are all."""

    sets: list[Ids]
    all: bool


def corrections(conflicts: Sequence[Conflict], case: Situation) -> tuple[tuple[Correction, ...], bool]:
    """The cheapest corrections by the sum of priorities, then the fewest rules, then ids; at most twenty.

    Returns them and whether there are no others. No hard conflict: none is needed, and that is complete.
    """
    hard = [c for c in conflicts if c.strength == "hard"]
    if not hard:
        return (), True
    priorities = {c.id: c.priority for c in case.initiative.constraints}
    chosen, complete = cheapest([c.constraints for c in hard], priorities)
    items, stake = _hurt(hard, case)
    teams = {c.id: c.team for c in case.initiative.constraints}
    return tuple(
        Correction(ids, sum(priorities[i] for i in ids), items, stake, tuple(sorted({teams[i] for i in ids})))
        for ids in chosen
    ), complete


def cheapest(sets: Sequence[Ids], priorities: Mapping[str, int]) -> tuple[list[Ids], bool]:
    """The first minimal hitting sets of some sets by cost, size and ids; at most twenty, and whether these are all."""
    numbers = components(sets)
    parts = [[s for s, n in zip(sets, numbers, strict=True) if n == k] for k in dict.fromkeys(numbers)]
    ranked = [_of_component(part, priorities) for part in parts]
    found = [_merged(combo) for combo in _best_first([r.sets for r in ranked], priorities)]
    complete = all(r.all for r in ranked) and len(found) <= MOST
    return found[:MOST], complete


def _rank(ids: Ids, priorities: Mapping[str, int]) -> tuple[int, int, Ids]:
    return sum(priorities[i] for i in ids), len(ids), ids


def _merged(parts: Sequence[Ids]) -> Ids:
    return tuple(sorted(i for part in parts for i in part))


def _of_component(sets: Sequence[Ids], priorities: Mapping[str, int]) -> _Ranked:
    ids = sorted({i for s in sets for i in s})
    bit = {id: 1 << n for n, id in enumerate(ids)}
    found, complete = minimal_hitting_sets((sum(bit[i] for i in s) for s in sets), MOST_PARTIAL)
    if not complete:
        return _by_cost(sets, ids, priorities)
    named = [tuple(i for i in ids if mask & bit[i]) for mask in found]
    return _Ranked(sorted(named, key=lambda s: _rank(s, priorities)), True)


def _best_first(ranked: Sequence[Sequence[Ids]], priorities: Mapping[str, int]) -> list[list[Ids]]:
    """Combinations of one set per component, best first; one more than is shown, to know whether there are more."""
    start = (0,) * len(ranked)

    def entry(at: tuple[int, ...]) -> tuple[tuple[int, int, Ids], tuple[int, ...]]:
        return _rank(_merged([r[i] for r, i in zip(ranked, at, strict=True)]), priorities), at

    heap, seen = [entry(start)], {start}
    found: list[list[Ids]] = []
    while heap and len(found) <= MOST:
        _, at = heappop(heap)
        found.append([r[i] for r, i in zip(ranked, at, strict=True)])
        for k in range(len(at)):
            after = (*at[:k], at[k] + 1, *at[k + 1 :])
            if after[k] < len(ranked[k]) and after not in seen:
                seen.add(after)
                heappush(heap, entry(after))
    return found


def _by_cost(sets: Sequence[Ids], ids: Sequence[str], priorities: Mapping[str, int]) -> _Ranked:
    """The cheapest hitting sets of a component with very many, one after the other, by integer programming.

    Each one found rules out itself and all that contain it, so the next is again minimal. Stops when further ones
    cannot come before the last that is shown.
    """
    found: list[Ids] = []
    for answer in _solved(sets, ids, priorities):
        if len(found) > MOST and _rank(answer, priorities)[:2] > _rank(found[MOST], priorities)[:2]:
            break
        found.append(answer)
    return _Ranked(sorted(found, key=lambda s: _rank(s, priorities)), False)


def _solved(sets: Sequence[Ids], ids: Sequence[str], priorities: Mapping[str, int]) -> Iterator[Ids]:
    """Hitting sets from the cheapest on, of equal cost the smallest first."""
    programme = Programme()
    column = {id: programme.variable(0.0, 1.0, whole=True) for id in ids}
    cost = {column[i]: float(priorities[i] * (len(ids) + 1) + 1) for i in ids}
    for members in sets:
        programme.row(1.0, {column[i]: 1.0 for i in members})
    for _ in range(MOST_SOLVED):
        values = programme.least(cost)
        if values is None:
            return
        answer = tuple(i for i in ids if values[column[i]] > 0.5)
        yield answer
        programme.row(-INFINITE, {column[i]: 1.0 for i in answer}, len(answer) - 1.0)


# What a correction clears


def _hurt(hard: Sequence[Conflict], case: Situation) -> tuple[int, Amount | None]:
    """Items in some hard conflict, and their value. Every correction clears them all."""
    mask = case.answers.infeasible.copy()
    connection, table = case.catalogue.connection, quoted(case.catalogue.table)
    coupled = {c.constraints for c in hard if c.family != "item"}
    keys = {plain(k) for c in case.answers.clashes if c.ids in coupled for k in c.keys}
    if keys:
        query = f"select {quoted(case.catalogue.key)} from {table}"
        mask |= np.array([row[0] in keys for row in connection.execute(query).fetchall()])
    if case.catalogue.value is None:
        return int(mask.sum()), None
    query = f"select coalesce(cast({quoted(case.catalogue.value)} as double), 0) as v from {table}"
    values = connection.execute(query).fetchnumpy()["v"]
    declared = case.initiative.catalogue
    unit = (declared.value_unit if declared else None) or case.initiative.currency
    return int(mask.sum()), Amount(float(f"{float(np.asarray(values)[mask].sum()):.12g}"), unit)
