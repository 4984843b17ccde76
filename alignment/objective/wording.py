"""Numbers, shares and lists as they stand in the sentences of findings."""

from __future__ import annotations

from collections.abc import Iterable


def percent(share: float) -> str:
    """A share as a percentage; small ones with one decimal."""
    value = round(100 * share, 1)
    text = f"{value:.0f} %" if abs(value) >= 10 or value == int(value) else f"{value:.1f} %"
    return text.replace("-", "−")


def number(value: float) -> str:
    """A number with at most three significant digits after what is whole, thousands set apart by commas."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def counted(count: int, noun: str) -> str:
    """`1 item`, `2,256 items`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = list(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def whose(name: str) -> str:
    """`brand's`, `operations'`."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"
