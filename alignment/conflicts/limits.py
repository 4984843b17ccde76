"""How far a number may go: in the lever's domain, no further than its team accepts, and still meaning what it did."""

from __future__ import annotations

from fractions import Fraction

from alignment.conflicts.ends import is_bound
from alignment.conflicts.grounds import Repairs
from alignment.conflicts.members import Clash
from alignment.conflicts.trials import Move
from alignment.initiative.models import Lever
from alignment.rules.ruleset import Checked


def within_limits(move: Move, clash: Clash, repairs: Repairs) -> bool:
    """Does a moved number stay within `relax_to` (without one: keep its sense), and its bounds within the domain?"""
    rule = repairs.bench.rules.of(move.rule)
    furthest = rule.constraint.relax_to
    if furthest is not None and not _up_to(move, Fraction(furthest)):
        return False
    if furthest is None and not _keeps_sense(move):
        return False
    lever = repairs.bench.rules.levers.get(repairs.bench.lever(move.rule) or "")
    return lever is None or _in_domain(rule, move, lever, clash, repairs)


def _up_to(move: Move, furthest: Fraction) -> bool:
    start, end = _signed(move, move.number.value), _signed(move, move.value)
    return min(start, furthest) <= end <= max(start, furthest)


def _signed(move: Move, value: Fraction) -> Fraction:
    return -value if move.number.negated else value


def _keeps_sense(move: Move) -> bool:
    """A number keeps its sign, and a factor stays on its side of one: a mark-up does not become a mark-down."""
    was, now = move.number.value, move.value
    if move.number.kind in ("added factor", "added offset"):
        return move.number.kind == "added offset" or now > 0
    if was and was * now < 0:
        return False
    is_ratio = move.number.kind == "factor" and Fraction(1, 2) <= was <= 2
    return not is_ratio or was == 1 or (was - 1) * (now - 1) >= 0


def _in_domain(rule: Checked, move: Move, lever: Lever, clash: Clash, repairs: Repairs) -> bool:
    """Do the bounds that were moved lie in the lever's domain on the conflict's items?"""
    changed = repairs.bench.changed(rule, [move])
    if not (is_bound(rule) and is_bound(changed)):
        return True
    low = None if lever.minimum is None else Fraction(lever.minimum)
    high = None if lever.maximum is None else Fraction(lever.maximum)
    for key in repairs.looked_at(clash):
        for was, now in zip(repairs.interval(rule, key), repairs.interval(changed, key), strict=True):
            if was is None or now is None or was == now:
                continue
            if (low is not None and now[0] < low) or (high is not None and now[0] > high):
                return False
    return True
