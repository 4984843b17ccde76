"""Repairs: the smallest change of each bound in its own terms, exceptions, softer and retired rules, consequences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from alignment.conflicts.check import Situation, situation
from alignment.conflicts.checking import reported
from alignment.conflicts.report import Conflict, Repair
from alignment.initiative.reading import load
from tests.conflicts.cases import case_of
from tests.oracles.repairs import effect

PRICE = {"name": "price", "unit": "USD", "minimum": 0, "maximum": 500}
CENTS = {**PRICE, "step": 0.01}
SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "initiative.yaml"


def only(case: Situation) -> Conflict:
    (conflict,) = reported(case).conflicts
    return conflict


def bounds(rules: list[Any], rows: list[dict[str, Any]], lever: dict[str, Any] = PRICE, **types: Any) -> dict[str, str]:
    """The new text of each rule that a changed bound of its own settles."""
    conflict = only(case_of(rules, rows, [lever], **types))
    return {r.changes[0].constraint: str(r.changes[0].to) for r in conflict.repairs if r.kind == "bound"}


SEEDED = [
    ("pricing", ["price >= cost / (1 - 0.12)", "price <= comp * 1.02"], {"cost": 8.6, "comp": 9.3},
     "price >= cost / (1 - 0.093)", "price <= comp * 1.051"),
    ("markdown", ["price >= salvage * 1.1", "price <= list * (1 - 0.7)"], {"list": 80, "salvage": 26},
     "price >= salvage * 0.92", "price <= list * (1 - 0.642)"),
    ("inventory", ["price >= facings * 3", "price <= rate * life * 0.8"], {"facings": 6, "rate": 1.5, "life": 10},
     "price >= facings * 2", "price <= rate * life * 1.2"),
    ("homes", ["price >= estimate * 0.95", "price <= comps * 0.94 - 18"], {"estimate": 400, "comps": 410},
     "price >= estimate * 0.918", "price <= comps * 0.971 - 18"),
    ("membership", ["price >= cost / (1 - 0.06)", "price <= shelf * (1 - 0.1)"], {"cost": 9, "shelf": 10},
     "price >= cost / (1 - 0.00)", "price <= shelf * (1 - 0.042)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "rules", "row", "floor", "ceiling"), SEEDED, ids=[s[0] for s in SEEDED])
def test_a_bound_moves_by_its_own_number(name, rules, row, floor, ceiling):
    assert bounds(rules, [row]) == {"r0": floor, "r1": ceiling}


OWN = [
    ("price >= cost * 1.08", "the factor", "price >= cost * 0.80"),
    ("price >= 10", "a plain constant", "price >= 8"),
    ("price >= cost + 2.5", "an offset", "price >= cost - 2.0"),
    ("(price - cost) / price >= 0.2", "a margin", "(price - cost) / price >= -0.25"),
    ("abs(price / today - 1) <= 0.1", "a cap on changes", "abs(price / today - 1) <= 0.2"),
    ("price between cost * 0.85 and cost * 2", "the end of a range that is in the way",
     "price between cost * 0.80 and cost * 2"),
    ("NOT price < cost*1.08", "in the author's own spelling", "NOT price < cost*0.80"),
    ("case when today > 5 then price >= cost * 1.2 else price >= cost * 1.5 end", "the branch that applies",
     "case when today > 5 then price >= cost * 0.8 else price >= cost * 1.5 end"),
    ("price >= cost", "a factor where there is no number", "price >= cost * 0.80"),
    ("price >= today and price <= today * 2", "a factor beside a number that does not help",
     "price >= today * 0.80 and price <= today * 2"),
    ("price = today", "nothing where one value is asked for", None),
    ("price % 5 = 0 and price > 8", "the bound, not the ending", "price % 5 = 0 and price > 4"),
    ("price >= greatest(cost, 9.5)", "a factor of the whole bound", "price >= greatest(cost, 9.5) * 0.80"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "what", "to"), OWN, ids=[o[1] for o in OWN])
def test_which_number_moves(rule, what, to):
    assert bounds([rule, "price <= 8"], [{"cost": 10, "today": 10}]).get("r0") == to


def test_an_offset_where_some_bound_is_not_positive():
    found = bounds(["price >= loss", "price <= -3"], [{"loss": -2}], {**PRICE, "minimum": -10})
    assert found["r0"] == "price >= loss - 1"


def test_one_change_clears_all_items_and_is_the_furthest_that_some_item_needs():
    rows = [{"cost": c, "comp": p} for c, p in ((10, 10), (10, 9.4), (20, 19.9), (3, 5))]
    conflict = only(case_of(["price >= cost * 1.08", "price <= comp"], rows, [PRICE]))
    first = {r.changes[0].constraint: r for r in reversed(conflict.repairs) if r.kind == "bound"}
    assert first["r0"].changes[0].to == "price >= cost * 0.94"
    assert (conflict.items, first["r0"].items_fixed, first["r0"].items_opened) == (3, 3, 0)
    assert first["r0"].changes[0].amount == pytest.approx(0.14)
    assert first["r0"].concessions[0].amount == pytest.approx(2.8)


@pytest.mark.parametrize(("rules", "row", "lever", "floor"), [
    (["price >= 10.00", "price < 9.50"], {}, PRICE, "price >= 9.49"),
    (["price >= 10.00", "price < 9.50"], {}, CENTS, "price >= 9.49"),
    (["price > 10.00", "price <= 10.00"], {}, PRICE, "price > 9.99"),
    (["price > 10.00", "price <= 10.00"], {}, CENTS, "price > 9.99"),
    (["price >= 10", "price <= 9.999"], {}, {**PRICE, "step": 0.5}, "price >= 9.5"),
    (["price >= a * 1.0", "price <= b"], {"a": 0.3, "b": 0.2}, PRICE, "price >= a * 0.66"),
])  # fmt: skip
def test_strict_ends_and_lattices_are_cleared_by_the_next_number(rules, row, lever, floor):
    assert bounds(rules, [row or {"a": 1}], lever)["r0"] == floor


def test_a_conflict_with_the_domain_opens_what_it_hid():
    case = case_of(["price >= cost * 60", "price <= 90"], [{"cost": 10}], [PRICE])
    repair = only(case).repairs[0]
    assert (repair.changes[0].to, repair.items_opened, repair.opens) == ("price >= cost * 50", 1, ("r0+r1",))


# Limits


def limits(floor: dict[str, Any], row: dict[str, Any] | None = None, lever: dict[str, Any] = PRICE) -> bool:
    case = case_of([floor, {"rule": "price <= comp"}], [row or {"cost": 10, "comp": 9}], [lever])
    return next(r.within_limits for r in only(case).repairs if r.changes[0].constraint == "r0")


def test_a_repair_may_go_as_far_as_its_team_accepts():
    assert limits({"rule": "price >= cost * 1.08", "relax_to": 0.9})
    assert not limits({"rule": "price >= cost * 1.08", "relax_to": 0.91})
    assert limits({"rule": "price >= cost", "relax_to": 0.85})
    assert not limits({"rule": "price >= cost", "relax_to": 0.95})


def test_without_a_limit_a_number_keeps_its_sense():
    assert not limits({"rule": "(price - cost) / price >= 0.2"})
    assert not limits({"rule": "price >= cost * 1.08"})
    assert limits({"rule": "price >= cost * 1.08"}, {"cost": 10, "comp": 10.5})


def test_where_no_side_may_settle_it_both_move_within_their_limits():
    rules = [{"rule": "price >= cost * 1.20", "relax_to": 1.10}, {"rule": "price <= comp * 1.00", "relax_to": 1.10}]
    case = case_of(rules, [{"cost": 10, "comp": 10}], [PRICE])
    conflict = only(case)
    kinds = [(r.kind, r.within_limits) for r in conflict.repairs[:3]]
    assert kinds == [("bound", False), ("bound", False), ("joint", True)]
    joint = conflict.repairs[2]
    assert [e.to for e in joint.changes] == ["price >= cost * 1.10", "price <= comp * 1.10"]
    assert effect(conflict, joint, case).fixed == 1
    assert [c.amount for c in joint.concessions] == [1, 1]


# Exceptions, softer and retired rules


def others(case: Situation, kind: str) -> list[Repair]:
    return [r for r in only(case).repairs if r.kind == kind]


def test_an_exception_names_a_few_items_by_key_and_keeps_the_scope():
    rows = [{"k": "it's", "cost": 10, "air": 1}, {"k": "b", "cost": 1, "air": 1}]
    rules = [{"rule": "price >= cost", "where": "air = 1 or cost > 3"}, "price <= 8"]
    case = case_of(rules, rows, [PRICE], types={"k": pa.string()})
    texts = [r.changes[0].to for r in others(case, "scope")]
    assert texts == ["(air = 1 or cost > 3) and k not in ('it''s')", "k not in ('it''s')"]


def test_many_items_are_excepted_by_what_sets_them_apart():
    rows = [{"cost": 10 if i % 2 else 1, "region": "JP" if i % 2 else None} for i in range(60)]
    case = case_of(["price >= cost", "price <= 8"], rows, [PRICE], types={"region": pa.string()})
    repair = others(case, "scope")[0]
    assert repair.changes[0].to in ("cost <> 10", "(region <> 'JP' or region is null)")
    assert effect(only(case), repair, case).fixed == repair.items_fixed == 30


def test_items_that_cannot_be_listed_in_2000_characters_are_not_excepted():
    rows = [{"cost": 10 + i % 7 if i % 2 else 1, "x": i, "k": f"a-rather-long-key-{i}"} for i in range(200)]
    case = case_of(["price >= cost + 0 * x", "price <= 8 + 0 * x"], rows, [PRICE], types={"k": pa.string()})
    texts = [str(r.changes[0].to) for r in others(case, "scope")]
    assert texts == ["cost < 11", "cost < 11"] or all("not in" not in t for t in texts)


def test_a_soft_conflict_is_not_softened_again():
    case = case_of([{"rule": "price >= 10", "strength": "soft"}, "price <= 8"], [{}], [PRICE])
    assert not others(case, "soften")
    assert [r.changes[0].constraint for r in others(case, "retire")] == ["r0", "r1"]


def test_the_rule_that_counts_least_is_offered_first():
    rules = [{"rule": "price >= 10", "priority": 9}, {"rule": "price <= 8", "priority": 2}]
    conflict = only(case_of(rules, [{}], [PRICE]))
    assert [(r.option, r.kind, r.changes[0].constraint) for r in conflict.repairs] == [
        (1, "bound", "r1"), (2, "bound", "r0"), (3, "scope", "r1"), (4, "scope", "r0"),
        (5, "soften", "r1"), (6, "soften", "r0"), (7, "retire", "r1"), (8, "retire", "r0"),
    ]  # fmt: skip


# The sample


def test_every_repair_of_the_sample_does_what_it_says():
    case = situation(load(SAMPLE))
    conflicts = [c for c in reported(case).conflicts if c.family == "item"]
    offered = [(c, r) for c in conflicts for r in c.repairs if r.kind in ("bound", "joint")]
    assert len(offered) > 20
    for conflict, repair in offered[::6]:
        found = effect(conflict, repair, case)
        assert (repair.items_fixed, repair.items_opened) == (found.fixed, found.opened), f"{conflict.id} {repair}"
