"""On random rules and rows the normal form allows what the rule allows, evaluated in fractions and by DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from alignment.initiative.models import Lever
from alignment.rules.formula import Both, Compare, Either, Formula, Given, Not, Residue, Truth
from alignment.rules.normal import Normal, Ray, normalise
from alignment.rules.parse import Rule, Schema, parse_rule
from alignment.rules.render import allows_sql
from tests.oracles.rules import allowed, says, value
from tests.rules.texts import rows, rules

DOMAINS = (
    Lever(name="x"),
    Lever(name="x", minimum=Decimal(0)),
    Lever(name="x", minimum=Decimal("0.5"), maximum=Decimal(3)),
    Lever(name="x", maximum=Decimal(0)),
    Lever(name="x", minimum=Decimal(-1), maximum=Decimal(2)),
)
SCHEMA = Schema({"a": "number", "b": "number", "c": "number"}, {"x": "number"})
_TESTS: dict[str, Any] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b,
}  # fmt: skip


def holds(formula: Formula, row: dict[str, Any], x: Fraction) -> bool:
    match formula:
        case Truth(held):
            return held
        case Given(tree):
            return value(tree, row) is True
        case Compare(operator, bound):
            end = at(bound, row)
            return end is not None and _TESTS[operator](x, end)
        case Residue(modulus, operator, residue):
            left = abs(x) % modulus * (1 if x >= 0 else -1)
            return _TESTS[operator](left, residue)
        case Both(parts):
            return all(holds(part, row, x) for part in parts)
        case Either(parts):
            return any(holds(part, row, x) for part in parts)
        case Not(part):
            return not holds(part, row, x)


def at(bound: Fraction | exp.Expression, row: dict[str, Any]) -> Any:
    return bound if isinstance(bound, Fraction) else value(bound, row)


def within_rays(rays: tuple[Ray, ...], row: dict[str, Any], x: Fraction) -> bool:
    return all(_ray_allows(ray, row, x) for ray in rays)


def _ray_allows(ray: Ray, row: dict[str, Any], x: Fraction) -> bool:
    if ray.when is not None and value(ray.when, row) is not True:
        return True
    if ray.side == "nothing":
        return False
    end = at(ray.bound, row)
    if end is None:
        return True
    inside = x > end if ray.side == "floor" else x < end
    return inside or (ray.closed and x == end)


def bounds(formula: Formula, row: dict[str, Any]) -> Iterator[Fraction]:
    match formula:
        case Compare(_, bound):
            end = at(bound, row)
            if end is not None:
                yield end
        case Residue(modulus, _, residue):
            yield from (residue, residue + modulus, modulus)
        case Both(parts) | Either(parts):
            for part in parts:
                yield from bounds(part, row)
        case Not(part):
            yield from bounds(part, row)


def lever_values(normal: Normal, row: dict[str, Any], domain: Lever) -> tuple[list[Fraction], list[Fraction]]:
    """Ends where the rule may change, and a value inside each piece between them; all in the domain."""
    ends = {*bounds(normal.logic.true, row), *bounds(normal.logic.false, row), *bounds(normal.logic.zero, row)}
    ends |= {Fraction(n) for n in (domain.minimum, domain.maximum) if n is not None} | {Fraction(0)}
    low = Fraction(domain.minimum) if domain.minimum is not None else min(ends) - 2
    high = Fraction(domain.maximum) if domain.maximum is not None else max(ends) + 2
    points = sorted(e for e in ends | {low, high} if low <= e <= high)
    inside = [a + (b - a) * Fraction(2, 5) for a, b in pairwise(points)]
    return points, inside


@pytest.mark.parametrize("hints", (False, True))
@settings(max_examples=150, phases=[Phase.generate], deadline=None)
@given(rules, st.lists(rows, min_size=1, max_size=6), st.sampled_from(DOMAINS))
def test_formula_and_rays_allow_what_the_rule_allows(hints: bool, text: str, table: list[Any], domain: Lever) -> None:
    rule = parse_rule(text, SCHEMA)
    signs = signs_of(table) if hints else {}
    normal = normalise(rule, {"x": domain}, signs)
    if not isinstance(normal, Normal):
        return
    for row in table:
        points, inside = lever_values(normal, row, domain)
        for x in points + inside:
            said = says(text, {**row, "x": x})
            where = f"{text} on {row} at x = {x} in {domain}"
            assert holds(normal.logic.true, row, x) == (said is True), where
            assert holds(normal.logic.false, row, x) == (said is False), where
            assert holds(normal.logic.forbidden(), row, x) == (not allowed(text, {**row, "x": x})), where
            if normal.rays is not None:
                assert within_rays(normal.rays, row, x) == allowed(text, {**row, "x": x}), where
        if normal.unknown_when is not None:
            missing = any(says(text, {**row, "x": x}) is None for x in inside)
            assert (value(normal.unknown_when, row) is True) == missing, f"{text} on {row} in {domain}"


@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(rules, st.lists(rows, min_size=1, max_size=4))
def test_duckdb_allows_what_the_rule_allows(text: str, table: list[Any]) -> None:
    rule = parse_rule(text, SCHEMA)
    cases = [{**row, "x": x} for row in table for x in LEVER_VALUES]
    for case, answer in zip(cases, duckdb_allows(rule, cases), strict=True):
        assert answer == allowed(text, case), f"{text} on {case}: {allows_sql(rule)}"


LEVER_VALUES = [Decimal(n) for n in ("-2", "-1", "-0.5", "0", "0.1", "0.5", "1", "1.08", "1.5", "2", "3", "3.3", "7")]


def duckdb_allows(rule: Rule, cases: list[dict[str, Any]]) -> list[bool]:
    """What DuckDB says on each case, its columns being decimals."""
    connection = duckdb.connect()
    connection.execute(
        "create table t (n integer, a decimal(18, 6), b decimal(18, 2), c decimal(12, 6), x decimal(18, 2))"
    )
    connection.executemany(
        "insert into t values (?, ?, ?, ?, ?)", [[i, *(case[k] for k in "abcx")] for i, case in enumerate(cases)]
    )
    return [row[0] for row in connection.execute(f"select {allows_sql(rule)} from t order by n").fetchall()]


def signs_of(table: list[Any]) -> dict[str, int]:
    found = {}
    for name in ("a", "b", "c"):
        known = [row[name] for row in table if row[name] is not None]
        if known and (min(known) > 0 or max(known) < 0):
            found[name] = 1 if min(known) > 0 else -1
    return found
