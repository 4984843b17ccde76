"""One item in exact fractions: which rules forbid which lever values, for the few items that doubles cannot decide.

Slow and plain; it is also what `why` shows for a single item.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from alignment.conflicts.line import leans_on_range, leaves
from alignment.conflicts.minimal import minimal_sets
from alignment.initiative.models import Lever
from alignment.rules.exact import evaluate
from alignment.rules.formula import Both, Compare, Either, Formula, Given, Not, Residue, Truth
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked

Row = Mapping[str, Any]
Part = tuple[Fraction | None, Fraction | None]
ZERO = Fraction(0)
BETWEEN = Fraction(5003, 12007)  # of a stretch: a place at which no ending holds by chance


def holds(formula: Formula, x: Fraction, row: Row) -> bool:
    """Is a two-valued formula true at lever value x on a row of exact values?"""
    if isinstance(formula, Truth):
        return formula.holds
    if isinstance(formula, Given):
        return evaluate(formula.tree, row) is True
    if isinstance(formula, Not):
        return not holds(formula.part, x, row)
    if isinstance(formula, Both):
        return all(holds(p, x, row) for p in formula.parts)
    if isinstance(formula, Either):
        return any(holds(p, x, row) for p in formula.parts)
    if isinstance(formula, Residue):
        return _compared(_remainder(x, formula.modulus), formula.operator, formula.value)
    bound = formula.bound if isinstance(formula.bound, Fraction) else evaluate(formula.bound, row)
    return bound is not None and _compared(x, formula.operator, bound)


def on_row(formula: Formula, row: Row) -> Formula:
    """The formula with every bound and condition replaced by its exact value on a row, so that many lever values are
    quick."""
    if isinstance(formula, Given):
        return Truth(evaluate(formula.tree, row) is True)
    if isinstance(formula, Not):
        return Not(on_row(formula.part, row))
    if isinstance(formula, (Both, Either)):
        return type(formula)(tuple(on_row(p, row) for p in formula.parts))
    if not isinstance(formula, Compare):
        return formula
    bound = evaluate(formula.bound, row)
    return Truth(False) if bound is None else Compare(formula.operator, bound)


def _remainder(x: Fraction, m: Fraction) -> Fraction:
    return x - m * math.floor(x / m) if x >= 0 else -(-x - m * math.floor(-x / m))


_COMPARISONS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip


def _compared(x: Fraction, sign: str, bound: Fraction) -> bool:
    return _COMPARISONS[sign](x, bound)


def in_scope(rule: Checked, row: Row) -> bool:
    """Does a rule apply to a row?"""
    return rule.rule.scope is None or evaluate(rule.rule.scope, row) is True


def _logic(rule: Checked) -> Normal:
    assert isinstance(rule.form, Normal)
    return rule.form


def forbids(rule: Checked, x: Fraction, row: Row) -> bool:
    """Does a rule in scope forbid lever value x?"""
    return holds(_logic(rule).logic.forbidden(), x, row)


def forbidden_on(rules: Sequence[Checked], row: Row) -> list[Formula]:
    """What each of some rules in scope forbids on a row, ready to be asked about many lever values (see `holds`)."""
    return [on_row(_logic(rule).logic.forbidden(), row) for rule in rules]


def breakpoints(rules: Sequence[Checked], row: Row) -> list[Fraction]:
    """All values at which some rule changes its mind, sorted; endings are left to `representatives`."""
    found = {
        bound
        for rule in rules
        for form in (_logic(rule).logic.forbidden(), _logic(rule).logic.unknown())
        for part in leaves(form)
        if isinstance(part, Compare) and (bound := evaluate(part.bound, row)) is not None
    }
    return sorted(found)


def representatives(rules: Sequence[Checked], lever: Lever, row: Row, also: Sequence[Fraction] = ()) -> list[Fraction]:
    """Lever values that stand for all: within the domain, one of each stretch on which no rule changes its mind.

    also: values around which endings are wanted, beside those at which a rule changes its mind.
    """
    low = None if lever.minimum is None else Fraction(lever.minimum)
    high = None if lever.maximum is None else Fraction(lever.maximum)
    residues = [p for r in rules for p in leaves(_logic(r).logic.forbidden()) if isinstance(p, Residue)]
    zero = {Fraction(0)} if residues else set()
    cuts = sorted({*breakpoints(rules, row), *zero, *also, *(v for v in (low, high) if v is not None)}) or [Fraction(0)]
    if lever.step is not None:
        found = _on_lattice(cuts, Fraction(lever.step), low or Fraction(0), residues)
    else:
        ends = sorted({*cuts, *_endings(cuts, residues)})
        found = [*ends, *(a + (b - a) * BETWEEN for a, b in pairwise(ends))]
        found += [ends[0] - BETWEEN, ends[-1] + BETWEEN]
    return sorted({x for x in found if (low is None or x >= low) and (high is None or x <= high)})


def _on_lattice(cuts: list[Fraction], step: Fraction, base: Fraction, residues: list[Residue]) -> list[Fraction]:
    period = math.lcm(*((r.modulus / step).numerator for r in residues)) if residues else 1
    found: set[Fraction] = set()
    for cut in cuts:
        k = math.floor((cut - base) / step)
        found |= {base + (k + i) * step for i in range(-1 - period, 3 + period)}
    return sorted(found)


def _endings(cuts: list[Fraction], residues: list[Residue]) -> list[Fraction]:
    """Where endings begin or stop to hold, over a common period of all of them above and below each cut."""
    if not residues:
        return []
    unit = math.lcm(*(r.modulus.denominator for r in residues))
    period = Fraction(math.lcm(*(r.modulus.numerator * (unit // r.modulus.denominator) for r in residues)), unit)
    found = []
    for residue in residues:
        turns = int(period / residue.modulus)
        for offset in {Fraction(0), residue.value}:
            for cut in cuts:
                first = offset + residue.modulus * math.floor((cut - offset) / residue.modulus)
                found += [first + i * residue.modulus for i in range(-turns, turns + 2)]
    return found


def family(rules: Sequence[Checked], lever: Lever, row: Row) -> list[int]:
    """For each representative value the set of rules that forbid it, as bits; minimal members only."""
    return minimal_sets(masks_of(rules, lever, row))


def masks_of(rules: Sequence[Checked], lever: Lever, row: Row) -> set[int]:
    """The sets of rules, as bits, that forbid some value each."""
    applying = [(1 << i, rule) for i, rule in enumerate(rules) if in_scope(rule, row)]
    forms = [(bit, on_row(_logic(rule).logic.forbidden(), row)) for bit, rule in applying]
    return {
        sum(bit for bit, form in forms if holds(form, x, row))
        for x in representatives([r for _, r in applying], lever, row)
    }


def gap(members: Sequence[Checked], lever: Lever, row: Row) -> float | None:
    """The least, over lever values, of the summed distances to what the members allow; None where one allows
    nothing."""
    open_line = Lever(name=lever.name)
    ends = representatives(members, lever.model_copy(update={"step": None}), row)
    if lever.step is not None:
        step, base = Fraction(lever.step), Fraction(lever.minimum or 0)
        steps = {math.floor((e - base) / step) + i for e in ends for i in (0, 1)}
        ends = [x for x in (base + k * step for k in steps) if _within(x, lever)]
    allowed = [_Allowed(m, representatives(members, open_line, row, ends), row, lever) for m in members]
    if not ends or any(a.is_empty for a in allowed):
        return None
    return float(min(sum((a.distance(x) for a in allowed), Fraction(0)) for x in ends))


def _within(x: Fraction, lever: Lever) -> bool:
    return (lever.minimum is None or x >= lever.minimum) and (lever.maximum is None or x <= lever.maximum)


class _Allowed:
    """What one rule allows around the values at which some rule of a conflict changes its mind, as points and
    stretches.

    An interval rule has its two bounds even where they leave nothing between them. A rule that divides by the lever is
    looked at on the side of zero where the lever's range lies.
    """

    def __init__(self, rule: Checked, points: list[Fraction], row: Row, lever: Lever) -> None:
        self.bounds = bounds_on(rule, row)
        self.parts: list[Part] = []
        if self.bounds is None:
            form = on_row(_logic(rule).logic.forbidden(), row)
            held = [not holds(form, x, row) for x in points]
            self.parts = [
                (None if i == 0 else points[i - 1], None if i + 1 == len(points) else points[i + 1])
                if i % 2 == 0 else (x, x)
                for i, x in enumerate(points) if held[i]
            ]  # fmt: skip
            if leans_on_range(rule, lever):
                self.parts = _on_its_side(self.parts, lever)

    @property
    def is_empty(self) -> bool:
        return not self.parts if self.bounds is None else self.bounds == "nothing"

    def distance(self, x: Fraction) -> Fraction:
        if isinstance(self.bounds, tuple):
            low, high = self.bounds
            return _short(low, x, None) + _short(None, x, high)
        return min(_short(low, x, high) for low, high in self.parts)


def _on_its_side(parts: Sequence[Part], lever: Lever) -> list[Part]:
    """Parts cut off at zero where the lever is never below it, or never above."""
    found = list(parts)
    if lever.minimum is not None and lever.minimum >= 0:
        found = [(max(low or ZERO, ZERO), high) for low, high in found if high is None or high > 0 or low == 0]
    if lever.maximum is not None and lever.maximum <= 0:
        found = [(low, min(high or ZERO, ZERO)) for low, high in found if low is None or low < 0 or high == 0]
    return found


def _short(low: Fraction | None, x: Fraction, high: Fraction | None) -> Fraction:
    """How far x is from low … high."""
    if low is not None and x < low:
        return low - x
    return x - high if high is not None and x > high else Fraction(0)


def bounds_on(rule: Checked, row: Row) -> tuple[Fraction | None, Fraction | None] | str | None:
    """The two bounds of an interval rule, `nothing` where it allows nothing at all; None for a union."""
    rays = _logic(rule).rays
    if rays is None:
        return None
    low: Fraction | None = None
    high: Fraction | None = None
    for ray in rays:
        if ray.when is not None and evaluate(ray.when, row) is not True:
            continue
        bound = evaluate(ray.bound, row)
        if ray.side == "nothing":
            return "nothing"
        if bound is not None and ray.side == "floor":
            low = bound if low is None else max(low, bound)
        elif bound is not None:
            high = bound if high is None else min(high, bound)
    return low, high


def unknown_on_interval(rule: Checked, lever: Lever, row: Row) -> bool:
    """Is a rule NULL on a whole stretch of lever values (or, on a lattice, on some value for another reason than
    division)?"""
    if not in_scope(rule, row):
        return False
    open_line = lever.model_copy(update={"step": None})
    ends = {*breakpoints([rule], row), *(Fraction(v) for v in (lever.minimum, lever.maximum) if v is not None)}
    residues = [p for p in leaves(_logic(rule).logic.unknown()) if isinstance(p, Residue)]
    ends |= set(_endings([*ends, Fraction(0)], residues))
    unknown = _logic(rule).logic.unknown()
    return any(holds(unknown, x, row) for x in representatives([rule], open_line, row) if x not in ends)
