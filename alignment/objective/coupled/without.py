"""What would be chosen jointly without one of the rules: only parts that its absence can change are solved anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from alignment.objective.coupled.joint import Joint, Table, alone, joint_choice, solve_part

TOLERANCE = 1e-9


def without(
    table: Table, joint: Joint, values: np.ndarray, item_rules: Sequence[str], numbers: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """By rule the candidates chosen without it; joint: the choice with all of them, by the same values."""
    near = _near(table, joint, values)
    found = {rule: _freed(table, joint, values, table.play.breaks == k, near) for k, rule in enumerate(item_rules)}
    for rule, number in numbers.items():
        found[rule] = joint_choice(table.without(number), values, table.play.allowed).chosen
    return found


def _near(table: Table, joint: Joint, values: np.ndarray) -> np.ndarray:
    """Marks candidates, forbidden ones too, that a choice as good as the present one could hold.

    By weak duality no choice with a candidate exceeds the bound less what the bound loses by it.
    """
    play, rows = table.play, table.rows
    price = np.where(table.active, joint.multipliers, 0.0)
    reduced = values - rows.matrix.T @ price
    tops = np.maximum.reduceat(np.where(play.allowed, reduced, -np.inf), play.start[:-1])
    tied = rows.part >= 0
    bound = np.bincount(rows.part[tied], tops[tied], rows.parts)
    bound += np.bincount(rows.row_part, price * rows.bound, rows.parts)
    size = np.bincount(rows.part[tied], np.abs(tops[tied]), rows.parts)
    spare = np.append(np.maximum(bound - joint.value, 0.0) + TOLERANCE * size, 0.0)
    return np.asarray(tops[play.item] - reduced <= spare[rows.part][play.item])


def _freed(table: Table, joint: Joint, values: np.ndarray, freed: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The choice when some forbidden candidates are allowed."""
    play, rows = table.play, table.rows
    chosen = joint.chosen.copy()
    if not freed.any():
        return chosen
    allowed = play.allowed | freed
    single = np.zeros(play.items, bool)
    single[play.item[freed]] = True
    single &= rows.part < 0
    chosen[single] = alone(play, values, allowed)[single]
    for p in np.unique(rows.part[play.item[freed & near]]):
        if p < 0:
            continue
        solved, at = solve_part(table, int(p), values, allowed)
        if solved.chosen is not None and solved.value >= joint.value[p]:
            chosen[play.item[at[solved.chosen]]] = at[solved.chosen]
    return chosen
