"""The mapping that a page shows: of the initiative as it stands, or under weights that a visitor has moved."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alignment.errors import AccordError
from ui import analysis
from ui.analysis import Ground, Kept

if TYPE_CHECKING:
    from alignment.objective.frontier import Frontier
    from alignment.objective.item import Candidate
    from alignment.objective.report import MappingReport

_plain, _moved, _frontiers = Kept(), Kept(), Kept(64)
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Judged:
    """A report with what stood in its way: `problem` is why the decision table could not be used, if it could not."""

    report: "MappingReport"
    problem: str | None = None


def judged(ground: Ground) -> Judged:
    """The mapping, with behaviour where there is a table that fits; else what can be said without one.

    Raises AccordError where the objective itself cannot be read.
    """
    if ground.decisions is None or ground.initiative.decisions is None:
        return Judged(_plain.get(ground.key, lambda: _without_table(ground)))
    try:
        return Judged(analysis.mapping(ground))
    except AccordError as error:
        return Judged(_plain.get(ground.key, lambda: _without_table(ground)), _named(error, ground))


def _named(error: AccordError, ground: Ground) -> str:
    """The sentence with the names that files were brought under, in place of those that they are kept under."""
    text = str(error)
    for file in (ground.catalogue, ground.decisions):
        text = text.replace(file.path.name, file.name) if file else text
    return text


def _without_table(ground: Ground) -> "MappingReport":
    from alignment.objective.mapping import map_objective

    return map_objective(ground.initiative.model_copy(update={"decisions": None}))


def moved(
    ground: Ground, report: "MappingReport", weights: Mapping[str, float], thorough: bool = False
) -> "MappingReport":
    """The report under other weights, by goal id; kept, as visitors move weights to and fro.

    thorough: with robustness and repair, which take seconds; where somebody has asked for them, they are there. What is
    prepared stays with `report` alone, so that reports hold no old table in memory. Raises AccordError.
    """
    from alignment.objective.mapping import mapped

    prepared = report.prepared
    assert prepared is not None

    def make() -> "MappingReport":
        with _one_at_a_time:
            return replace(mapped(prepared, weights, thorough=thorough), prepared=None)

    key = ground.key, tuple(sorted(weights.items()))
    return _moved.known((*key, True)) or _moved.get((*key, thorough), make)


def frontier(ground: Ground, report: "MappingReport", x: str, y: str) -> "Frontier":
    """The limit of what two goals can reach together; weights do not change it."""
    from alignment.objective.frontier import frontier_of

    assert report.prepared is not None and report.prepared.choices is not None
    choices = report.prepared.choices
    return _frontiers.get((ground.key, x, y), lambda: frontier_of(choices, x, y))


def candidates(report: "MappingReport", weights: Mapping[str, float], item: object) -> "tuple[Candidate, ...]":
    """The candidates of one item under normalised weights. Raises UsageError where there is no such item."""
    from alignment.objective.item import candidates_of

    assert report.prepared is not None
    return candidates_of(report.prepared, item, weights)


def today(report: "MappingReport", items: list) -> dict[str, dict]:
    """Today's levers of items, by their keys as text."""
    from alignment.objective.item import today_of

    assert report.prepared is not None and report.prepared.choices is not None
    levers = [lever.name for lever in report.prepared.initiative.levers]
    return today_of(report.prepared.choices, items, levers)
