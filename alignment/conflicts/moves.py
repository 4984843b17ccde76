"""How far a column may move before two opposing bounds clash that today leave room between them on every item.

Along a move each bound is a straight line in most rules, so that three looks at it, at none, half and all of a move,
give the point at which floor and ceiling cross; where they do not, the point is bisected on the whole catalogue.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.batches import doubles
from alignment.conflicts.check import Situation
from alignment.conflicts.ends import end_sql, is_bound
from alignment.conflicts.line import casts_of
from alignment.conflicts.members import shown_value
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked

MOST = 20
FURTHEST_UP, FURTHEST_DOWN = 10.0, -1.0
BATCH = 65_536


@dataclass(frozen=True)
class Breaking:
    """A pair of opposing rules and the move of the column, in percent, past which they clash, on `item` first.

    Bounds count as closed and the lever's step is left out.
    """

    constraints: tuple[str, str]
    teams: tuple[str, ...]
    percent: float
    item: Any


@dataclass
class _Nearest:
    """The least move found for a pair, as a share of the column, the item, and whether bounds there are straight."""

    move: float = math.inf
    row: int = -1
    straight: bool = True


def breaking_moves(case: Situation, column: str, up: bool) -> tuple[Breaking, ...]:
    """Opposing pairs that a move of the column up (or down) makes clash, the smallest move first; at most twenty."""
    pairs = _pairs(case, column)
    if not pairs:
        return ()
    way = 1.0 if up else -1.0
    nearest = _crossings(case, column, pairs, way)
    furthest = FURTHEST_UP if up else -FURTHEST_DOWN
    for (floor, ceiling), found in nearest.items():
        if not found.straight:
            _bisect(found, case, column, floor, ceiling, way * furthest)
    kept: dict[tuple[str, str], _Nearest] = {}
    for (floor, ceiling), found in nearest.items():
        ids = (min(floor.id, ceiling.id), max(floor.id, ceiling.id))
        if found.move <= furthest and found.move < kept.get(ids, _Nearest()).move:
            kept[ids] = found
    first = sorted(kept.items(), key=lambda pair: (pair[1].move, pair[0]))[:MOST]
    return tuple(_breaking(ids, found, way, case) for ids, found in first)


def _breaking(ids: tuple[str, str], found: _Nearest, way: float, case: Situation) -> Breaking:
    catalogue = case.catalogue
    query = f"select {quoted(catalogue.key)} from {quoted(catalogue.table)} limit 1 offset {found.row}"
    row = catalogue.connection.execute(query).fetchone()
    teams = tuple(sorted({case.constraint(i).team for i in ids}))
    percent = float(f"{way * found.move * 100:.9g}")
    return Breaking(ids, teams, percent, shown_value(row[0]) if row else None)


def _pairs(case: Situation, column: str) -> list[tuple[Checked, Checked]]:
    """Floors with ceilings over the same lever, of which one uses the column and that clash on no item today."""
    clashing = {frozenset(c.ids) for c in case.answers.clashes}
    bounds = [r for r in case.rules.checked if is_bound(r)]
    return [
        (r, s)
        for r in bounds
        for s in bounds
        if r.id != s.id
        and _lever(r) == _lever(s)
        and column in {*r.rule.columns, *s.rule.columns}
        and not any(c <= {r.id, s.id} for c in clashing)
    ]


def _lever(rule: Checked) -> str | None:
    return rule.form.lever if isinstance(rule.form, Normal) else None


def _ends(case: Situation, column: str, rules: Sequence[Checked], side: Any, share: float) -> list[str]:
    """SQL of the rules' ends when the column has moved by a share of itself."""
    factor = f"cast('{1.0 + share!r}' as double)"
    casts = casts_of(case.catalogue)
    moved = f"({casts[column]}) * {factor}"
    return [end_sql(r, side, {**casts, column: moved}, {column: moved}) for r in rules]


