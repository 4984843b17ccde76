"""One item in exact fractions: which rules forbid which lever values, for the few items that doubles cannot decide.

Slow and plain; it is also what `why` shows for a single item.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from alignment.conflicts.minimal import minimal_sets
from alignment.conflicts.report import Part
from alignment.initiative.models import Lever
from alignment.rules.exact import evaluate
from alignment.rules.formula import Both, Compare, Either, Formula, Given, Not, Residue, Truth
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked

Row = Mapping[str, Any]


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
    bound = evaluate(formula.bound, row)
    return bound is not None and _compared(x, formula.operator, bound)


def on_row(formula: Formula, row: Row) -> Formula:
    """The formula with every bound and condition replaced by its exact value on a row, so that many lever values are quick."""
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


def breakpoints(rules: Sequence[Checked], row: Row) -> list[Fraction]:
    """All values at which some rule changes its mind, sorted; endings are left to `representatives`."""
    found = {
        bound
        for rule in rules
        for form in (_logic(rule).logic.forbidden(), _logic(rule).logic.unknown())
        for part in _parts(form)
        if isinstance(part, Compare) and (bound := evaluate(part.bound, row)) is not None
    }
    return sorted(found)


def _parts(formula: Formula) -> list[Formula]:
    if isinstance(formula, (Both, Either)):
        return [p for part in formula.parts for p in _parts(part)]
    return _parts(formula.part) if isinstance(formula, Not) else [formula]


def representatives(rules: Sequence[Checked], lever: Lever, row: Row) -> list[Fraction]:
    """Lever values that stand for all: within the domain, one of each stretch on which no rule changes its mind."""
    low = None if lever.minimum is None else Fraction(lever.minimum)
    high = None if lever.maximum is None else Fraction(lever.maximum)
    cuts = sorted({*breakpoints(rules, row), *(v for v in (low, high) if v is not None)}) or [Fraction(0)]
    residues = [p for r in rules for p in _parts(_logic(r).logic.forbidden()) if isinstance(p, Residue)]
    if lever.step is not None:
        found = _on_lattice(cuts, Fraction(lever.step), low or Fraction(0), residues)
    else:
        found = [*cuts, *((a + b) / 2 for a, b in zip(cuts, cuts[1:], strict=False)), cuts[0] - 1, cuts[-1] + 1]
        found += _endings(cuts, residues)
    return sorted({x for x in found if (low is None or x >= low) and (high is None or x <= high)})


def _on_lattice(cuts: list[Fraction], step: Fraction, base: Fraction, residues: list[Residue]) -> list[Fraction]:
    period = math.lcm(*(int((r.modulus / step).numerator) for r in residues)) if residues else 1
    found: set[Fraction] = set()
    for cut in cuts:
        k = math.floor((cut - base) / step)
        found |= {base + (k + i) * step for i in range(-1 - period, 3 + period)}
    return sorted(found)


def _endings(cuts: list[Fraction], residues: list[Residue]) -> list[Fraction]:
    """Points with each ending just above and below each cut, over a common period of all endings."""
    if not residues:
        return []
    common = math.lcm(*(r.modulus.numerator * (_unit(residues) // r.modulus.denominator) for r in residues))
    period = Fraction(common, _unit(residues))
    found = []
    for residue in residues:
        for cut in cuts:
            first = residue.value + residue.modulus * math.floor((cut - residue.value) / residue.modulus)
            turns = int(period / residue.modulus)
            found += [first + i * residue.modulus for i in range(-turns, turns + 2)]
    return found


def _unit(residues: list[Residue]) -> int:
    return math.lcm(*(r.modulus.denominator for r in residues))


def family(rules: Sequence[Checked], lever: Lever, row: Row) -> list[int]:
    """For each representative value the set of rules that forbid it, as bits; minimal members only."""
    applying = [(1 << i, rule) for i, rule in enumerate(rules) if in_scope(rule, row)]
    settled = [(bit, on_row(_logic(rule).logic.forbidden(), row)) for bit, rule in applying]
    masks = {
        sum(bit for bit, forbidden in settled if holds(forbidden, x, row))
        for x in representatives([r for _, r in applying], lever, row)
    }
    return minimal_sets(masks)


def unknown_on_interval(rule: Checked, lever: Lever, row: Row) -> bool:
    """Is a rule NULL on a whole stretch of lever values (or, on a lattice, on some value for another reason than division)?"""
    if not in_scope(rule, row):
        return False
    logic = _logic(rule).logic
    cuts = breakpoints([rule], row)
    inner = [(a + b) / 2 for a, b in zip(cuts, cuts[1:], strict=False)]
    points = inner + ([cuts[0] - 1, cuts[-1] + 1] if cuts else [Fraction(1)])
    low, high = lever.minimum, lever.maximum
    inside = [x for x in points if (low is None or x > Fraction(low)) and (high is None or x < Fraction(high))]
    if low is not None and high is not None:
        inside.append((Fraction(low) + Fraction(high)) / 2)
    return any(holds(logic.unknown(), x, row) for x in inside if x not in cuts)


def allowed_parts(rules: Sequence[Checked], lever: Lever, row: Row, bounded: bool = True) -> list[Part]:
    """What several rules together leave of the lever on one item, as intervals from low to high.

    bounded: within the lever's domain and on its lattice. Of endings at most `MOST_POINTS` points are listed.
    """
    free = lever if bounded else Lever(name=lever.name)
    applying = [r for r in rules if in_scope(r, row)]
    points = representatives(applying, free, row)
    allowed = [x for x in points if not any(forbids(r, x, row) for r in applying)]
    residues = any(isinstance(p, Residue) for r in applying for p in _parts(_logic(r).logic.forbidden()))
    if residues:
        return [_point(x) for x in allowed[:MOST_POINTS]]
    cuts = {*breakpoints(applying, row), *(Fraction(v) for v in (free.minimum, free.maximum) if v is not None)} or {Fraction(0)}
    if free.step is not None:
        return _runs(allowed, Fraction(free.step), points, free)
    return _stretches(sorted(cuts), set(allowed), free)


MOST_POINTS = 200


def _point(x: Fraction) -> Part:
    return Part(float(x), True, float(x), True)


def _runs(allowed: list[Fraction], step: Fraction, points: list[Fraction], lever: Lever) -> list[Part]:
    """Allowed lattice values as intervals: neighbours among the representatives belong together."""
    found: list[Part] = []
    index = {x: i for i, x in enumerate(points)}
    for x in allowed:
        if found and index[x] and float(points[index[x] - 1]) == found[-1].upper:
            found[-1] = Part(found[-1].lower, True, float(x), True)
        else:
            found.append(_point(x))
    low_open = lever.minimum is None and found and points and found[0].lower == float(points[0])
    high_open = lever.maximum is None and found and points and found[-1].upper == float(points[-1])
    if low_open:
        found[0] = Part(None, False, found[0].upper, True)
    if high_open:
        found[-1] = Part(found[-1].lower, found[-1].lower is not None, None, False)
    return found


def _stretches(cuts: list[Fraction], allowed: set[Fraction], lever: Lever) -> list[Part]:
    """Alternating points and open stretches between cuts, joined where allowed."""
    steps: list[tuple[Part, bool]] = []
    if lever.minimum is None:
        steps.append((Part(None, False, float(cuts[0]), False), cuts[0] - 1 in allowed))
    for i, cut in enumerate(cuts):
        steps.append((_point(cut), cut in allowed))
        if i + 1 < len(cuts):
            middle = (cut + cuts[i + 1]) / 2
            steps.append((Part(float(cut), False, float(cuts[i + 1]), False), middle in allowed))
    if lever.maximum is None:
        steps.append((Part(float(cuts[-1]), False, None, False), cuts[-1] + 1 in allowed))
    found: list[Part] = []
    joined = False
    for part, open_ in steps:
        if open_ and joined:
            found[-1] = Part(found[-1].lower, found[-1].lower_closed, part.upper, part.upper_closed)
        elif open_:
            found.append(part)
        joined = open_
    return found
