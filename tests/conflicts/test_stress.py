"""Stress: what a move of an input takes away, and how far it may move until two rules clash."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from alignment.cli.main import main
from alignment.conflicts.report import as_json
from alignment.conflicts.stress import Change, StressReport, read_change, stress, stressed
from alignment.errors import UsageError
from alignment.initiative.reading import load
from tests.conflicts.cases import case_of

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "initiative.yaml"
RULES = ["price >= cost * 1.10", "price <= comp"]
ROWS = [{"cost": 10, "comp": 11}, {"cost": 10, "comp": 12.1}, {"cost": 10, "comp": 10}]


def change(percent: str, column: str = "cost") -> Change:
    return Change(column, Decimal(percent))


def test_items_that_lose_their_last_value_are_those_that_had_one():
    found = stressed(case_of(RULES, ROWS, value="comp"), change("5"))
    assert (found.items, found.sample, found.stake and found.stake.amount) == (1, (1,), 11)
    (conflict,) = found.conflicts
    assert (conflict.constraints, conflict.items, conflict.strength) == (("r0", "r1"), 1, "hard")
    assert not conflict.is_new


def test_a_bound_that_is_just_reached_is_no_clash():
    assert stressed(case_of(RULES, ROWS[1:2]), change("10")).items == 0
    assert stressed(case_of(RULES, ROWS[1:2]), change("10.01")).items == 1


def test_a_change_is_what_the_same_file_with_other_data_would_say():
    case = case_of(RULES, ROWS)
    moved = case_of(RULES, [{**row, "cost": row["cost"] * 1.2} for row in ROWS])
    newly = int((moved.answers.infeasible & ~case.answers.infeasible).sum())
    assert stressed(case, change("20")).items == newly


@pytest.mark.parametrize(("rules", "row", "percent", "first"), [
    (RULES, {"cost": 10, "comp": 12.1}, "1", 10),
    (RULES, {"cost": 10, "comp": 22}, "1", 100),
    (["price >= cost * 1.1", "price <= cost * 2 - 5"], {"cost": 10, "comp": 1}, "-1", -44.4444444),
    (["(price - cost) / price >= 0.2", "price <= comp"], {"cost": 8, "comp": 12}, "1", 20),
    (["price >= cost * cost", "price <= comp"], {"cost": 2, "comp": 9}, "1", 50),
    ([{"rule": "price >= 10", "where": "cost >= 12"}, "price <= comp"], {"cost": 10, "comp": 9}, "1", 20),
])  # fmt: skip
def test_the_smallest_move_that_makes_a_pair_clash(rules, row, percent, first):
    found = stressed(case_of(rules, [row], [{"name": "price", "minimum": 0}]), change(percent)).breaking
    assert [b.constraints for b in found] == [("r0", "r1")]
    assert found[0].percent == pytest.approx(first, rel=1e-4)


def test_a_pair_that_clashes_today_or_does_not_use_the_column_is_not_listed():
    assert stressed(case_of(RULES, ROWS), change("5")).breaking == ()
    assert stressed(case_of(["price >= 1", "price <= comp"], ROWS), change("5")).breaking == ()


@pytest.mark.parametrize("text", ["cost", "cost=10", "cost=+0%", "cots=+5%", "k=+5%", "cost=-101%", "cost=+x%"])
def test_a_change_that_cannot_be_read_is_refused_in_a_sentence(text):
    with pytest.raises(UsageError):
        read_change(text, case_of(RULES, ROWS).catalogue)


def test_changes_are_read_with_signs_and_decimals():
    catalogue = case_of(RULES, ROWS).catalogue
    assert [read_change(t, catalogue).percent for t in ("cost=+10%", "cost=-2.5%", "cost = 3 %")] == [
        Decimal(10), Decimal("-2.5"), Decimal(3),
    ]  # fmt: skip


def test_nothing_is_left_behind_in_the_catalogue():
    case = case_of(RULES, ROWS)
    stressed(case, change("5"))
    views = case.catalogue.connection.execute("select view_name from duckdb_views() where not internal").fetchall()
    assert not [name for (name,) in views if name.startswith("accord_stress")]


def test_the_sample_under_dearer_costs():
    report = stress(load(SAMPLE), ["cost=+10%", "cost=-10%"])
    assert isinstance(report, StressReport)
    dearer, cheaper = report.changes
    assert dearer.items == 87 and cheaper.items == 0
    assert dearer.breaking[0].constraints == ("margin-rate", "max-change")
    assert json.dumps(as_json(report))


def test_on_the_command_line(capsys):
    assert main(["stress", str(SAMPLE), "--change", "cost=+10%", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["changes"][0]["items"] == 87
    assert main(["stress", str(SAMPLE), "--change", "cost=+0.1%", "--fail-on", "never"]) == 0
    assert "cost +0.1 %" in capsys.readouterr().out
    assert main(["stress", str(SAMPLE)]) == 2
