"""Allowed cells of a slot in groups on which all amounts that count it are the same line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.conflicts.coupled.verdicts import Batch, Judge
from alignment.conflicts.line import Bools, Floats
from alignment.conflicts.positions import Ints

INSET = 1e-4


@dataclass(frozen=True)
class Pieces:
    """P pieces in the order of their slots: slot, ends, and which of its C cells belong to each."""

    slot: Ints
    low: Floats
    high: Floats
    cells: Bools


def pieces_of(judge: Judge, batch: Batch, rows: Ints) -> Pieces:
    """Splits each slot that some row counts piecewise into groups of cells alike; other slots are one piece."""
    part, found, slots = judge.model.slots, batch.found, batch.slots
    first, last = part.first[slots], part.last[slots]
    wide = first.shape[1]
    stepped, label = _alike(judge, batch, rows)
    usable = found.allowed & (~stepped[:, None] | ((first <= found.high[:, None]) & (last >= found.low[:, None])))
    at, cell = np.nonzero(usable)
    keys, which = np.unique(at * wide + label[at, cell], return_inverse=True)
    slot = keys // wide
    low, high = np.full(len(keys), np.inf), np.full(len(keys), -np.inf)
    np.minimum.at(low, which, first[at, cell])
    np.maximum.at(high, which, last[at, cell])
    low, high = np.maximum(low, found.low[slot]), np.minimum(high, found.high[slot])
    with np.errstate(invalid="ignore"):
        inset = np.where(stepped[slot], 0.0, INSET * np.minimum(1.0, found.high[slot] - found.low[slot]))
    cells = np.zeros((len(keys), wide), bool)
    cells[which, cell] = True
    low = low + np.where(found.low_open[slot], inset, 0.0)
    return Pieces(slot, low, high - np.where(found.high_open[slot], inset, 0.0), cells)


def _alike(judge: Judge, batch: Batch, rows: Ints) -> tuple[Bools, Ints]:
    """Slots that are counted piecewise; and for each cell the first one of its slot that all amounts treat alike."""
    model = judge.model
    entries, _ = judge.entries(rows)
    entries = entries[model.rows.entry_piece[entries] >= 0]
    at, piece = batch.place[model.rows.entry_slot[entries]], model.rows.entry_piece[entries]
    stepped = np.zeros(len(batch.slots), bool)
    stepped[at] = True
    label = np.zeros(batch.found.allowed.shape, np.int64)
    if not len(at):
        return stepped, label
    order = np.argsort(at, kind="stable")
    at, piece = at[order], piece[order]
    turn = np.arange(len(at)) - np.searchsorted(at, at)
    wide = batch.found.allowed[0].size
    same: Bools | None = np.ones((len(batch.slots), wide, wide), bool) if turn.any() else None
    for k in range(int(turn.max()) + 1):
        here = np.flatnonzero(turn == k)
        factor, offset = model.rows.factor[piece[here]], model.rows.offset[piece[here]]
        equal = (factor[:, :, None] == factor[:, None, :]) & (offset[:, :, None] == offset[:, None, :])
        if same is None:
            label[at[here]] = equal.argmax(axis=2)
        else:
            same[at[here]] = same[at[here]] & equal
    if same is not None:
        label[stepped] = same[stepped].argmax(axis=2)
    return stepped, label
