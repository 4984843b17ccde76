"""What a number must become so that its rule allows, on one item, a value that the others allow: in fractions.

Most comparisons are linear in the number: two evaluations give the root and a third confirms it. The rest is bisected.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from alignment.conflicts.exactly import breakpoints, forbidden_on, holds, in_scope, representatives
from alignment.conflicts.line import leaves
from alignment.conflicts.numbers import OwnNumber
from alignment.initiative.models import Lever
from alignment.rules.exact import evaluate
from alignment.rules.formula import Residue
from alignment.rules.normal import Normal, Ray
from alignment.rules.ruleset import Checked

Row = Mapping[str, Any]

MOST_TARGETS = 24
HAIR = Fraction(1, 10**15)


@dataclass(frozen=True)
class Target:
    """A lever value that the others allow; only those above it where `beyond` is 1, below where -1. None: no lever."""

    value: Fraction | None
    beyond: int = 0


@dataclass(frozen=True)
class Need:
    """The value that a number must reach, or pass where `beyond`, going up (1) or down (-1)."""

    value: Fraction
    beyond: bool
    way: int


def targets(rule: Checked, others: Sequence[Checked], lever: Lever | None, row: Row) -> list[Target]:
    """The nearest values to what a rule allows among those that the others, the domain and the lattice allow."""
    if lever is None:
        return [Target(None)]
    applying = [o for o in others if in_scope(o, row)]
    if all(_rays(o) is not None for o in [rule, *applying]):
        return _beside(rule, applying, lever, row)
    points, forbidden = representatives([rule, *applying], lever, row), forbidden_on(applying, row)
    low, high = interval([o for o in applying if _rays(o) is not None], row)
    likely = (x for x in points if (low is None or x >= low[0]) and (high is None or x <= high[0]))
    allowed = [x for x in likely if not any(holds(f, x, row) for f in forbidden)]
    found = [Target(x) for x in allowed]
    if lever.step is None:
        cuts = set(breakpoints([rule, *applying], row))
        open_ = [x for x in allowed if x not in cuts and not is_ending(x, applying)]
        ends = ((x, y) for x in open_ for y in _neighbours(x, points) if y in cuts and y not in allowed)
        found += [Target(y, 1 if x > y else -1) for x, y in ends]
    return _nearest(found, rule, lever, row)


def _rays(rule: Checked) -> tuple[Ray, ...] | None:
    return rule.form.rays if isinstance(rule.form, Normal) else None


def _neighbours(x: Fraction, points: Sequence[Fraction]) -> Iterator[Fraction]:
    i = points.index(x)
    yield from points[max(i - 1, 0) : i]
    yield from points[i + 1 : i + 2]


def is_ending(x: Fraction, rules: Sequence[Checked]) -> bool:
    """Does a value have one of the endings that the rules ask for or forbid, such as 9.99 for `price % 1 = 0.99`?"""
    return any((x - e.value) % e.modulus == 0 for e in endings_of(rules))


def endings_of(rules: Sequence[Checked]) -> list[Residue]:
    """The endings that occur in rules."""
    forms = [r.form.logic.forbidden() for r in rules if isinstance(r.form, Normal)]
    return [part for form in forms for part in leaves(form) if isinstance(part, Residue)]


def _nearest(found: Sequence[Target], rule: Checked, lever: Lever, row: Row) -> list[Target]:
    """The few targets nearest to some value that the rule allows."""
    if len(found) <= MOST_TARGETS:
        return list(found)
    (forbidden,) = forbidden_on([rule], row)
    mine = [x for x in representatives([rule], lever, row) if not holds(forbidden, x, row)]
    if not mine:
        return list(found)[:MOST_TARGETS]
    return sorted(found, key=lambda t: min(abs((t.value or Fraction(0)) - x) for x in mine))[:MOST_TARGETS]


def _beside(rule: Checked, others: Sequence[Checked], lever: Lever, row: Row) -> list[Target]:
    """Of intervals: the end of what the others allow on the side of the rule's own interval."""
    low, high = interval(others, row)
    low = _later(low, None if lever.minimum is None else (Fraction(lever.minimum), False))
    high = _earlier(high, None if lever.maximum is None else (Fraction(lever.maximum), False))
    mine_low, mine_high = interval([rule], row)
    ends = []
    if high is not None and mine_low is not None and mine_low[0] >= high[0]:
        ends.append(_on_lattice(high, lever, down=True))
    if low is not None and mine_high is not None and mine_high[0] <= low[0]:
        ends.append(_on_lattice(low, lever, down=False))
    if lever.step is not None and mine_low is not None and mine_high is not None:
        ends += [_on_lattice((mine_low[0], False), lever, True), _on_lattice((mine_high[0], False), lever, False)]
    if not ends:
        ends = [_on_lattice(e, lever, down) for e, down in ((high, True), (low, False)) if e is not None]
    return [e for e in dict.fromkeys(ends) if _between(e, low, high)] or list(dict.fromkeys(ends))


_End = tuple[Fraction, bool] | None


def interval(rules: Sequence[Checked], row: Row) -> tuple[_End, _End]:
    """Lower and upper end that interval rules in scope leave together, each with whether it is open; None: infinite."""
    low: _End = None
    high: _End = None
    for rule in rules:
        for ray in _rays(rule) or () if in_scope(rule, row) else ():
            if ray.when is not None and evaluate(ray.when, row) is not True:
                continue
            bound = evaluate(ray.bound, row)
            if ray.side == "nothing" or bound is None:
                continue
            if ray.side == "floor":
                low = _later(low, (bound, not ray.closed))
            else:
                high = _earlier(high, (bound, not ray.closed))
    return low, high


