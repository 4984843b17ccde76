"""What sets the items of a conflict apart is what counting every column in SQL says."""

from __future__ import annotations

import random
from typing import Any

import pytest

from alignment.conflicts.check import Situation
from alignment.conflicts.grounds import Repairs
from alignment.conflicts.line import scope_sql
from alignment.conflicts.members import Clash, listed
from alignment.conflicts.numbers import Reader
from alignment.conflicts.telling import FEW, MANY, Mark
from alignment.conflicts.trials import bench_of
from alignment.rules.ruleset import Checked, schema_of
from tests.conflicts.cases import case_of


def drawn(seed: int) -> Situation:
    """Conflicts on some tens of items that some value or end of a column may set apart, or nearly."""
    draw = random.Random(seed)
    rows = []
    for _ in range(300):
        dear = draw.random() < 0.15
        region = "JP" if dear and seed % 2 else draw.choice(["DE", "FR", None])
        cost = draw.randint(60, 70) if dear else draw.randint(1, 50 + 20 * (seed % 3 == 0))
        msrp = draw.choice([55, 56] if dear else [55, 56, None])
        rows.append({"cost": cost, "msrp": msrp, "region": region, "old": draw.random() < 0.5})
    scope = draw.choice([None, "not old", "region = 'JP' or old"])
    return case_of(["price >= cost", {"rule": "price <= msrp", "where": scope}], rows)


def repairs_of(case: Situation) -> Repairs:
    reader = Reader(schema_of(case.initiative, case.catalogue.kinds), case.catalogue)
    return Repairs(bench_of(case.rules, case.catalogue, reader), case.answers.clashes)


@pytest.mark.parametrize("seed", range(24))
def test_a_mark_is_on_the_items_of_the_conflict_and_on_no_others_in_scope(seed: int) -> None:
    case = drawn(seed)
    repairs = repairs_of(case)
    for clash in case.answers.clashes:
        for id in clash.ids if FEW < clash.items <= MANY else ():
            assert repairs.marks[id, clash.ids] == list(plain_marks(case, case.rules.of(id), clash)), f"seed {seed}"


def test_marks_occur() -> None:
    found = [mark for seed in range(24) for marks in repairs_of(drawn(seed)).marks.values() for mark in marks]
    assert {m.sign for m in found} >= {"=", ">="} and {m.some_unknown for m in found} == {True, False}


def plain_marks(case: Situation, rule: Checked, clash: Clash) -> list[Mark]:
    used = {c for i in clash.ids for c in case.rules.of(i).rule.columns}
    names = [n for n in case.catalogue.kinds if n != case.catalogue.key]
    found = (mark_of(case, rule, set(listed(clash.keys)), n, n in used) for n in names)
    return [mark for mark in found if mark is not None]


def mark_of(case: Situation, rule: Checked, keys: set[Any], name: str, is_used: bool) -> Mark | None:
    query = f'select "{case.catalogue.key}", "{name}" from catalogue where {scope_sql(rule)}'
    rows = case.catalogue.connection.execute(query).fetchall()
    mine = [value for key, value in rows if key in keys]
    others = [value for key, value in rows if key not in keys]
    known = [value for value in others if value is not None]
    if None in mine or not known:
        return None
    low, high, unknown = min(mine), max(mine), len(known) < len(others)
    if low == high:
        return None if low in known else Mark(name, "=", low, unknown)
    if not is_used or isinstance(low, str):
        return None
    if low > max(known):
        return Mark(name, ">=", low, unknown)
    return Mark(name, "<=", high, unknown) if high < min(known) else None
