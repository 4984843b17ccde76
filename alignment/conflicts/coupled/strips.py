"""One lever on the items that coupled rules touch: its line cut into cells on which no item rule changes its mind.

A cell has its least and greatest value, whether these belong to it, the item rules that forbid it, and the truth of the
conditions that aggregates count by. Cells of an item are sorted from low to high.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.catalogue.reading import Catalogue, quoted
from alignment.conflicts.cells import judged, stretches
from alignment.conflicts.choices import value_tree
from alignment.conflicts.endings import Pieces, pieces
from alignment.conflicts.frames import Frame, frames
from alignment.conflicts.line import Bools, Floats, Line, casts_of, line_of
from alignment.conflicts.positions import FAR, Ints, Positions, positions
from alignment.initiative.models import Lever
from alignment.rules.formula import FALSE, Formula, Logic
from alignment.rules.normal import Normal
from alignment.rules.render import render, violated_sql
from alignment.rules.ruleset import Checked, columns_needed, scales_of

Words = NDArray[np.uint64]

BLOCK = 4096


@dataclass(frozen=True)
class Strip:
    """Cells of N items, N by C (absent ones have `first` NaN and come last), for one lever.

    forbidden: N by C by words; bit r stands for the r-th item rule of the strip. guards: N by C by conditions.
    pattern: which ending each cell holds (see `Pieces`). unit: distance within which a value is known.
    unsure: items with bounds that only fractions can tell apart.
    """

    lever: Lever
    rules: tuple[Checked, ...]
    first: Floats
    last: Floats
    first_open: Bools
    last_open: Bools
    pattern: NDArray[np.int16]
    forbidden: Words
    guards: Bools
    today: Floats
    unsure: Bools
    scale: int
    step: int | None
    origin: int
    ends: Pieces | None
    unit: float

    @property
    def exists(self) -> Bools:
        return ~np.isnan(self.first)


def strip_of(
    lever: Lever, rules: Sequence[Checked], conditions: Sequence[Formula], like: Checked, catalogue: Catalogue
) -> Strip | None:
    """The cells of a numeric lever for every item of the catalogue, in its order; None where endings cannot be laid
    out.

    conditions: formulas of the lever whose truth is wanted on each cell. like: any rule, to stand for the conditions.
    """
    guards = [_guard(like, condition, lever.name) for condition in conditions]
    names = columns_needed([r.rule.tree for r in (*rules, *guards)]) + ([lever.current] if lever.current else [])
    scales = scales_of(catalogue, sorted(set(names) & set(catalogue.kinds)))
    line = line_of(lever, [*rules, *guards], casts_of(catalogue), scales)
    real = len(line.intervals) + len(line.unions) - len(guards)
    parts: list[dict[str, NDArray[Any]]] = []
    at: Positions | None = None
    ends: Pieces | None = None
    for frame in frames(line, catalogue):
        at = positions(frame, line)
        ends = pieces(line, at)
        if ends is None:
            return None
        parts += [_block(line, frame, at, ends, rows, real) for rows in _blocks(len(frame))]
    if at is None:
        return None
    joined = {name: _stacked([p[name] for p in parts]) for name in parts[0]}
    unit = 0.0 if line.grid is not None or lever.step is not None else 1.0 / at.scale
    return Strip(
        lever, line.rules[:real], **joined, scale=at.scale, step=at.step, origin=at.origin, ends=ends, unit=unit
    )


def _guard(like: Checked, condition: Formula, lever: str) -> Checked:
    """A condition dressed as a union rule that forbids the values for which it holds, on all items."""
    form = Normal(lever, Logic(FALSE, condition), None, None)
    return replace(like, rule=replace(like.rule, scope=None), form=form)


def _blocks(n: int) -> list[Ints]:
    return [np.arange(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]


def _stacked(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Blocks one under the other, the narrower ones filled up with absent cells."""
    if parts[0].ndim == 1:
        return np.concatenate(parts)
    width = max(p.shape[1] for p in parts)
    return np.concatenate([_widened(p, width) for p in parts])


def _widened(part: NDArray[Any], width: int) -> NDArray[Any]:
    missing = width - part.shape[1]
    if not missing:
        return part
    filler = np.nan if part.dtype == np.float64 else 0
    return np.pad(part, [(0, 0), (0, missing), *[(0, 0)] * (part.ndim - 2)], constant_values=filler)


