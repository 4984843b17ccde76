"""Brings together what weights do not change, so that moving a weight only repeats what depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from alignment.catalogue.decisions import DecisionTable, open_decisions
from alignment.catalogue.reading import open_catalogue
from alignment.errors import DataError
from alignment.initiative.hashing import content_hash
from alignment.initiative.models import Initiative
from alignment.objective.agreement import agreement_of
from alignment.objective.coupled.coupling import Coupling, coupling_of
from alignment.objective.edges import Edges, edges_of
from alignment.objective.ends import Ends, chosen_ends
from alignment.objective.fits import estimated
from alignment.objective.grid import Grid, read_grid
from alignment.objective.ground import Ground, Stake, ground_of, stakes_of
from alignment.objective.repair import fitted_half
from alignment.objective.report import Agreement, Term
from alignment.objective.rules import Binding, binding_rules, schema_of
from alignment.objective.segments import Column, segment_columns
from alignment.objective.structure import Structure, structure_of
from alignment.objective.terms import recorded_schema, terms_of, wanted_of, wanted_sql
from alignment.rules.ruleset import Stage


@dataclass(frozen=True)
class Choices:
    """The decision table as arrays, with what was read beside it."""

    initiative: Initiative = field(repr=False)
    table: DecisionTable = field(repr=False)
    binding: Binding
    grid: Grid = field(repr=False)
    ground: Ground = field(repr=False)
    stakes: tuple[Stake, ...]

    @cached_property
    def segments(self) -> tuple[Column, ...]:
        """Columns of the catalogue with few values."""
        return segment_columns(self.table)

    @cached_property
    def joint(self) -> tuple[Coupling | None, Mapping[str, str]]:
        """The applied rules over several items, if any, and why each other one is not applied."""
        return coupling_of(self.initiative, self.table, self.binding, self.grid, self.ground)

    @cached_property
    def ends(self) -> Ends | None:
        """Where the model's choice is an end of the lever's range; None without an ordered lever."""
        coupling, _ = self.joint
        if self.ground.ends is None or coupling is None:
            return self.ground.ends
        rows = np.full(self.grid.items, -1)
        rows[coupling.play.places] = coupling.play.rows[coupling.model.chosen]
        return chosen_ends(self.grid, rows)

    @cached_property
    def half(self) -> np.ndarray:
        """Which items a repair is fitted on."""
        return fitted_half(self.table)


@dataclass(frozen=True)
class Prepared:
    """An initiative ready to be mapped under any weights; `choices` is None without a decision table."""

    initiative: Initiative
    structure: Structure
    agreement: Agreement | None
    choices: Choices | None

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of the objective."""
        return self.structure.terms

    @cached_property
    def hash(self) -> Future[str]:
        """The content hash, worked out beside other work."""
        table = self.choices.table if self.choices else None

        def work() -> str:
            catalogue = table.catalogue.sha256 if table and table.catalogue else None
            return content_hash(self.initiative, catalogue, table.sha256 if table else None)

        pool = ThreadPoolExecutor(1)
        found = pool.submit(work)
        pool.shutdown(wait=False)
        return found

    @cached_property
    def edges(self) -> Edges | None:
        """Where the model's choice is at an end of the table's range."""
        if self.choices is None:
            return None
        choices = self.choices
        return edges_of(self.initiative, choices.table, choices.ends, choices.ground.items, choices.binding)


def prepare(
    initiative: Initiative, decisions: Any = None, catalogue: Any = None, stage: Stage = "proposed"
) -> Prepared:
    """Reads the tables and evaluates rules and objective once.

    decisions, catalogue: a path, or a pandas, Polars or Arrow table, in place of what the initiative names.
    Raises DataError or RuleError with one sentence.
    """
    agreement = agreement_of(initiative)
    if initiative.objective is None or not initiative.goals or (decisions is None and initiative.decisions is None):
        return Prepared(initiative, structure_of(initiative, _recorded(initiative)), agreement, None)
    if initiative.decisions is None:
        raise DataError(
            "the initiative does not say which column of the table names the item; add decisions: {item: …}"
        )
    opened = open_catalogue(initiative, catalogue) if initiative.catalogue or catalogue is not None else None
    table = open_decisions(initiative, decisions, opened)
    binding = binding_rules(initiative, table, stage)
    wanted = wanted_of(initiative.objective, schema_of(initiative, table))
    sql = wanted_sql(wanted, table)
    terms = terms_of(initiative, wanted, table)
    seen = list(dict.fromkeys(goal.metric for goal in initiative.goals if goal.metric in table.kinds))
    grid = read_grid(initiative, table, binding, sql, wanted.names, seen)
    ground = ground_of(grid)
    if initiative.objective.score is not None:
        terms = estimated(initiative, grid)
    choices = Choices(initiative, table, binding, grid, ground, stakes_of(initiative, ground))
    return Prepared(initiative, structure_of(initiative, terms), agreement, choices)


def _recorded(initiative: Initiative) -> tuple[Term, ...]:
    """Terms by what is written alone."""
    if initiative.objective is None:
        return ()
    return terms_of(initiative, wanted_of(initiative.objective, recorded_schema(initiative)), None)
