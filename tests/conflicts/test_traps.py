"""Each known way to get a conflict wrong, as one row: rules, one item, and the conflicts there are."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

import pyarrow as pa
import pytest

from alignment.conflicts.check import report
from alignment.exports.json import dumped
from tests.conflicts.cases import case_of, listed, status_of
from tests.oracles.rules import allowed

FREE: Mapping[str, Any] = {"name": "price"}
POSITIVE: Mapping[str, Any] = {"name": "price", "minimum": 0}
CENTS: Mapping[str, Any] = {"name": "price", "minimum": 0, "maximum": 100, "step": Decimal("0.01")}


def conflicts(rules: list[Any], lever: Mapping[str, Any] = FREE, row: Mapping[str, Any] | None = None) -> set[str]:
    """Ids of the conflicts on one item; columns that are not given are NULL."""
    columns = dict.fromkeys(("a", "b", "cost"), None) | {
        k: None if v is None else Decimal(str(v)) for k, v in (row or {}).items()
    }
    return set(listed(report(case_of(rules, [columns], [lever]))))


@pytest.mark.parametrize(
    ("rules", "lever", "row", "found"),
    [
        # ends that touch
        (["price >= 5", "price <= 5"], FREE, {}, set()),
        (["price > 5", "price <= 5"], FREE, {}, {"r0+r1"}),
        (["price > 5", "price < 5"], FREE, {}, {"r0+r1"}),
        (["price >= 5", "price <= 5"], CENTS, {}, set()),
        (["price >= 5.005", "price <= 5.005"], CENTS, {}, {"r0+r1"}),
        (["price > 5", "price < 5.01"], CENTS, {}, {"r0+r1"}),
        (["price >= a + b", "price <= 0.3"], FREE, {"a": "0.1", "b": "0.2"}, set()),
        (["price > a + b", "price <= 0.3"], FREE, {"a": "0.1", "b": "0.2"}, {"r0+r1"}),
        # products of decimals are exact, quotients are not
        (["price >= cost / 0.8", "price <= 12.5"], FREE, {"cost": 10}, set()),
        (["price >= cost / 0.3", "price * 0.3 <= cost"], FREE, {"cost": 1}, set()),
        (["price > cost / 0.3", "price * 0.3 <= cost"], FREE, {"cost": 1}, {"r0+r1"}),
        (["price >= a / b", "price <= a / b"], FREE, {"a": 1, "b": 3}, set()),
        (["price >= a / b", "price * b < a"], FREE, {"a": 1, "b": 3}, {"r0+r1"}),
        (["price > 1 / b * a", "price * b <= a"], FREE, {"a": 2, "b": 7}, {"r0+r1"}),
        # NULL is skipped by least and greatest, and a division by zero is NULL
        (["price >= greatest(a, 7)", "price <= 6"], FREE, {}, {"r0+r1"}),
        (["price >= a / 0", "price <= 6"], FREE, {"a": 1}, set()),
        (["price >= a / b", "price <= 6"], FREE, {"a": 1, "b": 0}, set()),
        # signs decide which way a comparison turns
        (["(price - cost) / price >= 0.2", "price <= 12"], POSITIVE, {"cost": 10}, {"r0+r1"}),
        (["(price - cost) / price >= 0.2", "price <= 12"], FREE, {"cost": 10}, set()),
        (["price / cost >= 1.1", "price <= 10"], POSITIVE, {"cost": 10}, {"r0+r1"}),
        (["price / cost >= 1.1", "price <= 10"], POSITIVE, {"cost": -10}, {"r0"}),
        (["price / cost >= 1.1", "price <= 10"], POSITIVE, {"cost": 0}, set()),
        # the one value at which a rule divides by zero is not allowed; missing data allow everything
        (["(price - cost) / price >= 0", "price <= 0"], POSITIVE, {"cost": 0}, {"r0+r1"}),
        (["(price - cost) / price >= 0", "price <= 0"], POSITIVE, {}, set()),
        (["price >= cost", "price <= 0"], POSITIVE, {}, set()),
        # one point out of the line, of a lattice, of a list
        (["price <> 5", "price >= 5", "price <= 6"], FREE, {}, set()),
        (["price <> 5", "price >= 5", "price <= 5"], FREE, {}, {"r0+r1+r2"}),
        (["price <> 5", "price in (5)"], FREE, {}, {"r0+r1"}),
        (["price <> 5", "price > 4.99", "price < 5.01"], CENTS, {}, {"r0+r1+r2"}),
        # shapes of conditions
        (["not (price >= 3 and price <= 9)", "price between 4 and 8"], FREE, {}, {"r0+r1"}),
        (["price between 8 and 4"], FREE, {}, {"r0"}),
        (["price in (1, null)", "price >= 2"], FREE, {}, set()),
        (["price not in (1, null)", "price <= 1", "price >= 1"], FREE, {}, {"r0+r1+r2"}),
        (["case when a > 1 then price >= 9 end", "price <= 5"], FREE, {"a": 0}, set()),
        (["case when a > 1 then price >= 9 end", "price <= 5"], FREE, {"a": 2}, {"r0+r1"}),
        (["price >= coalesce(a, 9)", "price <= 5"], FREE, {}, {"r0+r1"}),
        (["price % 1 = 0.99", "price >= 5", "price <= 5.5"], FREE, {}, {"r0+r1+r2"}),
        (["price % 1 = 0.99", "price % 1 = 0.95"], FREE, {}, {"r0+r1"}),
        (["price % 1 = -0.5", "price >= -0.75"], {"name": "price", "minimum": -2, "maximum": 0}, {}, set()),
        (["price % 1 = 0.5", "price <= 0"], {"name": "price", "minimum": -2}, {}, {"r0+r1"}),
        # a rule that the range alone contradicts hides its pairs on that item
        (["price >= 200", "price <= 150"], CENTS, {}, {"r0"}),
        # every set is listed on its own, the same rule twice too
        (["price >= 5", "price >= 5", "price <= 4"], FREE, {}, {"r0+r2", "r1+r2"}),
        # a scope that is NULL is no scope
        ([{"rule": "price >= 5", "where": "a > 1"}, "price <= 4"], FREE, {}, set()),
        ([{"rule": "price >= 5", "where": "a > 1"}, "price <= 4"], FREE, {"a": 2}, {"r0+r1"}),
        # far numbers
        (["price >= a", "price < a"], FREE, {"a": 999_999_999_999}, {"r0+r1"}),
        (["price >= a * 1000000", "price <= a * 1000000"], FREE, {"a": 999_999_999_999}, set()),
        (["price > a * 1000000", "price <= a * 1000000"], FREE, {"a": 999_999_999_999}, {"r0+r1"}),
    ],
)
def test_conflicts_of_one_item(rules: list[Any], lever: Any, row: Any, found: set[str]) -> None:
    assert conflicts(rules, lever, row) == found


NEGATIVE: Mapping[str, Any] = {"name": "price", "minimum": -4, "maximum": 0}
UP_TO_3: Mapping[str, Any] = {"name": "price", "minimum": 0, "maximum": 3}


@pytest.mark.parametrize(
    ("rules", "lever", "row", "domain"),
    [
        (["price >= cost", "price <= a"], POSITIVE, {"cost": 5, "a": 3}, False),
        (["price >= 200"], CENTS, {}, True),
        (["price > 5", "price < 5.01"], CENTS, {}, True),
        (["price <> 5", "price >= 5"], {"name": "price", "maximum": 5}, {}, True),
        # below zero a margin turns round; above zero it does for a lever that is never positive
        (["(price - cost) / price >= 0.2", "price <= 12"], POSITIVE, {"cost": 10}, True),
        (["(price - a) / price >= 0.25", "price >= b"], NEGATIVE, {"a": 0, "b": 0}, True),
        (["(price - a) / price >= 0.25", "price between b and 0"], NEGATIVE, {"a": 0, "b": 0}, False),
        # below zero no remainder is positive
        (["price % 1 = 0.5", "price <= 0"], {"name": "price", "minimum": -2}, {}, False),
    ],
)
def test_the_range_is_named_where_the_rules_could_hold_together_without_it(
    rules: list[Any], lever: Any, row: Any, domain: bool
) -> None:
    columns = {"a": None, "b": None, "cost": None} | row
    found = report(case_of(rules, [{k: None if v is None else Decimal(v) for k, v in columns.items()}], [lever]))
    assert [c.domain for c in found.conflicts] == [domain]


@pytest.mark.parametrize("off_the_grid", [[], ["price = cost / 7"]])
@pytest.mark.parametrize(
    ("rule", "lever", "gap"),
    [
        ("price < a or (price - b) / price > 0.5", UP_TO_3, 1),
        ("(price - b) / price > 0.5", UP_TO_3, 1),
        ("(price + b) / price > 0.5 and price < -4 + a", NEGATIVE, 1),
        ("(price + 2 * b) / price > 0.5", NEGATIVE, 4),
        ("price % 2 = 1 and price > 3", UP_TO_3, 2),
    ],
)
def test_a_gap_is_measured_on_the_side_of_zero_where_the_range_lies(
    rule: str, lever: Any, gap: int, off_the_grid: list[str]
) -> None:
    row = {"a": Decimal(-1), "b": Decimal(2), "cost": Decimal("2.333333")}
    found = report(case_of([rule, *off_the_grid], [row], [lever]))
    own = next(c for c in found.conflicts if c.constraints == ("r0",))
    assert own.gap is not None and own.gap.max == gap


def test_a_rule_about_the_data_is_a_conflict_of_one_where_it_is_false() -> None:
    found = report(case_of(["a > 1", "price >= 5"], [{"a": Decimal(0)}, {"a": Decimal(2)}, {"a": None}]))
    assert listed(found) == {"r0": 1}
    assert (status_of(found, "r0")["violated_today"], status_of(found, "r0")["unknown"]) == (1, 1)
    assert found.infeasible_items == 1


def test_the_smaller_of_two_rules_is_implied_and_listed() -> None:
    found = report(case_of(["price >= 5", "price >= 4", "price <= 3"]))
    assert listed(found) == {"r0+r2": 1, "r1+r2": 1}
    assert (status_of(found, "r1")["implied_by"], status_of(found, "r0")["implied_by"]) == (["r0"], [])


def test_a_soft_rule_makes_a_conflict_soft_and_leaves_the_item_feasible() -> None:
    found = report(case_of(["price >= 5", {"rule": "price <= 4", "strength": "soft"}]))
    assert [(c.strength, c.items) for c in found.conflicts] == [("soft", 1)]
    assert found.infeasible_items == 0 and found.feasible_items == 1


def test_more_than_sixty_four_rules_with_unions_are_told_apart() -> None:
    rules = ["price in (1, 2)", *(f"price >= {3 + i}" for i in range(70)), "price <= 80"]
    found = set(listed(report(case_of(rules, [{}]))))
    assert found == {"+".join(sorted(("r0", f"r{i}"))) for i in range(1, 71)}


@pytest.mark.parametrize(
    ("keys", "type_", "order"),
    [
        ([10, 9, 2], pa.int64(), [2, 9, 10]),
        (["10", "9", "2"], pa.string(), ["10", "2", "9"]),
        ([Decimal("10.5"), Decimal("9"), Decimal("2")], pa.decimal128(6, 1), [2, 9, 10.5]),
    ],
)
def test_ties_go_by_key_as_numbers_or_as_text(keys: list[Any], type_: pa.DataType, order: list[Any]) -> None:
    found = report(case_of(["price >= 5", "price <= 4"], [{"k": k} for k in keys], types={"k": type_}))
    assert list(found.conflicts[0].sample) == order
    assert found.conflicts[0].worst["k"] == order[0]


def test_the_order_of_rules_rows_and_columns_changes_no_byte() -> None:
    rules = [
        {"id": "floor", "rule": "price >= a * 1.08"}, {"id": "ceiling", "rule": "price <= b"},
        {"id": "ending", "rule": "price % 1 = 0.99"}, {"id": "margin", "rule": "(price - a) / price >= 0.25"},
        {"id": "rate", "rule": "price <= a / b * 7"},
    ]  # fmt: skip
    rows = [{"k": i, "a": Decimal(i % 7) + Decimal("0.3"), "b": Decimal(i % 5) + 1} for i in range(200)]
    first = dumped(_without_hash(case_of(rules, rows, [CENTS], value="b")))
    turned = [{name: row[name] for name in ("b", "k", "a")} for row in reversed(rows)]
    assert dumped(_without_hash(case_of(rules[::-1], turned, [CENTS], value="b"))) == first


def _without_hash(case: Any) -> Any:
    from dataclasses import replace

    return replace(report(case), content_hash="")


def test_endings_that_repeat_too_seldom_to_be_laid_out_are_not_claimed_to_be_checked() -> None:
    lever = {"name": "price", "minimum": 0, "maximum": 10, "step": Decimal("0.000001")}
    found = report(case_of(["price % 1000 = 0.5", "price >= 5"], [{}], [lever]))
    assert (found.complete, found.not_checked, found.verdict) == (False, ("r0",), "incomplete")


DOUBLE, WHOLE = pa.float64(), pa.int64()


@pytest.mark.parametrize(
    ("rules", "row", "kind", "found"),
    [
        # of doubles, too, a division by zero is NULL and not infinite
        (["price >= a / b", "price <= 6"], {"a": 1.0, "b": 0.0}, DOUBLE, set()),
        (["price >= greatest(a / b, 7)", "price <= 6"], {"a": 1.0, "b": 0.0}, DOUBLE, {"r0+r1"}),
        (["price <= least(a / b, 7)", "price >= 8"], {"a": -1.0, "b": 0.0}, DOUBLE, {"r0+r1"}),
        # a double is compared as it is printed, without tolerance
        (["price >= a", "price <= 0.3"], {"a": 0.3}, DOUBLE, set()),
        (["price >= a", "price <= 0.3"], {"a": 0.1 + 0.2}, DOUBLE, {"r0+r1"}),
        (["price >= a", "price <= b"], {"a": 0.30000000000000004, "b": 0.1 + 0.2}, DOUBLE, set()),
        # whole numbers divide into fractions
        (["price >= a / b", "price <= 1.4"], {"a": 3, "b": 2}, WHOLE, {"r0+r1"}),
        (["price >= a / b", "price <= 1.5"], {"a": 3, "b": 2}, WHOLE, set()),
        (["price >= a * b", "price <= 6"], {"a": 3_000_000_000, "b": 3_000_000_000}, WHOLE, {"r0+r1"}),
        # what is neither finite nor a number is missing
        (["price >= a", "price <= 6"], {"a": float("inf")}, DOUBLE, set()),
        (["price >= a", "price <= 6"], {"a": float("nan")}, DOUBLE, set()),
    ],
)
def test_conflicts_of_one_item_in_columns_of_other_types(
    rules: list[str], row: dict[str, Any], kind: pa.DataType, found: set[str]
) -> None:
    types = dict.fromkeys(("a", "b", "today"), kind)
    table = [{"b": None, **row, "today": 1}]
    lever = {"name": "price", "current": "today"}
    answer = report(case_of(rules, table, [lever], types))
    assert set(listed(answer)) == found
    violated = [status_of(answer, f"r{i}")["violated_today"] for i in range(len(rules))]
    assert violated == [int(not allowed(rule, exactly(row) | {"price": 1}, ("price",))) for rule in rules]


def exactly(row: dict[str, Any]) -> dict[str, Any]:
    """Numbers as they are printed; None for what is none."""
    return {k: Decimal(repr(v)) if isfinite(v) else None for k, v in row.items()}
