"""Nested rules of every shape on a short lattice: conflicts, counts and today's breaches are those of trying each lever
value."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alignment.catalogue.reading import connect
from alignment.conflicts.check import report
from tests.conflicts.cases import NUMBER, case_of
from tests.oracles.rules import allowed, says
from tests.rules.texts import rows, rules

LEVERS = [
    {"name": "x", "minimum": Decimal(low), "maximum": Decimal(low) + Decimal(step) * steps, "step": Decimal(step)}
    for low, step, steps in (("-2", "0.5", 9), ("0", "0.25", 12), ("-1", "1", 4), ("0.5", "0.1", 8), ("-3", "1", 3))
]
CHOOSES = re.compile("coalesce|least|greatest|case|nullif")
Broken = frozenset[str]
CONNECTION = connect()


@settings(max_examples=30, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(rules, min_size=2, max_size=4), st.lists(rows, min_size=1, max_size=3), st.sampled_from(LEVERS))
def test_conflicts_of_nested_rules_are_those_of_every_lever_value(
    texts: list[str], table: list[Any], lever: dict[str, Any]
) -> None:
    today = lever["minimum"] + lever["step"]
    case = case_of(
        texts, [row | {"today": today} for row in table], [lever | {"current": "today"}],
        dict.fromkeys(("a", "b", "c"), NUMBER), connection=CONNECTION.cursor(),
    )  # fmt: skip
    found = report(case)
    opaque = {c.id for c in found.constraints if c.status == "opaque"}
    told = [(f"r{i}", text) for i, text in enumerate(texts) if f"r{i}" not in opaque]
    assert found.complete
    assert {c.constraints: c.items for c in found.conflicts} == expected(told, table, values(lever)), (texts, table)
    for i, text in enumerate(texts):
        if "/" in text and CHOOSES.search(text):
            continue  # a quotient among other values is a double in SQL, so a tie with today's value may be missed
        breaches = sum(not allowed(text, row | {"x": today}) for row in table)
        status = next(c for c in found.constraints if c.id == f"r{i}")
        assert status.violated_today == breaches, (text, table)


def values(lever: dict[str, Any]) -> list[Fraction]:
    steps = int((lever["maximum"] - lever["minimum"]) / lever["step"])
    return [Fraction(lever["minimum"] + k * lever["step"]) for k in range(steps + 1)]


def expected(
    told: Sequence[tuple[str, str]], table: Sequence[dict[str, Any]], points: Sequence[Fraction]
) -> dict[tuple[str, ...], int]:
    """Items by minimal set. Rules that name no lever speak about the data and are judged alone."""
    counts: dict[tuple[str, ...], int] = {}
    for row in table:
        about_data = [i for i, text in told if "x" not in text.replace("x(", "")]
        own = [(i, text) for i, text in told if i not in about_data]
        broken = [frozenset(i for i, text in own if not allowed(text, row | {"x": x})) for x in points]
        found = [*minimal(broken, [i for i, _ in own])]
        found += [frozenset({i}) for i, text in told if i in about_data and says(text, row) is False]
        for members in found:
            key = tuple(sorted(members))
            counts[key] = counts.get(key, 0) + 1
    return counts


def minimal(broken: Collection[Broken], ids: Sequence[str]) -> list[Broken]:
    """Minimal sets of rules of which every lever value breaks one."""
    found: list[Broken] = []
    for size in range(1, len(ids) + 1):
        for members in map(frozenset, combinations(ids, size)):
            if not any(f <= members for f in found) and all(b & members for b in broken):
                found.append(members)
    return found
