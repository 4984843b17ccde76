"""Shortcuts of the pass over the catalogue say what looking at every item says."""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from alignment.catalogue.reading import open_catalogue
from alignment.conflicts.batches import Bools, batches
from alignment.conflicts.bounds import bounds_of, is_tighter
from alignment.conflicts.check import Situation, report, situation
from alignment.conflicts.checking import reported
from alignment.conflicts.exactly import bounds_on, in_scope
from alignment.conflicts.implied import Judge
from alignment.rules.ruleset import Checked
from tests.conflicts.cases import case_of, initiative

PRICE = {"name": "price", "unit": "USD", "minimum": 0, "maximum": 90}
CENTS = {**PRICE, "step": 0.5}
RULES = [
    "price >= cost * {k}", "price > cost * {k}", "price <= msrp * {k}", "price < msrp * {k}", "price >= {n}",
    "price > {n}", "price <= {n}", "price >= cost + {k}", "price <= msrp - {k}", "price between cost * {k} and msrp",
]  # fmt: skip


def drawn(seed: int) -> Situation:
    draw = random.Random(seed)
    texts = [draw.choice(RULES).format(k=draw.choice([0.9, 1, 1.1, 1.2]), n=draw.randint(5, 40)) for _ in range(7)]
    rules = [{"rule": t, "where": draw.choice([None, None, "old"]), "id": f"r{i}"} for i, t in enumerate(texts)]
    gaps = draw.random() < 0.5
    rows = [
        {"cost": None if gaps and i == 3 else draw.randint(1, 30), "msrp": draw.randint(20, 60), "old": i % 2 == 0}
        for i in range(12)
    ]
    return case_of(rules, rows, [draw.choice([PRICE, CENTS])])


@pytest.mark.parametrize("chunk", range(6))
def test_a_rule_that_columns_tell_to_be_tighter_is_so_on_every_item(chunk: int) -> None:
    assert sum(told_and_true(seed) for seed in range(chunk * 10, chunk * 10 + 10)) > 20


def told_and_true(seed: int) -> int:
    """How many pairs of rules are told; each is looked at on every item."""
    case = drawn(seed)
    line = case.answers.sweeps[0].line
    (batch,) = batches(case.catalogue, line.numbers, line.flags)

    def known(r: int) -> Bools:
        return batch.holds(line.scopes[r]) & ~batch.holds(line.unknowns[r])

    spans = Judge(bounds_of(line, batch), np.ones(len(line.rules), bool), known).spans(slice(None))
    numbers = range(len(line.rules))
    told = [(s, r) for s in numbers for r in numbers if s != r and is_tighter(line, batch, s, r)]
    for s, r in told:
        assert spans.inside(s, r).all(), f"seed {seed}: {line.rules[s].rule.text}, {line.rules[r].rule.text}"
    return len(told)


@pytest.mark.parametrize("seed", range(30))
def test_distances_are_the_greatest_over_all_items(seed: int) -> None:
    case = drawn(seed)
    (found,) = case.answers.sweeps
    rows = case.catalogue.connection.execute("select * from catalogue").fetchall()
    names = list(case.catalogue.kinds)
    exact = [{n: Fraction(v) if n in ("cost", "msrp") and v is not None else v for n, v in zip(names, r, strict=True)}
             for r in rows]  # fmt: skip
    distances, rules = found.distances, found.line.rules
    for f, floor in enumerate(distances.floors):
        for c, ceiling in enumerate(distances.ceilings):
            apart = [end(rules[floor], row, 0) - end(rules[ceiling], row, 1) for row in exact
                     if end(rules[floor], row, 0) is not None and end(rules[ceiling], row, 1) is not None]  # fmt: skip
            most = max(apart, default=Fraction(-1))
            assert max(0.0, distances.apart[f, c]) == pytest.approx(max(0.0, float(most)))


def end(rule: Checked, row: Mapping[str, Any], side: int) -> Fraction | None:
    found = bounds_on(rule, row) if in_scope(rule, row) else None
    return found[side] if isinstance(found, tuple) else None


def test_near_pairs_off_any_grid_have_a_worst_item() -> None:
    draw = random.Random(5)
    rows = [{"cost": draw.uniform(5, 9), "msrp": draw.uniform(20, 30)} for _ in range(10)]
    rules = ["price >= cost * 1.013", "price <= msrp * 0.997", "(price - cost) / price >= 0.13", "price < 450"]
    case = case_of(rules, rows, [{**PRICE, "maximum": 500}], {"cost": pa.float64(), "msrp": pa.float64()})
    near = {n.constraints: n for n in report(case).near}
    for pair, factor in ((("r0", "r1"), 1.013), (("r1", "r2"), 1 / 0.87)):
        slacks = [row["msrp"] * 0.997 - row["cost"] * factor for row in rows]
        assert near[pair].slack.min == pytest.approx(min(slacks))
        assert near[pair].worst["k"] == slacks.index(min(slacks)) + 1


def test_every_conflict_of_bounds_gets_its_bounds_on_many_items() -> None:
    n = 520_000
    places = np.arange(n)
    table = pa.table({"k": places, "cost": pa.array(np.where(places % 40, 10, 60)), "msrp": pa.array(places % 7 + 40)})
    rules = [f"price >= cost * 1.{i}" for i in range(6)] + [f"price <= msrp * 0.{i}" for i in range(94, 99)]
    read = initiative(rules, [PRICE])
    found = reported(situation(read, open_catalogue(read, table)))
    assert len(found.conflicts) == 30 and "repairs_left_out" not in {f.code for f in found.findings}
    for conflict in found.conflicts:
        first = {r.changes[0].constraint for r in conflict.repairs if r.kind == "bound"}
        assert first == set(conflict.constraints), conflict.id
