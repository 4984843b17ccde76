"""On random small initiatives the whole answer equals that of brute force over every subset of rules in exact
fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from numbers import Rational
from typing import Any

import pytest

from alignment.catalogue.reading import connect
from alignment.conflicts.check import report
from alignment.conflicts.report import ConflictReport
from alignment.rules.normal import Normal
from tests.conflicts.cases import case_of
from tests.conflicts.instances import Instance, instance
from tests.oracles.items import Domain, Expected, Rule, check

CHUNKS, EACH = 48, 25


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_answer_is_that_of_brute_force(chunk: int) -> None:
    connection = connect()
    for seed in range(chunk * EACH, (chunk + 1) * EACH):
        drawn = instance(seed)
        found, bounds = checked(drawn, connection.cursor())
        trouble = differences(found, check(drawn.rules, drawn.levers, drawn.rows, bounds), _turned(drawn.rules))
        assert not trouble, f"seed {seed}\n{drawn}\n" + "\n".join(trouble)


def checked(drawn: Instance, connection: Any = None) -> tuple[ConflictReport, set[str]]:
    """The report, and the ids of the rules that are a floor, a ceiling or both in their normal form."""
    rows = [{k: number(v) for k, v in row.items()} for row in drawn.rows]
    constraints = [constraint(rule) for rule in drawn.rules]
    case = case_of(constraints, rows, [lever(d) for d in drawn.levers], connection=connection)
    return report(case), {r.id for r in case.rules.checked if isinstance(r.form, Normal) and r.form.rays is not None}


def _turned(rules: Any) -> set[str]:
    """Rules whose bounds brute force cannot read off: `price <> 3` where 3 is the maximum, or a margin over a cost
    below zero."""
    written = {r.id: r.condition for r in rules}
    return {i for i, c in written.items() if "<>" in c.text or "not in" in c.text or c.divides}


def number(value: Any) -> Any:
    """A fraction as the decimal that it is; all else as it is."""
    if isinstance(value, int) or not isinstance(value, Rational):
        return value
    return Decimal(value.numerator) / Decimal(value.denominator)


def constraint(rule: Rule) -> dict[str, Any]:
    where = rule.where.text if rule.where else None
    return {"id": rule.id, "rule": rule.condition.text, "where": where, "strength": "hard" if rule.hard else "soft"}


def lever(domain: Domain) -> dict[str, Any]:
    numbers = {"minimum": number(domain.low), "maximum": number(domain.high), "step": number(domain.step)}
    return {"name": domain.name, "current": domain.current, **{k: v for k, v in numbers.items() if v is not None}}


def differences(found: ConflictReport, expected: Expected, turned: set[str]) -> list[str]:
    """What differs, in words; empty where nothing does. Opaque rules prove nothing, so an instance with one is not
    compared."""
    if any(c.status == "opaque" for c in found.constraints):
        return []
    trouble: list[str] = []

    def same(what: str, a: Any, b: Any) -> None:
        if not _equal(a, b):
            trouble.append(f"{what}: found {a}, expected {b}")

    same("complete", found.complete, True)
    same("conflicts", [*sorted(c.constraints for c in found.conflicts)], [*sorted(expected.conflicts)])
    same("infeasible", found.infeasible_items, len(expected.infeasible))
    for conflict in found.conflicts:
        items = expected.conflicts.get(conflict.constraints)
        if items is not None:
            _same_conflict(same, conflict, items, expected.domain[conflict.constraints])
    for status in found.constraints:
        for name, wanted in expected.rules[status.id].items():
            given = getattr(status, name)
            if name == "tightness":
                for part, value in wanted.items():
                    same(f"{status.id} {part}", getattr(given, part, "missing"), value)
            else:
                same(f"{status.id} {name}", given, wanted)
    _same_near(same, found, expected, turned)
    return trouble


def _same_conflict(same: Any, conflict: Any, items: dict[Any, Fraction | None], domain: bool) -> None:
    name = conflict.id
    same(f"{name} items", conflict.items, len(items))
    same(f"{name} domain", conflict.domain, domain)
    if None in items.values():
        return  # a member that allows nothing at all has no distance to it; its two bounds still have one to each other
    known = sorted(g for g in items.values() if g is not None)
    gap = conflict.gap
    same(f"{name} gap max", gap and gap.max, known[-1] if known else None)
    middle = (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2 if known else None
    same(f"{name} gap median", gap and gap.median, middle)
    order = sorted(items, key=lambda k: (-round(float(items[k] or 0), 9), k))
    same(f"{name} sample", list(conflict.sample), order[:20])
    same(f"{name} worst", conflict.worst["k"], order[0])


def _same_near(same: Any, found: ConflictReport, expected: Expected, turned: set[str]) -> None:
    listed = [n for n in found.near if not turned & set(n.constraints)]
    if len(found.near) < 20:
        wanted = [pair for pair in expected.near if not turned & set(pair)]
        same("near", sorted(n.constraints for n in listed), sorted(wanted))
    for near in listed:
        wanted = expected.near.get(near.constraints)  # type: ignore[call-overload]
        if wanted is None:
            same(f"near {near.constraints}", near, None)
            continue
        same(f"near {near.constraints} min", near.slack.min, wanted["min"])
        same(f"near {near.constraints} p5", near.slack.p5, wanted["p5"])
        same(f"near {near.constraints} within", near.items_within_5_percent, wanted["within"])
        same(f"near {near.constraints} worst", near.worst["k"], wanted["worst"][0])


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, float) and b is not None and not isinstance(b, str):
        return abs(a - float(b)) <= 1e-9 * max(1.0, abs(a))
    return a == b
