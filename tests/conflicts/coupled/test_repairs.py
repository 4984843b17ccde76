"""Changed bounds of ladders, sums and the item rules beside them: put into the file, each does what it says."""

from __future__ import annotations

from fractions import Fraction

import pytest

from alignment.conflicts.check import Situation, situation
from alignment.conflicts.checking import reported
from alignment.conflicts.coupled.repairs import coupled_repairs
from alignment.conflicts.grounds import Repairs
from alignment.conflicts.numbers import Reader
from alignment.conflicts.report import Conflict, Repair
from alignment.conflicts.trials import bench_of
from alignment.rules.ruleset import schema_of
from tests.conflicts.coupled.instances import initiative_of, random_instance, table_of
from tests.conflicts.test_repairs_random import a_unit_less
from tests.oracles.coupled import Instance, Lever, Rule
from tests.oracles.repairs import effect_on_all

CHUNKS, EACH = 4, 10


def drawn(seed: int) -> Situation:
    instance = random_instance(seed)
    return situation(initiative_of(instance), table_of(instance))


def bound_repairs(case: Situation) -> list[tuple[Conflict, Repair]]:
    coupled = [c for c in reported(case).conflicts if c.family != "item"]
    return [(c, r) for c in coupled for r in c.repairs if r.kind == "bound"]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_changed_bound_clears_and_opens_what_it_says(chunk: int) -> None:
    tried = 0
    for seed in range(chunk * EACH, (chunk + 1) * EACH):
        case = drawn(seed)
        for conflict, repair in bound_repairs(case):
            found = effect_on_all(conflict, repair, case)
            said = (repair.items_fixed, repair.items_opened, repair.opens)
            assert said == (found.fixed, found.opened, found.opens), f"seed {seed}: {conflict.id} {repair}"
            tried += 1

    assert tried >= EACH // 2


@pytest.mark.parametrize("chunk", range(2))
def test_a_unit_less_leaves_the_conflict(chunk: int) -> None:
    tried = 0
    for seed in range(200 + chunk * EACH, 200 + (chunk + 1) * EACH):
        case = drawn(seed)
        for conflict, repair in bound_repairs(case):
            nearer = a_unit_less(repair)
            if nearer is not None:
                assert effect_on_all(conflict, nearer, case).fixed < conflict.items, f"seed {seed}: {nearer}"
                tried += 1

    assert tried >= EACH // 2


def small(rules: list[Rule]) -> Situation:
    """Three items of one ladder that cost 2, 4 and 9 and are sold at 10, 20 and 30."""
    numbers = [(2, 10), (4, 20), (9, 30)]
    items = [
        {"key": f"i{i}", "cost": c, "today": t, "size": i, "line": "x", "units": 1} for i, (c, t) in enumerate(numbers)
    ]
    instance = Instance(items, [Lever("price", Fraction(0), Fraction(100), Fraction(1))], rules)
    return situation(initiative_of(instance), table_of(instance))


def texts(case: Situation) -> dict[str, str | None]:
    return {r.changes[0].constraint: r.changes[0].to for _, r in bound_repairs(case)}


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        (
            [Rule("budget", "sum(price) >= 1000"), Rule("ceiling", "price <= 100")],
            {"budget": "sum(price) >= 300"},  # beyond that the range stands in the way
        ),
        (
            [Rule("budget", "sum(price) <= 10"), Rule("floor", "price >= cost")],
            {"budget": "sum(price) <= 15", "floor": "price >= cost * 0.555"},
        ),
        (
            [Rule("budget", "avg(price) < 5"), Rule("floor", "price >= cost")],
            {"budget": "avg(price) < 6", "floor": "price >= cost * 0.888"},
        ),
        (
            [Rule("ladder", "upper.price >= lower.price + 40", None, ("line",), "size"), Rule("floor", "price >= 25")],
            {"ladder": "upper.price >= lower.price + 37", "floor": "price >= 20"},
        ),
        (
            [
                Rule("ladder", "upper.price >= lower.price", None, ("line",), "size"),
                Rule("first", "price >= 10", "size = 0"),
                Rule("last", "price <= 5", "size = 2"),
            ],
            {"ladder": "upper.price >= lower.price * 0.70", "last": "price <= 10", "first": "price >= 5"},
        ),
        (
            [Rule("changes", "count(*) filter (where price <> today) <= 1"), Rule("cut", "price <= 15")],
            {"changes": "count(*) filter (where price <> today) <= 2", "cut": "price <= 20"},
        ),
        (
            [Rule("spread", "max(price) - min(price) <= 5"), Rule("near", "abs(price / today - 1) <= 0.10")],
            {"spread": "max(price) - min(price) <= 16", "near": "abs(price / today - 1) <= 0.40"},
        ),
    ],
)
def test_the_smallest_change_is_in_the_terms_of_its_rule(rules: list[Rule], wanted: dict[str, str]) -> None:
    assert texts(small(rules)) == wanted


def test_what_there_is_no_time_for_is_left_out_and_named() -> None:
    case = small([Rule("budget", "sum(price) <= 10"), Rule("floor", "price >= cost")])
    reader = Reader(schema_of(case.initiative, case.catalogue.kinds), case.catalogue)
    repairs = Repairs(bench_of(case.rules, case.catalogue, reader), case.answers.clashes)

    assert coupled_repairs(case.coupled, repairs, most=0) == ({}, {("budget", "floor")})
