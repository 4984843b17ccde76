"""What rules leave on one item, written as intervals."""

from __future__ import annotations

from fractions import Fraction

import pytest

from alignment.conflicts.parts import MOST_POINTS, allowed_parts
from alignment.conflicts.report import Part
from alignment.initiative.models import Constraint, Lever
from alignment.rules.normal import normalise
from alignment.rules.parse import Schema, parse_rule
from alignment.rules.ruleset import Checked

ROW: dict[str, object] = {"cost": Fraction(8), "today": Fraction(10), "missing": None}
SCHEMA = Schema(dict.fromkeys(ROW, "number"), {"price": "number"})


def _checked(text: str, lever: Lever) -> Checked:
    rule = parse_rule(text, SCHEMA)
    return Checked(Constraint(id=text[:40], team="brand", rule=text), rule, normalise(rule, {"price": lever}))


def _said(parts: list[Part]) -> str:
    def said(part: Part) -> str:
        if part.lower is not None and part.lower == part.upper:
            return f"{part.lower:g}"
        low = "-∞" if part.lower is None else f"{part.lower:g}"
        high = "∞" if part.upper is None else f"{part.upper:g}"
        return f"{'[' if part.lower_closed else '('}{low}, {high}{']' if part.upper_closed else ')'}"

    return " ".join(said(p) for p in parts) or "nothing"


FREE, DOMAIN, STEPS = (
    Lever(name="price"),
    Lever(name="price", minimum=0, maximum=100),
    Lever(name="price", minimum=0, maximum=100, step=1),
)


@pytest.mark.parametrize(
    ("rules", "lever", "left"),
    [
        (["price >= cost * 1.25"], FREE, "[10, ∞)"),
        (["price > cost"], DOMAIN, "(8, 100]"),
        (["price < 3 or price >= 7"], DOMAIN, "[0, 3) [7, 100]"),
        (["price <> 5"], DOMAIN, "[0, 5) (5, 100]"),
        (["price in (9.99, 10.99)"], DOMAIN, "9.99 10.99"),
        (["abs(price / today - 1) <= 0.1"], DOMAIN, "[9, 11]"),
        (["price >= missing"], DOMAIN, "[0, 100]"),
        (["price >= 5", "price < 5"], DOMAIN, "nothing"),
        (["price >= 8.5", "price <= 11.5"], STEPS, "[9, 11]"),
        (["price <> 5"], STEPS, "[0, 4] [6, 100]"),
        (["price % 50 = 0 or price = today"], STEPS, "0 10 50 100"),
        (["price % 5 = 0", "price >= cost", "price <= 21"], DOMAIN, "10 15 20"),
        (["price % 1 = 0.99", "price > 3", "price < 6"], DOMAIN, "3.99 4.99 5.99"),
        (["price >= 200"], DOMAIN, "nothing"),
    ],
)
def test_what_is_left(rules: list[str], lever: Lever, left: str) -> None:
    assert _said(allowed_parts([_checked(r, lever) for r in rules], lever, ROW)) == left


def test_a_rule_beyond_the_domain_is_shown_when_the_domain_is_left_out() -> None:
    assert _said(allowed_parts([_checked("price >= 200", DOMAIN)], DOMAIN, ROW, bounded=False)) == "[200, ∞)"


def test_of_many_endings_those_near_a_value_are_listed() -> None:
    lever = Lever(name="price", minimum=0, maximum=100_000)
    parts = allowed_parts([_checked("price % 1 = 0", lever)], lever, ROW, near=Fraction(5_000))
    assert len(parts) == MOST_POINTS
    assert parts[0].lower is not None and 4_890 <= parts[0].lower <= 4_901
    assert Part(5000.0, True, 5000.0, True) in parts
