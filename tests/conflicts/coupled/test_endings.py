"""Endings on a lattice that reaches below zero: the conflicts are those that trying every lever value finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise, product
from random import Random
from typing import Any

import pytest

from alignment.conflicts.check import situation
from tests.conflicts.coupled.instances import initiative_of, table_of
from tests.oracles.coupled import Instance, Lever, Rule
from tests.oracles.rules import says

ENDINGS = (
    "price % 1 = 0.5",
    "price % 1 <> 0",
    "price % 1 = -0.5",
    "price % 2 = -1",
    "price % 2 in (1, -1.5)",
    "price % 1.5 < 0",
    "price % 1.5 >= 0.5",
    "price % 2 = 1 or price % 3 = -1",
    "price % 1 = 0.25 or price <= -1",
)
BOUNDS = ("price >= {k}", "price <= {k}", "price < cost", "price between {k} and {k} + 1", "price <> {k}")
PAIRS = ("upper.price >= lower.price + {c}", "upper.price = lower.price", "upper.price + lower.price <= {k}")
SUMS = ("sum(price) <= {k}", "sum(price) >= {k}", "sum(price) = {k}")


def drawn(seed: int) -> Instance:
    dice = Random(seed)
    step = Fraction(dice.choice(("1", "0.5", "0.25", "0.75")))
    least = Fraction(dice.choice(("-2", "-1.5", "-3", "-0.25")))
    lever = Lever("price", least, least + step * dice.randint(4, 9), step)
    costs = [dice.randint(-2, 2) for _ in range(dice.randint(1, 3))]
    items = [{"key": f"i{i}", "cost": cost, "size": i + 1, "today": 0} for i, cost in enumerate(costs)]
    rules = [Rule("r0", dice.choice(ENDINGS))]
    rules += [Rule(f"r{i + 1}", *_rule(dice)) for i in range(dice.randint(2, 4))]
    return Instance(items, [lever], rules)


def _rule(dice: Random) -> tuple[Any, ...]:
    numbers = {"k": Fraction(dice.randint(-6, 6), 2), "c": dice.choice((-1, 0, 1))}
    texts = dice.choice((ENDINGS, BOUNDS, PAIRS, SUMS, SUMS))
    text = dice.choice(texts).format(k=float(numbers["k"]), c=numbers["c"])
    where = dice.choice((None, None, "cost > 0"))
    return (text, where, (), "size") if texts is PAIRS else (text, where)


def values(lever: Lever) -> list[Fraction]:
    assert lever.minimum is not None and lever.maximum is not None and lever.step is not None
    return [lever.minimum + k * lever.step for k in range(int((lever.maximum - lever.minimum) / lever.step) + 1)]


@dataclass(frozen=True)
class Tried:
    """All assignments of lever values to items, as the sets of rules that each breaks; and those of single items."""

    broken: list[frozenset[str]]
    by_item: list[list[frozenset[str]]]


def tried(instance: Instance) -> Tried:
    points = values(instance.levers[0])
    item_rules = [r for r in instance.rules if r.family == "item"]
    by_item = [[_broken(item_rules, item, x) for x in points] for item in instance.items]
    every = list(product(range(len(points)), repeat=len(instance.items)))
    coupled = [r for r in instance.rules if r.family != "item"]
    broken = {
        frozenset().union(*(by_item[i][k] for i, k in enumerate(chosen)))
        | {r.id for r in coupled if _breaks(r, instance, [points[k] for k in chosen])}
        for chosen in every
    }
    return Tried([b for b in broken if not any(other < b for other in broken)], by_item)


def _broken(rules: list[Rule], item: Mapping[str, Any], x: Fraction) -> frozenset[str]:
    row = {**item, "price": x}
    return frozenset(r.id for r in rules if _applies(r, item) and says(r.text, row, ("price",)) is False)


def _applies(rule: Rule, item: Mapping[str, Any]) -> bool:
    return rule.where is None or says(rule.where, item) is True


def _breaks(rule: Rule, instance: Instance, prices: list[Fraction]) -> bool:
    inside = [(item, x) for item, x in zip(instance.items, prices, strict=True) if _applies(rule, item)]
    if rule.family == "aggregate":
        total = sum((x for _, x in inside), Fraction(0))
        return bool(inside) and says(rule.text.replace("sum(price)", "total"), {"total": total}) is False
    return any(says(rule.text, {"lower.price": a, "upper.price": b}) is False for (_, a), (_, b) in pairwise(inside))


def minimal(broken: list[frozenset[str]], ids: list[str]) -> Iterator[frozenset[str]]:
    """Minimal sets of rules of which every assignment breaks one."""
    found: list[frozenset[str]] = []
    for size in range(1, len(ids) + 1):
        for members in map(frozenset, combinations(ids, size)):
            if not any(f <= members for f in found) and all(b & members for b in broken):
                found.append(members)
                yield members


def expected(instance: Instance) -> set[tuple[str, ...]]:
    told = tried(instance)
    own = [r.id for r in instance.rules if r.family == "item"]
    found = {m for item in told.by_item for m in minimal(item, own)}
    found |= {m for m in minimal(told.broken, [r.id for r in instance.rules]) if not m <= set(own)}
    return {tuple(sorted(m)) for m in found}


@pytest.mark.parametrize("block", range(4))
def test_conflicts_with_endings_are_those_of_every_assignment(block: int) -> None:
    complete = 0
    for seed in range(50 * block, 50 * block + 50):
        instance = drawn(seed)
        case = situation(initiative_of(instance), table_of(instance))
        found = {c.ids for c in case.clashes}
        wanted = expected(instance)
        assert found == wanted if case.complete else found <= wanted, f"seed {seed}: {instance}"
        complete += case.complete
    assert complete >= 48
