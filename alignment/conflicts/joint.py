"""Both sides of a conflict moved, where neither may go the whole way alone: they meet in between."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from alignment.conflicts.ends import is_bound
from alignment.conflicts.grounds import Repairs
from alignment.conflicts.limits import within_limits
from alignment.conflicts.members import Clash
from alignment.conflicts.numbers import OwnNumber
from alignment.conflicts.repairs import Tried, outcome, outward, tried
from alignment.conflicts.solving import Need, Row, Target, interval, need
from alignment.conflicts.trials import Ids, Keys, Move, Trial
from alignment.initiative.models import Lever
from alignment.rules.ruleset import Checked

SHARES = tuple(Fraction(n, 8) for n in (4, 3, 5, 2, 6, 1, 7))
ROUNDS = 8
MOST_ADDED = 4


def joint_repairs(
    clashes: Sequence[Clash], single: Mapping[tuple[Ids, str], Tried], repairs: Repairs
) -> dict[Ids, Tried]:
    """For conflicts of two intervals the smallest pair of moves that clears all items, tried on the catalogue.

    single: the repair of each side alone, which tells the numbers to move. The sides meet half-way, or at the nearest
    eighth of the way at which both stay within their limits; where there is none, half-way.
    """
    found: dict[Ids, Tried] = {}
    asked = {c.ids: c for c in clashes if all(is_bound(repairs.bench.rules.of(i)) for i in c.ids)}
    bumps = dict.fromkeys(asked, 0)
    for _ in range(ROUNDS):
        trials = {i: t for i, c in asked.items() if i not in found and (t := _trial(c, single, bumps[i], repairs))}
        for ids, (trial, left, after) in _outcomes(trials, repairs).items():
            missed = [k for k in left if k not in repairs.looked[ids]]
            if not left:
                found[ids] = tried(trial, after, repairs)
            elif missed:
                repairs.look_at(asked[ids], missed[:MOST_ADDED])
            else:
                bumps[ids] += 1
    return found


def _outcomes(
    trials: Mapping[Ids, Trial], repairs: Repairs
) -> dict[Ids, tuple[Trial, Sequence[Any], Mapping[Ids, Keys]]]:
    """For each trial the items that the conflict is left on, and all that is new; by the engine where arrays do not
    tell."""
    found: dict[Ids, tuple[Trial, Sequence[Any], Mapping[Ids, Keys]]] = {}
    for ids, trial in trials.items():
        after = outcome(repairs.by_ids[ids], trial, repairs)
        if after is not None:
            found[ids] = trial, after[0], {i: set(keys) for i, keys in after[1].items()}
    rest = [ids for ids in trials if ids not in found and repairs.affords(trials[ids])]
    for ids, clashes in zip(rest, repairs.bench.run([_on_affected(trials[i], repairs) for i in rest]), strict=True):
        left = clashes.get(ids, set())
        found[ids] = trials[ids], sorted(left & repairs.before(ids), key=str) if left else [], clashes
    return found


def _on_affected(trial: Trial, repairs: Repairs) -> Trial:
    if not all(repairs.loosens(m) for m in trial.moves):
        return trial
    return Trial(trial.moves, repairs.touched([m.rule for m in trial.moves]))


def _trial(clash: Clash, single: Mapping[tuple[Ids, str], Tried], bumps: int, repairs: Repairs) -> Trial | None:
    numbers = [single[clash.ids, i].moves for i in clash.ids]
    if any(len(moves) != 1 for moves in numbers):
        return None
    sides = [(repairs.bench.rules.of(i), moves[0].number) for i, moves in zip(clash.ids, numbers, strict=True)]
    rows = repairs.exact_rows(repairs.looked[clash.ids])
    ways = [(row, _way([rule for rule, _ in sides], row)) for row in rows]
    lever = repairs.bench.rules.levers[str(clash.lever)]
    first: tuple[Move, ...] | None = None
    for share in SHARES:
        moves = _meeting(sides, [(row, way and _between(way, share, lever)) for row, way in ways], lever, bumps)
        first = first or moves
        if moves and all(within_limits(m, clash, repairs) for m in moves):
            return Trial(moves, None)
    return None if first is None else Trial(first, None)


def _meeting(
    sides: Sequence[tuple[Checked, OwnNumber]],
    points: Sequence[tuple[Row, Fraction | None]],
    lever: Lever,
    bumps: int,
) -> tuple[Move, ...] | None:
    """The moves after which both sides allow, on each item, one lever value between them."""
    moves = []
    for rule, number in sides:
        furthest = _furthest(number, points, lever)
        if furthest is None:
            return None
        value, decimals = outward(number, furthest, bumps)
        moves.append(Move(rule.id, number, value, decimals))
    return tuple(moves)


def _furthest(number: OwnNumber, points: Sequence[tuple[Row, Fraction | None]], lever: Lever) -> Need | None:
    wanted = list(_needs(number, points, lever))
    if len(wanted) < len(points) or not wanted:
        return None
    if len({n.way for n in wanted}) > 1:
        return None
    return max(wanted, key=lambda n: (abs(n.value - number.value), n.beyond))


def _needs(number: OwnNumber, points: Sequence[tuple[Row, Fraction | None]], lever: Lever) -> Iterator[Need]:
    for row, point in points:
        found = None if point is None else need(number, Target(point), lever.name, row)
        if found is not None:
            yield found


def _way(rules: Sequence[Checked], row: Row) -> tuple[Fraction, Fraction] | None:
    """From the end of the first interval to that of the second, where the two do not meet."""
    (low, high), (other_low, other_high) = (interval([rule], row) for rule in rules)
    if low is not None and other_high is not None and low[0] >= other_high[0]:
        return low[0], other_high[0]
    if high is not None and other_low is not None and high[0] <= other_low[0]:
        return high[0], other_low[0]
    return None


def _between(way: tuple[Fraction, Fraction], share: Fraction, lever: Lever) -> Fraction:
    """A lever value between two intervals, on the lattice; the first rule moves a share of the way."""
    start, end = way
    point = start + share * (end - start)
    if lever.step is None:
        return point
    step, base = Fraction(lever.step), Fraction(lever.minimum or 0)
    return base + step * math.floor((point - base) / step + Fraction(1, 2))
