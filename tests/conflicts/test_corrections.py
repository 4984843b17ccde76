"""Corrections: minimal sets of rules whose removal clears every hard conflict, against brute force over all sets."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from alignment.conflicts import corrections
from alignment.conflicts.check import situation
from alignment.conflicts.checking import reported
from alignment.conflicts.corrections import cheapest
from alignment.initiative.models import Initiative
from tests.conflicts.cases import case_of

Ids = tuple[str, ...]


def brute(sets: list[Ids], priorities: dict[str, int]) -> list[Ids]:
    """Every minimal hitting set, cheapest, then fewest, then by ids."""
    ids = sorted({i for s in sets for i in s})
    found: list[Ids] = []
    for size in range(len(ids) + 1):
        for chosen in combinations(ids, size):
            if all(set(chosen) & set(s) for s in sets) and not any(set(f) <= set(chosen) for f in found):
                found.append(chosen)
    return sorted(found, key=lambda c: (sum(priorities[i] for i in c), len(c), c))


def drawn(seed: int, most: int) -> tuple[list[Ids], dict[str, int]]:
    random = Random(seed)
    ids = [f"r{i}" for i in range(random.randint(1, 9))]
    sizes = [random.randint(1, min(3, len(ids))) for _ in range(random.randint(1, most))]
    sets = sorted({tuple(sorted(random.sample(ids, size))) for size in sizes})
    minimal = [s for s in sets if not any(set(t) < set(s) for t in sets)]
    return minimal, {i: random.randint(1, 9) for i in ids}


@pytest.mark.parametrize("chunk", range(4))
def test_the_cheapest_are_those_of_brute_force(chunk):
    for seed in range(chunk * 50, chunk * 50 + 50):
        sets, priorities = drawn(seed, 10)
        every = brute(sets, priorities)
        assert cheapest(sets, priorities) == (every[:20], len(every) <= 20), f"seed {seed}"


def test_where_there_are_very_many_the_cheapest_come_from_programmes(monkeypatch):
    monkeypatch.setattr(corrections, "MOST_PARTIAL", 0)
    for seed in range(12):
        sets, priorities = drawn(seed, 8)
        found, complete = cheapest(sets, priorities)
        assert [sum(priorities[i] for i in s) for s in found] == [
            sum(priorities[i] for i in s) for s in brute(sets, priorities)[:20]
        ], f"seed {seed}"
        assert not complete


RULES = [
    {"id": "floor", "rule": "price >= 10", "priority": 9, "team": "brand"},
    {"id": "cap", "rule": "price <= a", "priority": 2},
    {"id": "limit", "rule": "price <= b", "priority": 5},
]


def test_costs_items_and_teams():
    report = reported(case_of(RULES, [{"a": 8, "b": 20}, {"a": 20, "b": 9}, {"a": 7, "b": 8}], value="a"))
    first, second = report.corrections
    assert (first.retire, first.cost, first.teams) == (("cap", "limit"), 7, ("operations",))
    assert (second.retire, second.cost, second.teams) == (("floor",), 9, ("brand",))
    assert (first.items_fixed, first.stake and first.stake.amount) == (3, 35)
    assert report.corrections_complete


def test_without_the_rules_of_a_correction_no_hard_conflict_is_left():
    case = case_of(RULES, [{"a": 8, "b": 20}, {"a": 20, "b": 9}])
    for correction in reported(case).corrections:
        again = situation(_retired(case.initiative, correction.retire), case.catalogue)
        assert not again.answers.clashes and not again.answers.infeasible.any()


def _retired(initiative: Initiative, ids: Ids) -> Initiative:
    kept = tuple(c.model_copy(update={"status": "retired"}) if c.id in ids else c for c in initiative.constraints)
    return initiative.model_copy(update={"constraints": kept})


def test_soft_conflicts_need_no_correction():
    report = reported(case_of([{"rule": "price >= 10", "strength": "soft"}, "price <= 8"]))
    assert (report.corrections, report.corrections_complete) == ((), True)
