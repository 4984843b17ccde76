"""A constraint is tried while it is being written, and the answer is that of a whole check."""

from __future__ import annotations

import pytest

from alignment.conflicts import freely, trying
from alignment.conflicts.check import report
from alignment.conflicts.items import Counts
from alignment.conflicts.members import Clash
from alignment.conflicts.preview import preview
from alignment.conflicts.trying import about, around
from alignment.errors import FileProblems
from alignment.explain.conflicts import explanation
from alignment.initiative.models import Constraint
from alignment.rules.ruleset import RuleSet
from tests.conflicts.cases import case_of, listed
from tests.conflicts.instances import instance
from tests.conflicts.test_items_random import constraint, lever, number

ROWS = [{"cost": cost, "msrp": msrp} for cost, msrp in ((5, 6), (5, 5), (7, 6), (None, 6))]


def written(rule: str, id: str = "new", where: str | None = None, **more: object) -> Constraint:
    return Constraint.model_validate({"id": id, "team": "brand", "rule": rule, "where": where, **more})


def test_a_new_rule_shows_whom_it_clashes_with_and_where_most() -> None:
    case = case_of(["price >= cost", "price <= msrp"], ROWS)
    found = preview(case, written("price >= cost + 0.5"))
    assert (found.in_scope, found.unknown) == (4, 1)
    assert [(c.id, c.items, c.worst["k"]) for c in found.conflicts] == [("new+r1", 2, 3)]


def test_conflicts_it_takes_no_part_in_are_left_out() -> None:
    case = case_of(["price >= cost", "price <= msrp"], ROWS)
    assert listed(report(case)) == {"r0+r1": 1}
    assert preview(case, written("price <= 100")).conflicts == ()


def test_a_changed_rule_stands_in_place_of_what_is_recorded() -> None:
    case = case_of(["price >= cost", "price <= msrp"], ROWS)
    assert preview(case, written("price >= cost - 1", "r0")).conflicts == ()


def test_a_retired_rule_is_tried_as_if_it_were_in_force() -> None:
    case = case_of(["price >= cost"], ROWS)
    assert [c.id for c in preview(case, written("price <= 6", status="retired")).conflicts] == ["new+r0"]


def test_its_conflicts_can_be_explained() -> None:
    case = case_of(["price >= cost", "price <= msrp"], ROWS)
    found = preview(case, written("price >= cost + 0.5"))
    assert found.conflicts[0].in_scope_of_all is None
    assert explanation(found.conflicts[0], found.case)


def test_a_rule_that_cannot_be_read_is_said_in_a_sentence() -> None:
    with pytest.raises(FileProblems, match="'cots' is not a column"):
        preview(case_of(["price >= cost"], ROWS), written("price >= cots"))


def test_a_rule_over_the_whole_catalogue_waits_for_the_check() -> None:
    found = preview(case_of(["price >= cost"], ROWS), written("avg(price) <= 5"))
    assert not found.counted and found.in_scope is None and found.conflicts == ()


@pytest.mark.parametrize("seed", range(0, 60, 2))
def test_on_random_rules_it_answers_as_the_whole_check_does(seed: int) -> None:
    drawn = instance(seed)
    rows = [{k: number(v) for k, v in row.items()} for row in drawn.rows]
    rules, levers = [constraint(r) for r in drawn.rules], [lever(d) for d in drawn.levers]
    whole = report(case_of(rules, rows, levers))
    tried = Constraint.model_validate({"team": "brand", **rules[0]})
    found = preview(case_of(rules[1:], rows, levers), tried)
    status = next(s for s in whole.constraints if s.id == tried.id)
    assert (found.in_scope, found.unknown, found.violated_today) == (
        status.in_scope,
        status.unknown,
        status.violated_today,
    )
    wanted = [c for c in whole.conflicts if tried.id in c.constraints]
    figures = [(c.id, c.items, c.gap, c.sample, c.domain, c.stake) for c in wanted]
    assert [(c.id, c.items, c.gap, c.sample, c.domain, c.stake) for c in found.conflicts] == figures


@pytest.mark.parametrize("seed", range(0, 240, 4))
def test_what_a_pass_without_a_rule_left_on_each_item_tells_as_much_as_looking_at_all(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "BATCH", 2)
    monkeypatch.setattr(freely, "BATCH", 2)
    drawn = instance(seed)
    rows = [{k: number(v) for k, v in row.items()} for row in drawn.rows]
    levers = [lever(d) for d in drawn.levers]
    every = case_of([constraint(r) for r in drawn.rules], rows, levers)
    for swept in every.answers.sweeps:
        for focus, rule in enumerate(swept.line.intervals):
            others = [constraint(r) for r in drawn.rules if r.id != rule.id]
            before = case_of(others, rows, levers).answers.sweeps
            same = [s for s in before if s.line.lever == swept.line.lever]
            together = RuleSet(swept.line.rules, (), every.rules.levers)
            for known in same:
                near = around(swept.line, focus, every.catalogue, known)
                assert told(near) == told(about(rule, together, every.catalogue)), f"seed {seed}: {rule.id}"


def test_of_many_items_few_are_looked_at_again() -> None:
    rows = [{"cost": i % 50 + 1, "msrp": 60 if i % 1001 else 20} for i in range(trying.FEW + 1)]
    case = case_of(["price >= cost", "price <= msrp"], rows)
    found = preview(case, written("price >= cost + 1"))
    apart = sum(row["cost"] + 1 > row["msrp"] for row in rows)
    assert apart > 0 and [(c.id, c.items) for c in found.conflicts] == [("new+r1", apart)]
    assert case.answers.sweeps[0].shelf is not None


def told(answer: tuple[Counts, list[Clash], bool]) -> object:
    counts, clashes, complete = answer
    figures = (counts.in_scope, counts.unknown, counts.violated)
    return figures, [(c.ids, list(c.keys), repr(c.gaps.tolist()), c.by_domain, c.stake) for c in clashes], complete
