"""Traps of ladders, averages, empty groups and counts: a row each, with the conflicts that must and must not be
found.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest

from alignment.conflicts.check import Situation, report, situation
from alignment.conflicts.report import ConstraintStatus
from alignment.explain.conflicts import explanation
from alignment.initiative.reading import read_text
from tests.conflicts.coupled.instances import initiative_of
from tests.oracles.coupled import Instance, Lever, Rule

PRICE = Lever("price", Fraction(0), Fraction(100), Fraction(1))


def case_of(columns: dict[str, list[Any]], rules: list[Rule], lever: Lever = PRICE) -> Situation:
    count = len(next(iter(columns.values())))
    table = {"key": [f"i{i}" for i in range(count)], "today": [10] * count, **columns}
    return situation(initiative_of(Instance([], [lever], rules)), pa.table(table))


def found(case: Situation) -> list[tuple[str, ...]]:
    assert case.complete
    return sorted(c.ids for c in case.clashes)


def status_of(case: Situation, id: str) -> ConstraintStatus:
    return next(s for s in report(case).constraints if s.id == id)


def ladder(text: str = "upper.price > lower.price", id: str = "ladder") -> Rule:
    return Rule(id, text, within=("line",), order="size")


FIXED = Rule("fixed", "price = today")


def test_items_of_one_size_are_not_paired() -> None:
    apart = case_of({"line": ["a", "a"], "size": [1, 2]}, [ladder(), FIXED])
    tied = case_of({"line": ["a", "a"], "size": [1, 1]}, [ladder(), FIXED])

    assert found(apart) == [("fixed", "ladder")]
    assert found(tied) == []


def test_each_item_is_paired_with_all_of_the_next_size_and_with_no_other() -> None:
    sizes = {"line": ["a"] * 4, "size": [1, 2, 2, 3]}
    case = case_of({**sizes, "today": [10, 9, 12, 11]}, [ladder("upper.price >= lower.price"), FIXED])

    assert status_of(case, "ladder").violated_today == 4  # 10 over 9, and 12 over 11
    assert found(case) == [("fixed", "ladder")]


@pytest.mark.parametrize(("line", "size"), [(["a", None], [1, 2]), (["a", "a"], [1, None])])
def test_items_without_group_or_order_are_left_out_and_counted(line: list[Any], size: list[Any]) -> None:
    case = case_of({"line": line, "size": size}, [ladder(), FIXED])

    assert found(case) == []
    assert status_of(case, "ladder").in_scope == 2
    assert status_of(case, "ladder").unknown == 1


def test_a_ladder_breaks_on_the_chain_not_on_the_pair() -> None:
    low = Rule("low", "price >= 50", "size = 1")
    high = Rule("high", "price <= 51", "size = 4")
    columns = {"line": ["a"] * 4, "size": [1, 2, 3, 4]}

    assert found(case_of(columns, [ladder(), low, high])) == [("high", "ladder", "low")]
    assert found(case_of(columns, [ladder("upper.price >= lower.price"), low, high])) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(price * units) / sum(units) <= 15", [("floor", "rule")]),
        ("sum(price * units) <= 15 * sum(units)", [("floor", "rule")]),
        ("sum((price - cost) * units) / sum(price * units) <= 0.4", [("floor", "rule")]),
        ("sum((price - cost) * units) / sum(price * units) <= 0.5", []),
    ],
)
def test_ratios_are_decided_where_the_range_tells_the_sign_of_their_divisor(text: str, expected: list[Any]) -> None:
    rules = [Rule("rule", text), Rule("floor", "price >= 2 * cost")]

    assert found(case_of({"cost": [10, 10], "units": [1, 3]}, rules)) == expected


def test_a_ratio_whose_divisor_may_turn_its_sign_proves_nothing() -> None:
    free = Lever("price", None, None, None)
    rules = [Rule("rule", "sum(price * cost) / sum(price) <= 1"), Rule("floor", "price >= 2 * cost")]
    case = case_of({"cost": [10, 10]}, rules, free)

    assert found(case) == []
    assert status_of(case, "rule").status == "opaque"
    assert "rule" in report(case).not_checked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(price) >= 1000", []),
        ("avg(price) > 1000", []),
        ("max(price) >= 1000", []),
        ("count(*) filter (where price <> today) <= 0", []),
        ("count(*) filter (where price <> today) >= 1", [("rule",)]),
    ],
)
def test_over_no_items_sums_are_unknown_and_a_count_is_0(text: str, expected: list[Any]) -> None:
    case = case_of({"cost": [1, 2]}, [Rule("rule", text, "cost > 5")])

    assert found(case) == expected
    assert status_of(case, "rule").status == "never_applies"
    assert all("0 items are involved" in explanation(c, case) for c in report(case).conflicts)


@pytest.mark.parametrize(("allowed", "expected"), [(3, [("away", "budget")]), (4, [])])
def test_a_budget_of_changes_meets_rules_that_exclude_values_of_today(allowed: int, expected: list[Any]) -> None:
    budget = Rule("budget", f"count(*) filter (where price <> today) <= {allowed}")
    away = Rule("away", "price >= 20", "cost < 5")
    case = case_of({"cost": [1, 2, 3, 4, 5, 6]}, [budget, away])

    assert found(case) == expected


def test_an_item_without_a_number_in_any_term_is_left_out_of_all_sums_and_counted() -> None:
    rules = [Rule("rule", "sum(price * units) <= 30 * sum(units)"), Rule("floor", "price >= 40", "cost = 2")]
    case = case_of({"cost": [1, 2], "units": [1, None]}, rules)

    assert found(case) == []
    assert status_of(case, "rule").unknown == 1


@pytest.mark.parametrize(("step", "expected"), [(None, []), (Fraction(1), [("middle", "total")])])
def test_a_lattice_is_minded_in_sums(step: Fraction | None, expected: list[Any]) -> None:
    lever = Lever("price", Fraction(0), Fraction(100), step)
    rules = [Rule("total", "sum(price) = 31"), Rule("middle", "price between 15.4 and 15.8")]

    conflicts = found(case_of({"cost": [1, 1]}, rules, lever))

    assert conflicts == expected or conflicts == [("middle",)]


def test_sums_whose_ends_touch_are_decided_in_fractions() -> None:
    lever = Lever("price", Fraction(0), Fraction(100), None)
    floors = [Rule("a", "price >= 0.1", "cost = 1"), Rule("b", "price >= 0.2", "cost = 2")]
    columns = {"cost": [1, 2]}

    assert found(case_of(columns, [*floors, Rule("total", "sum(price) <= 0.3")], lever)) == []
    assert found(case_of(columns, [*floors, Rule("total", "sum(price) < 0.3")], lever)) == [("a", "b", "total")]


def test_the_words_say_how_much_is_demanded_and_how_much_is_allowed() -> None:
    budget = Rule("budget", "count(*) filter (where price <> today) <= 3")
    away = Rule("away", "price >= 20", "cost < 5")
    case = case_of({"cost": [1, 2, 3, 4, 5, 6]}, [budget, away])
    (conflict,) = report(case).conflicts

    assert conflict.items == 4
    assert conflict.gap is None
    assert explanation(conflict, case) == (
        "Brand's away and budget cannot hold together on this catalogue: "
        "at least four prices must change, and budget allows 3. 4 items are involved."
    )


def test_the_words_name_the_two_items_of_a_broken_ladder() -> None:
    rules = [
        ladder("upper.price >= lower.price + 5"),
        Rule("low", "price >= 50", "size = 1"),
        Rule("high", "price <= 52"),
    ]
    case = case_of({"line": ["a", "a"], "size": [1, 2]}, rules)
    (conflict,) = report(case).conflicts

    assert explanation(conflict, case) == (
        "Brand's high, ladder and low cannot hold together on this catalogue: in a, key\u00a0i0 has to be at least 50, "
        "ladder then asks for at least 55 for key\u00a0i1, and at most 52 is left there. 1 item is involved."
    )


ACTION = """
accord: 1
id: actions
levers:
  - {name: action, values: [approve, review, decline], current: today}
catalogue: {source: none.csv, key: key}
constraints:
  - {id: desk, team: operations, rule: "count(*) filter (where action = 'review') <= 1"}
  - {id: losses, team: finance, rule: "sum(case when action = 'approve' then amount else 0 end) <= 100"}
  - {id: careful, team: tech, rule: "action <> 'approve'", where: amount > 50}
  - {id: welcome, team: brand, rule: "action <> 'decline'"}
"""


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([60, 70, 10], [("careful", "desk", "welcome")]),
        ([60, 10, 10], []),
        ([40, 40, 45], []),
        ([60, 40, 45, 50], [("desk", "losses", "welcome")]),
    ],
)
def test_levers_with_a_list_of_values_are_counted_value_by_value(amounts: list[int], expected: list[Any]) -> None:
    count = len(amounts)
    table = pa.table({"key": [f"i{i}" for i in range(count)], "amount": amounts, "today": ["approve"] * count})

    assert found(situation(read_text(ACTION, "actions.yaml"), table)) == expected
