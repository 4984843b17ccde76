"""The least loosening of all bounds together after which every item has a value: one shift per rule, by priority.

Bounds are intervals of a line, of which every two must meet (Helly): of all items those count on which a floor and a
ceiling are furthest apart. A rule that is a union adds, for an item, the choice of one of its stretches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from alignment.conflicts.check import Situation
from alignment.conflicts.ends import is_bound
from alignment.conflicts.exactly import breakpoints, forbids, in_scope, representatives
from alignment.conflicts.members import Clash, exact_row, plain, rows_of
from alignment.conflicts.programme import Programme
from alignment.conflicts.report import Conflict, Relaxation
from alignment.conflicts.solving import endings_of, interval, is_ending
from alignment.initiative.models import Lever
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked, columns_needed

CRITERION = "priority, then least total, then order of ids; ends count as closed, steps are left out"
MOST_ITEMS = 4_000
MOST_PIECES = 500
ROUNDS = 12
MOST_FURTHEST = 5
NEAR = 1e-9
DIGITS = 10**10

Shifts = dict[str, float]


class NoShift(Exception):
    """Bounds alone cannot settle it; the text says why."""


@dataclass
class Demands:
    """What the shifts must satisfy: sums of two (or of one twice), and for some items one of several pieces."""

    pairs: dict[tuple[str, str], float] = field(default_factory=dict)
    choices: list[list[Piece]] = field(default_factory=list)

    def at_least(self, r: str, s: str, gap: float) -> None:
        pair = (min(r, s), max(r, s))
        if gap > 0:
            self.pairs[pair] = max(gap, self.pairs.get(pair, 0.0))


@dataclass(frozen=True)
class Piece:
    """A stretch of lever values that an item's unions leave, and the bounds of the other rules on the item, by id."""

    low: float
    high: float
    floors: Mapping[str, float]
    ceilings: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Item:
    """An item without a value to which unions apply, with the bounds on it; exact."""

    lever: Lever
    unions: Sequence[Checked]
    row: Mapping[str, Any]
    floors: Mapping[str, Fraction]
    ceilings: Mapping[str, Fraction]


def relaxation(conflicts: Sequence[Conflict], case: Situation) -> Relaxation | None:
    """The lexicographic relaxation of a situation; None where no hard conflict asks for one.

    Every interval rule that is hard gets a shift t >= 0 in lever units, by which all its bounds are loosened. The sums
    of the shifts are least by priority from 9 down, then the shifts themselves in the order of ids.
    """
    hard = [c for c in conflicts if c.strength == "hard"]
    if not hard:
        return None
    units = {lever.unit for lever in case.rules.levers.values() if any(c.lever == lever.name for c in hard)}
    unit = units.pop() if len(units) == 1 else None
    try:
        for conflict in hard:
            _must_be_of_bounds(conflict, case)
        shifts: Shifts = {}
        for lever in case.rules.levers.values():
            if any(c.lever == lever.name for c in hard):
                shifts |= _on_lever(lever, case)
    except NoShift as reason:
        return Relaxation(None, unit, CRITERION, str(reason))
    return Relaxation({id: t for id, t in sorted(shifts.items()) if t > 0}, unit, CRITERION)


def _must_be_of_bounds(conflict: Conflict, case: Situation) -> None:
    said = " and ".join(conflict.constraints)
    if conflict.family != "item":
        raise NoShift(f"{said} speak about many items at once, which shifts of single bounds do not settle")
    if conflict.lever is None:
        raise NoShift(f"{said} speaks about the data alone, so there is no bound to shift")
    if case.rules.levers[conflict.lever].values is not None:
        raise NoShift(f"{said} choose from a list of values, so there is no bound to shift")
    if not any(is_bound(case.rules.of(i)) for i in conflict.constraints):
        raise NoShift(f"none of the bounds of {said} can be shifted, because what they allow is not one stretch")


# One lever


