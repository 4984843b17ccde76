"""Is the range of the decision table a hidden rule? Where the model's choice is its smallest or largest value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.catalogue.decisions import ROW, DecisionTable
from alignment.catalogue.reading import quoted
from alignment.initiative.models import Initiative
from alignment.objective.ends import Ends
from alignment.objective.findings import finding
from alignment.objective.report import Finding
from alignment.objective.rules import Binding, domain_sql
from alignment.rules.render import allows_sql
from alignment.words import counted
from alignment.words import share as percent

MOST = 0.2


@dataclass(frozen=True)
class Edges:
    """Items at an end of their range: how many of all, and how many where no rule forbids the next step beyond."""

    lever: str
    items: int
    at_edge: float
    free: float


def edges_of(
    initiative: Initiative, table: DecisionTable, ends: Ends | None, items: int, binding: Binding
) -> Edges | None:
    """The ends of the one ordered lever; None where there is none, or the model is seldom at an end.

    Each item counts by the share of its tied choices that stand at an end. The next step is the lever's `step`, or else
    as far as the end is from its neighbour in the item's rows.
    """
    if ends is None or items == 0 or ends.mass.sum() <= MOST * items:
        return None
    rows, beyond, mass = ends.rows, ends.beyond, ends.mass
    lever = initiative.levers[0]
    if lever.step is not None:
        beyond = np.sign(beyond) * float(lever.step)
    free = mass[_allowed(initiative, table, binding, rows, beyond)].sum()
    return Edges(lever.name, items, float(mass.sum()), float(free))


def edge_finding(edges: Edges | None) -> list[Finding]:
    """edge_of_range, where more than 20 % of items stand at an end that no rule explains."""
    if edges is None or edges.free <= MOST * edges.items:
        return []
    share = edges.free / edges.items
    return [finding(
        "edge_of_range", "warning", [edges.lever], [],
        f"On {percent(share)} of {counted(edges.items, 'item')} the model chooses the smallest or largest "
        f"{edges.lever} in the decision table, where no hard rule forbids the next step: the range is a hidden rule.",
        {"share": share, "share_at_edge": edges.at_edge / edges.items, "items": edges.items},
        f"Widen the range of {edges.lever} in the table, or record its ends as a constraint that somebody owns.",
    )]  # fmt: skip


def _allowed(
    initiative: Initiative, table: DecisionTable, binding: Binding, rows: np.ndarray, beyond: np.ndarray
) -> np.ndarray:
    """Which of these rows would keep every hard rule and the lever's domain with the lever moved by `beyond`."""
    import pyarrow

    lever = initiative.levers[0].name
    moved = f"(j.{quoted(lever)} + e.beyond)"
    rules = [allows_sql(rule, {lever: moved}) for rule in binding.rules.values()]
    tests = " and ".join([*rules, domain_sql(initiative.levers, {lever: moved})])
    ends = pyarrow.table({"place": np.arange(len(rows)), "r": rows, "beyond": beyond})
    cursor = table.connection.cursor()
    cursor.register("_ends", ends)
    query = f'select e.place from {table.source(binding.names())} j join _ends e on e.r = j."{ROW}" where {tests}'
    return np.asarray(cursor.execute(query).fetchnumpy()["place"], np.int64)
