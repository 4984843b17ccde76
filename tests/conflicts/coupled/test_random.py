"""On random small catalogues the minimal conflicts of all families together are those that Z3 finds, subset by
subset.
"""

from __future__ import annotations

import pytest

from alignment.conflicts.check import Situation, situation
from tests.conflicts.coupled.instances import initiative_of, random_instance, table_of
from tests.oracles.coupled import Instance, minimal_conflicts


def checked(instance: Instance) -> Situation:
    return situation(initiative_of(instance), table_of(instance))


def compared(seed: int, linked: bool, tiny: bool = False) -> bool:
    """Are the conflicts as the oracle has them? Returns whether the search said that it was complete."""
    instance = random_instance(seed, linked, tiny)
    case = checked(instance)
    opaque = {rule.id for rule in case.rules.checked if case.is_opaque(rule)}
    kept = Instance(instance.items, instance.levers, [r for r in instance.rules if r.id not in opaque])
    wanted, found = minimal_conflicts(kept), {c.ids for c in case.clashes}
    if case.complete:
        assert found == wanted, f"seed {seed}"
    else:
        assert found <= wanted, f"seed {seed}"
    return case.complete


@pytest.mark.parametrize("block", range(10))
def test_ladders_and_aggregates_conflict_with_item_rules_exactly_where_z3_says(block: int) -> None:
    complete = [compared(seed, linked=False) for seed in range(25 * block, 25 * block + 25)]

    assert sum(complete) >= 23


@pytest.mark.parametrize("block", range(4))
def test_so_they_do_on_two_or_three_items_with_few_rules(block: int) -> None:
    complete = [compared(seed, linked=False, tiny=True) for seed in range(5_000 + 50 * block, 5_050 + 50 * block)]

    assert sum(complete) >= 49


@pytest.mark.parametrize("block", range(2))
def test_linked_levers_conflict_item_by_item_exactly_where_z3_says(block: int) -> None:
    complete = [compared(seed, linked=True) for seed in range(1_000 + 25 * block, 1_025 + 25 * block)]

    assert sum(complete) >= 18


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_rules_and_rows_changes_nothing(seed: int) -> None:
    instance = random_instance(seed)
    turned = Instance(instance.items[::-1], instance.levers, instance.rules[::-1])
    first, second = checked(instance), checked(turned)

    assert [(c.ids, sorted(c.keys)) for c in sorted(first.clashes, key=lambda c: c.ids)] == [
        (c.ids, sorted(c.keys)) for c in sorted(second.clashes, key=lambda c: c.ids)
    ]