def _block(line: Line, frame: Frame, at: Positions, ends: Pieces, rows: Ints, real: int) -> dict[str, NDArray[Any]]:
    part = at.take(rows)
    starts, widths = stretches(part)
    exists, rules = judged(line, part, frame.givens[rows], ends, starts, widths)
    outside = ~frame.in_scope[rows][:, len(line.intervals) :]
    rules[:, :, len(line.intervals) :] &= ~outside[:, None, :]
    first, last, pattern = _within_patterns(starts, widths, ends)
    exists &= first <= last
    order = np.argsort(np.where(exists, first, np.iinfo(np.int64).max), axis=1, kind="stable")
    keep = max(1, int(exists.sum(axis=1).max()))
    order = order[:, :keep]
    first, last = np.take_along_axis(first, order, 1), np.take_along_axis(last, order, 1)
    exists, pattern = np.take_along_axis(exists, order, 1), np.take_along_axis(pattern, order, 1)
    rules = np.take_along_axis(rules, order[:, :, None], 1)
    low, low_open = _value(first, at, lower=True)
    high, high_open = _value(last, at, lower=False)
    return {
        "first": np.where(exists, low, np.nan),
        "last": np.where(exists, high, np.nan),
        "first_open": low_open & exists,
        "last_open": high_open & exists,
        "pattern": pattern,
        "forbidden": packed(rules[:, :, :real]),
        "guards": rules[:, :, real:].copy(),
        "today": frame.today[rows],
        "unsure": at.unsure[rows],
    }


def _within_patterns(starts: Ints, widths: Ints, ends: Pieces) -> tuple[Ints, Ints, NDArray[np.int16]]:
    """First and last position of each pattern within each stretch, and the pattern's number."""
    first, last, pattern = [], [], []
    stop = starts + widths - 1
    for q in range(ends.size):
        first.append(ends.following(q, starts))
        last.append(ends.preceding(q, stop))
        pattern.append(np.full(starts.shape, q, np.int16))
    return np.concatenate(first, axis=1), np.concatenate(last, axis=1), np.concatenate(pattern, axis=1)


def _value(position: Ints, at: Positions, lower: bool) -> tuple[Floats, Bools]:
    """The lever value of positions, and whether it does not itself belong (the open stretch beside a grid point)."""
    far = np.abs(position) >= FAR // 2
    if at.step:
        value, is_open = (at.origin + position * at.step) / at.scale, far
    else:
        odd = position % 2 == 1
        value = ((position // 2) + (0 if lower else odd)) / at.scale
        is_open = odd | far
    return np.where(far, -np.inf if lower else np.inf, value), is_open


def packed(flags: Bools) -> Words:
    """Flags by rule, N by C by R, as words of 64 bits."""
    n, c, r = flags.shape
    words = max(1, -(-r // 64))
    wide = np.zeros((n, c, words * 64), bool)
    wide[:, :, :r] = flags
    return np.packbits(wide, axis=2, bitorder="little").view(np.uint64).reshape(n, c, words)


def finite_strip(
    lever: Lever, rules: Sequence[Checked], conditions: Sequence[tuple[Any, ...]], catalogue: Catalogue
) -> Strip:
    """Cells of a lever with `values`: one per value, in their order; numbers are their own values, words their
    places.
    """
    values = lever.values or ()
    columns = [f"cast({violated_sql(r.rule, {lever.name: value_tree(v)})} as tinyint)" for v in values for r in rules]
    today = "null" if lever.current is None else quoted(lever.current)
    query = f"select {', '.join([*columns, today])} from {quoted(catalogue.table)}"
    rows = catalogue.connection.execute(query).fetchall()
    n, r = len(rows), len(rules)
    flags = np.array([row[:-1] for row in rows], bool).reshape(n, len(values), r)
    numeric = all(not isinstance(v, str) for v in values)
    place = {v: (float(v) if numeric else float(i)) for i, v in enumerate(values)}
    points = np.array([place[v] for v in values])
    order = np.argsort(points)
    first = np.tile(points[order], (n, 1))
    known = [place.get(row[-1]) for row in rows]
    scale = _scale_of(values) if numeric else 1
    none = np.zeros(first.shape, bool)
    return Strip(
        lever,
        tuple(rules),
        first,
        first.copy(),
        none,
        none.copy(),
        none.astype(np.int16),
        packed(flags[:, order]),
        np.zeros((*first.shape, 0), bool),
        np.array([np.nan if k is None else k for k in known], float),
        np.zeros(n, bool),
        scale,
        None,
        0,
        None,
        0.0,
    )


def _scale_of(values: Sequence[Any]) -> int:
    from fractions import Fraction
    from math import lcm

    return lcm(*(Fraction(v).denominator for v in values))


def finite_amounts(lever: Lever, make: Any, catalogue: Catalogue) -> Floats:
    """A number per item and value of a finite lever, N by values in the order of `finite_strip`; NaN where NULL."""
    values = lever.values or ()
    put: list[Mapping[str, Any]] = [{lever.name: value_tree(v)} for v in values]
    columns = ", ".join(f"coalesce(cast({make(p)} as double), cast('nan' as double))" for p in put)
    rows = catalogue.connection.execute(f"select {columns} from {quoted(catalogue.table)}").fetchall()
    numeric = all(not isinstance(v, str) for v in values)
    order = np.argsort([float(v) if numeric else i for i, v in enumerate(values)])
    return np.array(rows, float).reshape(len(rows), len(values))[:, order]


__all__ = ["Strip", "Words", "finite_amounts", "finite_strip", "packed", "render", "strip_of"]
