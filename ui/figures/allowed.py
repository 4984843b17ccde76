"""What a rule allows at one item, as intervals of the lever, and how that is said."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Write = Callable[[float], str]
RANGE_NAME = "Allowed range"


class Part(NamedTuple):
    """One interval of the lever; None is an open end, equal ends are a single value."""

    low: float | None
    high: float | None
    low_closed: bool = True
    high_closed: bool = True

    @property
    def start(self) -> float:
        """The lower end; minus infinity where it is open."""
        return -math.inf if self.low is None else self.low

    @property
    def stop(self) -> float:
        """The upper end; infinity where it is open."""
        return math.inf if self.high is None else self.high


@dataclass(frozen=True)
class Allowed:
    """What one rule allows at an item: its intervals, lowest first; none at all where it allows nothing.

    team: None for the lever's own range.
    """

    team: str | None
    name: str
    parts: tuple[Part, ...]

    @property
    def low(self) -> float:
        """The lowest allowed value; minus infinity for an open end, infinity where nothing is allowed."""
        return self.parts[0].start if self.parts else math.inf

    @property
    def high(self) -> float:
        """The highest allowed value; infinity for an open end, minus infinity where nothing is allowed."""
        return self.parts[-1].stop if self.parts else -math.inf

    @property
    def single(self) -> bool:
        """Whether only single values are allowed, as on a lattice."""
        return bool(self.parts) and all(part.low == part.high and part.low is not None for part in self.parts)


def allowed(team: str | None, name: str, parts: Sequence[Mapping[str, Any]]) -> Allowed:
    """A row from the `parts` of `why --format json`: lower, lower_closed, upper, upper_closed."""
    return Allowed(team, name, tuple(Part(p["lower"], p["upper"], p["lower_closed"], p["upper_closed"]) for p in parts))


def domain_row(minimum: float | None, maximum: float | None) -> Allowed:
    """The row of the lever's own range, beside a rule that contradicts it alone."""
    return Allowed(None, RANGE_NAME, (Part(minimum, maximum),))


def floor_words(part: Part, write: Write) -> str:
    """How the lower end of an interval is said: at least, or more than where the end itself is not allowed."""
    return f"{'at least' if part.low_closed else 'more than'} {write(part.start)}"


def ceiling_words(part: Part, write: Write) -> str:
    """How the upper end of an interval is said: at most, or less than where the end itself is not allowed."""
    return f"{'at most' if part.high_closed else 'less than'} {write(part.stop)}"


def spans(row: Allowed, write: Write) -> str:
    """All that a row allows in words; of more than three intervals the first two and the last."""
    if not row.parts:
        return "nothing"
    texts = [_span(part, write) for part in row.parts]
    return " or ".join(texts) if len(texts) <= 3 else f"{texts[0]}, {texts[1]} … {texts[-1]}"


def binding(row: Allowed, gap: tuple[float, float], write: Write) -> str:
    """What a row has to say beside the gap that it helps to open: the end that binds, the values or the hole in it."""
    low, high = gap
    if not row.parts:
        return "allows nothing"
    if row.low >= high and math.isfinite(row.low):
        return floor_words(row.parts[0], write)
    if row.high <= low and math.isfinite(row.high):
        return ceiling_words(row.parts[-1], write)
    if row.single:
        values = [part.start for part in row.parts]
        near = [value for value in values if low <= value <= high] or values
        return f"only {' or '.join(write(v) for v in near[:2])}{' …' if len(near) > 2 else ''}"
    if len(row.parts) == 2 and math.isinf(row.low) and math.isinf(row.high):
        return f"not {write(row.parts[0].stop)} to {write(row.parts[1].start)}"
    return spans(row, write)


def _span(part: Part, write: Write) -> str:
    if part.low is None and part.high is None:
        return "any value"
    if part.low == part.high:
        return write(part.start)
    if part.low is None:
        return ceiling_words(part, write)
    if part.high is None:
        return floor_words(part, write)
    return f"{write(part.low)} to {write(part.high)}"
