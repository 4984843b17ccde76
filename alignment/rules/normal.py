"""The normal form of an item rule over one lever: rays where it is an interval, a formula where it is a union.

What cannot be brought to linear comparisons of the lever is opaque; the reason says what stands in the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from math import prod
from typing import Literal

from sqlglot import exp

from alignment.initiative.models import Lever
from alignment.rules.algebra import ZERO, NotNormal, Value, bare, literal, tree_of
from alignment.rules.formula import FALSE, TRUE, Both, Compare, Either, Formula, Given, Logic, Not, both
from alignment.rules.logic import MOST_PIECES, logic_of, said
from alignment.rules.parse import AGGREGATES, Rule, conjuncts
from alignment.rules.signs import OPERATORS, Side, compare_tree, holds, is_null, may_be_null


@dataclass(frozen=True)
class Ray:
    """Forbids one side of the lever's line: `floor` all below the bound, `ceiling` all above, `nothing` every value.

    `closed` says that the bound itself is allowed; `when` is the condition over columns under which the ray applies.
    Where the bound is NULL the ray forbids nothing.
    """

    side: Literal["floor", "ceiling", "nothing"]
    bound: Value
    closed: bool
    when: exp.Expression | None = None


@dataclass(frozen=True)
class Normal:
    """What a rule means for one lever (None: it names no lever).

    `rays` where the allowed set is an interval, the intersection of their allowed sides; None where it is a union, then
    `logic` decides. `unknown_when` is the condition over columns under which a rule of rays is NULL on an interval;
    None where the formula has to be evaluated for that.
    """

    lever: str | None
    logic: Logic
    rays: tuple[Ray, ...] | None
    unknown_when: exp.Expression | None


@dataclass(frozen=True)
class Linked:
    """A rule over several levers; decided with the coupled rules."""

    levers: tuple[str, ...]


@dataclass(frozen=True)
class Opaque:
    """A rule without normal form, and what stands in the way."""

    reason: str


def normalise(
    rule: Rule, levers: Mapping[str, Lever], signs: Mapping[str, int] | None = None
) -> Normal | Linked | Opaque:
    """The normal form of an item rule.

    levers: by name, for their domains. signs: columns that are positive (1) or negative (-1) wherever they are
    known; a hint that removes cases, never needed. Levers with `values` need no normal form and are not passed here.
    """
    if len(rule.levers) > 1:
        return Linked(rule.levers)
    lever = rule.levers[0] if rule.levers else None
    side = Side(lever or "", levers[lever] if lever else Lever(name="x"), signs or {})
    if rule.tree.find(*AGGREGATES):
        return Opaque("it has an aggregate whose value is not known yet")
    try:
        logic = logic_of(rule.tree, side)
    except NotNormal as reason:
        return Opaque(str(reason))
    rays = _rays(logic, side.domain)
    return Normal(lever, logic, rays, None if rays is None else _unknown_when(rule.tree, rays, side))


# Rays


def _rays(logic: Logic, domain: Lever) -> tuple[Ray, ...] | None:
    zeros = _terms(logic.zero)
    if True in logic.reaches and not _are_forbidden(zeros, _terms(logic.true)):
        return None
    rays: list[Ray] = []
    for term in [*_terms(logic.false), *zeros]:
        ray = _ray(term, zeros, domain)
        if ray is None:
            return None
        if ray not in rays:
            rays.append(ray)
    return tuple(rays)


def _terms(formula: Formula) -> list[Formula]:
    """The formula as alternatives, distributing `both` over `either` where that stays small."""
    if formula == FALSE:
        return []
    if isinstance(formula, Either):
        return [t for part in formula.parts for t in _terms(part)]
    if isinstance(formula, Compare) and formula.operator == "<>":
        return [Compare("<", formula.bound), Compare(">", formula.bound)]
    if isinstance(formula, Both) and any(isinstance(p, Either) or _is_unequal(p) for p in formula.parts):
        options = [_terms(part) for part in formula.parts]
        if prod(len(o) for o in options) <= MOST_PIECES:
            return [t for combo in product(*options) for t in [both(*combo)] if t != FALSE]
    return [formula]


def _parts(term: Formula) -> tuple[Formula, ...]:
    return term.parts if isinstance(term, Both) else () if term == TRUE else (term,)


def _are_forbidden(zeros: list[Formula], trues: list[Formula]) -> bool:
    """Is the rule, as far as can be read off, never TRUE where a divisor is zero (`x > 5 or 1 / x > 2` may be)?"""
    points = [p for zero in zeros for p in _parts(zero) if isinstance(p, Compare) and p.operator == "="]
    return len(points) == len(zeros) and all(_leaves_out(true, point) for true in trues for point in points)


def _leaves_out(term: Formula, point: Compare) -> bool:
    return any(_excludes(part, point) for part in _parts(term))


def _excludes(part: Formula, point: Compare) -> bool:
    if isinstance(part, Not):
        return point in (part.part.parts if isinstance(part.part, Either) else (part.part,))
    if not isinstance(part, Compare):
        return False
    if isinstance(part.bound, Fraction) and isinstance(point.bound, Fraction):
        return not holds(point.bound, part.operator, part.bound)
    return part.bound == point.bound and part.operator in ("<", ">", "<>")


def _is_unequal(part: Formula) -> bool:
    return isinstance(part, Compare) and part.operator == "<>"


def _ray(term: Formula, zeros: list[Formula], domain: Lever) -> Ray | None:
    parts = _parts(term)
    given = [p for p in parts if isinstance(p, Given)]
    compares = [p for p in parts if isinstance(p, Compare)]
    if len(given) + len(compares) < len(parts):
        return None
    if len(compares) > 1:
        compares = [c for c in compares if not _is_forbidden_end(c, given, zeros, domain)]
    if len(compares) > 1:
        return None
    if not compares:
        return Ray("nothing", ZERO, False, _all([g.tree for g in given]))
    told = [g.tree for g in given if not _is_told_by(g.tree, compares[0].bound)]
    return _ray_of(compares[0], _all(told), domain)


def _ray_of(compare: Compare, when: exp.Expression | None, domain: Lever) -> Ray | None:
    if compare.operator in ("<", "<="):
        return Ray("floor", compare.bound, compare.operator == "<", when)
    if compare.operator in (">", ">="):
        return Ray("ceiling", compare.bound, compare.operator == ">", when)
    if compare.operator == "=" and domain.minimum is not None and compare.bound == Fraction(domain.minimum):
        return Ray("floor", compare.bound, False, when)
    if compare.operator == "=" and domain.maximum is not None and compare.bound == Fraction(domain.maximum):
        return Ray("ceiling", compare.bound, False, when)
    return None


def _is_forbidden_end(compare: Compare, given: list[Given], zeros: list[Formula], domain: Lever) -> bool:
    """Does a comparison only leave out the domain's end, which is forbidden anyway because a divisor is zero there?"""
    low, high = domain.minimum, domain.maximum
    at_end = (compare.operator == ">" and low is not None and compare.bound == Fraction(low)) or (
        compare.operator == "<" and high is not None and compare.bound == Fraction(high)
    )
    end = Compare("=", compare.bound)
    return at_end and any(end in _parts(zero) and _only(_parts(zero), [end, *given]) for zero in zeros)


