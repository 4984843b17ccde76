"""Numbers, amounts, shares and counts as people write them in sheets and on the command line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from alignment.conflicts.report import Conflict, Repair

UNKNOWN = "–"
MINUS = "−"


def number(value: Any) -> str:
    """1234.5 as 1,234.5: grouped, without trailing zeros, with the decimals that matter at its size."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return UNKNOWN
    size = abs(value)
    decimals = (
        0 if size == int(size) else 2 if size >= 100 else 3 if size >= 1 else min(12, 3 - math.floor(math.log10(size)))
    )
    text = f"{size:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{MINUS}{text}" if value < 0 and text != "0" else text


def amount(value: Any, unit: str | None) -> str:
    """A number with its unit: 1.5 USD."""
    return f"{number(value)} {unit}" if unit and value is not None else number(value)


def share(value: float | None) -> str:
    """A share as whole percents, with a decimal below 1 %; never 0 % or 100 % of what is not quite that."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    size = abs(value) * 100
    if 0 < size < 0.05:
        text = "<0.1"
    elif 99.5 <= size < 100:
        text = "99.9" if size >= 99.95 else f"{size:.1f}"
    else:
        text = f"{size:.1f}".removesuffix(".0") if size < 0.95 else f"{size:,.0f}"
    return f"{MINUS if value < 0 else ''}{text} %"


def counted(n: int, one: str, many: str | None = None) -> str:
    """1 item, 2,256 items."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(words: Iterable[object], last: str = "and") -> str:
    """One, two and three."""
    *head, tail = [str(w) for w in words] or [""]
    return f"{', '.join(head)} {last} {tail}" if head else tail


def value(of: Any) -> str:
    """A value of any kind as a reader expects it: numbers grouped, nothing as a dash."""
    if of is None:
        return UNKNOWN
    if isinstance(of, bool):
        return "yes" if of else "no"
    if isinstance(of, date):
        return of.isoformat()
    return number(of) if isinstance(of, (int, float)) else str(of)


def worst_item(worst: Mapping[str, Any]) -> str:
    """The worst item of a conflict in one line: its key, the bounds it is caught between, and what the rules read.

    The key comes first, then `lower` and `upper`; the rest are columns that the rules use.
    """
    if not worst:
        return ""
    names = list(worst)
    key = next((n for n in names if n not in ("lower", "upper")), None)
    said = [f"{key} {worst[key]}"] if key else []  # a key is a name, never grouped
    bounds = [
        f"{word} {number(worst[end])}" if isinstance(worst[end], (int, float)) else f"{word} {worst[end]}"
        for end, word in (("lower", "at least"), ("upper", "at most"))
        if worst.get(end) is not None
    ]
    others = [f"{name} {value(worst[name])}" for name in names if name not in (key, "lower", "upper")]
    text = ": ".join(part for part in (" ".join(said), ", ".join(bounds)) if part)
    return f"{text} ({', '.join(others)})" if others else text


def headline(conflict: Conflict) -> str:
    """A conflict's members joined, as in `floor-over-cost + promo-ceiling`."""
    return " + ".join(conflict.constraints)


def repair_effect(repair: Repair) -> str:
    """What a repair does, in a line: `clears 132 items, opens 3; operations gives up 1.5 USD`."""
    parts = [f"clears {counted(repair.items_fixed, 'item')}"]
    if repair.items_opened:
        parts.append(f"opens {counted(repair.items_opened, 'item')}")
    if repair.opens:
        parts.append(f"with {counted(len(repair.opens), 'other conflict')}: {listed(repair.opens)}")
    said = [", ".join(parts)]
    said += [f"{c.team} gives up {amount(c.amount, c.unit)}" for c in repair.concessions]
    if repair.stake:
        said.append(f"{amount(repair.stake.amount, repair.stake.unit)} at stake")
    if not repair.within_limits:
        said.append("goes past what its team would accept, or leaves the lever's domain")
    return "; ".join(said)
