"""Repairs of conflicts on many items, which are judged on arrays, against editing the file and checking again."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from alignment.conflicts.check import Situation
from alignment.conflicts.checking import reported
from tests.conflicts.cases import case_of
from tests.conflicts.test_repairs_random import a_unit_less
from tests.oracles.repairs import effect

ITEMS = 40
TRIED = 5


def drawn(seed: int) -> Situation:
    """Floors and ceilings of all shapes on some tens of items, at times with an ending or a list."""
    draw = Random(seed)
    count = draw.choice((0, 0, 1, 1, 2))
    rules = [_floor(draw) for _ in range(draw.randint(1, 3))] + [_ceiling(draw) for _ in range(draw.randint(1, 3))]
    rules += [draw.choice((_ending, _listed, _change))(draw) for _ in range(count)]
    lever: dict[str, Any] = {"name": "price", "unit": "USD", "current": "today", "maximum": draw.choice((400, None))}
    lever["minimum"] = draw.choice((0, 0, 1, None))
    lever["step"] = None if lever["minimum"] is None else draw.choice((None, 0.01, 0.05, 0.5))
    scoped = [
        {"rule": rule, "where": _scope(draw), "strength": draw.choice(("hard", "hard", "soft"))} for rule in rules
    ]
    return case_of(scoped, [_row(draw) for _ in range(ITEMS)], [lever], value="worth")


def _row(draw: Random) -> dict[str, Any]:
    base = draw.randint(200, 4_000)
    shares = {"cost": (55, 110), "msrp": (85, 160), "rival": (80, 130), "today": (90, 110)}
    row: dict[str, Any] = {n: Decimal(base * draw.randint(*share)) / 10_000 for n, share in shares.items()}
    if draw.random() < 0.1:
        row[draw.choice(list(shares))] = None
    return {**row, "worth": draw.randint(1, 99), "region": draw.choice(("DE", "FR", "JP"))}


def _scope(draw: Random) -> str | None:
    return draw.choice((None, None, None, "region <> 'JP'", "region = 'DE' or cost > 20", "today < 30"))


def _floor(draw: Random) -> str:
    k = draw.randint(100, 130)
    return draw.choice((
        f"price >= cost * {k / 100}", f"price > cost + {k - 99}", f"(price - cost) / price >= 0.{k - 90}",
        f"price >= today * 0.{k - 40}", "price >= cost", f"price >= coalesce(rival, cost) * 0.{k - 40}",
        f"price / cost >= {k / 100}", f"not price < {k / 10}",
    ))  # fmt: skip


def _ceiling(draw: Random) -> str:
    k = draw.randint(80, 110)
    return draw.choice((
        f"price <= msrp * {k / 100}", f"price < rival * {k / 100}", f"price <= rival - 0.{k}", "price < msrp",
        f"price / today - 1 <= {(k - 85) / 100}", f"price <= least(msrp, rival * {k / 100})", f"price <= {k / 4}",
        f"price between 1 and today * {k / 100}",
    ))  # fmt: skip


def _ending(draw: Random) -> str:
    return draw.choice(("price % 1 = 0.99", "price % 1 = 0.5", "price % 5 = 0", "price % 1 in (0.49, 0.99)"))


def _listed(draw: Random) -> str:
    return draw.choice(("price < 10 or price >= 20", "price <> today", "price in (9.99, 14.99, 19.99, 29.99)"))


def _change(draw: Random) -> str:
    return f"abs(price / today - 1) <= 0.{draw.randint(10, 20)}"


@pytest.mark.parametrize("seed", range(10))
def test_on_many_items_a_changed_bound_clears_and_opens_what_it_says_and_a_unit_less_does_not(seed: int) -> None:
    case = drawn(seed)
    offered = [(c, r) for c in reported(case).conflicts for r in c.repairs if r.kind in ("bound", "joint")]
    for conflict, repair in Random(seed).sample(offered, min(TRIED, len(offered))):
        found = effect(conflict, repair, case)
        said = (repair.items_fixed, repair.items_opened, repair.opens)
        assert said == (found.fixed, found.opened, found.opens), f"{conflict.id} {repair}"
        assert repair.items_fixed == conflict.items
        nearer = a_unit_less(repair)
        assert nearer is None or effect(conflict, nearer, case).fixed < conflict.items, f"{conflict.id} {nearer}"