def _on_lever(lever: Lever, case: Situation) -> Shifts:
    mine = [r for r in case.rules.checked if r.hard and isinstance(r.form, Normal) and r.form.lever == lever.name]
    bounds, unions = [r for r in mine if is_bound(r)], [r for r in mine if not is_bound(r)]
    demands = _demands(lever, bounds, case)
    shifts = _confirmed(_least(bounds, demands), lever, bounds, case)
    if not unions:
        return shifts
    stuck = _items_with_unions(lever, bounds, unions, case)
    for _ in range(ROUNDS):
        unmet = [item for item in stuck if not _has_value(item, shifts)]
        if not unmet:
            return shifts
        stuck = [item for item in stuck if item not in unmet]
        demands.choices += [_pieces(item) for item in unmet]
        shifts = _least(bounds, demands)
    raise NoShift("the search for shifts did not end")


def _demands(lever: Lever, bounds: Sequence[Checked], case: Situation) -> Demands:
    """For each floor and each ceiling how far they are apart at most, over the items on which some two are apart."""
    demands = Demands()
    found = next((s for s in case.answers.sweeps if s.line.lever.name == lever.name), None)
    if found is None or not bounds:
        return demands
    distances, rules = found.distances, found.line.rules
    floors, ceilings = (
        {place: rules[r].id for place, r in enumerate(side) if rules[r].hard}
        for side in (distances.floors, distances.ceilings)
    )
    for f, id in floors.items():
        if np.isposinf(distances.above[f]):
            raise NoShift(f"{id} forbids every value on some item, whatever its bounds")
        demands.at_least(id, id, 2 * float(distances.above[f]))
        for c, other in ceilings.items():
            if distances.apart[f, c] > 0:
                demands.at_least(id, other, float(distances.apart[f, c]))
    for c, id in ceilings.items():
        demands.at_least(id, id, 2 * float(distances.below[c]))
    return demands


def _ends(lever: Lever) -> tuple[float, float]:
    low = -np.inf if lever.minimum is None else float(lever.minimum)
    return low, np.inf if lever.maximum is None else float(lever.maximum)


def _confirmed(shifts: Shifts, lever: Lever, bounds: Sequence[Checked], case: Situation) -> Shifts:
    """The shifts judged in fractions on the items furthest apart, and raised where a solver's digits fall short."""
    known = {b.id: b for b in bounds}
    mine = [c for c in case.answers.clashes if c.lever == lever.name and set(c.ids) <= set(known)]
    looked = [(clash, key) for clash in mine for key in _furthest(clash)]
    names = columns_needed([t for b in bounds for t in (b.rule.tree, b.rule.scope) if t is not None])
    rows = rows_of(case.catalogue, [k for _, k in looked], [c for c in names if c in case.catalogue.kinds])
    for (clash, _), row in zip(looked, rows, strict=True):
        _raise(shifts, [known[i] for i in clash.ids], lever, exact_row(row))
    return shifts


def _furthest(clash: Clash) -> list[Any]:
    """Keys of the items on which a conflict is widest, but for rounding."""
    most = float(np.nanmax(clash.gaps)) if np.isfinite(clash.gaps).any() else 0.0
    return [plain(clash.keys[i]) for i in np.flatnonzero(clash.gaps >= most - NEAR * max(1.0, most))[:MOST_FURTHEST]]


def _raise(shifts: Shifts, members: Sequence[Checked], lever: Lever, row: Mapping[str, Any]) -> None:
    """Raises the shift of the member that gives way first by what the loosened bounds lack on an item."""
    ends = {m.id: interval([m], row) for m in members}
    moved = {i: Fraction(str(shifts.get(i, 0.0))) for i in ends}
    floors: list[tuple[Fraction, str]] = [(end[0] - moved[i], i) for i, (end, _) in ends.items() if end is not None]
    ceilings: list[tuple[Fraction, str]] = [(end[0] + moved[i], i) for i, (_, end) in ends.items() if end is not None]
    floors += [(Fraction(lever.minimum), "")] if lever.minimum is not None else []
    ceilings += [(Fraction(lever.maximum), "")] if lever.maximum is not None else []
    for (floor, a), (ceiling, b) in product(floors, ceilings):
        mine = [m for m in members if m.id in (a, b)]
        if floor <= ceiling or not mine:
            continue
        giving = min(reversed(mine), key=lambda m: m.constraint.priority).id
        lacking = (floor - ceiling) / (2 if a == b else 1)
        shifts[giving] = float(Fraction(math.ceil((moved[giving] + lacking) * DIGITS), DIGITS))
        _raise(shifts, members, lever, row)
        return