def _later(a: _End, b: _End) -> _End:
    return b if a is None else a if b is None else max(a, b)


def _earlier(a: _End, b: _End) -> _End:
    return b if a is None else a if b is None else min(a, b, key=lambda e: (e[0], not e[1]))


def _on_lattice(end: tuple[Fraction, bool], lever: Lever, down: bool) -> Target:
    value, is_open = end
    if lever.step is None:
        return Target(value, 0 if not is_open else -1 if down else 1)
    step, base = Fraction(lever.step), Fraction(lever.minimum or 0)
    k = (value - base) / step
    whole = math.floor(k) if down else math.ceil(k)
    if is_open and whole == k:
        whole += -1 if down else 1
    return Target(base + whole * step)


def is_possible(x: Fraction, lever: Lever) -> bool:
    """Does a value lie in the lever's range and on its lattice?"""
    if (lever.minimum is not None and x < lever.minimum) or (lever.maximum is not None and x > lever.maximum):
        return False
    return lever.step is None or (x - Fraction(lever.minimum or 0)) % Fraction(lever.step) == 0


def points_between(rules: Sequence[Checked], lever: Lever, row: Row, most: int) -> list[Fraction] | None:
    """The values of the lattice between the ends that interval rules in scope and the range leave.

    None where there is no lattice, an end is infinite, or there are more than so many.
    """
    low, high = interval(rules, row)
    low = _later(low, None if lever.minimum is None else (Fraction(lever.minimum), False))
    high = _earlier(high, None if lever.maximum is None else (Fraction(lever.maximum), False))
    if lever.step is None or low is None or high is None:
        return None
    step, base = Fraction(lever.step), Fraction(lever.minimum or 0)
    first, last = math.ceil((low[0] - base) / step), math.floor((high[0] - base) / step)
    if last - first > most:
        return None
    points = (base + k * step for k in range(first, last + 1))
    return [x for x in points if (x > low[0] or not low[1]) and (x < high[0] or not high[1])]


def _between(target: Target, low: _End, high: _End) -> bool:
    x = target.value
    assert x is not None
    return (low is None or low[0] <= x) and (high is None or x <= high[0])


def need(number: OwnNumber, target: Target, lever: str | None, row: Row) -> Need | None:
    """The least move of a number after which its rule allows the target; None where no move of it does that."""
    root = _root(number, target, lever, row)
    if root is None:
        return None
    way = (root > number.value) - (root < number.value)
    tiny = HAIR * max(abs(root), Fraction(1))
    if not target.beyond and way and _allows(number, root, target, lever, row):
        return Need(root, False, way)
    inside = target if target.value is None else Target(target.value + target.beyond * tiny * HAIR)
    for step in (way,) if way else (1, -1):
        if _allows(number, root + step * tiny, inside, lever, row):
            return Need(root, True, step)
    return None


def _root(number: OwnNumber, target: Target, lever: str | None, row: Row) -> Fraction | None:
    """Where the two sides of the number's comparison meet."""
    at = [number.value, number.value + 1]
    gaps = [_gap(number, k, target, lever, row) for k in at]
    if gaps[0] is not None and gaps[1] is not None and gaps[0] != gaps[1]:
        root = Fraction(at[0] - gaps[0] / (gaps[1] - gaps[0]))
        if _gap(number, root, target, lever, row) == 0:
            return root
    elif gaps[0] is not None and gaps[0] == gaps[1]:
        return None
    return _bisected(number, target, lever, row)


def _gap(number: OwnNumber, k: Fraction, target: Target, lever: str | None, row: Row) -> Fraction | None:
    values = _put(number, k, target, lever, row)
    left = evaluate(number.comparison.this, values)
    right = evaluate(number.comparison.expression, values)
    if not isinstance(left, Fraction) or not isinstance(right, Fraction):
        return None
    return left - right


def _put(number: OwnNumber, k: Fraction, target: Target, lever: str | None, row: Row) -> dict[str, Any]:
    moved = {number.name: k} if lever is None else {number.name: k, lever: target.value}
    return {**row, **moved}


def _allows(number: OwnNumber, k: Fraction, target: Target, lever: str | None, row: Row) -> bool:
    return evaluate(number.tree, _put(number, k, target, lever, row)) is not False


def _bisected(number: OwnNumber, target: Target, lever: str | None, row: Row) -> Fraction | None:
    """The nearest value, on either side, at which the rule begins to allow the target; to twelve decimals."""
    unit = max(abs(number.value), Fraction(1)) / 256
    found = []
    for way in (1, -1):
        last = number.value
        for doubling in range(20):
            k = number.value + way * unit * 2**doubling
            if _gap(number, k, target, lever, row) is None:
                break
            if _allows(number, k, target, lever, row):
                found.append(_halved(number, last, k, target, lever, row))
                break
            last = k
    return min(found, key=lambda k: abs(k - number.value), default=None)


def _halved(number: OwnNumber, bad: Fraction, good: Fraction, target: Target, lever: str | None, row: Row) -> Fraction:
    for _ in range(60):
        middle = (bad + good) / 2
        if _allows(number, middle, target, lever, row):
            good = middle
        else:
            bad = middle
    plain = Fraction(f"{float(good):.12f}")
    return plain if _allows(number, plain, target, lever, row) else good
