"""The best joint choice of all items in play, part by part, under the rules that hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from alignment.objective.coupled.block import Block, first_of_each
from alignment.objective.coupled.play import Play
from alignment.objective.coupled.rows import Rows
from alignment.objective.coupled.solving import Solved, solve

TIE = 1e-12


@dataclass(frozen=True)
class Joint:
    """A joint choice. chosen: N, the candidate of each item. parts: by number, in the units of the values.

    value <= the best there can be <= bound, part by part; multipliers: of the rows. failed, unfinished: parts without a
    choice, because there is none, or because none was found. exact: was each part's choice proved to be the best?
    """

    chosen: np.ndarray
    value: np.ndarray
    bound: np.ndarray
    multipliers: np.ndarray
    exact: bool = True
    failed: tuple[int, ...] = ()
    unfinished: tuple[int, ...] = ()

    @property
    def gap(self) -> float:
        """How much more than this choice another could reach at most."""
        return float(np.maximum(self.bound - self.value, 0.0).sum())


@dataclass(frozen=True)
class Table:
    """What joint choices are made from: candidates, rows, which rows hold, and the candidates of each part."""

    play: Play
    rows: Rows
    active: np.ndarray
    members: tuple[np.ndarray, ...]

    def without(self, rule: int) -> Table:
        """The same without the rows of one rule."""
        return replace(self, active=self.active & (self.rows.rule != rule))

    def with_only(self, rules: list[int]) -> Table:
        """The same with the rows of some rules alone."""
        return replace(self, active=np.isin(self.rows.rule, rules))


def table_of(play: Play, rows: Rows) -> Table:
    """All candidates and all rows."""
    part = rows.part[play.item]
    order = np.argsort(part, kind="stable")
    ends = np.searchsorted(part[order], np.arange(rows.parts + 1))
    members = tuple(order[a:b] for a, b in pairwise(ends))
    return Table(play, rows, np.ones(len(rows.bound), bool), members)


def joint_choice(table: Table, values: np.ndarray, allowed: np.ndarray) -> Joint:
    """The choice with the largest sum of values; of several the first in lever order.

    values: C. allowed: C, what may be chosen, at least one candidate of each item.
    """
    play, rows = table.play, table.rows
    chosen = alone(play, values, allowed)
    value, bound = np.zeros(rows.parts), np.zeros(rows.parts)
    multipliers = np.zeros(len(rows.bound))
    states: dict[str, list[int]] = {state: [] for state in ("exact", "bounded", "infeasible", "unfinished")}
    for p in range(rows.parts):
        solved, at = solve_part(table, p, values, allowed)
        states[solved.state].append(p)
        if solved.chosen is None:
            continue
        chosen[play.item[at[solved.chosen]]] = at[solved.chosen]
        value[p], bound[p] = solved.value, solved.bound
        multipliers[_rows_of(table, p)] = solved.multipliers
    return Joint(
        chosen, value, bound, multipliers, len(states["exact"]) == rows.parts,
        tuple(states["infeasible"]), tuple(states["unfinished"]),
    )  # fmt: skip


def alone(play: Play, values: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Of each item by itself the first allowed candidate with the largest value, to twelve digits."""
    shown = np.where(allowed, values, -np.inf)
    top = np.maximum.reduceat(shown, play.start[:-1])
    return first_of_each(np.flatnonzero(shown >= (top - TIE * np.abs(top))[play.item]), play.item)


def _rows_of(table: Table, p: int) -> np.ndarray:
    return np.flatnonzero((table.rows.row_part == p) & table.active)


def _without_items(bound: np.ndarray) -> Solved:
    """What becomes of rows that no choice changes."""
    free = np.zeros(len(bound))
    if (bound < 0).any():
        return Solved("infeasible", None, -np.inf, np.inf, free)
    return Solved("exact", np.zeros(0, np.int64), 0.0, 0.0, free)


def solve_part(table: Table, p: int, values: np.ndarray, allowed: np.ndarray) -> tuple[Solved, np.ndarray]:
    """The choice of one part in the units of the values, and its candidates among all."""
    play, rows = table.play, table.rows
    own = _rows_of(table, p)
    members = table.members[p]
    at = members[allowed[members]]
    if not len(at):
        return _without_items(rows.bound[own]), at
    _, start, item = np.unique(play.item[at], return_index=True, return_inverse=True)
    tops = np.maximum.reduceat(values[at], start)
    low = values[at] - tops[item]
    low[low >= -TIE * np.abs(tops)[item]] = 0.0
    scale = float(-low.min()) or 1.0
    block = Block(low / scale, np.append(start, len(at)), item, rows.matrix[own][:, at], rows.bound[own])
    found = solve(block)
    value, bound = (total * scale + float(tops.sum()) for total in (found.value, found.bound))
    return replace(found, value=value, bound=bound, multipliers=found.multipliers * scale), at