def _only(parts: tuple[Formula, ...], of: list[Formula]) -> bool:
    return all(part in of for part in parts)


def _is_told_by(given: exp.Expression, bound: Value) -> bool:
    """Is a condition of the form `t is not null` needless because the bound is NULL where t is?"""
    if not (isinstance(given, exp.Not) and isinstance(given.this, exp.Is)):
        return False
    return not isinstance(bound, Fraction) and _needs(bound, bare(given.this.this))


def _needs(tree: exp.Expression, part: exp.Expression) -> bool:
    """Is the tree NULL wherever the part is, because it is arithmetic on it?"""
    tree = bare(tree)
    if tree == part:
        return True
    if isinstance(part, (exp.Add, exp.Sub, exp.Mul, exp.Neg)):
        return all(_needs(tree, inner) for inner in _operands(part) if may_be_null(inner))
    return isinstance(tree, _ARITHMETIC) and any(_needs(inner, part) for inner in _operands(tree))


_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Abs)


def _operands(tree: exp.Expression) -> list[exp.Expression]:
    return [bare(node) for node in (tree.this, tree.args.get("expression")) if node is not None]


def _all(trees: list[exp.Expression]) -> exp.Expression | None:
    return _joined(exp.And, trees) if trees else None


def _joined(kind: type[exp.And] | type[exp.Or], trees: list[exp.Expression]) -> exp.Expression:
    parts: list[exp.Expression] = [exp.Paren(this=t.copy()) for t in trees]
    return reduce(lambda a, b: kind(this=a, expression=b), parts)


