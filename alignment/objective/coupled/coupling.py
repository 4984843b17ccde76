"""Which pair and aggregate rules are applied, and what the model chooses under them; weights do not change either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from alignment.catalogue.decisions import DecisionTable
from alignment.initiative.models import Constraint, Initiative
from alignment.objective.coupled.aggregates import aggregate_rows
from alignment.objective.coupled.joint import Joint, Table, joint_choice, table_of
from alignment.objective.coupled.pairs import pair_rows
from alignment.objective.coupled.play import Play, play_of
from alignment.objective.coupled.rows import Drafts, rows_of
from alignment.objective.coupled.without import without
from alignment.objective.grid import Grid
from alignment.objective.ground import Ground
from alignment.objective.rules import Binding
from alignment.rules.algebra import NotNormal
from alignment.rules.parse import Rule
from alignment.words import counted, listed

MOST_CANDIDATES = 1_000_000
MOST_KEPT = 16
NAMED = 2


@dataclass(frozen=True)
class Coupling:
    """The rules over several items that are applied, in the order of the file, with the model's joint choice.

    item_rules: the numbers that `Play.breaks` speaks of, by id. numbers: of each applied rule its number among the
    rows. refused: why each other one is not applied.
    """

    table: Table = field(repr=False)
    item_rules: tuple[str, ...]
    numbers: Mapping[str, int]
    refused: Mapping[str, str]
    model: Joint = field(repr=False)
    kept: dict[bytes, Joint] = field(default_factory=dict, repr=False, compare=False)

    @property
    def guardrails(self) -> tuple[str, ...]:
        """The item rules, then the applied ones over several items."""
        return (*self.item_rules, *self.numbers)

    def best(self, per_unit: np.ndarray) -> Joint:
        """The joint choice with the largest utility; per_unit: utility per unit of each metric."""
        key = per_unit.tobytes()
        if key not in self.kept:
            found = joint_choice(self.table, per_unit @ self.play.deltas, self.play.allowed)
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = found
            return found
        return self.kept[key]

    @property
    def play(self) -> Play:
        """The candidates in play."""
        return self.table.play

    @cached_property
    def model_without(self) -> dict[str, np.ndarray]:
        """By rule, of items or of several, what the model chooses without it."""
        return without(self.table, self.model, self.play.objective, self.item_rules, self.numbers)


def coupling_of(
    initiative: Initiative, table: DecisionTable, binding: Binding, grid: Grid, ground: Ground
) -> tuple[Coupling | None, Mapping[str, str]]:
    """The rules over several items and the model's joint choice under them; and why each other one is not applied.

    None where no rule is applied.
    """
    if not binding.coupled or ground.items == 0:
        return None, dict.fromkeys(binding.coupled, "no item has a candidate that keeps every hard rule")
    if grid.candidates > MOST_CANDIDATES:
        return None, dict.fromkeys(binding.coupled, f"the table has more than {MOST_CANDIDATES:,} candidates")
    play = play_of(initiative, table, grid, ground)
    by_id = {constraint.id: constraint for constraint in initiative.constraints}
    drafts, refused = _drafts(binding.coupled, by_id, play, table)
    whole = table_of(play, rows_of(play, list(drafts.values())))
    numbers = {id_: number for number, id_ in enumerate(drafts)}
    applied, model, more = _kept(whole, numbers, by_id)
    refused |= more
    refused = {id_: refused[id_] for id_ in binding.coupled if id_ in refused}
    if not applied:
        return None, refused
    kept = whole.with_only([numbers[id_] for id_ in applied])
    own = {id_: numbers[id_] for id_ in binding.coupled if id_ in applied}
    return Coupling(kept, tuple(binding.rules), own, refused, model), refused


def _drafts(
    rules: Mapping[str, Rule], by_id: Mapping[str, Constraint], play: Play, table: DecisionTable
) -> tuple[dict[str, Drafts], dict[str, str]]:
    drafts: dict[str, Drafts] = {}
    refused: dict[str, str] = {}
    known = {*table.kinds, *table.context}
    for id_, rule in rules.items():
        constraint = by_id[id_]
        within = (constraint.pairs.order, *constraint.pairs.within) if constraint.pairs else ()
        missing = [name for name in (*constraint.per, *within) if name not in known]
        if missing:
            refused[id_] = f"'{missing[0]}' is not a column of the catalogue or the decision table"
            continue
        read = pair_rows if constraint.pairs else aggregate_rows
        try:
            drafts[id_] = read(rule, constraint, play, table)
        except NotNormal as reason:
            refused[id_] = f"it cannot be put as sums over the chosen candidates: {reason}"
    return drafts, refused


def _kept(
    table: Table, numbers: Mapping[str, int], by_id: Mapping[str, Constraint]
) -> tuple[list[str], Joint, dict[str, str]]:
    """The rules that some joint choice keeps together, the model's choice under them, and why others are left out.

    Rules of a higher priority are tried first, then in the order of the file.
    """
    values, allowed = table.play.objective, table.play.allowed
    model = joint_choice(table, values, allowed)
    if not model.failed and not model.unfinished:
        return list(numbers), model, {}
    kept: list[str] = []
    refused: dict[str, str] = {}
    model = joint_choice(table.with_only([]), values, allowed)
    for id_ in sorted(numbers, key=lambda id_: -by_id[id_].priority):
        tried = joint_choice(table.with_only([numbers[k] for k in [*kept, id_]]), values, allowed)
        if tried.failed or tried.unfinished:
            alone = joint_choice(table.with_only([numbers[id_]]), values, allowed)
            fails_alone = bool(alone.failed or alone.unfinished)
            refused[id_] = _reason(table, alone if fails_alone else tried, numbers[id_], [] if fails_alone else kept)
            continue
        kept.append(id_)
        model = tried
    return kept, model, refused


def _reason(table: Table, tried: Joint, number: int, kept: Sequence[str]) -> str:
    failed = tried.failed or tried.unfinished
    rows = np.flatnonzero(np.isin(table.rows.row_part, failed) & (table.rows.rule == number))
    labels = [label for label in dict.fromkeys(table.rows.labels[r] for r in rows) if label]
    others = len(labels) - NAMED
    shown = [*labels[:NAMED], counted(others, "other group")] if others > 0 else labels
    where = f" in {listed(shown)}" if labels else ""
    beside = f" together with {listed(kept)}" if kept else ""
    if tried.failed:
        return f"no choice of one candidate per item keeps it{beside}{where}"
    return f"no choice of one candidate per item that keeps it{beside} was found{where}"
