"""One rule among others: what it does, and the conflicts it takes part in, asked only of items that it can affect.

A pass over all items has kept what its interval rules leave on each. Where another interval meets that, with more than
a lattice step to spare, it is in no conflict; the rest, mostly few, are put through the pass once more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment.catalogue.reading import Catalogue
from alignment.conflicts.batches import BATCH, Batch, Ints
from alignment.conflicts.bounds import bounds_of
from alignment.conflicts.freely import decide_freely
from alignment.conflicts.items import Counts, clashes_of, item_answers, lever_line, violated_by_rule
from alignment.conflicts.line import End, Line, casts_of
from alignment.conflicts.members import Clash, Directory
from alignment.conflicts.pairs import envelope
from alignment.conflicts.shelf import Shelf
from alignment.conflicts.sweep import Sweep, empty, one_batch, sweep
from alignment.conflicts.unsure import decide_unsure
from alignment.rules.normal import Normal
from alignment.rules.ruleset import Checked, RuleSet

FEW = 20_000
HAIR = 1e-6

Answer = tuple[Counts, list[Clash], bool]


def about(rule: Checked, rules: RuleSet, catalogue: Catalogue, known: Sequence[Sweep] = ()) -> Answer:
    """One rule among others: its scope, missing and broken items, the conflicts it takes part in, and whether these
    are all.

    rules: those in force, the rule among them. known: what passes with the other rules found; of many items they save
    looking at most.
    """
    lever = rules.levers.get(rule.form.lever or "") if isinstance(rule.form, Normal) else None
    if lever is None or lever.values is not None:
        answers = item_answers(rules, catalogue)
        return answers.counts[rule.id], [c for c in answers.clashes if rule.id in c.ids], answers.complete
    line = lever_line(lever, rules.checked, catalogue, casts_of(catalogue))
    focus = line.rules.index(rule)
    before = next((s for s in known if _has_all(s, line, focus)), None)
    if before is not None and catalogue.rows > FEW and focus < len(line.intervals):
        return around(line, focus, catalogue, before)
    found = sweep(line, catalogue, focus)
    return _answer(found, found, focus, Directory(catalogue), Shelf(catalogue))


def _has_all(known: Sweep, line: Line, focus: int) -> bool:
    """Did a pass have all the other rules of a line as they are?"""
    if known.line.lever != line.lever:
        return False
    texts = {(r.id, r.rule.text, r.constraint.where) for r in known.line.rules}
    return all((r.id, r.rule.text, r.constraint.where) in texts for i, r in enumerate(line.rules) if i != focus)


def around(line: Line, focus: int, catalogue: Catalogue, before: Sweep) -> Answer:
    """The answer about an interval rule from what a pass with the others, at least, has left on each item."""
    alone = lever_line(line.lever, [line.rules[focus]], catalogue, casts_of(catalogue))
    shelf = before.shelf = before.shelf or Shelf(catalogue)
    counted = empty(alone, catalogue)
    counted.focus = 0
    reached = []
    for start in range(0, catalogue.rows, BATCH):
        batch = shelf.batch(alone, slice(start, start + BATCH), start)
        one_batch(counted, batch)
        reached.append(start + _within_reach(alone, batch, before))
    rows = np.concatenate(reached)
    found = empty(line, catalogue)
    found.focus = focus
    for start in range(0, len(rows), BATCH):
        one_batch(found, shelf.batch(line, rows[start : start + BATCH], start))
    _number(found, rows)
    return _answer(found, counted, 0, before.directory or Directory(catalogue), shelf)


def _answer(found: Sweep, counted: Sweep, place: int, directory: Directory, shelf: Shelf) -> Answer:
    """found: the pass that has the conflicts. counted: the one that has the counts, of its rule at a place."""
    focus, catalogue = found.focus, shelf.catalogue
    assert focus is not None
    decide_unsure(found, catalogue)
    found.conflicts = {members: entry for members, entry in found.conflicts.items() if focus in members}
    decide_freely(found, catalogue, shelf)
    broken = violated_by_rule(counted, catalogue, place)[place]
    counts = Counts(int(counted.in_scope[place]), int(counted.unknown[place]), broken)
    return counts, clashes_of(found, directory), found.complete


def _within_reach(alone: Line, batch: Batch, before: Sweep) -> Ints:
    """Items of a batch on which the rule of a line may leave nothing of what the others leave, or of the range."""
    bounds = bounds_of(alone, batch)
    mine = envelope(bounds)
    floor, ceiling = mine.floor / bounds.scale, mine.ceiling / bounds.scale
    reach = float(alone.lever.step or 0) + HAIR * max(1.0, *(_largest(end, batch) for end in alone.ends))
    here = slice(batch.start, batch.start + batch.size)
    close = (floor > before.ceiling[here] - reach) | (ceiling < before.floor[here] + reach) | (floor > ceiling - reach)
    return np.flatnonzero(close | bounds.unsure)


def _largest(end: End, batch: Batch) -> float:
    number = end.number
    peak = 0.0 if number.sql is None else batch.peak(number.sql)
    return peak * abs(float(number.factor)) + abs(float(number.offset))


def _number(found: Sweep, rows: Ints) -> None:
    """Numbers the items of a pass over some rows as the catalogue does."""
    found.unsure = [int(rows[n]) for n in found.unsure]
    for entry in found.conflicts.values():
        entry.rows = [rows[part].astype(np.int32) for part in entry.rows]
