"""Conflicts with a rule whose form leans on the lever's range, asked once more whether they would be without it.

With `price` at least 0, `(price - cost) / price >= 0.2` is a floor; without, negative prices meet it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from alignment.catalogue.reading import Catalogue
from alignment.conflicts import cells
from alignment.conflicts.batches import BATCH, Batch, Bools, Ints, batches
from alignment.conflicts.endings import pieces
from alignment.conflicts.frames import Frame, frame_of
from alignment.conflicts.line import Line, casts_of, line_of, part_of
from alignment.conflicts.pairs import Members
from alignment.conflicts.positions import positions
from alignment.conflicts.shelf import Shelf
from alignment.conflicts.sweep import Sweep
from alignment.initiative.models import Lever
from alignment.rules.normal import Normal, normalise
from alignment.rules.ruleset import Checked, columns_needed, scales_of, signs_of

FEW = 64


def decide_freely(found: Sweep, catalogue: Catalogue, shelf: Shelf | None = None) -> None:
    """Sets `by_domain` of the conflicts for which the pass could not tell. shelf: columns to look at in its place."""
    asked = {m: entry for m, entry in found.conflicts.items() if not entry.by_domain and found.leaning & set(m)}
    if not asked:
        return
    taking_part = sorted({m for members in asked for m in members})
    line = free_line(found.line.lever.name, [found.line.rules[m] for m in taking_part], catalogue)
    if line is None:
        return
    ids = [r.id for r in line.rules]
    where = {m: ids.index(found.line.rules[m].id) for m in taking_part}
    lines = {members: part_of(line, [where[m] for m in members])[0] for members in asked}
    steady = {members: _steady(found, members, lines[members]) for members in asked}
    places = {members: np.sort(np.concatenate(entry.rows)).astype(np.int64) for members, entry in asked.items()}
    stream = batches(catalogue, line.numbers, line.flags)
    if shelf is not None:
        places, stream = _on_shelf(shelf, line, places)
    for batch in stream:
        for members, entry in list(asked.items()):
            rows = _rows_in(places[members], batch)
            if any(
                len(some) and _meet(lines[members], batch, some, steady[members], found.line.lever)
                for some in (rows[:FEW], rows[FEW:])
            ):
                entry.by_domain = True
                del asked[members]
        if not asked:
            return


def _on_shelf(shelf: Shelf, line: Line, places: Mapping[Members, Ints]) -> tuple[dict[Members, Ints], Iterator[Batch]]:
    """The items at some places in batches of their own, and their places there."""
    marked = np.zeros(shelf.catalogue.rows, bool)
    for mine in places.values():
        marked[mine] = True
    rows, order = np.flatnonzero(marked), np.cumsum(marked) - 1
    stream = (shelf.batch(line, rows[start : start + BATCH], start) for start in range(0, len(rows), BATCH))
    return {members: order[mine] for members, mine in places.items()}, stream


def free_line(name: str, rules: Sequence[Checked], catalogue: Catalogue) -> Line | None:
    """The line of rules as they are for a lever that may be any number; None where one of them has no normal form."""
    lever = Lever(name=name)
    signs = signs_of(catalogue, [r.rule for r in rules])
    freed = [replace(r, form=normalise(r.rule, {name: lever}, signs)) for r in rules]
    if not all(isinstance(r.form, Normal) for r in freed):
        return None
    names = sorted(set(columns_needed([r.rule.tree for r in freed])) & set(catalogue.kinds))
    return line_of(lever, freed, casts_of(catalogue), scales_of(catalogue, names))


def _rows_in(places: Ints, batch: Batch) -> Ints:
    """Of items in order, by number, those of a batch, by row of the batch."""
    first, last = np.searchsorted(places, (batch.start, batch.start + batch.size))
    return places[first:last] - batch.start


def _steady(found: Sweep, members: Members, line: Line) -> list[int]:
    """Intervals of the line that are the same without the range, where all members are intervals within it."""
    if any(m >= len(found.line.intervals) for m in members):
        return []
    leaning = {found.line.rules[m].id for m in found.leaning}
    return [i for i, rule in enumerate(line.intervals) if rule.id not in leaning]


def _meet(line: Line, batch: Batch, rows: Ints, steady: list[int], lever: Lever) -> bool:
    """Could all rules of the line hold together on some of the items?

    Within the range the pass has told; where steady bounds leave nothing beyond it, nothing is left to ask.
    """
    if steady:
        rows = rows[_reach_beyond(frame_of(line, batch, rows), steady, lever)]
        if not len(rows):
            return False
    return meet(line, batch, rows)


def meet(line: Line, batch: Batch, rows: Ints) -> bool:
    """Is there a value of the lever, on one of some items of a batch, that all rules of the line allow?"""
    frame = frame_of(line, batch, rows)
    at = positions(frame, line)
    ends = pieces(line, at)
    assert ends is not None  # on an open line endings are always laid out
    return any(
        bool((exists & ~rules.any(axis=2)).any()) for _, exists, rules in cells.forbidden(line, at, frame.givens, ends)
    )


def _reach_beyond(frame: Frame, steady: list[int], lever: Lever) -> Bools:
    """Items on which some value below or above the lever's range is within the steady intervals."""
    found = np.zeros(len(frame), bool)
    if lever.minimum is not None:
        found |= frame.low[:, steady].max(axis=1) < float(lever.minimum)
    if lever.maximum is not None:
        found |= frame.high[:, steady].min(axis=1) > float(lever.maximum)
    return found
