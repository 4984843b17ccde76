"""What rules allow on one item, for people: in `why`, on number lines, in explanations: intervals from low to high, or
values of a list.

Endings are single values. Where there are more than `MOST_POINTS` of them only those nearest to a value of interest are
listed; everything else is complete.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from alignment.conflicts.exactly import (
    BETWEEN,
    Row,
    bounds_on,
    breakpoints,
    forbids,
    in_scope,
    representatives,
)
from alignment.conflicts.line import leaves
from alignment.conflicts.members import shown_value
from alignment.conflicts.report import Part
from alignment.initiative.models import Lever
from alignment.rules.exact import evaluate, exact
from alignment.rules.formula import Residue
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked

MOST_POINTS = 200


def allows_value(rule: Checked, lever: Lever, value: Any, row: Row) -> bool:
    """Does a rule allow a value of a lever on a row? Outside its scope it does."""
    return not in_scope(rule, row) or evaluate(rule.rule.tree, {**row, lever.name: exact(value)}) is not False


def allowed_values(rules: Sequence[Checked], lever: Lever, row: Row) -> tuple[Any, ...]:
    """What several rules together leave of a lever's list of values on one item."""
    return tuple(shown_value(v) for v in lever.values or () if all(allows_value(r, lever, v, row) for r in rules))


def allowed_parts(
    rules: Sequence[Checked], lever: Lever, row: Row, bounded: bool = True, near: Fraction | None = None
) -> list[Part]:
    """What several rules together leave of the lever on one item.

    bounded: within the lever's domain and on its lattice. near: the value round which endings are listed where there
    are too many; default the lower end of what is left.
    """
    free = lever if bounded else Lever(name=lever.name)
    applying = [r for r in rules if in_scope(r, row)]
    endings = [p for r in applying for p in leaves(_form(r).logic.forbidden()) if isinstance(p, Residue)]
    if endings and all(e.operator in ("=", "<>") for e in endings):
        return _single_values(applying, free, row, endings, near)
    if free.step is not None:
        points = representatives(applying, free, row)
        return _runs([(x, _allowed(applying, x, row)) for x in points], free)
    return _stretches(applying, free, row)


def _form(rule: Checked) -> Normal:
    assert isinstance(rule.form, Normal)
    return rule.form


def _allowed(rules: Sequence[Checked], x: Fraction, row: Row) -> bool:
    return not any(forbids(rule, x, row) for rule in rules)


def _point(x: Fraction) -> Part:
    return Part(float(x), True, float(x), True)


# Endings


def _single_values(
    rules: Sequence[Checked], lever: Lever, row: Row, endings: Sequence[Residue], near: Fraction | None
) -> list[Part]:
    low, high = _envelope(rules, lever, row)
    if low is not None and high is not None and low > high:
        return []
    start = low if near is None else near
    around = Fraction(0) if start is None else start
    around = max(around, low) if low is not None else around
    around = min(around, high) if high is not None else around
    found = {x for x in _ends(rules, lever, row) if _fits(x, low, high)}
    for ending in endings:
        found |= _nearest(ending, around, low, high)
    kept = sorted(x for x in found if _on_step(x, lever) and _allowed(rules, x, row))
    if len(kept) > MOST_POINTS:
        kept = sorted(sorted(kept, key=lambda x: (abs(x - around), x))[:MOST_POINTS])
    return [_point(x) for x in kept]


def _envelope(rules: Sequence[Checked], lever: Lever, row: Row) -> tuple[Fraction | None, Fraction | None]:
    """The domain narrowed by the rules that are intervals; ends may be open."""
    lows = [] if lever.minimum is None else [Fraction(lever.minimum)]
    highs = [] if lever.maximum is None else [Fraction(lever.maximum)]
    for rule in rules:
        bounds = bounds_on(rule, row)
        if isinstance(bounds, tuple):
            lows += [b for b in bounds[:1] if b is not None]
            highs += [b for b in bounds[1:] if b is not None]
    return max(lows, default=None), min(highs, default=None)


def _fits(x: Fraction, low: Fraction | None, high: Fraction | None) -> bool:
    return (low is None or x >= low) and (high is None or x <= high)


def _on_step(x: Fraction, lever: Lever) -> bool:
    if lever.step is None:
        return True
    return ((x - Fraction(lever.minimum or 0)) / Fraction(lever.step)).denominator == 1


def _nearest(ending: Residue, around: Fraction, low: Fraction | None, high: Fraction | None) -> set[Fraction]:
    """Values with an ending inside the envelope, the nearest ones to a place where there are many."""
    middle = math.floor((around - ending.value) / ending.modulus)
    found = (ending.value + (middle + i) * ending.modulus for i in range(-MOST_POINTS, MOST_POINTS + 1))
    return {x for x in found if _fits(x, low, high)}


def _ends(rules: Sequence[Checked], lever: Lever, row: Row) -> set[Fraction]:
    return {*breakpoints(rules, row), *(Fraction(v) for v in (lever.minimum, lever.maximum) if v is not None)}


# Intervals


def _runs(points: Sequence[tuple[Fraction, bool]], lever: Lever) -> list[Part]:
    """Allowed lattice values as intervals: neighbours among the representatives belong together."""
    found: list[tuple[Fraction | None, Fraction | None]] = []
    joined = False
    for x, is_allowed in points:
        if is_allowed and joined:
            found[-1] = (found[-1][0], x)
        elif is_allowed:
            found.append((x, x))
        joined = is_allowed
    if found and lever.minimum is None and points[0][1]:
        found[0] = (None, found[0][1])
    if found and lever.maximum is None and points[-1][1]:
        found[-1] = (found[-1][0], None)
    return [
        Part(None if a is None else float(a), a is not None, None if b is None else float(b), b is not None)
        for a, b in found
    ]


def _stretches(rules: Sequence[Checked], lever: Lever, row: Row) -> list[Part]:
    """Alternating points and open stretches between the ends, joined where allowed."""
    cuts = sorted(_ends(rules, lever, row)) or [Fraction(0)]
    cuts = [x for x in cuts if _fits(x, *_domain(lever))]
    steps: list[tuple[Part, bool]] = []
    if lever.minimum is None:
        steps.append((Part(None, False, float(cuts[0]), False), _allowed(rules, cuts[0] - BETWEEN, row)))
    for i, cut in enumerate(cuts):
        steps.append((_point(cut), _allowed(rules, cut, row)))
        if i + 1 < len(cuts):
            middle = cut + (cuts[i + 1] - cut) * BETWEEN
            steps.append((Part(float(cut), False, float(cuts[i + 1]), False), _allowed(rules, middle, row)))
    if lever.maximum is None:
        steps.append((Part(float(cuts[-1]), False, None, False), _allowed(rules, cuts[-1] + BETWEEN, row)))
    return _joined(steps)


def _domain(lever: Lever) -> tuple[Fraction | None, Fraction | None]:
    low = None if lever.minimum is None else Fraction(lever.minimum)
    return low, None if lever.maximum is None else Fraction(lever.maximum)


def _joined(steps: Sequence[tuple[Part, bool]]) -> list[Part]:
    found: list[Part] = []
    joined = False
    for part, is_allowed in steps:
        if is_allowed and joined:
            found[-1] = Part(found[-1].lower, found[-1].lower_closed, part.upper, part.upper_closed)
        elif is_allowed:
            found.append(part)
        joined = is_allowed
    return found
