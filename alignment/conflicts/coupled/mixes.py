"""Proofs that a question fails: some non-negative mix of its rows cannot be met by any allowed values.

The programme's multipliers say which mix; the mix is judged on the cells themselves, so that the proof does not rest on
a solver's tolerance. Source: weak Lagrangian duality; Neumaier & Shcherbina, Safe bounds in linear and mixed-integer
linear programming (2004).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from alignment.conflicts.coupled.bounds import room
from alignment.conflicts.coupled.cliques import add_cliques
from alignment.conflicts.coupled.exact import tie_fails
from alignment.conflicts.coupled.relaxation import Relaxed, active_rows, relax
from alignment.conflicts.coupled.totals import ULP, least_piece
from alignment.conflicts.coupled.verdicts import Batch, Judge
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints


def strict_mix_fails(judge: Judge, batch: Batch) -> bool:
    """As `mix_fails`, with multipliers that lean on strict rows."""
    if not judge.model.rows.strict[active_rows(batch)].any():
        return False
    relaxed = relax(judge, batch, strictly=True)
    return relaxed is not None and relaxed.slack < 1e-6 and mix_fails(judge, batch, relaxed)


def mix_fails(judge: Judge, batch: Batch, relaxed: Relaxed) -> bool:
    """Can no allowed values satisfy the sum of the rows, each times its multiplier? Judged cell by cell."""
    rows = _in_mix(judge, batch, relaxed)
    excess, noise = _excess(judge, batch, relaxed, rows)
    if abs(excess) <= noise:
        return tie_fails(judge, batch, rows, relaxed.multipliers)
    return excess > noise


def _in_mix(judge: Judge, batch: Batch, relaxed: Relaxed) -> Ints:
    rows = active_rows(batch)
    return rows[(relaxed.multipliers[rows] > 0) & ~judge.model.rows.some[rows]]


def _excess(judge: Judge, batch: Batch, relaxed: Relaxed, rows: Ints) -> tuple[float, float]:
    """By how much the mix is out of reach at least, and how far rounding may be off."""
    model, multipliers = judge.model, relaxed.multipliers
    if not len(rows):
        return -np.inf, 0.0
    factor, offset, size = mixed(judge, batch, rows, multipliers)
    extra = add_cliques(relaxed.cliques, relaxed.weights, factor, offset)
    least, _ = _least(judge, batch, factor, offset)
    if not np.isfinite(least).all():
        return (np.inf if np.isposinf(least).any() and not np.isneginf(least).any() else -np.inf), 0.0
    bounds = multipliers[rows] * model.rows.bound[rows]
    sizes = size[0] + 2 * extra + float(np.abs(least).sum()) + float(np.abs(bounds).sum())
    noise = (size[1] + 16) * ULP * sizes
    noise += float((np.abs(factor).max(axis=1, initial=0.0) * model.slots.unit[batch.slots]).sum())
    return float(least.sum()) - float(bounds.sum()) - extra, noise


def core(judge: Judge, batch: Batch, relaxed: Relaxed) -> int:
    """Rules of a question that fails by a mix of rows without which the same mix would not show it.

    The mix is judged again without the ladders having been pushed, whose rows are in it; where that shows nothing, all
    item rules are taken.
    """
    question = batch.questions[0]
    rows, items = _in_mix(judge, batch, relaxed), question.rules & ~judge.model.coupled_bits
    coupled = rules_of(judge, rows if len(relaxed.cliques) == 0 else np.concatenate([rows, batch.arcs.row]))
    if not _still_fails(judge, batch, relaxed, rows, items):
        return items | core_of_rows(judge, batch, rows)
    for rule in (1 << r for r in range(items.bit_length()) if items >> r & 1):
        if _still_fails(judge, batch, relaxed, rows, items & ~rule):
            items &= ~rule
    return items | coupled


def _still_fails(judge: Judge, batch: Batch, relaxed: Relaxed, rows: Ints, items: int) -> bool:
    words = np.pad(judge.model.words(items), [(0, 1), (0, 0)])  # auxiliary unknowns, of lever -1, have no rules
    found = room(judge.model, batch.slots, words[judge.model.slots.lever[batch.slots]])
    if found.empty.any():
        return False
    excess, noise = _excess(judge, replace(batch, found=found), relaxed, rows)
    return bool(np.isfinite(excess)) and excess > noise


def core_of_rows(judge: Judge, batch: Batch, rows: Ints) -> int:
    """The rules of a question, of the coupled ones those of some rows and of all ladders and limits."""
    every = np.concatenate([rows, batch.arcs.row, batch.limits.row])
    return batch.questions[0].rules & ~judge.model.coupled_bits | rules_of(judge, every)


def rules_of(judge: Judge, rows: Ints) -> int:
    """The coupled rules that rows belong to."""
    base = len(judge.model.items)
    return sum(1 << (base + int(r)) for r in np.unique(judge.model.rows.rule[rows]))


def mixed(judge: Judge, batch: Batch, rows: Ints, multipliers: Floats) -> tuple[Floats, Floats, tuple[float, int]]:
    """Factor and offset of each slot on each cell in the mix of rows; and the size of what was added, for rounding."""
    model = judge.model
    entries, which = judge.entries(rows)
    at = batch.place[model.rows.entry_slot[entries]]
    weight = multipliers[rows][which]
    cells = model.slots.first.shape[1]
    plain = model.rows.entry_piece[entries] < 0
    linear = np.bincount(at[plain], (weight * model.rows.entry_factor[entries])[plain], len(batch.slots)).astype(float)
    factor = np.repeat(linear[:, None], cells, axis=1)
    offset = np.zeros((len(batch.slots), cells))
    pieces = np.flatnonzero(~plain)
    if len(pieces):
        line = model.rows.entry_piece[entries[pieces]]
        np.add.at(factor, at[pieces], weight[pieces, None] * model.rows.factor[line])
        np.add.at(offset, at[pieces], weight[pieces, None] * model.rows.offset[line])
    reach = np.maximum(np.abs(batch.found.low), np.abs(batch.found.high))
    reach = np.where(np.isfinite(reach), reach, 0.0)
    size = float((np.abs(weight[plain] * model.rows.entry_factor[entries[plain]]) * reach[at[plain]]).sum())
    if len(pieces):
        line = model.rows.entry_piece[entries[pieces]]
        top = np.abs(model.rows.factor[line]).max(axis=1) * reach[at[pieces]] + np.abs(model.rows.offset[line]).max(
            axis=1
        )
        size += float((weight[pieces] * top).sum())
    return factor, offset, (size, len(entries))


def _least(judge: Judge, batch: Batch, factor: Floats, offset: Floats) -> tuple[Floats, Bools]:
    every = np.arange(len(batch.slots))
    with np.errstate(invalid="ignore"):
        return least_piece(judge.model, batch.found, every, batch.slots, factor, offset)