# Unions


def _items_with_unions(
    lever: Lever, bounds: Sequence[Checked], unions: Sequence[Checked], case: Situation
) -> list[Item]:
    """Items without a value by hard rules to which a union applies."""
    keys: dict[Any, None] = {}
    for clash in case.answers.clashes:
        if clash.family == "item" and clash.lever == lever.name and all(case.rules.of(i).hard for i in clash.ids):
            keys.update(dict.fromkeys(plain(k) for k in clash.keys))
    if len(keys) > MOST_ITEMS:
        raise NoShift("rules that allow several stretches apply to too many items")
    columns = columns_needed([t for r in [*bounds, *unions] for t in (r.rule.tree, r.rule.scope) if t is not None])
    names = [c for c in columns if c in case.catalogue.kinds]
    rows = [exact_row(row) for row in rows_of(case.catalogue, list(keys), names)]
    found = [(row, [u for u in unions if in_scope(u, row)]) for row in rows]
    return [_item(lever, bounds, applying, row) for row, applying in found if applying]


def _item(lever: Lever, bounds: Sequence[Checked], unions: Sequence[Checked], row: Mapping[str, Any]) -> Item:
    ends = {b.id: interval([b], row) for b in bounds}
    floors = {i: low[0] for i, (low, _) in ends.items() if low is not None}
    ceilings = {i: high[0] for i, (_, high) in ends.items() if high is not None}
    free = lever.model_copy(update={"step": None})
    return Item(free, unions, row, floors, ceilings)


def _has_value(item: Item, shifts: Shifts) -> bool:
    """Do the unions allow a value between the loosened bounds? Ends count as closed."""
    low, high = _ends(item.lever)
    low = max([low, *(float(v) - shifts.get(i, 0.0) for i, v in item.floors.items())])
    high = min([high, *(float(v) + shifts.get(i, 0.0) for i, v in item.ceilings.items())])
    slack = 1e-7 * max(1.0, *(abs(v) for v in (low, high) if math.isfinite(v)))
    if any(low <= x <= high and not any(forbids(u, x, item.row) for u in item.unions) for x in _likely(item, low)):
        return True
    return any(first <= high + slack and last >= low - slack for first, last in _stretches(item, low, high))


def _likely(item: Item, low: float) -> Iterator[Fraction]:
    """A few values of which one is most often allowed: the first endings, the unions' own ends, the lower end."""
    if math.isfinite(low):
        start = Fraction(low)
        yield from (e.value + math.ceil((start - e.value) / e.modulus) * e.modulus for e in endings_of(item.unions))
        yield start
    yield from breakpoints(item.unions, item.row)


def _pieces(item: Item) -> list[Piece]:
    """The stretches of an item between its lowest ceiling and its highest floor, and the nearest on each side."""
    ends = [float(v) for v in (*item.floors.values(), *item.ceilings.values())]
    floors = {i: float(v) for i, v in item.floors.items()}
    ceilings = {i: float(v) for i, v in item.ceilings.items()}
    runs = _stretches(item, min(ends, default=0.0), max(ends, default=0.0))
    if not runs:
        raise NoShift(f"{item.unions[0].id} leaves no value on some item, whatever the bounds")
    return [Piece(low, high, floors, ceilings) for low, high in runs]


def _stretches(item: Item, low: float, high: float) -> list[tuple[float, float]]:
    """What the unions allow between two values, and a stretch or more beyond on each side."""
    points = representatives(item.unions, item.lever, item.row)
    near = [Fraction(v) for v in (low, high) if math.isfinite(v)]
    points = sorted({*points, *near, *_endings_near(item.unions, near)})
    single = {*breakpoints(item.unions, item.row), *(p for p in points if is_ending(p, item.unions))}
    single |= {Fraction(v) for v in (item.lever.minimum, item.lever.maximum) if v is not None}
    inside = [p for p in points if _in_domain(p, item.lever)]
    return _runs(inside, [not any(forbids(u, x, item.row) for u in item.unions) for x in inside], single)


def _in_domain(x: Fraction, lever: Lever) -> bool:
    return (lever.minimum is None or x >= lever.minimum) and (lever.maximum is None or x <= lever.maximum)