# Unknown


def _unknown_when(tree: exp.Expression, rays: tuple[Ray, ...], side: Side) -> exp.Expression | None:
    """For a conjunction: NULL on an interval exactly where some part is NULL and the known parts leave an interval."""
    try:
        parts = [_null_tests(part, side) for part in _comparisons(tree, side)]
    except NotNormal:
        return None
    tests = [is_null(test) for part in parts for test in part]
    if not tests:
        return exp.Boolean(this=False)
    missing = _joined(exp.Or, tests)
    return missing if len(parts) == 1 else _joined(exp.And, [missing, *_leaves_interval(rays, side.domain)])


def _comparisons(tree: exp.Expression, side: Side) -> list[list[exp.Expression]]:
    """The sides of each comparison in a conjunction; NotNormal where a part is something else."""
    found: list[list[exp.Expression]] = []
    for part in conjuncts(tree):
        if not side.is_in(part):
            found.append([part])
        elif isinstance(part, exp.Between):
            found += [[part.this, part.args["low"]], [part.this, part.args["high"]]]
        elif type(part) in OPERATORS:
            found.append([part.this, part.expression])
        else:
            raise NotNormal(f"{said(part)} may be known where a part of it is not")
    return found


def _null_tests(sides: list[exp.Expression], side: Side) -> list[exp.Expression]:
    """Largest parts without the lever; their NULL is the NULL of the whole (arithmetic and abs only)."""
    return [test for tree in sides for test in _null_parts(bare(tree), side)]


def _null_parts(tree: exp.Expression, side: Side) -> list[exp.Expression]:
    if not side.is_in(tree):
        return [tree] if may_be_null(tree) else []
    if isinstance(tree, exp.Column):
        return []
    if isinstance(tree, exp.Div) and not side.is_in(tree.expression):
        nonzero = exp.Nullif(this=tree.expression.copy(), expression=exp.Literal.number(0))
        return [*_null_parts(bare(tree.this), side), nonzero]
    if isinstance(tree, _ARITHMETIC):
        return _null_tests(_operands(tree), side)
    raise NotNormal(f"{said(tree)} of the lever may skip a missing value")


def _leaves_interval(rays: tuple[Ray, ...], domain: Lever) -> list[exp.Expression]:
    """Conditions under which the rays that are known leave more than a point of the domain."""
    found: list[exp.Expression] = []
    ends: dict[str, list[exp.Expression]] = {"floor": _end(domain.minimum), "ceiling": _end(domain.maximum)}
    for ray in rays:
        if ray.side != "nothing":
            ends[ray.side].append(_where(ray.when, tree_of(ray.bound)))
        else:
            when = ray.when or exp.Boolean(this=True)
            found.append(exp.Not(this=exp.Coalesce(this=when.copy(), expressions=[exp.Boolean(this=False)])))
    if ends["floor"] and ends["ceiling"]:
        low, high = _extreme(exp.Greatest, ends["floor"]), _extreme(exp.Least, ends["ceiling"])
        test = compare_tree(low, "<", high)
        found.append(exp.Coalesce(this=test, expressions=[exp.Boolean(this=True)]))
    return found


def _end(value: object) -> list[exp.Expression]:
    return [] if value is None else [literal(Fraction(str(value)))]


def _where(when: exp.Expression | None, bound: exp.Expression) -> exp.Expression:
    return bound if when is None else exp.Case(ifs=[exp.If(this=when.copy(), true=bound)])


def _extreme(kind: type[exp.Greatest] | type[exp.Least], trees: list[exp.Expression]) -> exp.Expression:
    return trees[0] if len(trees) == 1 else kind(this=trees[0], expressions=trees[1:], ignore_nulls=True)
