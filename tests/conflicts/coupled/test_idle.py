"""Coupled rules that never bind, and the rules that imply them, against Z3: can what implies a rule hold while the rule
does not?
"""

from __future__ import annotations

import pytest
import z3

from alignment.conflicts.check import report
from tests.conflicts.coupled.instances import random_instance
from tests.conflicts.coupled.test_random import checked
from tests.oracles.coupled import Instance, Rule, demands, domain


class Asked:
    """The demands of all rules of an instance, for questions to Z3."""

    def __init__(self, instance: Instance) -> None:
        self.values = [{v.name: z3.Real(f"{v.name}_{i}") for v in instance.levers} for i in range(len(instance.items))]
        self.parts = {
            rule.id: [p for at in demands(rule, instance, self.values).values() for p in at] for rule in instance.rules
        }
        self.background = [p for i in range(len(instance.items)) for p in domain(instance.levers, self.values[i], i)]

    def implies(self, given: str | None, part: z3.BoolRef) -> bool:
        """Does a rule, or the ranges alone, leave no values that break a part of another rule?"""
        solver = z3.Solver()
        solver.add(*self.background, *(self.parts[given] if given else []), z3.Not(part))
        return bool(solver.check() == z3.unsat)


@pytest.mark.parametrize("block", range(2))
def test_what_is_said_to_imply_a_rule_does_and_what_is_not_said_does_not(block: int) -> None:
    told = 0
    for seed in range(7_000 + 30 * block, 7_030 + 30 * block):
        instance = random_instance(seed, tiny=True)
        case = checked(instance)
        statuses = {s.id: s for s in report(case).constraints}
        asked = Asked(instance)
        for rule in instance.rules:
            status = statuses[rule.id]
            if rule.family == "item" or status.status not in ("active", "never_binds"):
                continue
            by_range = all(asked.implies(None, p) for p in asked.parts[rule.id])
            others = [r for r in instance.rules if r.id != rule.id and statuses[r.id].status != "opaque"]
            wanted = tuple(r.id for r in others if all(asked.implies(r.id, p) for p in asked.parts[rule.id]))
            assert set(status.implied_by) <= set(wanted), f"seed {seed}: {rule}"
            if by_range:
                assert status.implied_by == ()
            if status.status == "never_binds":
                names = [None, *(r.id for r in others)]
                assert all(any(asked.implies(n, p) for n in names) for p in asked.parts[rule.id]), f"seed {seed}"
            told += bool(wanted) and wanted == status.implied_by

    assert told >= 3


def test_a_budget_that_a_ceiling_keeps_is_implied_by_it() -> None:
    items = [{"key": f"i{i}", "today": 5} for i in range(4)]
    rules = [Rule("budget", "sum(price) <= 40"), Rule("ceiling", "price <= 10"), Rule("ladder", "price >= 0")]
    levers = random_instance(0).levers[:1]
    statuses = {s.id: s for s in report(checked(Instance(items, levers, rules))).constraints}

    assert statuses["budget"].status == "never_binds"
    assert statuses["budget"].implied_by == ("ceiling",)


def test_a_budget_that_a_ceiling_does_not_keep_is_not_implied() -> None:
    items = [{"key": f"i{i}", "today": 5} for i in range(4)]
    rules = [Rule("budget", "sum(price) <= 39.99"), Rule("ceiling", "price <= 10")]
    levers = random_instance(0).levers[:1]
    statuses = {s.id: s for s in report(checked(Instance(items, levers, rules))).constraints}

    assert statuses["budget"].status == "active"
    assert statuses["budget"].implied_by == ()


def test_a_step_is_implied_by_a_longer_one() -> None:
    items = [{"key": f"i{i}", "size": i, "line": "x", "today": 5} for i in range(3)]
    steps = [Rule(f"step-{k}", f"upper.price >= lower.price + {k}", within=("line",), order="size") for k in (1, 2)]
    levers = random_instance(0).levers[:1]
    statuses = {s.id: s for s in report(checked(Instance(items, levers, steps))).constraints}

    assert statuses["step-1"].implied_by == ("step-2",)
    assert statuses["step-2"].implied_by == ()
