"""Every repair of random small initiatives does what it says, and no smaller number of as many decimals would do."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from alignment.conflicts.check import Situation
from alignment.conflicts.checking import reported
from alignment.conflicts.report import Conflict, Repair
from tests.conflicts.cases import case_of
from tests.conflicts.instances import instance
from tests.conflicts.test_items_random import constraint, lever, number
from tests.oracles.repairs import effect

CHUNKS, EACH = 5, 8


def drawn(seed: int) -> Situation:
    given = instance(seed)
    rows = [{k: number(v) for k, v in row.items()} for row in given.rows]
    return case_of([constraint(r) for r in given.rules], rows, [lever(d) for d in given.levers])


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_repair_clears_and_opens_what_it_says(chunk: int) -> None:
    for seed in range(chunk * EACH, (chunk + 1) * EACH):
        case = drawn(seed)
        for conflict in reported(case).conflicts:
            for repair in conflict.repairs:
                found = effect(conflict, repair, case)
                said = (repair.items_fixed, repair.items_opened, repair.opens)
                assert said == (found.fixed, found.opened, found.opens), f"seed {seed}: {conflict.id} {repair}"
                assert repair.items_fixed == conflict.items


@pytest.mark.parametrize("seed", range(200, 212))
def test_a_unit_less_than_a_repaired_number_leaves_an_item_in_conflict(seed: int) -> None:
    case = drawn(seed)
    for conflict in reported(case).conflicts:
        for repair in conflict.repairs:
            nearer = a_unit_less(repair)
            if nearer is not None:
                found = effect(conflict, nearer, case)
                assert found.fixed < conflict.items, f"seed {seed}: {conflict.id} {nearer}"


def a_unit_less(repair: Repair) -> Repair | None:
    """The same repair with its one number a unit of its last decimal nearer to what it was, where it has one."""
    if repair.kind != "bound" or not repair.changes[0].from_ or not repair.changes[0].to:
        return None
    was, now = (text.split(" ") for text in (repair.changes[0].from_, repair.changes[0].to))
    if len(was) != len(now) or sum(a != b for a, b in zip(was, now, strict=True)) != 1:
        return None
    place = next(i for i, (a, b) in enumerate(zip(was, now, strict=True)) if a != b)
    try:
        old, new = Decimal(was[place]), Decimal(now[place])
    except ArithmeticError:
        return None
    unit = Decimal(1).scaleb(int(new.as_tuple().exponent))
    nearer = new - unit if new > old else new + unit
    text = " ".join([*now[:place], f"{nearer:f}", *now[place + 1 :]])
    return replace(repair, changes=(replace(repair.changes[0], to=text),))


def test_two_runs_give_the_same_repairs() -> None:
    assert _repairs(drawn(3)) == _repairs(drawn(3))


def _repairs(case: Situation) -> list[tuple[str, tuple[Repair, ...]]]:
    return [(c.id, c.repairs) for c in _conflicts(case)]


def _conflicts(case: Situation) -> tuple[Conflict, ...]:
    return reported(case).conflicts
