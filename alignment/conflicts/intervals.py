"""What unions of intervals have in common."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from alignment.conflicts.report import Part

EVERYTHING = Part(None, False, None, False)


def common(unions: Iterable[Sequence[Part]]) -> list[Part]:
    """The intervals that lie in every union, lowest first; each union is of intervals apart, lowest first."""
    left = [EVERYTHING]
    for parts in unions:
        left = _both(left, parts)
    return left


def _both(ones: Sequence[Part], others: Sequence[Part]) -> list[Part]:
    found, i, j = [], 0, 0
    while i < len(ones) and j < len(others):
        part = _overlap(ones[i], others[j])
        if part is not None:
            found.append(part)
        if _end(ones[i]) < _end(others[j]):
            i += 1
        else:
            j += 1
    return found


def _overlap(one: Part, other: Part) -> Part | None:
    lower = max((one, other), key=_start)
    upper = min((one, other), key=_end)
    both = Part(lower.lower, lower.lower_closed, upper.upper, upper.upper_closed)
    low, high = _start(both)[0], _end(both)[0]
    return both if low < high or (low == high and both.lower_closed and both.upper_closed) else None


def _start(part: Part) -> tuple[float, bool]:
    return -math.inf if part.lower is None else part.lower, not part.lower_closed


def _end(part: Part) -> tuple[float, bool]:
    return math.inf if part.upper is None else part.upper, part.upper_closed
