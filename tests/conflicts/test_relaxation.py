"""Relaxation: one shift per bound, by priority, after which every item has a value; against brute force over a grid."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import pytest

from alignment.conflicts.check import report
from alignment.conflicts.relaxation import relaxation
from alignment.conflicts.report import Relaxation
from tests.conflicts.cases import case_of

PRICE = {"name": "price", "unit": "USD", "minimum": 0, "maximum": 100}


def relaxed(rules: list[Any], rows: list[dict[str, Any]], lever: dict[str, Any] = PRICE) -> Relaxation | None:
    case = case_of(rules, rows, [lever])
    return relaxation(report(case).conflicts, case)


def shifts(rules: list[Any], rows: list[dict[str, Any]], lever: dict[str, Any] = PRICE) -> dict[str, float]:
    found = relaxed(rules, rows, lever)
    assert found is not None and found.by_constraint is not None, found
    return dict(found.by_constraint)


def test_the_rule_of_lower_priority_gives_way():
    rules = [{"rule": "price >= a", "priority": 9}, {"rule": "price <= b", "priority": 2}]
    assert shifts(rules, [{"a": 10, "b": 8}, {"a": 7, "b": 6.5}]) == {"r1": 2}


def test_of_equal_priority_the_first_id_gives_way_least():
    assert shifts(["price >= 10", "price <= 8"], [{}]) == {"r1": 2}


def test_the_total_of_a_priority_is_least():
    rules = ["price >= 10", "price <= 8", "price <= 7"]
    assert shifts(rules, [{}]) == {"r0": 2, "r2": 1}


def test_a_range_is_loosened_at_both_ends():
    assert shifts(["price between 10 and 8"], [{}]) == {"r0": 1}


def test_the_domain_does_not_give_way():
    assert shifts(["price >= 120"], [{}]) == {"r0": 20}


def test_a_conflict_hidden_by_the_domain_counts():
    rules = [{"rule": "price >= 120", "priority": 1}, {"rule": "price <= 90", "priority": 9}]
    assert shifts(rules, [{}]) == {"r0": 30}


def test_ends_count_as_closed_and_steps_are_left_out():
    found = relaxed(["price > 10", "price <= 10"], [{}])
    assert found is not None and found.by_constraint == {} and "closed" in found.criterion
    assert shifts(["price >= 9.6", "price <= 9.4"], [{}], {**PRICE, "step": 1})["r1"] == pytest.approx(0.2)


def test_a_price_ending_is_reached_by_the_nearer_bound():
    rules = ["price % 1 = 0.99", {"rule": "price >= 10", "priority": 9}, {"rule": "price <= 10.5", "priority": 3}]
    assert shifts(rules, [{}]) == {"r2": 0.49}
    rules = ["price % 1 = 0.99", {"rule": "price >= 10", "priority": 3}, {"rule": "price <= 10.5", "priority": 9}]
    assert shifts(rules, [{}]) == {"r1": 0.01}


def test_one_of_several_stretches_is_chosen_for_all_items_together():
    rules = ["price <= a or price >= b", {"rule": "price >= 10", "priority": 5}, {"rule": "price <= 12", "priority": 5}]
    assert shifts(rules, [{"a": 7, "b": 13}, {"a": 8, "b": 16}]) == {"r1": 2, "r2": 1}


@pytest.mark.parametrize(("rules", "lever", "said"), [
    (["cost >= 20"], PRICE, "the data alone"),
    (["action = 'a'", "action = 'b'"], {"name": "action", "values": ["a", "b"]}, "a list of values"),
    (["price in (1, 2)", "price in (3, 4)"], PRICE, "not one stretch"),
])  # fmt: skip
def test_where_no_shift_settles_it_the_reason_is_said(rules, lever, said):
    found = relaxed(rules, [{"cost": 10}], lever)
    assert found is not None and found.by_constraint is None and said in str(found.reason)


def test_without_a_hard_conflict_there_is_nothing_to_relax():
    assert relaxed(["price >= 10", {"rule": "price <= 8", "strength": "soft"}], [{}]) is None


@pytest.mark.parametrize("seed", range(25))
def test_no_other_shifts_on_a_grid_are_better(seed):
    random = Random(seed)
    texts = ["price >= a", "price <= b", "price >= b + 1", "price <= a - 1"][: random.randint(2, 4)]
    rules = [{"rule": t, "priority": random.choice((2, 5))} for t in texts]
    rows = [{"a": random.randint(1, 6), "b": random.randint(1, 6)} for _ in range(3)]
    if relaxed(rules, rows) is None:
        return
    found = shifts(rules, rows)
    mine = [found.get(f"r{i}", 0.0) for i in range(len(rules))]
    grid = [n / 2 for n in range(13)]
    best = min((_rank(rules, t) for t in product(grid, repeat=len(rules)) if _settles(texts, rows, t)), default=None)
    assert _settles(texts, rows, [t + 1e-6 for t in mine])
    assert best is not None and _rank(rules, mine) == pytest.approx(best)


def _rank(rules: list[dict[str, Any]], t: Any) -> tuple[float, ...]:
    levels = [sum(v for v, r in zip(t, rules, strict=True) if r["priority"] == p) for p in (5, 2)]
    return (*levels, *t)


def _settles(texts: list[str], rows: list[dict[str, Any]], t: Any) -> bool:
    def ends(row: dict[str, Any]) -> tuple[float, float]:
        a, b = row["a"], row["b"]
        values = {"price >= a": a, "price <= b": b, "price >= b + 1": b + 1, "price <= a - 1": a - 1}
        low = max([0, *(values[x] - s for x, s in zip(texts, t, strict=True) if ">" in x)])
        return low, min([100, *(values[x] + s for x, s in zip(texts, t, strict=True) if "<" in x)])

    return all(low <= high for low, high in map(ends, rows))


@pytest.mark.parametrize(("a", "b"), [(10, 3), (7, 2), (100, 33), (1, 0)])
def test_a_shift_that_no_decimal_says_is_rounded_so_that_it_is_enough_in_fractions(a: int, b: int) -> None:
    found = shifts(["price >= a / 3", "price <= b"], [{"a": a, "b": b}, {"a": a, "b": b + 1}])
    total = sum(Fraction(str(t)) for t in found.values())

    assert total >= Fraction(a, 3) - b
    assert float(total) == pytest.approx(a / 3 - b, abs=1e-9)
