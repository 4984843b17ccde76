"""Words that the figures of behaviour share: points, names inside a sentence, and what cannot be known."""

from collections.abc import Mapping
from typing import Any

from ui.figures.drawing import Drawing, Look
from ui.words import noun, points

Behaviour = Mapping[str, Any]
NOT_KNOWN = "The achievable value is not known"


def in_points(value: float) -> str:
    """A share as points, with the word: 63 points."""
    return f"{points(value)} {noun(round(abs(value) * 100), 'point')}"


def inside(name: str) -> str:
    """A name inside a sentence: its first letter small, unless it is an abbreviation."""
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def blank(look: Look, title: str, sub: str = ""):
    """A figure without a drawing, whose title says why there is none; the page shows the title alone."""
    return Drawing(look, 8, title, sub, title).figure()


def unknown(behaviour: Behaviour, look: Look, sub: str = ""):
    """The figure for a captured share that is null, with its reason."""
    reason = behaviour["captured"].get("reason") or "no choice in the table is better than today"
    return blank(look, f"{NOT_KNOWN}: {reason}", sub)