def _endings_near(rules: Sequence[Checked], near: Sequence[Fraction]) -> Iterator[Fraction]:
    """All values with one of the endings from below the least to above the greatest of some values."""
    for ending in endings_of(rules) if near else ():
        first, last = (math.floor((v - ending.value) / ending.modulus) for v in (min(near), max(near)))
        if last - first > MOST_PIECES:
            raise NoShift("values with the required endings are too many between the bounds")
        yield from (ending.value + n * ending.modulus for n in range(first - 1, last + 3))


def _runs(points: Sequence[Fraction], allowed: Sequence[bool], single: set[Fraction]) -> list[tuple[float, float]]:
    """Stretches of allowed values, closed. A point that stands for an open stretch reaches to the points beside it."""
    found: list[tuple[float, float]] = []
    for i, x in enumerate(points):
        if not allowed[i]:
            continue
        low = float(x) if x in single else float(points[i - 1]) if i else -math.inf
        high = float(x) if x in single else float(points[i + 1]) if i + 1 < len(points) else math.inf
        if found and found[-1][1] >= low and allowed[i - 1]:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found


# The programmes


def _least(bounds: Sequence[Checked], demands: Demands) -> Shifts:
    """The lexicographically least shifts: one programme per priority, then one per rule that may still move."""
    ids = sorted({i for pair in demands.pairs for i in pair} | {b.id for b in bounds if demands.choices})
    if not ids:
        return {}
    programme = Programme()
    column = {id: programme.variable() for id in ids}
    for (r, s), gap in sorted(demands.pairs.items()):
        programme.row(gap, {column[r]: 2.0} if r == s else {column[r]: 1.0, column[s]: 1.0})
    for pieces in demands.choices:
        _choice(programme, pieces, column)
    priority = {b.id: b.constraint.priority for b in bounds}
    values = _settled(programme, column, priority)
    return {i: _tidy(values[column[i]]) for i in ids}


def _settled(programme: Programme, column: Mapping[str, int], priority: Mapping[str, int]) -> list[float]:
    """The values after the sum of each priority, then each shift by id, was made least with all before it held."""
    values: list[float] | None = None
    levels = [[i for i in column if priority[i] == p] for p in sorted(set(priority.values()), reverse=True)]
    told: set[str] = set()
    for group in [*levels, *([i] for i in column)]:
        cost = {column[i]: 1.0 for i in group if i not in told}
        if not cost:
            continue
        values = programme.least(cost)
        if values is None:
            raise NoShift("no shift of the bounds settles every hard conflict")
        total = sum(values[c] for c in cost)
        programme.row(-math.inf, cost, total)
        if len(group) == 1 or total <= 0:
            told |= set(group)
    assert values is not None
    return values


def _choice(programme: Programme, pieces: Sequence[Piece], column: Mapping[str, int]) -> None:
    """One of the pieces must be reached: a value in it, no further below a floor or above a ceiling than its shift.

    The value is the sum of one part per piece, which is zero unless the piece is taken.
    """
    floors, ceilings = pieces[0].floors, pieces[0].ceilings
    ends = [abs(v) for p in pieces for v in (p.low, p.high) if math.isfinite(v)]
    reach = 2 * max([*ends, *map(abs, floors.values()), *map(abs, ceilings.values())], default=1.0) + 1
    parts = [programme.variable(-reach, reach) for _ in pieces]
    taken = [programme.variable(0.0, 1.0, whole=True) for _ in pieces]
    programme.row(1.0, dict.fromkeys(taken, 1.0), 1.0)
    for piece, part, t in zip(pieces, parts, taken, strict=True):
        programme.row(0.0, {part: 1.0, t: -max(piece.low, -reach)})
        programme.row(-math.inf, {part: 1.0, t: -min(piece.high, reach)}, 0.0)
    value = dict.fromkeys(parts, 1.0)
    for id, floor in floors.items():
        programme.row(floor, {**value, column[id]: 1.0})
    for id, ceiling in ceilings.items():
        programme.row(-math.inf, {**value, column[id]: -1.0}, ceiling)


def _tidy(value: float) -> float:
    """Without the noise of the solver's last digits."""
    near = round(value, 4)
    return max(0.0, near if abs(near - value) < 5e-7 else float(f"{value:.10g}"))