def _crossings(
    case: Situation, column: str, pairs: Sequence[tuple[Checked, Checked]], way: float
) -> dict[tuple[Checked, Checked], _Nearest]:
    floors = list({r.id: r for r, _ in pairs}.values())
    ceilings = list({s.id: s for _, s in pairs}.values())
    places = [(floors.index(r), ceilings.index(s)) for r, s in pairs]
    found = [_Nearest() for _ in pairs]
    sql = [
        part for share in (0.0, way / 2, way)
        for part in (*_ends(case, column, floors, "floor", share), *_ends(case, column, ceilings, "ceiling", share))
    ]  # fmt: skip
    size = len(floors) + len(ceilings)
    start = 0
    for data in _batches(case.catalogue, sql):
        looks = [data[k * size : (k + 1) * size] for k in range(3)]
        for (r, s), nearest in zip(places, found, strict=True):
            gaps = [look[r] - look[len(floors) + s] for look in looks]
            _note(nearest, gaps, start)
        start += len(data[0])
    return dict(zip(pairs, found, strict=True))


def _note(nearest: _Nearest, gaps: Sequence[Any], start: int) -> None:
    """The least move at which the gap of a floor over a ceiling rises above zero, among a batch of items."""
    now, half, all_ = gaps
    finite = np.isfinite(now) & np.isfinite(half) & np.isfinite(all_)
    if (np.isfinite(now) != np.isfinite(all_)).any() or (np.isfinite(now) != np.isfinite(half)).any():
        nearest.straight = False
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = all_ - now
        moves = np.where(finite & (slope > 0), -now / slope, np.inf)
        bent = finite & (np.abs(half - (now + all_) / 2) > 1e-9 * np.maximum(np.abs(now) + np.abs(all_), 1.0))
    if bent.any():
        nearest.straight = False
    if not len(moves):
        return
    at = int(moves.argmin())
    if moves[at] < nearest.move:
        nearest.move, nearest.row = max(0.0, float(moves[at])), start + at


def _batches(catalogue: Catalogue, columns: Sequence[str]) -> Iterator[list[Any]]:
    """Columns of doubles, without NULL, in batches of items in the order of the catalogue."""
    named = ", ".join(f"{sql} as c{i}" for i, sql in enumerate(columns))
    query = f"select {named} from {quoted(catalogue.table)}"
    for batch in catalogue.connection.cursor().sql(query).to_arrow_reader(BATCH):
        if batch.num_rows:
            yield [doubles(batch.column(i)) for i in range(len(columns))]


def _bisect(
    nearest: _Nearest, case: Situation, column: str, floor: Checked, ceiling: Checked, furthest: float
) -> None:
    """The least move that makes the pair clash, between a doubling that does not and the next one, which does."""
    nearest.move, nearest.row = math.inf, -1
    low, high = 0.0, None
    for share in [furthest * 2.0**-k for k in range(10, -1, -1)]:
        row = _clash_at(case, column, floor, ceiling, share)
        if row is not None:
            high, nearest.row = share, row
            break
        low = share
    if high is None:
        return
    for _ in range(30):
        middle = (low + high) / 2
        row = _clash_at(case, column, floor, ceiling, middle)
        if row is None:
            low = middle
        else:
            high, nearest.row = middle, row
    nearest.move = abs(float(f"{high:.6g}"))


def _clash_at(case: Situation, column: str, floor: Checked, ceiling: Checked, share: float) -> int | None:
    """Number of the item on which floor and ceiling are furthest apart after a move; None where they clash on none."""
    low = _ends(case, column, [floor], "floor", share)[0]
    high = _ends(case, column, [ceiling], "ceiling", share)[0]
    table = quoted(case.catalogue.table)
    inner = f"select row_number() over () - 1 as i, {low} as l, {high} as h from {table}"
    query = f"select i from ({inner}) where l > h and isfinite(l) and isfinite(h) order by l - h desc, i limit 1"
    row = case.catalogue.connection.execute(query).fetchone()
    return None if row is None else int(row[0])
