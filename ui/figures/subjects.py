"""The names behind the ids of a report: goals and rules as figures show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ui.words import cut_apart


@dataclass(frozen=True)
class Goal:
    """A goal as figures show it. `weight` is its share of all goals' weight, 0 to 1; `unit` that of its metric.

    horizon_days: the goal's, else its metric's. measured: direct, proxy or none.
    """

    id: str
    name: str
    team: str
    weight: float
    metric: str
    unit: str | None = None
    horizon_days: int | None = None
    measured: str = "direct"


@dataclass(frozen=True)
class Rule:
    """A constraint as figures show it: its text in words or as written."""

    id: str
    name: str
    team: str


def by_id(subjects: Iterable) -> dict:
    """Subjects by their ids."""
    return {subject.id: subject for subject in subjects}


def shortened(subjects: Sequence, most: int) -> dict[str, str]:
    """Names by id, within `most` characters and still apart from each other."""
    return dict(zip([s.id for s in subjects], cut_apart([s.name for s in subjects], most), strict=True))
