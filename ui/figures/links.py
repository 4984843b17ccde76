"""What the terms of an objective do to the goals, as the figures of the objective show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ui.figures.drawing import label
from ui.figures.subjects import Goal
from ui.words import MINUS, days, number

Row = Mapping[str, Any]
COVERED, HARMED, BARE = "covered", "harmed", "uncovered"


@dataclass(frozen=True)
class Link:
    """What one term does to one goal: `effect` from −1 to +1, in the direction the goal wants; 0 where not known."""

    goal: str
    term: str
    effect: float
    lag_days: float
    evidence: str
    path: tuple[str, ...]

    @property
    def own(self) -> bool:
        """Whether the term is the goal's own metric."""
        return len(self.path) == 1


def links_of(coverage: Sequence[Row]) -> list[Link]:
    """The links of a report's `coverage`; its `sign` is that of the contribution: + helps the goal, − harms it."""
    return [
        Link(
            row["goal"],
            row["term"],
            (row["sign"] or 0) * float(row["strength"] or 0),
            row["lag_days"] or 0,
            row["evidence"],
            tuple(row["path"]),
        )
        for row in coverage
        if row["term"] is not None
    ]


def state(goal: Goal, links: Sequence[Link]) -> str:
    """covered: some term helps or may help; harmed: all that reach it harm it; uncovered: no term reaches it."""
    effects = [link.effect for link in links if link.goal == goal.id]
    return BARE if not effects else COVERED if max(effects) >= 0 else HARMED


def effect_words(value: float) -> str:
    """An effect with its sign and one decimal, two where it is small; a question mark where it is not known."""
    if value == 0:
        return "?"
    sign = "+" if value > 0 else MINUS
    return sign + f"{abs(value):.{1 if abs(value) >= 0.05 else 2}f}"


def factor_words(term: Row) -> str:
    """The coefficient of a term as a factor."""
    value = term.get("coefficient")
    if value is None:
        return "not linear"
    about = "≈ " if term.get("estimated") else ""
    return f"{about}× {number(value)}"


def link_words(link: Link, goal: str) -> str:
    """What a link says on hover: from where to which goal, how much, on what evidence, how late."""
    arrow = f"{label(link.term)} → {label(goal)}: {effect_words(link.effect)}"
    return f"{arrow}<br>{link.evidence}, lag {days(link.lag_days)}"
