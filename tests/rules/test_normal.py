"""The normal form of rules that people write, as intervals of the lever."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from alignment.initiative.models import Lever
from alignment.rules.algebra import tree_of
from alignment.rules.exact import evaluate
from alignment.rules.normal import Linked, Normal, Opaque, Ray, normalise
from alignment.rules.parse import Schema, parse_rule
from alignment.rules.types import shown

SCHEMA = Schema(
    {"cost": "number", "msrp": "number", "stock": "number", "category": "text"},
    {"price": "number", "discount": "number"},
)
FREE, POSITIVE = Lever(name="price"), Lever(name="price", minimum=Decimal(0), maximum=Decimal(500))
SIGNS = {"cost": 1, "msrp": 1}


def said(rays: tuple[Ray, ...] | None) -> str:
    """Rays as their allowed sides: `[cost * 1.08, ∞) and (-∞, 5)`."""
    return "a union" if rays is None else " and ".join(map(_side, rays)) or "everything"


def _side(ray: Ray) -> str:
    end = shown(tree_of(ray.bound))
    side = {
        "floor": f"{'[' if ray.closed else '('}{end}, ∞)",
        "ceiling": f"(-∞, {end}{']' if ray.closed else ')'}",
        "nothing": "nothing",
    }[ray.side]
    return side if ray.when is None else f"{side} where {shown(ray.when)}"


@pytest.mark.parametrize(
    ("text", "domain", "rays"),
    [
        ("price >= cost * 1.08", FREE, "[cost * 1.08, ∞)"),
        ("cost * 1.08 <= price", FREE, "[cost * 1.08, ∞)"),
        ("price > 5", FREE, "(5, ∞)"),
        ("not price > 5", FREE, "(-∞, 5]"),
        ("not (price > 5 or price < 2)", FREE, "(-∞, 5] and [2, ∞)"),
        ("price between cost and msrp", FREE, "[cost, ∞) and (-∞, msrp]"),
        ("price = msrp", FREE, "[msrp, ∞) and (-∞, msrp]"),
        ("price <> msrp", FREE, "a union"),
        ("price - cost >= 2", FREE, "[cost + 2, ∞)"),
        ("cost - price <= -2", FREE, "[cost + 2, ∞)"),
        ("-2 * price <= cost", FREE, "[-(cost * 0.5), ∞)"),
        ("price / 2 > 0.1 + 0.2", FREE, "(0.6, ∞)"),
        ("price >= cost / 0.8", FREE, "[cost * 1.25, ∞)"),
        ("(price - cost) / price >= 0.2", POSITIVE, "[cost * 1.25, ∞) and (0, ∞) where (NOT (cost) IS NULL)"),
        ("(price - cost) / price >= 0.2", FREE, "a union"),
        ("price / cost >= 1.1", FREE, "[cost * 1.1, ∞)"),
        ("price / msrp between 0.5 and 1", FREE, "[msrp * 0.5, ∞) and (-∞, msrp]"),
        ("abs(price / msrp - 1) <= 0.1", FREE, "(-∞, msrp * 1.1] and [msrp * 0.9, ∞)"),
        ("abs(price - msrp) <= 2", FREE, "(-∞, msrp + 2] and [msrp - 2, ∞)"),
        ("abs(price - msrp) >= 2", FREE, "a union"),
        ("price in (9.99, 10.99)", FREE, "a union"),
        ("price % 1 = 0.99", FREE, "a union"),
        ("price >= 5 or category = 'a'", FREE, "[5, ∞) where (NOT (category = 'a'))"),
        ("case when stock > 3 then price >= cost end", FREE, "[cost, ∞) where (stock > 3)"),
        ("stock > 3", FREE, "nothing where (NOT (stock > 3))"),
        ("price >= cost and stock > 3", FREE, "[cost, ∞) and nothing where (NOT (stock > 3))"),
        ("price >= 0", POSITIVE, "[0, ∞)"),
        ("price > 0", POSITIVE, "(0, ∞)"),
        ("price <> 0", POSITIVE, "(0, ∞)"),
        ("price >= null", FREE, "[NULL, ∞)"),
        ("price >= coalesce(cost, 1)", FREE, "[COALESCE(cost, 1), ∞)"),
        ("true", FREE, "everything"),
        ("price is not null", FREE, "everything"),
    ],
)  # fmt: skip
def test_a_rule_as_intervals(text: str, domain: Lever, rays: str) -> None:
    normal = normalise(parse_rule(text, SCHEMA), {"price": domain}, SIGNS)
    assert isinstance(normal, Normal)
    assert said(normal.rays) == rays


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("price * price >= 4", "multiplies the lever by itself"),
        ("round(price) >= 4", "round on the lever"),
        ("ln(price) >= 4", "ln on the lever"),
        ("price % cost = 0", "remainder"),
        ("(price + 1) % 2 = 0", "remainder"),
        ("price / 0 > 1", "divides by zero"),
        ("least(1 / price, 3) > 1", "quotients by the lever"),
        ("nullif(price, 3) > 1", "nullif on the lever"),
        ("price / price is null", "null"),
        (" + ".join(["abs(price - cost)"] * 12) + " > 4", "too many cases"),
    ],
)
def test_what_is_opaque_says_why(text: str, reason: str) -> None:
    opaque = normalise(parse_rule(text, SCHEMA), {"price": FREE})
    assert isinstance(opaque, Opaque) and reason in opaque.reason, opaque


def test_several_levers_are_linked() -> None:
    rule = parse_rule("price = msrp * (1 - discount)", SCHEMA)
    levers = {name: Lever(name=name) for name in ("price", "discount")}
    assert normalise(rule, levers) == Linked(("discount", "price"))


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("price >= cost", "(cost) IS NULL"),
        ("price >= 5", "FALSE"),
        ("price between 1 and 5", "FALSE"),
        ("abs(price / msrp - 1) <= 0.1", "(NULLIF(msrp, 0)) IS NULL"),
        ("price >= coalesce(cost, 1)", "(COALESCE(cost, 1)) IS NULL"),
    ],
)
def test_where_a_rule_is_unknown(text: str, when: str) -> None:
    normal = normalise(parse_rule(text, SCHEMA), {"price": FREE}, SIGNS)
    assert isinstance(normal, Normal) and normal.unknown_when is not None
    assert shown(normal.unknown_when).strip("()") == when.strip("()")


def test_bounds_are_exact() -> None:
    normal = normalise(parse_rule("price >= 0.1 + 0.2", SCHEMA), {"price": FREE})
    assert isinstance(normal, Normal) and normal.rays is not None
    end = normal.rays[0].bound
    assert (end if isinstance(end, Fraction) else evaluate(end, {})) == Fraction(3, 10)
