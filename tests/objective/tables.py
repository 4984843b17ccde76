"""Small initiatives with decision tables for the tests of the objective mapping, and their oracle."""

from __future__ import annotations

from fractions import Fraction

import pyarrow

from alignment.initiative.models import Initiative
from tests.oracles.objective import Candidate, Goal, Oracle

RULES = {"top": ("price <= 3", lambda p: p <= 3), "bottom": ("price >= 1", lambda p: p >= 1)}


def initiative(goals, objective, rules=("top", "bottom"), metrics=None, **more):
    """An initiative over a lever `price` and metrics a, b and c."""
    return Initiative.model_validate({
        "accord": 1, "id": "small", "teams": ["ops", "brand", "tech"], "levers": [{"name": "price"}],
        "metrics": metrics or [{"name": m} for m in "abc"],
        "goals": goals,
        "constraints": [{"id": r, "team": "ops", "rule": RULES[r][0]} for r in rules],
        "objective": objective,
        "decisions": {"source": "none.csv", "item": "item", "status_quo": "today"},
        **more,
    })  # fmt: skip


def table(rows):
    """An Arrow table of rows (item, price, a, b, c, today)."""
    names = ["item", "price", "a", "b", "c", "today"]
    kinds = [pyarrow.int64(), pyarrow.int64(), *[pyarrow.float64()] * 3, pyarrow.bool_()]
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 6
    return pyarrow.table({n: pyarrow.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})


def oracle(rows, goals, objective, rules=("top", "bottom"), means=()):
    """The oracle of the same table; `objective` maps a row's metrics to its value, None where unknown."""
    items: dict = {}
    for item, price, a, b, c, today in rows:
        metrics = {n: None if v is None else Fraction(v) for n, v in (("a", a), ("b", b), ("c", c))}
        breaks = frozenset(r for r in rules if price is not None and not RULES[r][1](price))
        items.setdefault(item, []).append(Candidate(metrics, objective(metrics), breaks, bool(today)))
    judged = [
        Goal(
            g["id"],
            g["team"],
            g["metric"],
            -1 if g.get("want") == "lower" else 1,
            Fraction(g.get("weight", 1)),
            Fraction(g["swing"]) if g.get("swing") else None,
            g["metric"] in means,
        )
        for g in goals
    ]
    return Oracle(items, judged, {"a", "b", "c"}, list(rules))
